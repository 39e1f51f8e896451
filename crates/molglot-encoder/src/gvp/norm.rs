//! Normalisation of scalars and vectors.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Module, Param},
        tensor::module::layer_norm,
    },
    nn::Dropout,
};

use super::state::{State, squares};

const EPSILON: f64 = 1e-5;

/// Layer norm of the scalars; vectors are divided by the root of their mean squared length, which needs no parameters.
#[derive(Module, Debug)]
pub struct StateNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

impl StateNorm {
    /// Scale 1, shift 0.
    pub(super) fn new(scalars: usize, init: &mut Init) -> Self {
        Self {
            weight: init.constant([scalars], 1.0),
            bias: init.constant([scalars], 0.0),
        }
    }

    pub(super) fn forward(&self, x: State) -> State {
        let size = squares(x.vectors.clone()).mean_dim(2).sqrt();
        State {
            scalars: layer_norm(x.scalars, self.weight.val(), Some(self.bias.val()), EPSILON),
            vectors: x.vectors / size,
        }
    }
}

/// Drops scalars one by one and vectors as a whole.
pub(super) fn drop_out(dropout: &Dropout, x: State) -> State {
    let [rows, _, channels] = x.vectors.dims();
    State {
        scalars: dropout.forward(x.scalars),
        vectors: dropout.along(x.vectors, [rows, 1, channels]),
    }
}
