//! Transformer encoders that look in both directions: BERT for text, ESM-2 for protein sequences.
//!
//! They stand below the crates of encoders, projectors and language models, which use them without using each other:
//! ESM-2 encodes proteins, BERT encodes and scores text, and a Q-Former is made of BERT's blocks.
//!
//! A folder per model: `Config` (a Hugging Face `config.json`) `-> init(&mut Init) -> forward`. Sequences of different
//! lengths are a [`SequenceBatch`]; what stands behind their ends is never seen by what stands before.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod attention;
pub mod batch;
pub mod bert;
pub mod esm2;
pub mod feed_forward;
pub mod load;
pub mod verify;

pub use attention::{Attention, AttentionConfig};
pub use batch::SequenceBatch;
pub use bert::{Bert, BertConfig};
pub use esm2::{Esm2, Esm2Config, MaskedLm};
pub use feed_forward::{Activation, FeedForward};
pub use load::{ConfigError, LoadError};
