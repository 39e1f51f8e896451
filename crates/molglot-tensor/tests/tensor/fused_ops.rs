//! One law for every fused operation: value and gradients equal the composition of Burn's own operations, on every
//! CPU backend, for shapes that do not fit the kernels' blocks.

use molglot_tensor::{
    Backend, Device, Init, Tensor, TensorData,
    burn::tensor::activation,
    nn::LinearConfig,
    ops::{
        KeyRanges, RopeTable, attention, attention_softmax, cross_entropy, dropout, gelu,
        gelu_tanh, head_loss_within, layer_norm, linear, linear_onto, rms_norm, rope, soft_cap,
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

/// A range for every (row, query), some of them empty.
fn range(row: usize, query: usize, keys: usize) -> std::ops::Range<usize> {
    let start = (row * 3 + query * 2) % (keys + 1);
    start..start + (row + query * 5) % (keys + 2)
}

/// `[R, 1, Q, K]`: 0 inside the ranges, a large negative number outside.
fn mask(rows: usize, queries: usize, keys: usize, device: &Device) -> Tensor<4> {
    let mut values = Vec::new();
    for row in 0..rows {
        for query in 0..queries {
            let range = range(row, query, keys);
            values.extend((0..keys).map(|key| if range.contains(&key) { 0.0 } else { -1e9 }));
        }
    }
    Tensor::from_data(TensorData::new(values, [rows, 1, queries, keys]), device)
}

/// `[R, 1, Q, 1]`: 1 where a query sees anything.
fn sees(rows: usize, queries: usize, keys: usize, device: &Device) -> Tensor<4> {
    let some = |row: usize, query: usize| {
        let range = range(row, query, keys);
        f32::from(range.start < range.end.min(keys))
    };
    let values: Vec<f32> = (0..rows)
        .flat_map(|row| (0..queries).map(move |query| some(row, query)))
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, 1, queries, 1]), device)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn swiglu_is_silu_times_up(rows in 1usize..40, width in 1usize..70) {
        same("swiglu", ([rows, width], [rows, width]), swiglu, |g, u| activation::silu(g) * u);
    }

    #[test]
    fn attention_softmax_is_a_masked_softmax(batch in 1usize..4, heads in 1usize..4, queries in 1usize..40, keys in 1usize..40, shared: bool) {
        let rows = if shared { 1 } else { batch };
        same(
            "attention_softmax",
            ([batch, heads, queries, keys], [1]),
            |x, _| {
                let ranges = KeyRanges::new([rows, queries, keys], &x.device(), |row, query| range(row, query, keys));
                attention_softmax(x, &ranges, 0.37)
            },
            |x, _| {
                let device = x.device();
                let mask = mask(rows, queries, keys, &device);
                activation::softmax(x.mul_scalar(0.37) + mask, 3) * sees(rows, queries, keys, &device)
            },
        );
    }

    #[test]
    fn linear_is_a_product_and_a_sum(rows in 1usize..40, inputs in 1usize..70, outputs in 1usize..40) {
        same(
            "linear",
            ([2, rows, inputs], [outputs, inputs]),
            |x, w| linear(x, w, None),
            |x, w| x.matmul(w.transpose().unsqueeze()),
        );
        let x = |device: &Device| Tensor::<2>::from_data(data([rows, inputs], 5), device);
        same(
            "linear with a bias",
            ([outputs], [outputs, inputs]),
            |b, w| linear(x(&w.device()), w, Some(b)),
            |b, w| x(&w.device()).matmul(w.transpose()) + b.unsqueeze(),
        );
        same(
            "linear onto a sum",
            ([rows, outputs], [outputs, inputs]),
            |sum, w| linear_onto(sum, x(&w.device()), w, -0.3),
            |sum, w| sum + x(&w.device()).matmul(w.transpose()).mul_scalar(-0.3),
        );
    }

    #[test]
    fn attention_is_softmax_and_mixing(
        batch in 1usize..4,
        groups in 1usize..4,
        shared in 1usize..3,
        queries in 1usize..150,
        keys in 1usize..90,
        size in 1usize..20,
        capped: bool,
        alike: bool,
    ) {
        let (rows, heads) = (if alike { 1 } else { batch }, groups * shared);
        let cap = capped.then_some(3.0);
        let ranges = |device: &Device| KeyRanges::new([rows, queries, keys], device, |row, query| range(row, query, keys));
        let other = |device: &Device| Tensor::<4>::from_data(data([batch, keys, groups, size], 9), device).mul_scalar(0.3);
        let reference = |q: Tensor<4>, k: Tensor<4>, v: Tensor<4>| {
            let device = q.device();
            let repeated = |x: Tensor<4>| x
                .reshape([batch, keys, groups, 1, size])
                .expand([batch, keys, groups, shared, size])
                .reshape([batch, keys, heads, size])
                .swap_dims(1, 2);
            let scores = q.swap_dims(1, 2).matmul(repeated(k).swap_dims(2, 3)).mul_scalar(0.37);
            let scores = if capped { scores.div_scalar(3.0).tanh().mul_scalar(3.0) } else { scores };
            let p = activation::softmax(scores + mask(rows, queries, keys, &device), 3) * sees(rows, queries, keys, &device);
            p.matmul(repeated(v)).swap_dims(1, 2)
        };
        let shapes = ([batch, queries, heads, size], [batch, keys, groups, size]);
        same(
            "attention by queries and keys",
            shapes,
            |q, k| {
                let v = other(&q.device());
                attention(q.clone().mul_scalar(0.3), k, v, &ranges(&q.device()), 0.37, cap)
            },
            |q, k| {
                let v = other(&q.device());
                reference(q.mul_scalar(0.3), k, v)
            },
        );
        same(
            "attention by queries and values",
            shapes,
            |q, v| {
                let k = other(&q.device());
                attention(q.clone().mul_scalar(0.3), k, v, &ranges(&q.device()), 0.37, cap)
            },
            |q, v| {
                let k = other(&q.device());
                reference(q.mul_scalar(0.3), k, v)
            },
        );
    }

    #[test]
    fn soft_cap_is_a_scaled_tanh(rows in 1usize..40, width in 1usize..70, cap in 0.5f32..60.0) {
        same(
            "soft_cap",
            ([rows, width], [1]),
            |x, _| soft_cap(x, 0.7, cap),
            |x, _| x.mul_scalar(0.7 / cap).tanh().mul_scalar(cap),
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
        let halves = |w: Tensor<1>| (w.clone().slice_dim(0, 0..width), w.slice_dim(0, width..2 * width));
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
    fn head_loss_is_the_cross_entropy_of_capped_logits(rows in 1usize..12, classes in 1usize..40, width in 1usize..20, cap in proptest::option::of(1.0f32..9.0), limit in 1usize..2000) {
        let targets: Vec<u32> = (0..rows).map(|row| (row * 31 % classes) as u32).collect();
        same(
            "head_loss",
            ([rows, width], [classes, width]),
            |x, w| head_loss_within(x, w, &targets.clone().into(), cap, limit),
            |x, w| {
                let logits = x.matmul(w.transpose());
                let logits = match cap {
                    Some(cap) => soft_cap(logits, 1.0, cap),
                    None => logits,
                };
                cross_entropy(logits, &targets.clone().into())
            },
        );
    }

    #[test]
    fn rope_rotates_the_halves(batch in 1usize..3, len in 1usize..9, heads in 1usize..4, half in 1usize..9, shared: bool) {
        let rows = if shared { 1 } else { batch };
        let positions: Vec<u32> = (0..rows * len).map(|at| (at * 7 % 16) as u32).collect();
        let frequencies: Vec<f32> = (0..half).map(|i| 100f32.powf(-(i as f32) / half as f32)).collect();
        let table = RopeTable::new(&frequencies, 16);
        same(
            "rope",
            ([batch, len, heads, 2 * half], [1]),
            |x, _| rope(x.clone(), &table.at(rows, &positions, &x.device())),
            |x, _| {
                let angle = |f: fn(f32) -> f32| {
                    let angles: Vec<f32> = positions
                        .iter()
                        .flat_map(|&p| frequencies.iter().chain(&frequencies).map(move |w| f(p as f32 * w)))
                        .collect();
                    Tensor::<4>::from_data(TensorData::new(angles, [rows, len, 1, 2 * half]), &x.device())
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
fn a_causal_row_of_one_visible_key_gives_it_everything() {
    let device = Backend::Flex.open().unwrap();
    let scores = Tensor::<4>::from_data(data([1, 1, 3, 3], 5), &device);
    let p = values(attention_softmax(
        scores,
        &KeyRanges::causal(3, 3, &device),
        1.0,
    ));
    assert_eq!(&p[..3], &[1.0, 0.0, 0.0]);
}

#[test]
fn the_last_of_fewer_queries_sees_every_key_and_padding_is_never_seen() {
    let device = Backend::Flex.open().unwrap();
    let scores = Tensor::<4>::from_data(data([2, 1, 2, 4], 5), &device);
    let p = values(attention_softmax(
        scores.clone(),
        &KeyRanges::causal(2, 4, &device),
        1.0,
    ));
    let seen: Vec<bool> = p[..8].iter().map(|&p| p > 0.0).collect();
    assert_eq!(seen, [true, true, true, false, true, true, true, true]);
    let p = values(attention_softmax(
        scores,
        &KeyRanges::padded(&[1, 3], 2, 4, &device),
        1.0,
    ));
    assert_eq!((p[0], p[1], p[11]), (1.0, 0.0, 0.0));
}

/// The same values are dropped on every backend, for every seed about as many as asked for, and the gradient is dropped
/// with them.
#[test]
fn dropout_is_a_function_of_its_seed() {
    let dropped = |backend: Backend, seed: u64| {
        let device = backend.open().unwrap().autodiff();
        let x = Tensor::<2>::ones([300, 170], &device).require_grad();
        let out = dropout(x.clone(), 0.2, seed);
        let grads = out.clone().sum().backward();
        let out = values(out);
        assert_eq!(out, values(x.grad(&grads).unwrap()), "{backend}");
        out
    };
    let first = dropped(Backend::Flex, 1);
    for backend in Backend::cpus() {
        assert_eq!(first, dropped(backend, 1), "{backend}");
    }
    for seed in 1..20 {
        let out = dropped(Backend::Flex, seed);
        assert!(out.iter().all(|&value| value == 0.0 || value == 1.25));
        let share = out.iter().filter(|&&value| value == 0.0).count() as f64 / out.len() as f64;
        assert!((share - 0.2).abs() < 0.01, "seed {seed}: {share}");
        let next = dropped(Backend::Flex, seed + 1);
        let both = out
            .iter()
            .zip(&next)
            .filter(|(a, b)| **a == 0.0 && **b == 0.0);
        let share = both.count() as f64 / out.len() as f64;
        assert!(
            (share - 0.04).abs() < 0.005,
            "seeds {seed} and the next are alike: {share}"
        );
    }
}

/// A layer gives the same to a few rows, which take a path of their own, as to those rows among many.
#[test]
fn a_few_rows_of_a_linear_layer_are_rows_like_any_other() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (inputs, outputs) in [(1, 1), (7, 5), (33, 150), (64, 64)] {
            let layer = LinearConfig::new(inputs, outputs).init(&mut Init::new(3, &device));
            let many = Tensor::<2>::from_data(data([40, inputs], 1), &device);
            let all = values(layer.forward(many.clone()));
            for rows in [1, 3, 8, 9] {
                let few = layer.forward(many.clone().slice_dim(0, 0..rows).unsqueeze::<3>());
                assert_eq!(few.dims(), [1, rows, outputs]);
                assert_close(
                    &format!("{rows} rows on {backend}"),
                    &values(few),
                    &all[..rows * outputs],
                );
            }
        }
    }
}
