//! `config.json` of an ESM-2, by its Hugging Face names.

use serde::{Deserialize, Serialize};

use super::tokenizer::{MASK, PAD, VOCABULARY};
use crate::ConfigError;

/// Sizes of an [`Esm2`](super::Esm2). Keys that do not change the numbers are ignored; keys that are absent mean what they
/// mean to Hugging Face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Esm2Config {
    /// Always `esm`.
    pub model_type: String,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Number of heads; `hidden_size / num_attention_heads` is even.
    pub num_attention_heads: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Longest sequence that training saw. Positions are rotations, so that longer ones have them too.
    #[serde(default = "max_position_embeddings")]
    pub max_position_embeddings: usize,
    /// Added to a variance before its root.
    #[serde(default = "layer_norm_eps")]
    pub layer_norm_eps: f64,
    /// Whether embeddings are scaled as if tokens were masked as often as in training.
    #[serde(default)]
    pub token_dropout: bool,
    /// The padding token.
    #[serde(default = "pad_token_id")]
    pub pad_token_id: u32,
    /// The token of a hidden residue.
    #[serde(default = "mask_token_id")]
    pub mask_token_id: u32,
    /// Base of the rotary frequencies.
    #[serde(default = "rope_theta")]
    pub rope_theta: f64,
    /// Where newer files have the base of the rotary frequencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_parameters: Option<RopeParameters>,
    /// Width of the normal distribution that weights start from.
    #[serde(default = "initializer_range")]
    pub initializer_range: f64,
    /// Only `rotary` is supported: ESM-1 had others.
    #[serde(default = "position_embedding_type")]
    pub position_embedding_type: String,
    /// Only `false` is supported: ESM-1 had `true`.
    #[serde(default)]
    pub emb_layer_norm_before: Option<bool>,
    /// Only `false` is supported: ESMFold has `true`.
    #[serde(default)]
    pub is_folding_model: Option<bool>,
}

/// Rotary settings of newer files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RopeParameters {
    /// Base of the frequencies.
    pub rope_theta: Option<f64>,
    /// Only `default` is supported.
    #[serde(default = "rope_type")]
    pub rope_type: String,
}

fn max_position_embeddings() -> usize {
    1026
}

fn layer_norm_eps() -> f64 {
    1e-12
}

fn pad_token_id() -> u32 {
    PAD
}

fn mask_token_id() -> u32 {
    MASK
}

fn rope_theta() -> f64 {
    10_000.0
}

fn initializer_range() -> f64 {
    0.02
}

fn position_embedding_type() -> String {
    "absolute".to_owned()
}

fn rope_type() -> String {
    "default".to_owned()
}

impl Esm2Config {
    /// An ESM-2 of these sizes, other settings as published.
    ///
    /// | published | width | blocks | heads |
    /// |---|---|---|---|
    /// | `esm2_t6_8M_UR50D` | 320 | 6 | 20 |
    /// | `esm2_t12_35M_UR50D` | 480 | 12 | 20 |
    /// | `esm2_t30_150M_UR50D` | 640 | 30 | 20 |
    /// | `esm2_t33_650M_UR50D` | 1280 | 33 | 20 |
    /// | `esm2_t36_3B_UR50D` | 2560 | 36 | 40 |
    pub fn new(hidden_size: usize, num_hidden_layers: usize, num_attention_heads: usize) -> Self {
        Self {
            model_type: "esm".to_owned(),
            vocab_size: VOCABULARY.len(),
            hidden_size,
            num_hidden_layers,
            num_attention_heads,
            intermediate_size: 4 * hidden_size,
            max_position_embeddings: max_position_embeddings(),
            layer_norm_eps: 1e-5,
            token_dropout: true,
            pad_token_id: PAD,
            mask_token_id: MASK,
            rope_theta: rope_theta(),
            rope_parameters: None,
            initializer_range: initializer_range(),
            position_embedding_type: "rotary".to_owned(),
            emb_layer_norm_before: Some(false),
            is_folding_model: Some(false),
        }
    }

    /// Width of a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads.max(1)
    }

    /// `theta^(-2k / head_dim)` for `k < head_dim / 2`.
    pub fn inverse_frequencies(&self) -> Vec<f32> {
        let newer = self.rope_parameters.as_ref().and_then(|new| new.rope_theta);
        let theta = newer.unwrap_or(self.rope_theta) as f32;
        let size = self.head_dim();
        (0..size / 2)
            .map(|k| 1.0 / theta.powf((2 * k) as f32 / size as f32))
            .collect()
    }

    /// Checks that this crate has such a model and that the sizes fit each other.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] naming the key and what it may be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fail = |key, problem: String| Err(ConfigError::new(key, problem));
        if self.model_type != "esm" {
            return fail(
                "model_type",
                format!("is `{}`; an ESM-2 has `esm` there", self.model_type),
            );
        }
        if self.position_embedding_type != "rotary" {
            return fail(
                "position_embedding_type",
                format!(
                    "is `{}`; ESM-2 has `rotary` there, and no other ESM is supported",
                    self.position_embedding_type
                ),
            );
        }
        if self.emb_layer_norm_before == Some(true) {
            return fail(
                "emb_layer_norm_before",
                "is true; ESM-2 has false there, and no other ESM is supported".to_owned(),
            );
        }
        if self.is_folding_model == Some(true) {
            return fail(
                "is_folding_model",
                "is true; ESMFold is not supported".to_owned(),
            );
        }
        if let Some(new) = self
            .rope_parameters
            .as_ref()
            .filter(|new| new.rope_type != "default")
        {
            return fail(
                "rope_parameters",
                format!(
                    "has the rope_type `{}`; only `default` is supported",
                    new.rope_type
                ),
            );
        }
        if self.num_attention_heads == 0
            || !self
                .hidden_size
                .is_multiple_of(2 * self.num_attention_heads)
        {
            return fail(
                "num_attention_heads",
                format!(
                    "({}) must divide hidden_size ({}) into heads of an even width",
                    self.num_attention_heads, self.hidden_size
                ),
            );
        }
        Ok(())
    }
}
