//! Gaussian error linear units (Hendrycks and Gimpel, 2016, arXiv 1606.08415), exact and by tanh.
//!
//! Burn differentiates the tanh form where it computes the exact one, on every backend but flex.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

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

/// Density of the standard normal distribution at 0, `1 / sqrt(2 pi)`.
const DENSITY: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// Twice the factor of the tanh form: `tanh(u)` is written as a sigmoid of `2 u`.
const SLOPE: f64 = SQRT_2 * FRAC_2_SQRT_PI;
/// Factor of the cube in the tanh form.
const CUBE: f64 = 0.044_715;

/// Which function.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// `x P(Z < x)` for a standard normal `Z`.
    Exact,
    /// `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
    Tanh,
}

/// Backend side of [`gelu`] and [`gelu_tanh`]. Burn's backends have a `gelu` of their own, hence the names.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait GeluOps: Backend {
    /// `x` times the part of it that passes.
    fn gated(x: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let x = widen::<Self>(x);
        narrow::<Self>(Self::float_mul(x.clone(), gate::<Self>(x, form)), dtype)
    }

    /// Gradient of `x`: with the gate `g(x)`, `d (x g) / d x = g + x g'`.
    fn gated_backward(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let (x, grad) = (widen::<Self>(x), widen::<Self>(grad));
        let gate = gate::<Self>(x.clone(), form);
        let square = Self::float_mul(x.clone(), x.clone());
        let slope = match form {
            Form::Exact => Self::float_mul_scalar(
                Self::float_exp(Self::float_mul_scalar(square, (-0.5).into())),
                DENSITY.into(),
            ),
            Form::Tanh => {
                let steep = Self::float_add_scalar(
                    Self::float_mul_scalar(square, (3.0 * CUBE * SLOPE).into()),
                    SLOPE.into(),
                );
                let closed = Self::float_add_scalar(Self::float_neg(gate.clone()), 1.0.into());
                Self::float_mul(steep, Self::float_mul(gate.clone(), closed))
            }
        };
        let slope = Self::float_add(gate, Self::float_mul(x, slope));
        narrow::<Self>(Self::float_mul(grad, slope), dtype)
    }
}

/// The part of `x` that passes: a distribution function.
fn gate<B: Backend>(x: FloatTensor<B>, form: Form) -> FloatTensor<B> {
    match form {
        Form::Exact => {
            let erf = B::float_erf(B::float_mul_scalar(x, FRAC_1_SQRT_2.into()));
            B::float_mul_scalar(B::float_add_scalar(erf, 1.0.into()), 0.5.into())
        }
        Form::Tanh => {
            let square = B::float_mul(x.clone(), x.clone());
            let bent = B::float_add_scalar(B::float_mul_scalar(square, CUBE.into()), 1.0.into());
            B::sigmoid(B::float_mul_scalar(B::float_mul(x, bent), SLOPE.into()))
        }
    }
}

composed_backends!(GeluOps);

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
        CUBE, DENSITY, FRAC_1_SQRT_2, Form, GeluOps, SLOPE,
    };

    /// `P(Z < x)` for a standard normal `Z`, with an absolute error below 1e-7.
    ///
    /// `erf` near 0 and `erfc` in the tails, each a minimax polynomial; the tail's is that of the logarithm.
    #[inline(always)]
    pub(super) fn normal_cdf(x: f32) -> f32 {
        let scaled = x * FRAC_1_SQRT_2 as f32;
        let (t, s) = (scaled.abs(), scaled * scaled);
        let p = -5.967_617e-4;
        let p = p * s + 4.991_194e-3;
        let p = p * s - 2.676_813_5e-2;
        let p = p * s + 1.128_199_25e-1;
        let p = p * s - 3.761_253_4e-1;
        let p = p * s + 1.283_791_7e-1;
        let near = 0.5 + 0.5 * (p * scaled + scaled);
        let q = (3.831_972e-4 - 1.728_534_7e-5 * t) * s + (2.425_462e-2 - 3.883_964_4e-3 * t);
        let q = q * t - 1.067_777_9e-1;
        let q = q * t - 6.348_469e-1;
        let q = q * t - 1.287_175_1e-1;
        let tail = 0.5 * exp(q * t - t);
        let far = if x < 0.0 { tail } else { 1.0 - tail };
        if t > 0.927_734_4 { far } else { near }
    }

    /// The gate of the tanh form.
    #[inline(always)]
    fn tanh_gate(x: f32) -> f32 {
        1.0 / (1.0 + exp(-(SLOPE as f32) * (x * (1.0 + CUBE as f32 * x * x))))
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn exact(x: &[f32], out: &mut [f32]) {
        for (x, out) in x.iter().zip(out) {
            *out = x * normal_cdf(*x);
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn exact_backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
        for ((x, grad), out) in x.iter().zip(grad).zip(out) {
            *out = grad * (normal_cdf(*x) + x * (DENSITY as f32 * exp(-0.5 * x * x)));
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn tanh(x: &[f32], out: &mut [f32]) {
        for (x, out) in x.iter().zip(out) {
            *out = x * tanh_gate(*x);
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn tanh_backward(x: &[f32], grad: &[f32], out: &mut [f32]) {
        let (steep, bent) = (SLOPE as f32, (3.0 * CUBE * SLOPE) as f32);
        for ((x, grad), out) in x.iter().zip(grad).zip(out) {
            let gate = tanh_gate(*x);
            *out = grad * (gate + x * (steep + bent * x * x) * (gate * (1.0 - gate)));
        }
    }

    impl GeluOps for Flex {
        fn gated(x: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(values(&x).par_chunks(CHUNK))
                .for_each(|(out, x)| match form {
                    Form::Exact => exact(x, out),
                    Form::Tanh => tanh(x, out),
                });
            out
        }

        fn gated_backward(
            x: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            form: Form,
        ) -> FloatTensor<Self> {
            let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(
                    values(&x)
                        .par_chunks(CHUNK)
                        .zip(values(&grad).par_chunks(CHUNK)),
                )
                .for_each(|(out, (x, grad))| match form {
                    Form::Exact => exact_backward(x, grad, out),
                    Form::Tanh => tanh_backward(x, grad, out),
                });
            out
        }
    }
}

impl<B: GeluOps, C: CheckpointStrategy> GeluOps for Autodiff<B, C> {
    fn gated(x: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Gelu;
        impl<B: GeluOps> Backward<B, 1> for Gelu {
            type State = (NodeId, Form);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, form) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::gated_backward(x, grad, form));
                }
            }
        }
        match Gelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), form);
                prep.finish(state, B::gated(x.into_primitive(), form))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gated(x.into_primitive(), form)),
        }
    }
}

/// `x P(Z < x)` for a standard normal `Z`, elementwise: what BERT, ESM-2 and most configurations call `gelu`.
///
/// # Shapes
///
/// - `x` and output: the same shape
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    apply(x, Form::Exact)
}

/// `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`, elementwise: `gelu_new` and `gelu_pytorch_tanh` of Hugging Face
/// configurations.
///
/// # Shapes
///
/// - `x` and output: the same shape
pub fn gelu_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    apply(x, Form::Tanh)
}

fn apply<const D: usize>(x: Tensor<D>, form: Form) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::gated(x.into_dispatch(), form))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    /// `erf` by its series without cancellation, `2 / sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!`, in f64.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-18 * sum.abs() {
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
        }
        FRAC_2_SQRT_PI * (-x * x).exp() * sum
    }

    #[test]
    fn the_distribution_function_is_right_to_f32_rounding() {
        for step in -60_000..=60_000 {
            let x = step as f32 / 10_000.0;
            let exact = 0.5 * (1.0 + erf(f64::from(x) * FRAC_1_SQRT_2));
            let error = (f64::from(flex::normal_cdf(x)) - exact).abs();
            assert!(error < 1e-7, "P(Z < {x}) is off by {error:e}");
        }
        assert_eq!(flex::normal_cdf(1e9), 1.0);
        assert!(flex::normal_cdf(-1e9) < 1e-37);
    }
}
