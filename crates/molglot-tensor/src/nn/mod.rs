//! The layers that every model shares, stored as published checkpoints store them.

mod batch_norm;
mod dropout;
mod embedding;
mod layer_norm;
mod linear;

pub use batch_norm::BatchNorm;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use layer_norm::LayerNorm;
pub use linear::{Linear, LinearConfig};
