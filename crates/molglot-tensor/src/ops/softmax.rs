//! Scaled softmax over the keys that a query may see.

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
    tensor::{FloatDType, IntDType, Shape, Slice, Tensor},
};

use super::{KeyRanges, composed_backends, narrow, widen};

/// Taken from a hidden score: finite, so that the largest score of a row stays a number.
const HIDDEN: f32 = 1e9;
/// Total weight of a row that sees nothing.
const NOTHING: f32 = 1e-30;

/// Backend side of [`attention_softmax`]; `scores` are `[B, H, Q, K]`, `bounds` `[1 or B, Q, 2]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait SoftmaxOps: Backend {
    /// Softmax of `scale * scores` over the keys inside the bounds, in f32.
    fn attention_softmax(
        scores: FloatTensor<Self>,
        bounds: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let dtype = scores.dtype();
        let visible = visible::<Self>(&scores, &bounds);
        let scaled = Self::float_mul_scalar(widen::<Self>(scores), scale.into());
        let hidden = Self::float_mul_scalar(
            Self::float_sub_scalar(visible.clone(), 1f32.into()),
            HIDDEN.into(),
        );
        let scaled = Self::float_add(scaled, hidden);
        let shifted = Self::float_sub(scaled.clone(), Self::float_max_dim(scaled, 3));
        let weights = Self::float_mul(Self::float_exp(shifted), visible);
        let total = Self::float_add_scalar(Self::float_sum_dim(weights.clone(), 3), NOTHING.into());
        narrow::<Self>(Self::float_div(weights, total), dtype)
    }

    /// Gradient of the scores from the probabilities `p`: `scale * p * (grad - sum(p * grad))`.
    fn attention_softmax_backward(
        p: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let dtype = p.dtype();
        let (p, grad) = (widen::<Self>(p), widen::<Self>(grad));
        let total = Self::float_sum_dim(Self::float_mul(p.clone(), grad.clone()), 3);
        let out = Self::float_mul_scalar(
            Self::float_mul(p, Self::float_sub(grad, total)),
            scale.into(),
        );
        narrow::<Self>(out, dtype)
    }
}

/// `[1 or B, 1, Q, K]`: 1 where a query sees a key, else 0.
fn visible<B: Backend>(scores: &FloatTensor<B>, bounds: &FloatTensor<B>) -> FloatTensor<B> {
    let device = TensorMetadata::device(scores);
    let shape = scores.shape();
    let (queries, keys) = (shape.as_slice()[2], shape.as_slice()[3]);
    let rows = bounds.shape().as_slice()[0];
    let places = B::int_arange(0..keys as i64, &device, IntDType::I32);
    let places = B::float_reshape(
        B::int_into_float(places, FloatDType::F32),
        Shape::from([1, 1, 1, keys]),
    );
    let bound = |which: usize| {
        let column = B::float_slice(
            bounds.clone(),
            &[Slice::full(), Slice::full(), Slice::from(which..which + 1)],
        );
        B::float_reshape(column, Shape::from([rows, 1, queries, 1]))
    };
    // All are whole numbers: a difference of at least one is a yes.
    let at_least_one = |x: FloatTensor<B>| B::float_clamp(x, 0f32.into(), 1f32.into());
    let after = B::float_sub(B::float_add_scalar(places.clone(), 1f32.into()), bound(0));
    let before = B::float_sub(bound(1), places);
    B::float_mul(at_least_one(after), at_least_one(before))
}

composed_backends!(SoftmaxOps);

#[cfg(feature = "flex")]
pub(super) use flex::normalise;

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values, width},
            math::{exp, max_by, sum_by},
        },
        SoftmaxOps,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    pub(in super::super) fn normalise(row: &mut [f32], scale: f32) {
        let largest = max_by(row.len(), |key| row[key] * scale);
        for value in row.iter_mut() {
            *value = exp(*value * scale - largest);
        }
        let inverse = 1.0 / sum_by(row.len(), |key| row[key]);
        row.iter_mut().for_each(|value| *value *= inverse);
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(p: &[f32], grad: &[f32], out: &mut [f32], scale: f32) {
        let total = sum_by(p.len(), |key| p[key] * grad[key]);
        for ((out, p), grad) in out.iter_mut().zip(p).zip(grad) {
            *out = scale * p * (grad - total);
        }
    }

    impl SoftmaxOps for Flex {
        fn attention_softmax(
            scores: FloatTensor<Self>,
            bounds: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (scores, bounds) = (scores.to_contiguous(), bounds.to_contiguous());
            let shape = scores.layout().shape().clone();
            let [_, heads, queries, keys] = *shape.as_slice() else {
                return scores;
            };
            let ranges = values(&bounds);
            let rows_of_bounds = bounds.layout().shape().as_slice()[0];
            let mut out = output(shape);
            let rows = (CHUNK / keys.max(1)).max(1);
            out.storage_mut::<f32>()
                .par_chunks_mut(rows * keys)
                .zip(values(&scores).par_chunks(rows * keys))
                .enumerate()
                .for_each(|(chunk, (out, scores))| {
                    for (row, (out, scores)) in out
                        .chunks_exact_mut(keys)
                        .zip(scores.chunks_exact(keys))
                        .enumerate()
                    {
                        let row = chunk * rows + row;
                        let (batch, query) = (row / queries / heads, row % queries);
                        let at = 2 * (batch % rows_of_bounds * queries + query);
                        let from = ranges[at] as usize;
                        let to = (ranges[at + 1] as usize).max(from);
                        out[..from].fill(0.0);
                        out[to..].fill(0.0);
                        if from < to {
                            out[from..to].copy_from_slice(&scores[from..to]);
                            normalise(&mut out[from..to], scale);
                        }
                    }
                });
            out
        }

        fn attention_softmax_backward(
            p: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (p, grad) = (p.to_contiguous(), grad.to_contiguous());
            let keys = width(&p);
            let mut out = output(p.layout().shape().clone());
            let rows = (CHUNK / keys).max(1) * keys;
            out.storage_mut::<f32>()
                .par_chunks_mut(rows)
                .zip(
                    values(&p)
                        .par_chunks(rows)
                        .zip(values(&grad).par_chunks(rows)),
                )
                .for_each(|(out, (p, grad))| {
                    for ((out, p), grad) in out
                        .chunks_exact_mut(keys)
                        .zip(p.chunks_exact(keys))
                        .zip(grad.chunks_exact(keys))
                    {
                        backward(p, grad, out, scale);
                    }
                });
            out
        }
    }
}

impl<B: SoftmaxOps, C: CheckpointStrategy> SoftmaxOps for Autodiff<B, C> {
    fn attention_softmax(
        scores: FloatTensor<Self>,
        bounds: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct AttentionSoftmax;
        impl<B: SoftmaxOps> Backward<B, 1> for AttentionSoftmax {
            type State = (FloatTensor<B>, f32);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (p, scale) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::attention_softmax_backward(p, grad, scale));
                }
            }
        }
        let bounds = bounds.into_primitive();
        match AttentionSoftmax
            .prepare::<C>([scores.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let p = B::attention_softmax(scores.into_primitive(), bounds, scale);
                prep.finish((p.clone(), scale), p)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::attention_softmax(scores.into_primitive(), bounds, scale))
            }
        }
    }
}

/// Attention probabilities: softmax of `scale * scores` over the keys that each query sees, 0 elsewhere.
///
/// # Shapes
///
/// - `scores`: `[B, H, Q, K]`
/// - output: `[B, H, Q, K]`, rows sum to 1, or to 0 where a query sees nothing
///
/// # Panics
///
/// When the ranges are for another number of queries or rows.
pub fn attention_softmax(scores: Tensor<4>, ranges: &KeyRanges, scale: f32) -> Tensor<4> {
    let [batch, _, queries, _] = scores.dims();
    ranges.check(batch, queries);
    let bounds = super::beside(ranges.bounds(), &scores);
    Tensor::from_dispatch(Dispatch::attention_softmax(
        scores.into_dispatch(),
        bounds.into_dispatch(),
        scale,
    ))
}
