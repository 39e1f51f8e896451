//! The Llama architecture (Touvron et al., 2023, arXiv 2302.13971; 3.x: arXiv 2407.21783), numerically as Hugging Face
//! has it: RMSNorm, half-split rotary positions, grouped-query attention, SwiGLU.

mod attention;
mod config;
mod model;
mod weights;

pub use config::{ConfigError, LlamaConfig, RopeScaling};
pub use model::Llama;
pub use weights::{LoadError, adapter_name, base_name, is_adapter, load_dir};
