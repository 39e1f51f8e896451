//! A small network that answers one question.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{Linear, LinearConfig},
};

/// Linear layers with ReLU between them.
#[derive(Module, Debug)]
pub struct Head {
    layers: Vec<Linear>,
}

impl Head {
    /// Layers between these widths.
    pub fn new(widths: &[usize], init: &mut Init) -> Self {
        let layers = widths.windows(2);
        Self {
            layers: layers
                .map(|pair| LinearConfig::new(pair[0], pair[1]).init(init))
                .collect(),
        }
    }

    /// # Shapes
    ///
    /// - `x`: `[K, first width]`
    /// - output: `[K, last width]`
    pub fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        for (number, layer) in self.layers.iter().enumerate() {
            if number > 0 {
                x = relu(x);
            }
            x = layer.forward(x);
        }
        x
    }
}
