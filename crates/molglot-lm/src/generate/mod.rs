//! Generation: greedy, sampled or by beams, for a batch of prompts.
//!
//! The search is host code over [`NextToken`]; [`generate`] is that search over a language model with a cache.

mod beam;
mod config;
mod model;
pub mod processors;
mod sampler;
mod search;

pub use config::{EarlyStopping, GenerateConfig};
pub use model::{Prompts, generate};
pub use sampler::Sampler;
pub use search::{Generated, LogitRows, NextToken, OnToken, PromptInfo, search};

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A file cannot be used.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A value cannot be used.
    #[error("{place}: `{key}`: {reason}")]
    Key {
        /// The file or the part of the recipe.
        place: String,
        /// The key.
        key: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// The model's logits are no numbers.
    #[error(
        "the language model gives no numbers after prompt {}: its weights, or those of the encoder and the projector, \
         hold NaN; train again with a lower learning rate or load an earlier checkpoint",
        prompt + 1
    )]
    NotANumber {
        /// The prompt, from 0.
        prompt: usize,
    },
}
