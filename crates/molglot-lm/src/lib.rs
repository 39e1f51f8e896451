//! Language models: Llama, LoRA, the tokenizer, prompts and generation.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod adapter;
pub mod chat;
pub mod generate;
pub mod llama;
pub mod lora;
pub mod prompt;
pub mod settings;
pub mod tokenizer;

pub use generate::{GenerateConfig, Prompts, generate};
pub use llama::{Llama, LlamaConfig};
pub use lora::{LoraConfig, LoraLinear};
pub use prompt::PromptTemplate;
pub use settings::{LlamaSettings, LmSettings};
pub use tokenizer::{PretrainedTokenizer, Tokenizer};
