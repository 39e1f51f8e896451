//! `config.json` as files have it: old and new names, names of different families, values that default to others.

use serde::{Deserialize, Serialize, Serializer};

use super::{
    Activation, Architecture,
    config::{ConfigError, DecoderConfig, RopeScaling},
};

/// Every field of any family that matters, absent where a file does not have it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stored {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    architectures: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    max_position_embeddings: Option<usize>,
    tie_word_embeddings: Option<bool>,
    #[serde(flatten)]
    rotary: Rotary,
    #[serde(flatten)]
    opt: Opt,
}

/// Fields of the rotary families.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Rotary {
    #[serde(skip_serializing_if = "Option::is_none")]
    intermediate_size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_key_value_heads: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_dim: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rms_norm_eps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rope_theta: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rope_scaling: Option<RopeScaling>,
    #[serde(skip_serializing)]
    rope_parameters: Option<RopeParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initializer_range: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_act: Option<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_activation: Option<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attention_bias: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mlp_bias: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sliding_window: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_sliding_window: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_window_layers: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_types: Option<Vec<LayerType>>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_integer")]
    query_pre_attn_scalar: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attn_logit_softcapping: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_logit_softcapping: Option<f64>,
}

/// A whole number without its point: transformers 5 refuses `4.0` where its own files have `4`.
fn as_integer<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract() == 0.0 => serializer.serialize_i64(*value as i64),
        other => other.serialize(serializer),
    }
}

/// Fields of OPT.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Opt {
    #[serde(skip_serializing_if = "Option::is_none")]
    ffn_dim: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activation_function: Option<Activation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init_std: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_bias: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word_embed_proj_dim: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    do_layer_norm_before: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer_norm_elementwise_affine: Option<bool>,
    #[serde(
        rename = "_remove_final_layer_norm",
        skip_serializing_if = "Option::is_none"
    )]
    remove_final_layer_norm: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LayerType {
    FullAttention,
    SlidingAttention,
}

#[derive(Clone, Debug, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    #[serde(flatten)]
    scaling: RopeScaling,
}

impl TryFrom<Stored> for DecoderConfig {
    type Error = ConfigError;

    fn try_from(stored: Stored) -> Result<Self, ConfigError> {
        let Some(model_type) = stored.model_type.as_deref() else {
            return Ok(stored.of(Architecture::Llama));
        };
        let known = Architecture::ALL
            .into_iter()
            .find(|architecture| architecture.model_type() == model_type);
        let Some(architecture) = known else {
            let names = Architecture::ALL.map(Architecture::model_type).join("`, `");
            return Err(ConfigError(format!(
                "model_type `{model_type}` is no decoder that can be read here; `{names}` are"
            )));
        };
        if architecture == Architecture::Opt {
            stored.opt.check(stored.hidden_size)?;
        }
        Ok(stored.of(architecture))
    }
}

impl Opt {
    /// Only the pre-norm models of full width are read: every OPT but 350m, and Galactica.
    fn check(&self, hidden_size: Option<usize>) -> Result<(), ConfigError> {
        let odd = [
            (
                "do_layer_norm_before",
                self.do_layer_norm_before == Some(false),
            ),
            (
                "layer_norm_elementwise_affine",
                self.layer_norm_elementwise_affine == Some(false),
            ),
            (
                "_remove_final_layer_norm",
                self.remove_final_layer_norm == Some(true),
            ),
            (
                "word_embed_proj_dim",
                self.word_embed_proj_dim.is_some() && self.word_embed_proj_dim != hidden_size,
            ),
        ];
        match odd.into_iter().find(|(_, odd)| *odd) {
            None => Ok(()),
            Some((field, _)) => Err(ConfigError(format!(
                "{field}: this variant of OPT is not supported; pre-norm models without projections are"
            ))),
        }
    }
}

impl Stored {
    /// The configuration, with the defaults of transformers for what the file leaves out.
    pub(super) fn of(self, architecture: Architecture) -> DecoderConfig {
        let Self { rotary, opt, .. } = self;
        let is_opt = architecture == Architecture::Opt;
        let hidden_size = self.hidden_size.unwrap_or(192);
        let heads = self.num_attention_heads.unwrap_or(6);
        let layers = self.num_hidden_layers.unwrap_or(4);
        let (theta, scaling) = match rotary.rope_parameters {
            Some(parameters) => (parameters.rope_theta, Some(parameters.scaling)),
            None => (None, rotary.rope_scaling),
        };
        let head_dim = rotary.head_dim.unwrap_or(hidden_size / heads.max(1));
        let bias = if is_opt {
            opt.enable_bias.unwrap_or(true)
        } else {
            rotary.attention_bias.unwrap_or(false)
        };
        let windows = windows(
            architecture,
            layers,
            &rotary.layer_types,
            rotary.sliding_window,
            rotary.use_sliding_window,
            rotary.max_window_layers,
        );
        DecoderConfig {
            architecture,
            vocab_size: self.vocab_size,
            hidden_size,
            intermediate_size: rotary.intermediate_size.or(opt.ffn_dim).unwrap_or(512),
            num_hidden_layers: layers,
            num_attention_heads: heads,
            num_key_value_heads: rotary.num_key_value_heads.unwrap_or(heads),
            head_dim,
            max_position_embeddings: self.max_position_embeddings.unwrap_or(1024),
            norm_epsilon: if is_opt {
                1e-5
            } else {
                rotary.rms_norm_eps.unwrap_or(1e-5)
            },
            rope_theta: theta.or(rotary.rope_theta).unwrap_or(10_000.0),
            rope_scaling: scaling.filter(|scaling| *scaling != RopeScaling::default()),
            tie_word_embeddings: self.tie_word_embeddings.unwrap_or(matches!(
                architecture,
                Architecture::Gemma2 | Architecture::Opt
            )),
            initializer_range: rotary.initializer_range.or(opt.init_std).unwrap_or(0.02),
            activation: rotary
                .hidden_activation
                .or(rotary.hidden_act)
                .or(opt.activation_function)
                .unwrap_or(match architecture {
                    Architecture::Gemma2 => Activation::GeluTanh,
                    Architecture::Opt => Activation::Relu,
                    _ => Activation::Silu,
                }),
            query_bias: bias || architecture == Architecture::Qwen2,
            output_bias: bias,
            mlp_bias: if is_opt {
                bias
            } else {
                rotary.mlp_bias.unwrap_or(false)
            },
            query_scale: rotary.query_pre_attn_scalar.unwrap_or(
                if architecture == Architecture::Gemma2 {
                    256.0
                } else {
                    head_dim as f64
                },
            ),
            windows,
            score_cap: rotary.attn_logit_softcapping,
            logit_cap: rotary.final_logit_softcapping,
        }
    }
}

/// The window of each block: by name where the file names them, else by the rule of the family.
fn windows(
    architecture: Architecture,
    layers: usize,
    types: &Option<Vec<LayerType>>,
    window: Option<usize>,
    used: Option<bool>,
    first: Option<usize>,
) -> Vec<Option<usize>> {
    if let Some(types) = types {
        let of = |kind: &LayerType| window.filter(|_| *kind == LayerType::SlidingAttention);
        return types.iter().map(of).collect();
    }
    let slides = |layer: usize| match architecture {
        Architecture::Mistral => true,
        Architecture::Gemma2 => layer.is_multiple_of(2),
        Architecture::Qwen2 => used == Some(true) && layer >= first.unwrap_or(28),
        Architecture::Llama | Architecture::Opt => false,
    };
    (0..layers)
        .map(|layer| window.filter(|_| slides(layer)))
        .collect()
}

impl From<DecoderConfig> for Stored {
    fn from(config: DecoderConfig) -> Self {
        let architecture = config.architecture;
        let is_opt = architecture == Architecture::Opt;
        let shared = Self {
            architectures: vec![architecture.class().to_owned()],
            model_type: Some(architecture.model_type().to_owned()),
            vocab_size: config.vocab_size,
            hidden_size: Some(config.hidden_size),
            num_hidden_layers: Some(config.num_hidden_layers),
            num_attention_heads: Some(config.num_attention_heads),
            max_position_embeddings: Some(config.max_position_embeddings),
            tie_word_embeddings: Some(config.tie_word_embeddings),
            ..Self::default()
        };
        if is_opt {
            return Self {
                opt: Opt {
                    ffn_dim: Some(config.intermediate_size),
                    activation_function: Some(config.activation),
                    init_std: Some(config.initializer_range),
                    enable_bias: Some(config.output_bias),
                    word_embed_proj_dim: Some(config.hidden_size),
                    do_layer_norm_before: Some(true),
                    layer_norm_elementwise_affine: Some(true),
                    remove_final_layer_norm: Some(false),
                },
                ..shared
            };
        }
        let gemma = architecture == Architecture::Gemma2;
        let sliding_window = config.windows.iter().copied().flatten().next();
        let kind = |window: &Option<usize>| match window {
            Some(_) => LayerType::SlidingAttention,
            None => LayerType::FullAttention,
        };
        // Mistral of transformers knows a window for all layers or none.
        let layer_types = (sliding_window.is_some() && architecture != Architecture::Mistral)
            .then(|| config.windows.iter().map(kind).collect());
        Self {
            rotary: Rotary {
                intermediate_size: Some(config.intermediate_size),
                num_key_value_heads: Some(config.num_key_value_heads),
                head_dim: Some(config.head_dim),
                rms_norm_eps: Some(config.norm_epsilon),
                rope_theta: Some(config.rope_theta),
                rope_scaling: config.rope_scaling,
                rope_parameters: None,
                initializer_range: Some(config.initializer_range),
                hidden_act: Some(config.activation),
                hidden_activation: gemma.then_some(config.activation),
                attention_bias: Some(config.output_bias),
                mlp_bias: Some(config.mlp_bias),
                sliding_window,
                use_sliding_window: (architecture == Architecture::Qwen2)
                    .then_some(sliding_window.is_some()),
                max_window_layers: (architecture == Architecture::Qwen2)
                    .then_some(config.num_hidden_layers),
                layer_types,
                query_pre_attn_scalar: gemma.then_some(config.query_scale),
                attn_logit_softcapping: config.score_cap,
                final_logit_softcapping: config.logit_cap,
            },
            ..shared
        }
    }
}
