//! Gradient clipping by the norm over all parameters together.
//!
//! Burn's own clipping works parameter by parameter, which changes the direction of the update. This is the usual
//! definition (Pascanu et al., 2013; `torch.nn.utils.clip_grad_norm_`).

use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::Tensor,
};

/// Added to the norm before dividing, as PyTorch does.
const EPSILON: f64 = 1e-6;

/// Scales all gradients by `max / norm` when their joint L2 norm exceeds `max`; returns the norm before scaling.
///
/// Squares are summed in f32 per parameter and in f64 across parameters, in declaration order. A norm that is not
/// finite is returned as it is and nothing is scaled: the caller decides what a broken step means.
pub fn clip_global_norm<M: Module>(module: &M, grads: &mut GradientsParams, max: f64) -> f64 {
    let mut squares = Squares { grads, total: 0.0 };
    module.visit(&mut squares);
    let norm = squares.total.sqrt();
    let factor = max / (norm + EPSILON);
    if norm.is_finite() && factor < 1.0 {
        module.visit(&mut Scale {
            grads,
            factor: factor as f32,
        });
    }
    norm
}

struct Squares<'a> {
    grads: &'a GradientsParams,
    total: f64,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.total += f64::from(grad.square().sum().into_scalar::<f32>());
        }
    }
}

struct Scale<'a> {
    grads: &'a mut GradientsParams,
    factor: f32,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.remove::<D>(param.id) {
            self.grads.register(param.id, grad.mul_scalar(self.factor));
        }
    }
}
