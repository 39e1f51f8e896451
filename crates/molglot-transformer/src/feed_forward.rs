//! The part of a block that treats every position alone.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::Module,
    nn::{Linear, LinearConfig},
    ops::{gelu, gelu_tanh},
};
use serde::{Deserialize, Serialize};

/// What stands between the two layers, by the names of Hugging Face configurations (`hidden_act`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// Exact GELU.
    #[default]
    #[serde(rename = "gelu")]
    Gelu,
    /// GELU by tanh.
    #[serde(rename = "gelu_pytorch_tanh", alias = "gelu_new")]
    GeluTanh,
}

impl Activation {
    /// Applies the function.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
        }
    }
}

/// `contract(activation(expand(x)))`.
#[derive(Module, Debug)]
pub struct FeedForward {
    expand: Linear,
    contract: Linear,
    #[module(skip)]
    activation: Activation,
}

impl FeedForward {
    /// From `width` over `inner` and back, weights drawn from a normal distribution of width `std`.
    pub fn new(
        width: usize,
        inner: usize,
        activation: Activation,
        std: f64,
        init: &mut Init,
    ) -> Self {
        Self {
            expand: LinearConfig::new(width, inner).init_normal(init, std),
            contract: LinearConfig::new(inner, width).init_normal(init, std),
            activation,
        }
    }

    /// Applies both layers.
    ///
    /// # Shapes
    ///
    /// - `x` and output: `[B, T, E]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let inner = self.activation.forward(self.expand.forward(x));
        self.contract.forward(inner)
    }
}
