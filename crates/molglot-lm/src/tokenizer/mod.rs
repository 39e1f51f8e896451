//! Text to ids and back: the tokenizer that this program trains, and those of published models.

mod config;
mod error;
mod pretrained;
mod spaces;
mod trained;

pub use config::{SpecialTokens, TokenizerConfig};
pub use error::TokenizerError;
pub use pretrained::{Padded, Padding, PretrainedTokenizer, Side, SpecialIds};
pub use spaces::clean_up_spaces;
pub use trained::{PretrainedTokenizerError, Tokenizer, Turn};
