//! Dropout.

use burn::{
    module::{Flag, Module, Param},
    tensor::{Distribution, Tensor},
};

/// Sets values to zero at random while training, and scales the others so that the mean stays (Srivastava et al., 2014).
///
/// Draws from Burn's generator, which belongs to the process.
#[derive(Module, Debug)]
pub struct Dropout {
    rate: f64,
    training: Param<Flag>,
}

impl Dropout {
    /// Dropout of this part of the values, in `[0, 1)`.
    pub fn new(rate: f64) -> Self {
        Self {
            rate,
            training: Param::from_bool(true),
        }
    }

    /// Drops single values. Frozen, or on a device without gradients, it changes nothing.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let shape = x.dims();
        self.along(x, shape)
    }

    /// Drops values together: `shape` is that of `x` with 1 at the axes along which values share their fate.
    pub fn along<const D: usize>(&self, x: Tensor<D>, shape: [usize; D]) -> Tensor<D> {
        let device = x.device();
        if !(self.rate > 0.0 && self.training.val().is_enabled() && device.is_autodiff()) {
            return x;
        }
        let kept = Distribution::Bernoulli(1.0 - self.rate);
        let kept = Tensor::from_inner(Tensor::random(shape, kept, &device.inner()));
        x * kept.div_scalar(1.0 - self.rate)
    }
}
