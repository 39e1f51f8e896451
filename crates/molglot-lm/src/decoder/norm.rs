//! Norms of the residual stream.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::{Module, Param},
    nn::LayerNorm,
    ops::rms_norm,
};

use super::DecoderConfig;

/// Scale of a state normed by its root mean square.
#[derive(Module, Debug)]
pub(super) struct RmsNorm {
    weight: Param<Tensor<1>>,
    epsilon: f64,
    /// Added to the stored weight.
    offset: f64,
}

/// The norm of an architecture.
#[derive(Module, Debug)]
pub(super) enum Norm {
    /// By the root mean square.
    Rms(RmsNorm),
    /// By mean and variance.
    Layer(LayerNorm),
}

impl Norm {
    pub(super) fn new(config: &DecoderConfig, init: &mut Init) -> Self {
        let (width, epsilon) = (config.hidden_size, config.norm_epsilon);
        if config.architecture.has_layer_norm() {
            return Self::Layer(LayerNorm::new(width, epsilon, init));
        }
        let offset = config.architecture.norm_offset();
        Self::Rms(RmsNorm {
            weight: init.constant([width], 1.0 - offset as f32),
            epsilon,
            offset,
        })
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Layer(norm) => norm.forward(x),
            Self::Rms(norm) if norm.offset == 0.0 => rms_norm(x, norm.weight.val(), norm.epsilon),
            Self::Rms(norm) => {
                // In f32: a half-precision sum would round the stored weight away.
                let weight = norm.weight.val().cast(burn::tensor::FloatDType::F32);
                rms_norm(x, weight.add_scalar(norm.offset), norm.epsilon)
            }
        }
    }
}
