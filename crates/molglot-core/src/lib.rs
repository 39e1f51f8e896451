//! The spine of Molglot: the values that flow from a batch to a loss, and the four traits that act on them.
//!
//! ```text
//! GraphBatch --Encoder--> Features --Projector--> SoftTokens --+
//! TextBatch --LanguageModel::embed--> [B, T, E] ---- splice ---+--> LanguageModel::decode --> TextOutput
//!                                                                                              |
//!                                          Aligned { features, soft, output } --Objective--> Loss
//! ```
//!
//! Read [`GraphBatch`], [`TextBatch`], then the traits: the whole of training fits between them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod batch;
mod graph;
mod layout;
mod registry;
mod splice;
mod text;
mod traits;

pub use batch::{Aligned, Batch, Features, Loss, Pairs, SoftTokens};
pub use graph::{GraphBatch, LineBatch};
pub use layout::CausalLayout;
pub use registry::snake_case;
pub use splice::{SpliceError, splice};
pub use text::{KvCache, Sequence, TextBatch, TextOutput, TextRead};
pub use traits::{Encoder, LanguageModel, Objective, Projector, Symmetry};
