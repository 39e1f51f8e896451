//! Layer normalisation with a learned scale and shift.

use burn::{
    module::{Module, Param},
    tensor::Tensor,
};

use crate::{Init, ops::layer_norm};

/// Rows of mean 0 and variance 1, scaled and shifted (Ba, Kiros and Hinton, 2016, arXiv 1607.06450).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[D]`: scale.
    pub weight: Param<Tensor<1>>,
    /// `[D]`: shift.
    pub bias: Param<Tensor<1>>,
    epsilon: f64,
}

impl LayerNorm {
    /// Scale 1, shift 0; `epsilon` is added to a variance before its root.
    pub fn new(width: usize, epsilon: f64, init: &mut Init) -> Self {
        Self {
            weight: init.constant([width], 1.0),
            bias: init.constant([width], 0.0),
            epsilon,
        }
    }

    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - `x` and output: `[.., D]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        layer_norm(x, self.weight.val(), self.bias.val(), self.epsilon)
    }
}
