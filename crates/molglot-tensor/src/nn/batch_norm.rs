//! Batch normalisation with PyTorch's running statistics.

use burn::{
    module::{Flag, Module, Param, RunningState},
    tensor::Tensor,
};

use crate::{
    Init,
    ops::{Normalisation, RowCounts, column_moments, normalise_columns},
};

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
    /// `[D]`: scale, where there is one.
    pub weight: Option<Param<Tensor<1>>>,
    /// `[D]`: shift.
    pub bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
    training: Param<Flag>,
    epsilon: f64,
    momentum: f64,
}

impl BatchNorm {
    /// Scale 1, shift 0, running mean 0, running variance 1.
    pub fn new(width: usize, init: &mut Init) -> Self {
        let weight = init.constant([width], 1.0);
        Self {
            weight: Some(weight),
            ..Self::without_scale(width, EPSILON, MOMENTUM, init)
        }
    }

    /// Shift 0, running mean 0, running variance 1 and no scale, as Keras has it with `scale=False`. `epsilon` is added to a
    /// variance before its root; `momentum` is the part of the batch's statistics that goes into the running ones (one
    /// minus what Keras calls by that name).
    pub fn without_scale(width: usize, epsilon: f64, momentum: f64, init: &mut Init) -> Self {
        Self {
            weight: None,
            bias: init.constant([width], 0.0),
            running_mean: RunningState::new(Tensor::zeros([width], init.device())),
            running_var: RunningState::new(Tensor::ones([width], init.device())),
            training: Param::from_bool(true),
            epsilon,
            momentum,
        }
    }

    /// Normalises the columns of packed rows. Frozen, or on a device without gradients, it uses the running statistics
    /// and leaves them alone.
    ///
    /// # Shapes
    ///
    /// - `x` and output: `[N, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.apply(x, None, false)
    }

    /// As [`BatchNorm::forward`], with a ReLU behind it.
    pub fn forward_relu(&self, x: Tensor<2>) -> Tensor<2> {
        self.apply(x, None, true)
    }

    /// As [`BatchNorm::forward`] or [`BatchNorm::forward_relu`], of rows that stand for several equal ones each.
    pub fn forward_counted(&self, x: Tensor<2>, counts: &RowCounts, relu: bool) -> Tensor<2> {
        self.apply(x, Some(counts), relu)
    }

    fn apply(&self, x: Tensor<2>, counts: Option<&RowCounts>, relu: bool) -> Tensor<2> {
        let bias = self.bias.val();
        let weight = match &self.weight {
            Some(weight) => weight.val(),
            None => Tensor::ones(bias.dims(), &x.device()),
        };
        let of_batch = x.device().is_autodiff() && self.training.val().is_enabled();
        let moments = match of_batch {
            true => self.follow(&x, counts),
            false => Tensor::stack(
                vec![
                    self.running_mean.value_sync(),
                    self.running_var.value_sync(),
                ],
                0,
            ),
        };
        let how = Normalisation {
            epsilon: self.epsilon as f32,
            relu,
            of_batch,
            counts: counts.cloned(),
        };
        normalise_columns(x, moments, weight, bias, how)
    }

    /// The moments of the batch, after the running ones have taken their part of them.
    fn follow(&self, x: &Tensor<2>, counts: Option<&RowCounts>) -> Tensor<2> {
        let moments = column_moments(x.clone(), counts);
        let rows = counts.map_or(x.dims()[0] as f64, RowCounts::total);
        let unbiased = rows / (rows - 1.0).max(1.0);
        let follow = |running: &RunningState<Tensor<1>>, row: usize, scale: f64| {
            let batch = moments.clone().slice_dim(0, row..row + 1).squeeze_dim(0);
            let old = running.value_sync().inner().mul_scalar(1.0 - self.momentum);
            let new = old + batch.mul_scalar(scale * self.momentum);
            running.update(Tensor::from_inner(new));
        };
        follow(&self.running_mean, 0, 1.0);
        follow(&self.running_var, 1, unbiased);
        moments
    }
}
