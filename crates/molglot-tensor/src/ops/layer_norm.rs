//! Layer normalisation (Ba, Kiros and Hinton, 2016, arXiv 1607.06450).

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

/// Backend side of [`layer_norm`]; rows are `[R, D]`, weight and bias are `[1, D]`. Burn's backends have a `layer_norm` of
/// their own, hence the name.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait LayerNormOps: Backend {
    /// `(x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias`.
    fn normalise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let (unit, _) = standardised::<Self>(widen::<Self>(x), epsilon);
        let scaled = Self::float_mul(unit, widen::<Self>(weight));
        narrow::<Self>(Self::float_add(scaled, widen::<Self>(bias)), dtype)
    }

    /// Gradients of `x`, the weight and the bias.
    ///
    /// With the standardised row `u`, its scale `r` and `g = grad * weight`: `dx = r (g - mean(g) - u mean(g u))`,
    /// `dw = sum over rows of grad u`, `db = sum over rows of grad`.
    fn normalise_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (dtype, weight_dtype) = (x.dtype(), weight.dtype());
        let (x, weight, grad) = (widen::<Self>(x), widen::<Self>(weight), widen::<Self>(grad));
        let (unit, scale) = standardised::<Self>(x, epsilon);
        let grad_weight = Self::float_sum_dim(Self::float_mul(grad.clone(), unit.clone()), 0);
        let grad_bias = Self::float_sum_dim(grad.clone(), 0);
        let grad_unit = Self::float_mul(grad, weight);
        let along = Self::float_mean_dim(Self::float_mul(grad_unit.clone(), unit.clone()), 1);
        let level = Self::float_mean_dim(grad_unit.clone(), 1);
        let across = Self::float_sub(
            Self::float_sub(grad_unit, level),
            Self::float_mul(unit, along),
        );
        (
            narrow::<Self>(Self::float_mul(across, scale), dtype),
            narrow::<Self>(grad_weight, weight_dtype),
            narrow::<Self>(grad_bias, weight_dtype),
        )
    }
}

/// Rows of mean 0 and variance 1, and what they were scaled by: `[R, D]`, `[R, 1]`.
fn standardised<B: Backend>(x: FloatTensor<B>, epsilon: f32) -> (FloatTensor<B>, FloatTensor<B>) {
    let centred = B::float_sub(x.clone(), B::float_mean_dim(x, 1));
    let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred.clone()), 1);
    let scale = B::float_recip(B::float_sqrt(B::float_add_scalar(variance, epsilon.into())));
    (B::float_mul(centred, scale.clone()), scale)
}

composed_backends!(LayerNormOps);

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
        LayerNormOps,
    };

    /// Mean of a row, and one over its standard deviation.
    #[inline(always)]
    fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
        let n = x.len() as f32;
        let mean = sum_by(x.len(), |i| x[i]) / n;
        let variance = sum_by(x.len(), |i| (x[i] - mean) * (x[i] - mean)) / n;
        (mean, 1.0 / (variance + epsilon).sqrt())
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn forward(x: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32], epsilon: f32) {
        let (mean, scale) = moments(x, epsilon);
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * scale * weight + bias;
        }
    }

    /// `partial` holds the gradients of the weight, then those of the bias.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(
        x: &[f32],
        weight: &[f32],
        grad: &[f32],
        out: &mut [f32],
        partial: &mut [f32],
        epsilon: f32,
    ) {
        let n = x.len() as f32;
        let (mean, scale) = moments(x, epsilon);
        let level = sum_by(x.len(), |i| grad[i] * weight[i]) / n;
        let along = sum_by(x.len(), |i| grad[i] * weight[i] * (x[i] - mean)) * scale / n;
        let (grad_weight, grad_bias) = partial.split_at_mut(x.len());
        for i in 0..x.len() {
            let unit = (x[i] - mean) * scale;
            grad_weight[i] += grad[i] * unit;
            grad_bias[i] += grad[i];
            out[i] = (grad[i] * weight[i] - level - unit * along) * scale;
        }
    }

    impl LayerNormOps for Flex {
        fn normalise(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            epsilon: f32,
        ) -> FloatTensor<Self> {
            let (x, weight, bias) = (
                x.to_contiguous(),
                weight.to_contiguous(),
                bias.to_contiguous(),
            );
            let width = width(&x);
            let mut out = output(x.layout().shape().clone());
            let rows = (CHUNK / width).max(1) * width;
            out.storage_mut::<f32>()
                .par_chunks_mut(rows)
                .zip(values(&x).par_chunks(rows))
                .for_each(|(out, x)| {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        forward(x, values(&weight), values(&bias), out, epsilon);
                    }
                });
            out
        }

        fn normalise_backward(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
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
                    let mut partial = vec![0f32; 2 * width];
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
            let [grad_weight, grad_bias] = [0, width].map(|from| {
                let mut total = output(Shape::from([1, width]));
                let sums = total.storage_mut::<f32>();
                sums.fill(0.0);
                for partial in &partials {
                    for (sum, value) in sums.iter_mut().zip(&partial[from..]) {
                        *sum += value;
                    }
                }
                total
            });
            (out, grad_weight, grad_bias)
        }
    }
}

impl<B: LayerNormOps, C: CheckpointStrategy> LayerNormOps for Autodiff<B, C> {
    fn normalise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct LayerNorm;
        impl<B: LayerNormOps> Backward<B, 3> for LayerNorm {
            type State = (NodeId, NodeId, f32);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, epsilon) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let (grad_x, grad_weight, grad_bias) =
                    B::normalise_backward(x, weight, grad, epsilon);
                let found = [grad_x, grad_weight, grad_bias];
                for (parent, grad) in ops.parents.into_iter().zip(found) {
                    if let Some(node) = parent {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match LayerNorm
            .prepare::<C>([x.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), prep.checkpoint(&weight), epsilon);
                prep.finish(
                    state,
                    B::normalise(
                        x.into_primitive(),
                        weight.into_primitive(),
                        bias.into_primitive(),
                        epsilon,
                    ),
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(B::normalise(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                epsilon,
            )),
        }
    }
}

/// `(x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias` over the last axis, with the population variance.
/// Weight and bias are of one float type.
///
/// # Shapes
///
/// - `x`: `[.., D]`
/// - `weight` and `bias`: `[D]`
/// - output: `[.., D]`
///
/// # Panics
///
/// When the last axis of `x` is not that of `weight` and `bias`.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let shape = x.dims();
    let [width] = weight.dims();
    assert_eq!(shape[D - 1], width, "the weight has another width");
    assert_eq!(bias.dims(), [width], "the bias has another width");
    let rows = x.reshape([shape.iter().product::<usize>() / width, width]);
    let row = |values: Tensor<1>| values.reshape([1, width]);
    let out = Dispatch::normalise(
        rows.into_dispatch(),
        row(weight).into_dispatch(),
        row(bias).into_dispatch(),
        epsilon as f32,
    );
    Tensor::<2>::from_dispatch(out).reshape(shape)
}
