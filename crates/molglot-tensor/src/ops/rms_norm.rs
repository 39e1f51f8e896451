//! Root-mean-square normalisation (Zhang and Sennrich, 2019, arXiv 1910.07467) as Llama uses it.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, TensorMetadata,
        autodiff::{
            NodeId,
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

/// Backend side of [`rms_norm`]; rows are `[R, D]`, the weight is `[1, D]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RmsNormOps: Backend {
    /// `x / sqrt(mean(x^2) + epsilon) * weight`.
    fn rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let x = widen::<Self>(x);
        let scale = inverse_rms::<Self>(x.clone(), epsilon);
        let out = Self::float_mul(Self::float_mul(x, scale), widen::<Self>(weight));
        narrow::<Self>(out, dtype)
    }

    /// Gradients of `x` and of the weight.
    ///
    /// With `r = 1/rms` and `g = grad * weight`: `dx = r g - x r^3 mean(g x)`, `dw = sum over rows of grad x r`.
    fn rms_norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (dtype, weight_dtype) = (x.dtype(), weight.dtype());
        let (x, weight, grad) = (widen::<Self>(x), widen::<Self>(weight), widen::<Self>(grad));
        let scale = inverse_rms::<Self>(x.clone(), epsilon);
        let unit = Self::float_mul(x, scale.clone());
        let grad_weight = Self::float_sum_dim(Self::float_mul(grad.clone(), unit.clone()), 0);
        let grad_unit = Self::float_mul(grad, weight);
        let along = Self::float_mean_dim(Self::float_mul(grad_unit.clone(), unit.clone()), 1);
        let across = Self::float_sub(grad_unit, Self::float_mul(unit, along));
        (
            narrow::<Self>(Self::float_mul(across, scale), dtype),
            narrow::<Self>(grad_weight, weight_dtype),
        )
    }
}

fn inverse_rms<B: Backend>(x: FloatTensor<B>, epsilon: f32) -> FloatTensor<B> {
    let mean = B::float_mean_dim(B::float_mul(x.clone(), x), 1);
    B::float_recip(B::float_sqrt(B::float_add_scalar(mean, epsilon.into())))
}

composed_backends!(RmsNormOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values, width},
            math::sum_by,
        },
        RmsNormOps,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn forward(x: &[f32], weight: &[f32], out: &mut [f32], epsilon: f32) {
        let scale = 1.0 / (sum_by(x.len(), |i| x[i] * x[i]) / x.len() as f32 + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(
        x: &[f32],
        weight: &[f32],
        grad: &[f32],
        out: &mut [f32],
        grad_weight: &mut [f32],
        epsilon: f32,
    ) {
        let n = x.len() as f32;
        let scale = 1.0 / (sum_by(x.len(), |i| x[i] * x[i]) / n + epsilon).sqrt();
        let along = sum_by(x.len(), |i| grad[i] * weight[i] * x[i]) * scale / n;
        for i in 0..x.len() {
            let unit = x[i] * scale;
            grad_weight[i] += grad[i] * unit;
            out[i] = (grad[i] * weight[i] - unit * along) * scale;
        }
    }

    impl RmsNormOps for Flex {
        fn rms_norm(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            epsilon: f32,
        ) -> FloatTensor<Self> {
            let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
            let width = width(&x);
            let mut out = output(x.layout().shape().clone());
            let rows = (CHUNK / width).max(1) * width;
            out.storage_mut::<f32>()
                .par_chunks_mut(rows)
                .zip(values(&x).par_chunks(rows))
                .for_each(|(out, x)| {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        forward(x, values(&weight), out, epsilon);
                    }
                });
            out
        }

        fn rms_norm_backward(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (x, weight, grad) = (
                x.to_contiguous(),
                weight.to_contiguous(),
                grad.to_contiguous(),
            );
            let width = width(&x);
            let mut out = output(x.layout().shape().clone());
            let rows = (CHUNK / width).max(1) * width;
            // Partial sums per fixed block of rows, added in order: the same bits for any number of threads.
            let partials: Vec<Vec<f32>> = out
                .storage_mut::<f32>()
                .par_chunks_mut(rows)
                .zip(
                    values(&x)
                        .par_chunks(rows)
                        .zip(values(&grad).par_chunks(rows)),
                )
                .map(|(out, (x, grad))| {
                    let mut partial = vec![0f32; width];
                    for ((out, x), grad) in out
                        .chunks_exact_mut(width)
                        .zip(x.chunks_exact(width))
                        .zip(grad.chunks_exact(width))
                    {
                        backward(x, values(&weight), grad, out, &mut partial, epsilon);
                    }
                    partial
                })
                .collect();
            let mut grad_weight = output(Shape::from([1, width]));
            let total = grad_weight.storage_mut::<f32>();
            total.fill(0.0);
            for partial in partials {
                total
                    .iter_mut()
                    .zip(partial)
                    .for_each(|(total, value)| *total += value);
            }
            (out, grad_weight)
        }
    }
}

impl<B: RmsNormOps, C: CheckpointStrategy> RmsNormOps for Autodiff<B, C> {
    fn rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct RmsNorm;
        impl<B: RmsNormOps> Backward<B, 2> for RmsNorm {
            type State = (NodeId, NodeId, f32);
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [x_node, weight_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, epsilon) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let (grad_x, grad_weight) = B::rms_norm_backward(x, weight, grad, epsilon);
                if let Some(node) = x_node {
                    grads.register::<B>(node.id, grad_x);
                }
                if let Some(node) = weight_node {
                    grads.register::<B>(node.id, grad_weight);
                }
            }
        }
        match RmsNorm
            .prepare::<C>([x.node(), weight.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), prep.checkpoint(&weight), epsilon);
                prep.finish(
                    state,
                    B::rms_norm(x.into_primitive(), weight.into_primitive(), epsilon),
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(B::rms_norm(
                x.into_primitive(),
                weight.into_primitive(),
                epsilon,
            )),
        }
    }
}

/// `x / sqrt(mean(x^2) + epsilon) * weight` over the last axis, in f32.
///
/// # Shapes
///
/// - `x`: `[.., D]`
/// - `weight`: `[D]`
/// - output: `[.., D]`
///
/// # Panics
///
/// When the last axis of `x` is not that of `weight`.
pub fn rms_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let shape = x.dims();
    let [width] = weight.dims();
    assert_eq!(shape[D - 1], width, "the weight has another width");
    let rows = x.reshape([shape.iter().product::<usize>() / width, width]);
    let weight = weight.reshape([1, width]);
    let out = Dispatch::rms_norm(rows.into_dispatch(), weight.into_dispatch(), epsilon as f32);
    Tensor::<2>::from_dispatch(out).reshape(shape)
}
