//! `config.json` of a decoder, by its Hugging Face names.

use std::f32::consts::TAU;

use serde::{Deserialize, Serialize};

use super::{Activation, Architecture, stored::Stored};

/// Sizes and rules of a decoder. Fields of a Hugging Face `config.json` that do not change the numbers are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DecoderConfig {
    /// Which family.
    pub architecture: Architecture,
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
    /// Added under the root of a norm.
    pub norm_epsilon: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How the frequencies are stretched for long contexts.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output layer is the embedding table.
    pub tie_word_embeddings: bool,
    /// Width of the normal distribution that weights start from.
    pub initializer_range: f64,
    /// The function of the feed-forward part.
    pub activation: Activation,
    /// Whether queries, keys and values have biases.
    pub query_bias: bool,
    /// Whether the output of attention has a bias.
    pub output_bias: bool,
    /// Whether the feed-forward part has biases.
    pub mlp_bias: bool,
    /// Scores are multiplied by this to the power of -1/2.
    pub query_scale: f64,
    /// For each block, how many of the last keys a query sees; all when `None`.
    pub windows: Vec<Option<usize>>,
    /// Bound of attention scores.
    pub score_cap: Option<f64>,
    /// Bound of logits.
    pub logit_cap: Option<f64>,
}

impl Default for DecoderConfig {
    /// A toy that trains in minutes on a laptop.
    fn default() -> Self {
        Stored::default().of(Architecture::Llama)
    }
}

/// A configuration that describes no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

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

impl DecoderConfig {
    /// Checks that the sizes fit each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the field and what it must be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fail = |message: String| Err(ConfigError(message));
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
        if self.windows.len() != self.num_hidden_layers {
            return fail(format!(
                "layer_types names {} layers of {}",
                self.windows.len(),
                self.num_hidden_layers
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
