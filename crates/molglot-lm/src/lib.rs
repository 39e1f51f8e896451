//! Language models: decoders, LoRA, the tokenizer, prompts and generation.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod chat;
pub mod decoder;
pub mod generate;
pub mod lora;
pub mod pretrained;
pub mod prompt;
pub mod settings;
pub mod tokenizer;
mod verify;

pub use decoder::{Decoder, DecoderConfig};
pub use generate::{GenerateConfig, Prompts, generate};
pub use lora::{LoraConfig, LoraLinear};
pub use pretrained::{Pretrained, PretrainedError, load_pretrained};
pub use prompt::PromptTemplate;
pub use settings::{LlamaSettings, LmSettings, Precision, PretrainedSettings};
pub use tokenizer::{PretrainedTokenizer, Tokenizer};
pub use verify::verify;
