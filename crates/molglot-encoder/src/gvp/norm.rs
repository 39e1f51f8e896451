//! Normalisation of scalars and vectors.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::{Module, Param},
    nn::Dropout,
    ops::layer_norm,
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

    pub(super) fn forward(&self, x: &State) -> State {
        let vectors = x.vector_part();
        let size = squares(vectors.clone()).mean_dim(2).sqrt();
        let scalars = layer_norm(x.scalar_part(), self.weight.val(), self.bias.val(), EPSILON);
        State::new(scalars, vectors / size)
    }
}

/// Drops scalars one by one and vectors as a whole.
pub(super) fn drop_out(dropout: &Dropout, x: &State) -> State {
    let vectors = x.vector_part();
    let [rows, _, channels] = vectors.dims();
    let vectors = dropout.along(vectors, [rows, 1, channels]);
    State::new(dropout.forward(x.scalar_part()), vectors)
}
