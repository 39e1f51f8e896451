//! The layers that every model shares, stored as published checkpoints store them.

mod embedding;
mod linear;

pub use embedding::Embedding;
pub use linear::{Linear, LinearConfig};

pub use burn::nn::{BatchNorm, BatchNormConfig};
