//! Language models: decoders, LoRA, the tokenizer, prompts and generation.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod decoder;
pub mod generate;
pub mod lora;
pub mod prompt;
pub mod settings;
pub mod tokenizer;
mod verify;

pub use decoder::{Decoder, DecoderConfig};
pub use generate::{GenerateConfig, generate};
pub use lora::{LoraConfig, LoraLinear};
pub use prompt::PromptTemplate;
pub use settings::{LlamaSettings, LmSettings};
pub use tokenizer::Tokenizer;
pub use verify::verify;
