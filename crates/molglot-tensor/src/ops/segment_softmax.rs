//! Softmax over the positions of each segment: attention over edges.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
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

use super::{composed_backends, row_index::RowIndex, rows::RowOps, segment_max::MaxOps};

/// Backend side of [`segment_softmax`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait SegmentSoftmaxOps: Backend + RowOps + MaxOps {
    /// `[E, H] -> [E, H]`.
    fn segment_softmax(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        let largest = Self::segment_max(x.clone(), index.clone());
        let shifted = Self::float_sub(x, Self::gather_rows(largest, index.clone()));
        let weights = Self::float_exp(shifted);
        let totals = Self::segment_sum(weights.clone(), index.clone());
        Self::float_div(weights, Self::gather_rows(totals, index))
    }

    /// The gradient of `x` from the probabilities `p`: `p * (grad - sum of p * grad over the segment)`.
    fn segment_softmax_backward(
        p: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        index: RowIndex,
    ) -> FloatTensor<Self> {
        let products = Self::float_mul(p.clone(), grad.clone());
        let totals = Self::gather_rows(Self::segment_sum(products, index.clone()), index);
        Self::float_mul(p, Self::float_sub(grad, totals))
    }
}

composed_backends!(SegmentSoftmaxOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, ops::FloatTensorOps, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values, width},
            math::exp,
        },
        MaxOps, RowIndex, RowOps, SegmentSoftmaxOps,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn exponentials(x: &[f32], largest: &[f32], out: &mut [f32]) {
        for ((out, x), largest) in out.iter_mut().zip(x).zip(largest) {
            *out = exp(x - largest);
        }
    }

    /// Fills `[E, H]` with what `kernel` makes of the positions `first..`, written to its first argument.
    fn by_position(
        out: &mut FloatTensor<Flex>,
        width: usize,
        kernel: impl Fn(&mut [f32], usize) + Sync,
    ) {
        let positions = (CHUNK / width).max(1);
        out.storage_mut::<f32>()
            .par_chunks_mut(positions * width)
            .enumerate()
            .for_each(|(chunk, out)| {
                for (local, out) in out.chunks_exact_mut(width).enumerate() {
                    kernel(out, chunk * positions + local);
                }
            });
    }

    impl SegmentSoftmaxOps for Flex {
        fn segment_softmax(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let largest = Self::segment_max(x.clone(), index.clone());
            let mut out = output(x.layout().shape().clone());
            let (x, largest) = (values(&x), values(&largest));
            by_position(&mut out, width, |out, position| {
                let row = index.index()[position] as usize * width;
                let x = &x[position * width..][..width];
                exponentials(x, &largest[row..][..width], out);
            });
            let totals = Self::segment_sum(out.clone(), index.clone());
            let totals = values(&totals);
            by_position(&mut out, width, |out, position| {
                let row = index.index()[position] as usize * width;
                for (out, total) in out.iter_mut().zip(&totals[row..][..width]) {
                    *out /= total;
                }
            });
            out
        }

        fn segment_softmax_backward(
            p: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            index: RowIndex,
        ) -> FloatTensor<Self> {
            let (p, grad) = (p.to_contiguous(), grad.to_contiguous());
            let width = width(&p);
            let products = Self::float_mul(p.clone(), grad.clone());
            let totals = Self::segment_sum(products, index.clone());
            let mut out = output(p.layout().shape().clone());
            let (p, grad, totals) = (values(&p), values(&grad), values(&totals));
            by_position(&mut out, width, |out, position| {
                let row = index.index()[position] as usize * width;
                let (p, grad) = (&p[position * width..], &grad[position * width..]);
                let inputs = p.iter().zip(grad).zip(&totals[row..][..width]);
                for (out, ((p, grad), total)) in out.iter_mut().zip(inputs) {
                    *out = p * (grad - total);
                }
            });
            out
        }
    }
}

impl<B: SegmentSoftmaxOps, C: CheckpointStrategy> SegmentSoftmaxOps for Autodiff<B, C> {
    fn segment_softmax(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SegmentSoftmax;
        impl<B: SegmentSoftmaxOps> Backward<B, 1> for SegmentSoftmax {
            type State = (FloatTensor<B>, RowIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (p, index) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::segment_softmax_backward(p, grad, index));
                }
            }
        }
        match SegmentSoftmax
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let p = B::segment_softmax(x.into_primitive(), index.clone());
                prep.finish((p.clone(), index), p)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::segment_softmax(x.into_primitive(), index)),
        }
    }
}

/// Softmax of finite `x` over the positions of each segment, column by column: the columns of a segment sum to 1.
///
/// # Shapes
///
/// - `x` and output: `[E, H]` with `E = index.len()`
///
/// # Panics
///
/// When `x` does not have `index.len()` rows.
pub fn segment_softmax(x: Tensor<2>, index: &RowIndex) -> Tensor<2> {
    let [positions, _] = x.dims();
    assert_eq!(
        positions,
        index.len(),
        "the index was built for another number of positions"
    );
    Tensor::from_dispatch(Dispatch::segment_softmax(x.into_dispatch(), index.clone()))
}
