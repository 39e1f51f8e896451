//! Batch normalisation with PyTorch's running statistics.

use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::{
        Tensor,
        module::{batch_norm, batch_norm_train},
    },
};

use crate::Init;

/// Added to a variance before its root: PyTorch's default.
const EPSILON: f64 = 1e-5;
/// Part of the batch's statistics that goes into the running ones: PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// Normalises columns by the statistics of the batch while training, and by running ones otherwise (Ioffe and Szegedy,
/// 2015, arXiv 1502.03167).
///
/// Burn's own layer lets the running variance follow the population variance of a batch; PyTorch, and with it every
/// published checkpoint, uses the unbiased one.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[D]`: scale.
    pub weight: Param<Tensor<1>>,
    /// `[D]`: shift.
    pub bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
    training: Param<Flag>,
}

impl BatchNorm {
    /// Scale 1, shift 0, running mean 0, running variance 1.
    pub fn new(width: usize, init: &mut Init) -> Self {
        Self {
            weight: init.constant([width], 1.0),
            bias: init.constant([width], 0.0),
            running_mean: RunningState::new(Tensor::zeros([width], init.device())),
            running_var: RunningState::new(Tensor::ones([width], init.device())),
            training: Param::from_bool(true),
        }
    }

    /// Normalises the columns of packed rows. Frozen, or on a device without gradients, it uses the running statistics
    /// and leaves them alone.
    ///
    /// # Shapes
    ///
    /// - `x` and output: `[N, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if !(x.device().is_autodiff() && self.training.val().is_enabled()) {
            return batch_norm(
                x,
                weight,
                bias,
                self.running_mean.value_sync(),
                self.running_var.value_sync(),
                EPSILON,
            );
        }
        let rows = x.dims()[0] as f64;
        let result = batch_norm_train(x, weight, bias, EPSILON);
        let unbiased = rows / (rows - 1.0).max(1.0);
        let follow = |running: &RunningState<Tensor<1>>, batch: Tensor<1>| {
            let old = running.value_sync().mul_scalar(1.0 - MOMENTUM);
            running.update((old + batch.detach().mul_scalar(MOMENTUM)).detach());
        };
        follow(&self.running_mean, result.mean);
        follow(&self.running_var, result.variance.mul_scalar(unbiased));
        result.output
    }
}
