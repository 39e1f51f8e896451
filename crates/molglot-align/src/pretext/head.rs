//! A small network that answers one question.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{Linear, LinearConfig},
    ops::gelu,
};

/// Linear layers with ReLU, or GELU, between them.
#[derive(Module, Debug)]
pub struct Head {
    layers: Vec<Linear>,
    gelu: bool,
}

impl Head {
    /// Layers between these widths, and ReLU.
    pub fn new(widths: &[usize], init: &mut Init) -> Self {
        let layers = widths.windows(2);
        Self {
            layers: layers
                .map(|pair| LinearConfig::new(pair[0], pair[1]).init(init))
                .collect(),
            gelu: false,
        }
    }

    /// Layers between these widths, and GELU.
    pub fn gelu(widths: &[usize], init: &mut Init) -> Self {
        Self {
            gelu: true,
            ..Self::new(widths, init)
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[.., first width]`
    /// - output: `[.., last width]`
    pub fn forward<const D: usize>(&self, mut x: Tensor<D>) -> Tensor<D> {
        for (number, layer) in self.layers.iter().enumerate() {
            if number > 0 {
                x = if self.gelu { gelu(x) } else { relu(x) };
            }
            x = layer.forward(x);
        }
        x
    }
}
