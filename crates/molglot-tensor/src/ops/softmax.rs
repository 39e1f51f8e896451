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
    tensor::{Shape, Tensor, TensorData},
};

use super::composed_backends;

/// Added to a hidden score: finite, so that a row without any visible key stays a number.
const HIDDEN: f32 = -1e9;

/// Backend side of [`causal_softmax`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait SoftmaxOps: Backend {
    /// Softmax of `scale * scores` over the last axis with a causal mask.
    fn causal_softmax(scores: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        let shape = scores.shape();
        let [.., queries, keys] = *shape.as_slice() else {
            return scores;
        };
        let device = TensorMetadata::device(&scores);
        let mask = Self::float_from_data(
            TensorData::new(hidden(queries, keys), [queries, keys]),
            &device,
        );
        let mut broadcast = vec![1; shape.as_slice().len() - 2];
        broadcast.extend([queries, keys]);
        let mask = Self::float_reshape(mask, Shape::from(broadcast));
        let axis = shape.as_slice().len() - 1;
        let scaled = Self::float_add(Self::float_mul_scalar(scores, scale.into()), mask);
        let shifted = Self::float_sub(scaled.clone(), Self::float_max_dim(scaled, axis));
        let weights = Self::float_exp(shifted);
        Self::float_div(weights.clone(), Self::float_sum_dim(weights, axis))
    }

    /// Gradient of the scores from the probabilities `p`: `scale * p * (grad - sum(p * grad))`.
    fn causal_softmax_backward(
        p: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let axis = p.shape().as_slice().len() - 1;
        let total = Self::float_sum_dim(Self::float_mul(p.clone(), grad.clone()), axis);
        Self::float_mul_scalar(
            Self::float_mul(p, Self::float_sub(grad, total)),
            scale.into(),
        )
    }
}

/// Row-major `[queries, keys]`: 0 where query `i` sees key `j`, that is `j <= i + keys - queries`, else [`HIDDEN`].
fn hidden(queries: usize, keys: usize) -> Vec<f32> {
    (0..queries)
        .flat_map(|query| {
            (0..keys).map(move |key| {
                if key + queries <= query + keys {
                    0.0
                } else {
                    HIDDEN
                }
            })
        })
        .collect()
}

composed_backends!(SoftmaxOps);

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
    fn forward(scores: &[f32], out: &mut [f32], visible: usize, scale: f32) {
        let (seen, rest) = out.split_at_mut(visible);
        rest.fill(0.0);
        let largest = max_by(visible, |key| scores[key] * scale);
        for (out, score) in seen.iter_mut().zip(scores) {
            *out = exp(score * scale - largest);
        }
        let inverse = 1.0 / sum_by(visible, |key| seen[key]);
        seen.iter_mut().for_each(|value| *value *= inverse);
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(p: &[f32], grad: &[f32], out: &mut [f32], scale: f32) {
        let total = sum_by(p.len(), |key| p[key] * grad[key]);
        for ((out, p), grad) in out.iter_mut().zip(p).zip(grad) {
            *out = scale * p * (grad - total);
        }
    }

    impl SoftmaxOps for Flex {
        fn causal_softmax(scores: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
            let scores = scores.to_contiguous();
            let shape = scores.layout().shape().clone();
            let keys = width(&scores);
            let queries = shape
                .as_slice()
                .iter()
                .rev()
                .nth(1)
                .copied()
                .unwrap_or(1)
                .max(1);
            let mut out = output(shape);
            let rows = (CHUNK / keys).max(1);
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
                        let query = (chunk * rows + row) % queries;
                        // With fewer keys than queries the first queries see nothing; softmax of nothing is uniform.
                        let visible = (query + 1 + keys).saturating_sub(queries).min(keys);
                        if visible == 0 {
                            out.fill(1.0 / keys as f32);
                        } else {
                            forward(scores, out, visible, scale);
                        }
                    }
                });
            out
        }

        fn causal_softmax_backward(
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
    fn causal_softmax(scores: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CausalSoftmax;
        impl<B: SoftmaxOps> Backward<B, 1> for CausalSoftmax {
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
                    grads.register::<B>(parent.id, B::causal_softmax_backward(p, grad, scale));
                }
            }
        }
        match CausalSoftmax
            .prepare::<C>([scores.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let p = B::causal_softmax(scores.into_primitive(), scale);
                prep.finish((p.clone(), scale), p)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::causal_softmax(scores.into_primitive(), scale))
            }
        }
    }
}

/// Attention probabilities: softmax of `scale * scores` over the keys, query `i` of `Q` seeing the keys
/// `0..=i + K - Q` of `K` (the last query sees every key, so a cache of earlier keys needs no other mask).
///
/// # Shapes
///
/// - `scores`: `[B, H, Q, K]`
/// - output: `[B, H, Q, K]`, rows sum to 1
pub fn causal_softmax(scores: Tensor<4>, scale: f32) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::causal_softmax(scores.into_dispatch(), scale))
}
