//! A linear layer with its weight as Keras stores it.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::{Module, Param},
};

/// `y = x W + b`.
#[derive(Module, Debug)]
pub(super) struct Dense {
    /// `[input, output]`.
    pub kernel: Param<Tensor<2>>,
    /// `[output]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Dense {
    /// Drawn as Keras does: Xavier uniform, bias 0.
    pub(super) fn new(input: usize, output: usize, bias: bool, init: &mut Init) -> Self {
        Self {
            kernel: init.xavier([input, output]),
            bias: bias.then(|| init.constant([output], 0.0)),
        }
    }

    /// `[R, input] -> [R, output]`.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let product = x.matmul(self.kernel.val());
        match &self.bias {
            Some(bias) => product + bias.val().unsqueeze(),
            None => product,
        }
    }
}
