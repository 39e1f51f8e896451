//! What distances say to attention.

use molglot_tensor::burn;
use molglot_tensor::{
    Device, Init, RowIndex, Tensor, TensorData,
    burn::module::Module,
    nn::{Embedding, Linear, LinearConfig},
    ops::{gaussians, gelu},
};

use super::Tokens;

/// π as the published code has it.
#[expect(
    clippy::approx_constant,
    reason = "published weights were trained with these digits"
)]
const PI: f64 = 3.14159;
/// Added to a width, so that none is 0.
const NARROWEST: f64 = 1e-5;
/// Means and widths of kernels are drawn from 0 to here.
const WIDEST: f64 = 3.0;

/// Gaussian kernels of distances that every ordered pair of types scales and shifts first.
#[derive(Module, Debug)]
pub struct GaussianLayer {
    means: Embedding,
    stds: Embedding,
    mul: Embedding,
    bias: Embedding,
}

impl GaussianLayer {
    pub(super) fn new(kernels: usize, pair_types: usize, init: &mut Init) -> Self {
        let spread = |init: &mut Init| {
            let drawn = init.uniform([1, kernels], WIDEST / 2.0).val();
            let weight = init.given(drawn.inner().add_scalar(WIDEST / 2.0));
            Embedding { weight }
        };
        Self {
            means: spread(init),
            stds: spread(init),
            mul: Embedding {
                weight: init.constant([pair_types, 1], 1.0),
            },
            bias: Embedding {
                weight: init.constant([pair_types, 1], 0.0),
            },
        }
    }

    /// `exp(-((a d + b - μ) / σ)² / 2) / (sqrt(2 π) σ)`, with `σ` the absolute width.
    ///
    /// # Shapes
    ///
    /// - output: `[B * T * T, K]`
    pub fn forward(&self, tokens: &Tokens, device: &Device) -> Tensor<2> {
        let (pair_types, _) = self.mul.sizes();
        let types = RowIndex::new(pair_types, tokens.pair_types.clone());
        let distances = TensorData::new(tokens.distances.clone(), [tokens.distances.len(), 1]);
        let distances = Tensor::<2>::from_data(distances, device);
        let shifted = self.mul.forward(&types) * distances + self.bias.forward(&types);
        let widths = self.stds.weight.val().abs().add_scalar(NARROWEST);
        let area = (2.0 * PI).sqrt();
        gaussians(shifted, self.means.weight.val(), widths, area)
    }
}

/// Two layers with a GELU between: `NonLinearHead` of the published code. They start wider than other matrices, so that
/// distances are heard from the first step on.
#[derive(Module, Debug)]
pub struct NonLinearHead {
    linear1: Linear,
    linear2: Linear,
}

impl NonLinearHead {
    pub(super) fn new(input: usize, output: usize, init: &mut Init) -> Self {
        Self {
            linear1: LinearConfig::new(input, input).init(init),
            linear2: LinearConfig::new(input, output).init(init),
        }
    }

    /// Width of the output.
    pub(super) fn width(&self) -> usize {
        self.linear2.sizes().0
    }

    /// Applies both.
    ///
    /// # Shapes
    ///
    /// - `x`: `[.., input]`
    /// - output: `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.linear2.forward(gelu(self.linear1.forward(x)))
    }
}
