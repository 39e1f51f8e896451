//! The optimizer of every stage.

use burn::{
    optim::{AdamWState, AdaptiveMomentumState, Optimizer},
    tensor::{Device, Tensor},
};

use crate::ops::{AdamWStep, adamw};

/// AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) with PyTorch's meaning of every constant and Burn's format of
/// state, in one pass over each tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Decays of the first and the second moment.
    pub betas: [f32; 2],
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Part of a weight that a learning rate of 1 would take away.
    pub weight_decay: f32,
}

impl Default for AdamW {
    /// The defaults of PyTorch.
    fn default() -> Self {
        Self {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.01,
        }
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (time, moments) = match state {
            Some(AdamWState { momentum }) => {
                (momentum.time, [momentum.moment_1, momentum.moment_2])
            }
            None => (0, [grad.zeros_like(), grad.zeros_like()]),
        };
        let time = time + 1;
        let [beta_1, beta_2] = self.betas;
        let step = AdamWStep {
            beta_1,
            beta_2,
            epsilon: self.epsilon,
            rate: lr as f32,
            kept: (1.0 - lr * f64::from(self.weight_decay)) as f32,
            correction_1: 1.0 - beta_1.powi(time as i32),
            correction_2: 1.0 - beta_2.powi(time as i32),
        };
        let (tensor, [moment_1, moment_2]) = adamw(tensor, grad, moments, step);
        let momentum = AdaptiveMomentumState::new(time, moment_1, moment_2);
        (tensor, Some(AdamWState { momentum }))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}
