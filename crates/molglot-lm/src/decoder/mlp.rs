//! The feed-forward part of a block.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation},
    nn::LinearConfig,
    ops::{gelu, gelu_tanh, swiglu},
};

use super::{Activation, DecoderConfig};
use crate::lora::LoraLinear;

/// `down(act(gate(x)) * up(x))`, or `down(act(up(x)))` without a gate.
#[derive(Module, Debug)]
pub(super) struct Mlp {
    pub(super) gate_proj: Option<LoraLinear>,
    pub(super) up_proj: LoraLinear,
    pub(super) down_proj: LoraLinear,
    #[module(skip)]
    activation: Activation,
}

impl Mlp {
    pub(super) fn new(config: &DecoderConfig, init: &mut Init) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let mut linear = |input, output| {
            let shape = LinearConfig::new(input, output).with_bias(config.mlp_bias);
            LoraLinear::new(shape, config.initializer_range, init)
        };
        Self {
            gate_proj: config.architecture.is_gated().then(|| linear(width, inner)),
            up_proj: linear(width, inner),
            down_proj: linear(inner, width),
            activation: config.activation,
        }
    }

    /// # Shapes
    ///
    /// - `x` and output: `[B, T, E]`
    pub(super) fn forward(&self, x: Tensor<3>, seed: u64) -> Tensor<3> {
        let inner = match &self.gate_proj {
            Some(gate) => {
                let up = self.up_proj.forward(x.clone(), seed + 1);
                match self.activation {
                    Activation::Silu => swiglu(gate.forward(x, seed), up),
                    other => other.apply(gate.forward(x, seed)) * up,
                }
            }
            None => self.activation.apply(self.up_proj.forward(x, seed + 1)),
        };
        self.down_proj.forward(inner, seed + 2)
    }
}

impl Activation {
    fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Silu => activation::silu(x),
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_tanh(x),
            Self::Relu => activation::relu(x),
        }
    }
}
