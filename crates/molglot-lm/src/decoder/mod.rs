//! Decoder-only transformers, numerically as Hugging Face has them: Llama (Touvron et al., 2023, arXiv 2302.13971; 3.x:
//! arXiv 2407.21783), Mistral (Jiang et al., 2023, arXiv 2310.06825), Qwen2 (arXiv 2407.10671), Gemma 2 (Riviere et al.,
//! 2024, arXiv 2408.00118), OPT (Zhang et al., 2022, arXiv 2205.01068) and Galactica (Taylor et al., 2022, arXiv 2211.09085).
//!
//! They are one model: a stack of attention and feed-forward parts around a residual stream. What differs is data, in
//! [`DecoderConfig`]: which norm and where, which activation, how positions enter, what attention may see. A new member
//! is a few lines of [`Architecture`] and the names of its weights.

mod architecture;
mod attention;
mod block;
mod config;
mod mlp;
mod model;
mod names;
mod norm;
mod stored;
mod weights;

pub use architecture::{Activation, Architecture};
pub use config::{ConfigError, DecoderConfig, RopeScaling};
pub use model::Decoder;
pub(crate) use weights::read_json;
pub use weights::{LoadError, load_dir};
