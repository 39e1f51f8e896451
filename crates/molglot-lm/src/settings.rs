//! A language model as a recipe describes it.

use std::path::PathBuf;

use molglot_tensor::burn::tensor::FloatDType;
use serde::{Deserialize, Serialize};

use crate::decoder::{DecoderConfig, LoadError, read_json};

/// Every language model that a recipe can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LmSettings {
    /// See [`LlamaSettings`].
    Llama(LlamaSettings),
    /// See [`PretrainedSettings`].
    Pretrained(PretrainedSettings),
}

impl LmSettings {
    /// Number of blocks.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when that is in a `config.json` that cannot be read.
    pub fn layers(&self) -> Result<usize, LoadError> {
        match self {
            Self::Llama(settings) => Ok(settings.num_hidden_layers),
            Self::Pretrained(settings) => {
                let config: DecoderConfig = read_json(&settings.path.join("config.json"))?;
                Ok(config.num_hidden_layers)
            }
        }
    }
}

/// A published language model, as its Hugging Face directory has it: weights, tokenizer, chat template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainedSettings {
    /// The directory.
    pub path: PathBuf,
    /// What its weights are held in.
    #[serde(default)]
    pub dtype: Precision,
}

/// A float type of weights that are not trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// bfloat16, half the memory; not on a CPU.
    Bf16,
}

impl Precision {
    /// The type of tensors.
    pub fn dtype(self) -> FloatDType {
        match self {
            Self::F32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
        }
    }
}

/// Sizes of a Llama that is trained from nothing; the vocabulary is that of its tokenizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlamaSettings {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Number of query heads.
    pub num_attention_heads: usize,
    /// Number of key and value heads.
    pub num_key_value_heads: usize,
    /// Longest sequence, soft tokens included.
    pub max_position_embeddings: usize,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Added to the mean square in norms.
    pub rms_norm_eps: f64,
    /// Whether the output layer is the embedding table.
    pub tie_word_embeddings: bool,
    /// Width of the normal distribution that weights start from.
    pub initializer_range: f64,
}

impl Default for LlamaSettings {
    fn default() -> Self {
        Self {
            hidden_size: 192,
            intermediate_size: 512,
            num_hidden_layers: 4,
            num_attention_heads: 6,
            num_key_value_heads: 2,
            max_position_embeddings: 1024,
            rope_theta: 10_000.0,
            rms_norm_eps: 1e-5,
            tie_word_embeddings: true,
            initializer_range: 0.02,
        }
    }
}

impl LlamaSettings {
    /// The model configuration for a vocabulary of this size.
    pub fn config(&self, vocab_size: usize) -> DecoderConfig {
        let head_dim = self.hidden_size / self.num_attention_heads.max(1);
        DecoderConfig {
            vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads,
            head_dim,
            max_position_embeddings: self.max_position_embeddings,
            rope_theta: self.rope_theta,
            norm_epsilon: self.rms_norm_eps,
            tie_word_embeddings: self.tie_word_embeddings,
            initializer_range: self.initializer_range,
            query_scale: head_dim as f64,
            windows: vec![None; self.num_hidden_layers],
            ..DecoderConfig::default()
        }
    }
}
