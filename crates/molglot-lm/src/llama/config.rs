//! `config.json` of a Llama, by its Hugging Face names.

use std::f32::consts::TAU;

use serde::{Deserialize, Serialize};

/// Sizes of a Llama. Fields of a Hugging Face `config.json` that do not change the numbers are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, from = "Stored")]
pub struct LlamaConfig {
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Number of query heads.
    pub num_attention_heads: usize,
    /// Number of key and value heads; each serves `num_attention_heads / num_key_value_heads` query heads.
    pub num_key_value_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Added to the mean square before the root.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How the frequencies are stretched for long contexts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output layer is the embedding table.
    pub tie_word_embeddings: bool,
    /// Width of the normal distribution that weights start from.
    pub initializer_range: f64,
    /// Always `llama`; what tells readers of `config.json` which architecture it is.
    pub model_type: String,
}

impl Default for LlamaConfig {
    /// A toy that trains in minutes on a laptop.
    fn default() -> Self {
        Stored::default().into()
    }
}

/// The fields as files have them: old and new names of the rotary settings, and values that default to others.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
struct Stored {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<RopeScaling>,
    rope_parameters: Option<RopeParameters>,
    tie_word_embeddings: bool,
    initializer_range: f64,
    model_type: String,
}

impl Default for Stored {
    fn default() -> Self {
        Self {
            vocab_size: 0,
            hidden_size: 192,
            intermediate_size: 512,
            num_hidden_layers: 4,
            num_attention_heads: 6,
            num_key_value_heads: None,
            head_dim: None,
            max_position_embeddings: 1024,
            rms_norm_eps: 1e-5,
            rope_theta: None,
            rope_scaling: None,
            rope_parameters: None,
            tie_word_embeddings: false,
            initializer_range: 0.02,
            model_type: "llama".to_owned(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    #[serde(flatten)]
    scaling: RopeScaling,
}

impl From<Stored> for LlamaConfig {
    fn from(stored: Stored) -> Self {
        let (theta, scaling) = match stored.rope_parameters {
            Some(parameters) => (parameters.rope_theta, Some(parameters.scaling)),
            None => (None, stored.rope_scaling),
        };
        Self {
            vocab_size: stored.vocab_size,
            hidden_size: stored.hidden_size,
            intermediate_size: stored.intermediate_size,
            num_hidden_layers: stored.num_hidden_layers,
            num_attention_heads: stored.num_attention_heads,
            num_key_value_heads: stored
                .num_key_value_heads
                .unwrap_or(stored.num_attention_heads),
            head_dim: stored
                .head_dim
                .unwrap_or(stored.hidden_size / stored.num_attention_heads.max(1)),
            max_position_embeddings: stored.max_position_embeddings,
            rms_norm_eps: stored.rms_norm_eps,
            rope_theta: theta.or(stored.rope_theta).unwrap_or(10_000.0),
            rope_scaling: scaling.filter(|scaling| *scaling != RopeScaling::default()),
            tie_word_embeddings: stored.tie_word_embeddings,
            initializer_range: stored.initializer_range,
            model_type: stored.model_type,
        }
    }
}

/// Rotary scaling of Llama 3.1 and later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RopeScaling {
    /// `default` or `llama3`.
    #[serde(alias = "type")]
    pub rope_type: String,
    /// How much low frequencies are slowed.
    pub factor: f64,
    /// Wavelengths above `original / low_freq_factor` are slowed in full.
    pub low_freq_factor: f64,
    /// Wavelengths below `original / high_freq_factor` are left alone.
    pub high_freq_factor: f64,
    /// Context length before stretching.
    pub original_max_position_embeddings: usize,
}

impl Default for RopeScaling {
    fn default() -> Self {
        Self {
            rope_type: "default".to_owned(),
            factor: 1.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 8192,
        }
    }
}

/// A configuration that describes no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("config: {0}")]
pub struct ConfigError(String);

impl LlamaConfig {
    /// Checks that the sizes fit each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the field and what it must be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fail = |message: String| Err(ConfigError(message));
        if self.model_type != "llama" {
            return fail(format!(
                "model_type is `{}`; only `llama` is supported",
                self.model_type
            ));
        }
        if self.num_key_value_heads == 0
            || !self
                .num_attention_heads
                .is_multiple_of(self.num_key_value_heads)
        {
            return fail(format!(
                "num_key_value_heads ({}) must divide num_attention_heads ({})",
                self.num_key_value_heads, self.num_attention_heads
            ));
        }
        if self.head_dim == 0 || !self.head_dim.is_multiple_of(2) {
            return fail(format!(
                "head_dim is {}: hidden_size / num_attention_heads must be even and not 0",
                self.head_dim
            ));
        }
        if let Some(scaling) = self
            .rope_scaling
            .as_ref()
            .filter(|scaling| scaling.rope_type != "llama3")
        {
            return fail(format!(
                "rope_type `{}` is not supported; `default` and `llama3` are",
                scaling.rope_type
            ));
        }
        Ok(())
    }

    /// `theta^(-2k / head_dim)` for `k < head_dim / 2`, stretched as `rope_scaling` says.
    pub fn inverse_frequencies(&self) -> Vec<f32> {
        let half = self.head_dim / 2;
        let plain = (0..half)
            .map(|k| 1.0 / (self.rope_theta as f32).powf((2 * k) as f32 / self.head_dim as f32));
        match &self.rope_scaling {
            None => plain.collect(),
            Some(scaling) => plain.map(|frequency| scaling.stretch(frequency)).collect(),
        }
    }
}

impl RopeScaling {
    /// Llama 3.1's rule: long wavelengths are slowed by `factor`, short ones kept, those between blended.
    fn stretch(&self, frequency: f32) -> f32 {
        let (factor, low, high) = (
            self.factor as f32,
            self.low_freq_factor as f32,
            self.high_freq_factor as f32,
        );
        let original = self.original_max_position_embeddings as f32;
        let wavelength = TAU / frequency;
        if wavelength < original / high {
            frequency
        } else if wavelength > original / low {
            frequency / factor
        } else {
            let blend = (original / wavelength - low) / (high - low);
            (1.0 - blend) * frequency / factor + blend * frequency
        }
    }
}
