//! Low-rank adaptation (Hu et al., 2021, arXiv 2106.09685) as a factored layer, and its PEFT files.
//!
//! Burn's own adapter composes `W + s B A` before multiplying, so its backward pass forms the full gradient of `W` only
//! to discard it. Kept apart, a frozen `W` costs one multiplication and no gradient.

mod adapter;
mod config;
mod linear;
mod whole;

pub use adapter::{Adapter, AdapterError, save_adapter};
pub use config::{LayerSettings, LoraConfig, LoraError, Patterns, Targets, is_lora};
pub use linear::{LoraFactors, LoraLinear};
pub(crate) use whole::COPIES;
pub use whole::Whole;
