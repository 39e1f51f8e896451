//! `config.json` of a BERT, by its Hugging Face names.

use serde::{Deserialize, Serialize};

use crate::{Activation, ConfigError};

/// Sizes of a [`Bert`](super::Bert). Keys that do not change the numbers are ignored; keys that are absent mean what they
/// mean to Hugging Face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// `bert`, or `roberta`: the same with positions counted from behind the padding token's id.
    pub model_type: String,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the states.
    pub hidden_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Number of heads, a divisor of `hidden_size`.
    pub num_attention_heads: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Rows of the position table.
    #[serde(default = "max_position_embeddings")]
    pub max_position_embeddings: usize,
    /// Rows of the token-type table.
    #[serde(default = "type_vocab_size")]
    pub type_vocab_size: usize,
    /// Added to a variance before its root.
    #[serde(default = "layer_norm_eps")]
    pub layer_norm_eps: f64,
    /// What stands inside the feed-forward part.
    #[serde(default)]
    pub hidden_act: Activation,
    /// The padding token.
    #[serde(default)]
    pub pad_token_id: u32,
    /// Width of the normal distribution that weights start from.
    #[serde(default = "initializer_range")]
    pub initializer_range: f64,
    /// Only `absolute` is supported.
    #[serde(default = "position_embedding_type")]
    pub position_embedding_type: String,
    /// Only `false` is supported.
    #[serde(default)]
    pub is_decoder: bool,
}

fn max_position_embeddings() -> usize {
    512
}

fn type_vocab_size() -> usize {
    2
}

fn layer_norm_eps() -> f64 {
    1e-12
}

fn initializer_range() -> f64 {
    0.02
}

fn position_embedding_type() -> String {
    "absolute".to_owned()
}

impl BertConfig {
    /// A BERT of these sizes, other settings as published.
    ///
    /// | published | tokens | width | blocks | heads |
    /// |---|---|---|---|---|
    /// | SciBERT (scivocab) | 31090 | 768 | 12 | 12 |
    /// | BERT base (uncased) | 30522 | 768 | 12 | 12 |
    pub fn new(
        vocab_size: usize,
        hidden_size: usize,
        num_hidden_layers: usize,
        num_attention_heads: usize,
    ) -> Self {
        Self {
            model_type: "bert".to_owned(),
            vocab_size,
            hidden_size,
            num_hidden_layers,
            num_attention_heads,
            intermediate_size: 4 * hidden_size,
            max_position_embeddings: max_position_embeddings(),
            type_vocab_size: type_vocab_size(),
            layer_norm_eps: layer_norm_eps(),
            hidden_act: Activation::Gelu,
            pad_token_id: 0,
            initializer_range: initializer_range(),
            position_embedding_type: position_embedding_type(),
            is_decoder: false,
        }
    }

    /// The row of the position table that the first token reads.
    pub(super) fn first_position(&self) -> usize {
        match self.model_type.as_str() {
            "roberta" => self.pad_token_id as usize + 1,
            _ => 0,
        }
    }

    /// Checks that this crate has such a model and that the sizes fit each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the key and what it may be.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !matches!(self.model_type.as_str(), "bert" | "roberta") {
            return Err(ConfigError::new(
                "model_type",
                format!(
                    "is `{}`; a BERT has `bert` or `roberta` there",
                    self.model_type
                ),
            ));
        }
        if self.position_embedding_type != "absolute" {
            return Err(ConfigError::new(
                "position_embedding_type",
                format!(
                    "is `{}`; only `absolute` is supported",
                    self.position_embedding_type
                ),
            ));
        }
        if self.is_decoder {
            return Err(ConfigError::new(
                "is_decoder",
                "is true; only encoders are supported",
            ));
        }
        if self.num_attention_heads == 0
            || !self.hidden_size.is_multiple_of(self.num_attention_heads)
        {
            return Err(ConfigError::new(
                "num_attention_heads",
                format!(
                    "({}) must divide hidden_size ({})",
                    self.num_attention_heads, self.hidden_size
                ),
            ));
        }
        if self.max_position_embeddings <= self.first_position() {
            return Err(ConfigError::new(
                "max_position_embeddings",
                format!("must be more than {}", self.first_position()),
            ));
        }
        Ok(())
    }
}
