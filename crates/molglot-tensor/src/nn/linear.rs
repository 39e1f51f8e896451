//! A linear layer with its weight as published checkpoints have it.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};

use crate::{Init, ops::linear};

/// Sizes of a [`Linear`] layer.
#[derive(Clone, Copy, Debug)]
pub struct LinearConfig {
    input: usize,
    output: usize,
    bias: bool,
}

impl LinearConfig {
    /// A layer from `input` to `output` features with a bias.
    pub fn new(input: usize, output: usize) -> Self {
        Self {
            input,
            output,
            bias: true,
        }
    }

    /// Without a bias.
    pub fn without_bias(self) -> Self {
        Self {
            bias: false,
            ..self
        }
    }

    /// With a bias, or without.
    pub fn with_bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Draws weight and bias uniformly in `±1/sqrt(input)`, PyTorch's default.
    pub fn init(&self, init: &mut Init) -> Linear {
        Linear {
            weight: init.fan_in([self.output, self.input], self.input),
            bias: self.bias.then(|| init.fan_in([self.output], self.input)),
        }
    }

    /// Draws the weight from a normal distribution of width `std` and sets the bias to zero.
    pub fn init_normal(&self, init: &mut Init, std: f64) -> Linear {
        Linear {
            weight: init.normal([self.output, self.input], std),
            bias: self.bias.then(|| init.constant([self.output], 0.0)),
        }
    }
}

/// `y = x W^T + b`.
///
/// The weight is `[output, input]`, as in PyTorch and Hugging Face files, so that weights are read as they lie.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[output, input]`.
    pub weight: Param<Tensor<2>>,
    /// `[output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - `x`: `[.., input]`
    /// - output: `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }

    /// `(output, input)`.
    pub fn sizes(&self) -> (usize, usize) {
        let [output, input] = self.weight.lazy_shape().dims();
        (output, input)
    }
}
