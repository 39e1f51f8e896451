//! One law for every fused operation: value and gradients equal the composition of Burn's own operations, on every
//! CPU backend, for shapes that do not fit the kernels' blocks.

use molglot_tensor::{
    Backend, Device, Tensor, TensorData,
    burn::tensor::{DType, activation},
    ops::{
        RopeTable, causal_softmax, cross_entropy, gelu, gelu_tanh, layer_norm, rms_norm, rope,
        swiglu,
    },
};
use proptest::prelude::*;

/// Values spread over [-4, 4].
fn data<const D: usize>(shape: [usize; D], salt: usize) -> TensorData {
    let count = shape.iter().product::<usize>();
    let values = (0..count)
        .map(|i| (((i * 7919 + salt * 104_729) % 1000) as f32 / 125.0) - 4.0)
        .collect::<Vec<_>>();
    TensorData::new(values, shape)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn assert_close(name: &str, a: &[f32], b: &[f32]) {
    let scale = b.iter().fold(1f32, |most, value| most.max(value.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 2e-6 * scale, "{name}[{i}]: {a} is not {b}");
    }
    assert_eq!(a.len(), b.len());
}

/// Runs `fused` and `composed` on the same inputs and compares the output and the gradient of every input.
fn same<const A: usize, const B: usize, const O: usize>(
    name: &str,
    shapes: ([usize; A], [usize; B]),
    fused: impl Fn(Tensor<A>, Tensor<B>) -> Tensor<O>,
    composed: impl Fn(Tensor<A>, Tensor<B>) -> Tensor<O>,
) {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let run = |f: &dyn Fn(Tensor<A>, Tensor<B>) -> Tensor<O>| {
            let a = Tensor::<A>::from_data(data(shapes.0, 1), &device).require_grad();
            let b = Tensor::<B>::from_data(data(shapes.1, 2), &device).require_grad();
            let out = f(a.clone(), b.clone());
            let weight = Tensor::<O>::from_data(data(out.dims(), 3), &device);
            let grads = (out.clone() * weight).sum().backward();
            let zeros = |n: usize| vec![0f32; n];
            let grad_a = a
                .grad(&grads)
                .map_or_else(|| zeros(shapes.0.iter().product()), values);
            let grad_b = b
                .grad(&grads)
                .map_or_else(|| zeros(shapes.1.iter().product()), values);
            (values(out), grad_a, grad_b)
        };
        let (f, c) = (run(&fused), run(&composed));
        assert_close(&format!("{name} on {backend}"), &f.0, &c.0);
        assert_close(&format!("d {name}/da on {backend}"), &f.1, &c.1);
        assert_close(&format!("d {name}/db on {backend}"), &f.2, &c.2);
    }
}

fn mask(queries: usize, keys: usize, device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..queries)
        .flat_map(|q| (0..keys).map(move |k| if k + queries <= q + keys { 0.0 } else { -1e9 }))
        .collect();
    Tensor::from_data(TensorData::new(values, [1, 1, queries, keys]), device)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn swiglu_is_silu_times_up(rows in 1usize..40, width in 1usize..70) {
        same("swiglu", ([rows, width], [rows, width]), swiglu, |g, u| activation::silu(g) * u);
    }

    #[test]
    fn causal_softmax_is_a_masked_softmax(batch in 1usize..3, heads in 1usize..4, queries in 1usize..40, extra in 0usize..9) {
        let keys = queries + extra;
        same(
            "causal_softmax",
            ([batch, heads, queries, keys], [1]),
            |x, _| causal_softmax(x, 0.37),
            |x, _| {
                let mask = mask(queries, keys, &x.device());
                activation::softmax(x.mul_scalar(0.37) + mask, 3)
            },
        );
    }

    #[test]
    fn rms_norm_is_its_formula(rows in 1usize..50, width in 1usize..70) {
        same(
            "rms_norm",
            ([rows, width], [width]),
            |x, w| rms_norm(x, w, 1e-5),
            |x, w| {
                let scale = (x.clone().square().mean_dim(1) + 1e-5).sqrt().recip();
                x * scale * w.reshape([1, width])
            },
        );
    }

    #[test]
    fn layer_norm_is_its_formula(rows in 1usize..50, width in 2usize..70) {
        let formula = |x: Tensor<2>, w: Tensor<1>, b: Tensor<1>| {
            let centred = x.clone() - x.mean_dim(1);
            let scale = (centred.clone().square().mean_dim(1) + 1e-5).sqrt().recip();
            centred * scale * w.reshape([1, width]) + b.reshape([1, width])
        };
        let halves = |w: Tensor<1>| (w.clone().slice([0..width]), w.slice([width..2 * width]));
        same(
            "layer_norm",
            ([rows, width], [2 * width]),
            |x, w| { let (w, b) = halves(w); layer_norm(x, w, b, 1e-5) },
            |x, w| { let (w, b) = halves(w); formula(x, w, b) },
        );
    }

    #[test]
    fn gelu_is_x_times_the_normal_distribution_function(rows in 1usize..40, width in 1usize..70) {
        same(
            "gelu",
            ([rows, width], [1]),
            |x, _| gelu(x),
            |x, _| x.clone() * (x.mul_scalar(0.5f64.sqrt()).erf() + 1.0).mul_scalar(0.5),
        );
    }

    #[test]
    fn gelu_tanh_is_its_formula(rows in 1usize..40, width in 1usize..70) {
        same(
            "gelu_tanh",
            ([rows, width], [1]),
            |x, _| gelu_tanh(x),
            |x, _| {
                let inner = (x.clone() + x.clone().powi_scalar(3).mul_scalar(0.044_715))
                    .mul_scalar((2.0 / std::f64::consts::PI).sqrt());
                x * (inner.tanh() + 1.0).mul_scalar(0.5)
            },
        );
    }

    #[test]
    fn cross_entropy_is_minus_log_softmax(rows in 1usize..20, classes in 1usize..70) {
        let targets: Vec<u32> = (0..rows).map(|row| (row * 31 % classes) as u32).collect();
        same(
            "cross_entropy",
            ([rows, classes], [1]),
            |x, _| cross_entropy(x, &targets.clone().into()),
            |x, _| {
                let mut one_hot = vec![0f32; rows * classes];
                for (row, &target) in targets.iter().enumerate() {
                    one_hot[row * classes + target as usize] = 1.0;
                }
                let one_hot = Tensor::<2>::from_data(TensorData::new(one_hot, [rows, classes]), &x.device());
                (activation::log_softmax(x, 1) * one_hot).sum_dim(1).neg().reshape([rows])
            },
        );
    }

    #[test]
    fn rope_rotates_the_halves(batch in 1usize..3, len in 1usize..9, heads in 1usize..4, half in 1usize..9, start in 0usize..5) {
        let frequencies: Vec<f32> = (0..half).map(|i| 100f32.powf(-(i as f32) / half as f32)).collect();
        let table = RopeTable::new(&frequencies, 16);
        same(
            "rope",
            ([batch, len, heads, 2 * half], [1]),
            |x, _| rope(x, &table, start),
            |x, _| {
                let angle = |f: fn(f32) -> f32| {
                    let angles: Vec<f32> = (0..len)
                        .flat_map(|p| frequencies.iter().chain(&frequencies).map(move |w| f((p + start) as f32 * w)))
                        .collect();
                    Tensor::<4>::from_data(TensorData::new(angles, [1, len, 1, 2 * half]), &x.device())
                };
                let (cos, sin) = (angle(f32::cos), angle(f32::sin));
                let first = x.clone().slice_dim(3, 0..half);
                let second = x.clone().slice_dim(3, half..2 * half);
                x * cos + Tensor::cat(vec![second.neg(), first], 3) * sin
            },
        );
    }
}

#[test]
fn a_row_of_one_visible_key_gives_it_everything() {
    let device = Backend::Flex.open().unwrap();
    let scores = Tensor::<4>::from_data(data([1, 1, 3, 3], 5), &device);
    let p = values(causal_softmax(scores, 1.0));
    assert_eq!(&p[..3], &[1.0, 0.0, 0.0]);
}

/// The values are those of f32 rounded once, for an input that half precision can hold. The ndarray backend has no half
/// precision.
#[test]
fn half_precision_is_computed_in_f32_and_rounded_once() {
    let device = Backend::Flex.open().unwrap();
    let half = |x: Tensor<2>| x.cast(DType::BF16);
    let x = half(Tensor::from_data(data([3, 40], 4), &device));
    let w = Tensor::<1>::from_data(data([40], 5), &device).cast(DType::BF16);
    let (exact_x, exact_w) = (x.clone().cast(DType::F32), w.clone().cast(DType::F32));
    let pairs = [
        (
            layer_norm(x.clone(), w.clone(), w, 1e-5),
            layer_norm(exact_x.clone(), exact_w.clone(), exact_w, 1e-5),
        ),
        (gelu(x.clone()), gelu(exact_x.clone())),
        (gelu_tanh(x), gelu_tanh(exact_x)),
    ];
    for (low, high) in pairs {
        assert_eq!(low.dtype(), DType::BF16);
        assert_eq!(
            values(low.cast(DType::F32)),
            values(half(high).cast(DType::F32))
        );
    }
}
