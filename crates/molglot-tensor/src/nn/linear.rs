//! A linear layer with its weight as published checkpoints have it.

use burn::{
    module::{Module, Param},
    tensor::{Tensor, module::linear},
};

use crate::{Init, ops::few_rows};

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

/// `x W^T + b` with the weight as published checkpoints store it.
///
/// # Shapes
///
/// - `x`: `[.., input]`
/// - `weight`: `[output, input]`
/// - `bias`: `[output]`
/// - output: `[.., output]`
pub fn product<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    match few_rows(&x, &weight) {
        None => linear(x, weight.transpose(), bias),
        Some(out) => match bias {
            Some(bias) => out + bias.unsqueeze(),
            None => out,
        },
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
        product(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }

    /// `(output, input)`.
    pub fn sizes(&self) -> (usize, usize) {
        let [output, input] = self.weight.lazy_shape().dims();
        (output, input)
    }
}
