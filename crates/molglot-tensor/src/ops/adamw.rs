//! One step of AdamW over one tensor in one pass.
//!
//! Burn's own optimizer makes a dozen passes, each over as much memory as the model; for a small batch they cost as much as
//! the backward pass. The arithmetic here is the same, in the same order.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, autodiff::checkpoint::strategy::CheckpointStrategy,
        backend_extension, tensor::FloatTensor,
    },
    tensor::Tensor,
};

use super::composed_backends;

/// What one step multiplies with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Decay of the first moment.
    pub(crate) beta_1: f32,
    /// Decay of the second moment.
    pub(crate) beta_2: f32,
    /// Added to the root of the second moment.
    pub(crate) epsilon: f32,
    /// Learning rate.
    pub(crate) rate: f32,
    /// What decay leaves of a weight.
    pub(crate) kept: f32,
    /// `1 - beta_1^t`.
    pub(crate) correction_1: f32,
    /// `1 - beta_2^t`.
    pub(crate) correction_2: f32,
}

/// Backend side of [`adamw`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait AdamWOps: Backend {
    /// Weight and moments after the step.
    fn adamw(
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let times = |x: FloatTensor<Self>, factor: f32| Self::float_mul_scalar(x, factor.into());
        let over = |x: FloatTensor<Self>, divisor: f32| Self::float_div_scalar(x, divisor.into());
        let square = Self::float_mul(grad.clone(), grad.clone());
        let moment_1 =
            Self::float_add(times(moment_1, step.beta_1), times(grad, 1.0 - step.beta_1));
        let moment_2 = Self::float_add(
            times(moment_2, step.beta_2),
            times(square, 1.0 - step.beta_2),
        );
        let root = Self::float_sqrt(over(moment_2.clone(), step.correction_2));
        let delta = Self::float_div(
            over(moment_1.clone(), step.correction_1),
            Self::float_add_scalar(root, step.epsilon.into()),
        );
        let weight = Self::float_sub(times(weight, step.kept), times(delta, step.rate));
        (weight, moment_1, moment_2)
    }
}

composed_backends!(AdamWOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use burn_flex::FlexTensor;
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{contiguous, values},
        },
        AdamWOps, Step,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn advance(
        weight: &mut [f32],
        grad: &[f32],
        moment_1: &mut [f32],
        moment_2: &mut [f32],
        step: Step,
    ) {
        let moments = moment_1.iter_mut().zip(moment_2);
        for ((weight, grad), (first, second)) in weight.iter_mut().zip(grad).zip(moments) {
            *first = *first * step.beta_1 + grad * (1.0 - step.beta_1);
            *second = *second * step.beta_2 + grad * grad * (1.0 - step.beta_2);
            let root = (*second / step.correction_2).sqrt();
            let delta = *first / step.correction_1 / (root + step.epsilon);
            *weight = *weight * step.kept - delta * step.rate;
        }
    }

    /// The values of a contiguous tensor from its first, copied when somebody else holds them.
    fn own(tensor: &mut FlexTensor) -> &mut [f32] {
        let start = tensor.layout().start_offset();
        let count = tensor.layout().num_elements();
        &mut tensor.storage_mut()[start..start + count]
    }

    impl AdamWOps for Flex {
        fn adamw(
            weight: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            moment_1: FloatTensor<Self>,
            moment_2: FloatTensor<Self>,
            step: Step,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let grad = contiguous(grad);
            let [mut weight, mut moment_1, mut moment_2] =
                [weight, moment_1, moment_2].map(contiguous);
            own(&mut weight)
                .par_chunks_mut(CHUNK)
                .zip(values(&grad).par_chunks(CHUNK))
                .zip(
                    own(&mut moment_1)
                        .par_chunks_mut(CHUNK)
                        .zip(own(&mut moment_2).par_chunks_mut(CHUNK)),
                )
                .for_each(|((weight, grad), (first, second))| {
                    advance(weight, grad, first, second, step);
                });
            (weight, moment_1, moment_2)
        }
    }
}

impl<B: AdamWOps, C: CheckpointStrategy> AdamWOps for Autodiff<B, C> {}

/// Weight and moments after one step, all of one shape; tensors that nobody else holds are changed in place.
pub(crate) fn adamw<const D: usize>(
    weight: Tensor<D>,
    grad: Tensor<D>,
    moments: [Tensor<D>; 2],
    step: Step,
) -> (Tensor<D>, [Tensor<D>; 2]) {
    let [first, second] = moments.map(Tensor::into_dispatch);
    let (weight, first, second) = Dispatch::adamw(
        weight.into_dispatch(),
        grad.into_dispatch(),
        first,
        second,
        step,
    );
    (
        Tensor::from_dispatch(weight),
        [first, second].map(Tensor::from_dispatch),
    )
}
