//! Values of Gaussian kernels of numbers.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
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

use super::composed_backends;

/// Backend side of [`gaussians`]: `x` is `[N, 1]`, means and widths `[1, K]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait GaussianOps: Backend {
    /// `exp(-u² / 2) / (area * width)` with `u = (x - mean) / width`, `[N, K]`.
    fn gaussians(
        x: FloatTensor<Self>,
        means: FloatTensor<Self>,
        widths: FloatTensor<Self>,
        area: f32,
    ) -> FloatTensor<Self> {
        let off = Self::float_div(Self::float_sub(x, means), widths.clone());
        let bent = Self::float_mul_scalar(Self::float_mul(off.clone(), off), (-0.5).into());
        let height = Self::float_recip(Self::float_mul_scalar(widths, area.into()));
        Self::float_mul(Self::float_exp(bent), height)
    }

    /// Gradients of `x`, the means and the widths from the values `y`: with `s = grad y / width` they are the sums of
    /// `-s u`, `s u` and `s (u² - 1)`.
    fn gaussians_backward(
        x: FloatTensor<Self>,
        means: FloatTensor<Self>,
        widths: FloatTensor<Self>,
        y: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let off = Self::float_div(Self::float_sub(x, means), widths.clone());
        let share = Self::float_div(Self::float_mul(grad, y), widths);
        let pull = Self::float_mul(share.clone(), off.clone());
        let grad_x = Self::float_neg(Self::float_sum_dim(pull.clone(), 1));
        let spread = Self::float_sub(Self::float_mul(pull.clone(), off), share);
        (
            grad_x,
            Self::float_sum_dim(pull, 0),
            Self::float_sum_dim(spread, 0),
        )
    }
}

composed_backends!(GaussianOps);

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
            flex::{output, values, width},
            math::{exp, sum_by},
        },
        GaussianOps,
    };

    /// Rows of a task, and of a partial gradient.
    const ROWS: usize = 256;

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn forward(x: f32, means: &[f32], inverse: &[f32], height: &[f32], out: &mut [f32]) {
        for (((out, mean), inverse), height) in out.iter_mut().zip(means).zip(inverse).zip(height) {
            let off = (x - mean) * inverse;
            *out = exp(-0.5 * off * off) * height;
        }
    }

    /// The gradient of one number; adds those of means and widths to the halves of `partial`.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(
        x: f32,
        (means, inverse): (&[f32], &[f32]),
        (y, grad): (&[f32], &[f32]),
        partial: &mut [f32],
    ) -> f32 {
        let (of_means, of_widths) = partial.split_at_mut(means.len());
        for k in 0..means.len() {
            let (off, share) = ((x - means[k]) * inverse[k], grad[k] * y[k] * inverse[k]);
            of_means[k] += share * off;
            of_widths[k] += share * (off * off - 1.0);
        }
        -sum_by(means.len(), |k| {
            grad[k] * y[k] * inverse[k] * ((x - means[k]) * inverse[k])
        })
    }

    impl GaussianOps for Flex {
        fn gaussians(
            x: FloatTensor<Self>,
            means: FloatTensor<Self>,
            widths: FloatTensor<Self>,
            area: f32,
        ) -> FloatTensor<Self> {
            let (x, means, widths) = (
                x.to_contiguous(),
                means.to_contiguous(),
                widths.to_contiguous(),
            );
            let kernels = width(&means);
            let inverse: Vec<f32> = values(&widths).iter().map(|width| 1.0 / width).collect();
            let height: Vec<f32> = inverse.iter().map(|inverse| inverse / area).collect();
            let x = values(&x);
            let mut out = output(Shape::from([x.len(), kernels]));
            out.storage_mut::<f32>()
                .par_chunks_mut(kernels)
                .with_min_len(ROWS)
                .zip(x)
                .for_each(|(out, &x)| forward(x, values(&means), &inverse, &height, out));
            out
        }

        fn gaussians_backward(
            x: FloatTensor<Self>,
            means: FloatTensor<Self>,
            widths: FloatTensor<Self>,
            y: FloatTensor<Self>,
            grad: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let (x, means, widths) = (
                x.to_contiguous(),
                means.to_contiguous(),
                widths.to_contiguous(),
            );
            let (y, grad) = (y.to_contiguous(), grad.to_contiguous());
            let kernels = width(&means);
            let inverse: Vec<f32> = values(&widths).iter().map(|width| 1.0 / width).collect();
            let mut out = output(x.layout().shape().clone());
            let partials: Vec<Vec<f32>> = out
                .storage_mut::<f32>()
                .par_chunks_mut(ROWS)
                .zip(values(&x).par_chunks(ROWS))
                .zip(
                    values(&y)
                        .par_chunks(ROWS * kernels)
                        .zip(values(&grad).par_chunks(ROWS * kernels)),
                )
                .map(|((out, x), (y, grad))| {
                    let mut partial = vec![0f32; 2 * kernels];
                    let rows = y.chunks_exact(kernels).zip(grad.chunks_exact(kernels));
                    for ((out, &x), row) in out.iter_mut().zip(x).zip(rows) {
                        *out = backward(x, (values(&means), &inverse), row, &mut partial);
                    }
                    partial
                })
                .collect();
            let [of_means, of_widths] = [0, kernels].map(|from| {
                let mut total = output(Shape::from([1, kernels]));
                let sums = total.storage_mut::<f32>();
                sums.fill(0.0);
                for partial in &partials {
                    for (sum, value) in sums.iter_mut().zip(&partial[from..]) {
                        *sum += value;
                    }
                }
                total
            });
            (out, of_means, of_widths)
        }
    }
}

impl<B: GaussianOps, C: CheckpointStrategy> GaussianOps for Autodiff<B, C> {
    fn gaussians(
        x: FloatTensor<Self>,
        means: FloatTensor<Self>,
        widths: FloatTensor<Self>,
        area: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gaussians;
        impl<B: GaussianOps> Backward<B, 3> for Gaussians {
            type State = (NodeId, NodeId, NodeId, FloatTensor<B>);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, means, widths, y) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let means: FloatTensor<B> = checkpointer.retrieve_node_output(means);
                let widths: FloatTensor<B> = checkpointer.retrieve_node_output(widths);
                let (x, means, widths) = B::gaussians_backward(x, means, widths, y, grad);
                for (parent, grad) in ops.parents.into_iter().zip([x, means, widths]) {
                    if let Some(node) = parent {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match Gaussians
            .prepare::<C>([x.node(), means.node(), widths.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let ids = [&x, &means, &widths].map(|tensor| prep.checkpoint(tensor));
                let (x, means) = (x.into_primitive(), means.into_primitive());
                let y = B::gaussians(x, means, widths.into_primitive(), area);
                prep.finish((ids[0], ids[1], ids[2], y.clone()), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gaussians(
                x.into_primitive(),
                means.into_primitive(),
                widths.into_primitive(),
                area,
            )),
        }
    }
}

/// `exp(-((x - mean) / width)² / 2) / (area * width)` of every number and kernel; with `area = sqrt(2 π)` each kernel has
/// the area 1.
///
/// # Shapes
///
/// - `x`: `[N, 1]`
/// - `means`, `widths`: `[1, K]`, widths above 0
/// - output: `[N, K]`
///
/// # Panics
///
/// When the shapes do not fit.
pub fn gaussians(x: Tensor<2>, means: Tensor<2>, widths: Tensor<2>, area: f64) -> Tensor<2> {
    assert_eq!(x.dims()[1], 1, "one number a row");
    assert_eq!(means.dims(), widths.dims(), "every kernel has a width");
    Tensor::from_dispatch(Dispatch::gaussians(
        x.into_dispatch(),
        means.into_dispatch(),
        widths.into_dispatch(),
        area as f32,
    ))
}
