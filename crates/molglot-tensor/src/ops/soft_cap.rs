//! `cap * tanh(x / cap)`: keeps scores and logits inside `(-cap, cap)` (Gemma 2; Riviere et al., 2024, arXiv 2408.00118).

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use super::{composed_backends, narrow, widen};

/// Backend side of [`soft_cap`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait SoftCapOps: Backend {
    /// `cap * tanh(scale * x / cap)`.
    fn soft_cap(x: FloatTensor<Self>, scale: f32, cap: f32) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let bent = Self::float_tanh(Self::float_mul_scalar(
            widen::<Self>(x),
            (scale / cap).into(),
        ));
        narrow::<Self>(Self::float_mul_scalar(bent, cap.into()), dtype)
    }

    /// Gradient of `x` from the output: `scale * (1 - (y / cap)^2) * grad`.
    fn soft_cap_backward(
        y: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f32,
        cap: f32,
    ) -> FloatTensor<Self> {
        let dtype = y.dtype();
        let (y, grad) = (widen::<Self>(y), widen::<Self>(grad));
        let square =
            Self::float_mul_scalar(Self::float_mul(y.clone(), y), (-scale / (cap * cap)).into());
        let slope = Self::float_add_scalar(square, scale.into());
        narrow::<Self>(Self::float_mul(slope, grad), dtype)
    }
}

composed_backends!(SoftCapOps);

#[cfg(feature = "flex")]
pub(super) use flex::bend;

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values},
            math::exp,
        },
        SoftCapOps,
    };

    /// `tanh(x) = 1 - 2 / (exp(2x) + 1)`; near zero that difference loses digits, and the series is exact to rounding.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    pub(in super::super) fn bend(values: &mut [f32], scale: f32, cap: f32) {
        for value in values {
            let x = scale * *value / cap;
            let square = x * x;
            let series =
                x * (1.0 - square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0))));
            let whole = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
            *value = cap * if square < 0.01 { series } else { whole };
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(y: &[f32], grad: &[f32], out: &mut [f32], scale: f32, cap: f32) {
        for ((out, y), grad) in out.iter_mut().zip(y).zip(grad) {
            let bent = y / cap;
            *out = scale * (1.0 - bent * bent) * grad;
        }
    }

    impl SoftCapOps for Flex {
        fn soft_cap(x: FloatTensor<Self>, scale: f32, cap: f32) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(values(&x).par_chunks(CHUNK))
                .for_each(|(out, x)| {
                    out.copy_from_slice(x);
                    bend(out, scale, cap);
                });
            out
        }

        fn soft_cap_backward(
            y: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            scale: f32,
            cap: f32,
        ) -> FloatTensor<Self> {
            let (y, grad) = (y.to_contiguous(), grad.to_contiguous());
            let mut out = output(y.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(
                    values(&y)
                        .par_chunks(CHUNK)
                        .zip(values(&grad).par_chunks(CHUNK)),
                )
                .for_each(|(out, (y, grad))| backward(y, grad, out, scale, cap));
            out
        }
    }
}

impl<B: SoftCapOps, C: CheckpointStrategy> SoftCapOps for Autodiff<B, C> {
    fn soft_cap(x: FloatTensor<Self>, scale: f32, cap: f32) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SoftCap;
        impl<B: SoftCapOps> Backward<B, 1> for SoftCap {
            type State = (FloatTensor<B>, f32, f32);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (y, scale, cap) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::soft_cap_backward(y, grad, scale, cap));
                }
            }
        }
        match SoftCap.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let y = B::soft_cap(x.into_primitive(), scale, cap);
                prep.finish((y.clone(), scale, cap), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::soft_cap(x.into_primitive(), scale, cap)),
        }
    }
}

/// `cap * tanh(scale * x / cap)`, elementwise.
///
/// # Shapes
///
/// - `x` and output: the same shape
pub fn soft_cap<const D: usize>(x: Tensor<D>, scale: f32, cap: f32) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::soft_cap(x.into_dispatch(), scale, cap))
}
