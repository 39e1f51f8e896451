//! Low-rank adaptation (Hu et al., 2021, arXiv 2106.09685) as a factored layer.
//!
//! Burn's own adapter composes `W + s B A` before multiplying, so its backward pass forms the full gradient of `W` only
//! to discard it. Kept apart, a frozen `W` costs one multiplication and no gradient.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Flag, Module, Param},
        tensor::{Distribution, module::linear},
    },
    nn::{Linear, LinearConfig},
};
use serde::{Deserialize, Serialize};

/// Settings of LoRA, by the names that PEFT uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Rank of the update.
    pub r: usize,
    /// The update is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Probability with which an input of the update is dropped while training.
    pub lora_dropout: f64,
    /// Names of the layers that get one: `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj`, `down_proj`.
    pub target_modules: Vec<String>,
}

/// The linear layers of a Llama block.
pub const TARGETS: [&str; 7] = [
    "q_proj",
    "k_proj",
    "v_proj",
    "o_proj",
    "gate_proj",
    "up_proj",
    "down_proj",
];

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 8,
            lora_alpha: 16.0,
            lora_dropout: 0.0,
            target_modules: TARGETS.iter().map(|&name| name.to_owned()).collect(),
        }
    }
}

/// `x A^T B^T * scale`.
#[derive(Module, Debug)]
pub struct LoraFactors {
    /// `[r, input]`.
    pub a: Param<Tensor<2>>,
    /// `[output, r]`.
    pub b: Param<Tensor<2>>,
    scale: f64,
    dropout: f64,
    training: Param<Flag>,
}

impl LoraFactors {
    /// `A` uniform in `±1/sqrt(input)` as PEFT draws it, `B` zero: the layer starts as its base.
    pub fn new(config: &LoraConfig, input: usize, output: usize, init: &mut Init) -> Self {
        Self {
            a: init.fan_in([config.r, input], input),
            b: init.constant([output, config.r], 0.0),
            scale: config.lora_alpha / config.r.max(1) as f64,
            dropout: config.lora_dropout,
            training: Param::from_bool(true),
        }
    }

    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let x =
            if self.dropout > 0.0 && self.training.val().is_enabled() && x.device().is_autodiff() {
                let keep = Tensor::random(
                    x.dims(),
                    Distribution::Bernoulli(1.0 - self.dropout),
                    &x.device().inner(),
                );
                x * Tensor::from_inner(keep).div_scalar(1.0 - self.dropout)
            } else {
                x
            };
        let low = linear(x, self.a.val().transpose(), None);
        linear(low, self.b.val().transpose(), None).mul_scalar(self.scale)
    }
}

/// A linear layer that may carry an update.
#[derive(Module, Debug)]
pub struct LoraLinear {
    /// The layer itself.
    pub base: Linear,
    /// Its update.
    pub lora: Option<LoraFactors>,
}

impl LoraLinear {
    /// A layer without an update.
    pub fn new(config: LinearConfig, std: f64, init: &mut Init) -> Self {
        Self {
            base: config.init_normal(init, std),
            lora: None,
        }
    }

    /// Adds an update, unless there is one.
    pub fn attach(&mut self, config: &LoraConfig, init: &mut Init) {
        let (output, input) = self.base.sizes();
        self.lora
            .get_or_insert_with(|| LoraFactors::new(config, input, output, init));
    }

    /// # Shapes
    ///
    /// - `x`: `[.., input]`
    /// - output: `[.., output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.lora {
            None => self.base.forward(x),
            Some(lora) => self.base.forward(x.clone()) + lora.forward(x),
        }
    }
}
