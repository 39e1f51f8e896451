//! Every fused operation beside the same operation composed of Burn's own, at the sizes of a
//! training step: 16 texts of 96 tokens, width 192, 6 heads. The composed ways make their small
//! index and mask tensors anew in every pass.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use molglot_tensor::{
    Backend, Device, Int, RowIndex, Tensor, TensorData,
    burn::tensor::{IndexingUpdateOp, activation},
    ops::{
        KeyRanges, RopeTable, attention_softmax, cross_entropy, gather_rows, rms_norm, rope,
        segment_sum, swiglu,
    },
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 16;
const LENGTH: usize = 96;
const ROWS: usize = BATCH * LENGTH;
const WIDTH: usize = 192;
const INNER: usize = 512;
const HEADS: usize = 6;
const HEAD: usize = WIDTH / HEADS;
const VOCABULARY: usize = 2048;
const ATOMS: usize = 2000;
const EDGES: usize = 4300;

/// Values spread over [-4, 4].
fn data<const D: usize>(shape: [usize; D], salt: usize) -> TensorData {
    let count = shape.iter().product::<usize>();
    let value = |i: usize| (((i * 7919 + salt * 104_729) % 1000) as f32 / 125.0) - 4.0;
    TensorData::new((0..count).map(value).collect::<Vec<_>>(), shape)
}

type Operation<'a, const A: usize, const B: usize, const O: usize> =
    &'a dyn Fn(Tensor<A>, Tensor<B>) -> Tensor<O>;

/// Times both ways forward, and forward and backward together.
fn compare<const A: usize, const B: usize, const O: usize>(
    criterion: &mut Criterion,
    name: &str,
    shapes: ([usize; A], [usize; B]),
    fused: Operation<'_, A, B, O>,
    composed: Operation<'_, A, B, O>,
) {
    let mut group = criterion.benchmark_group(name);
    let plain = Backend::Flex.open().unwrap();
    let inputs = |device: &Device| {
        (
            Tensor::<A>::from_data(data(shapes.0, 1), device),
            Tensor::<B>::from_data(data(shapes.1, 2), device),
        )
    };
    for (way, operation) in [("fused", fused), ("composed", composed)] {
        let (a, b) = inputs(&plain);
        group.bench_function(format!("{way}/forward"), |bencher| {
            bencher.iter(|| {
                let out = operation(a.clone(), b.clone());
                plain.sync().unwrap();
                black_box(out)
            });
        });
        let device = plain.clone().autodiff();
        let (a, b) = inputs(&device);
        let (a, b) = (a.require_grad(), b.require_grad());
        group.bench_function(format!("{way}/forward and backward"), |bencher| {
            bencher.iter(|| {
                let grads = operation(a.clone(), b.clone()).sum().backward();
                device.sync().unwrap();
                black_box(grads)
            });
        });
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let of_edge: Vec<u32> = (0..EDGES)
        .map(|edge| ((edge * 7919) % ATOMS) as u32)
        .collect();
    let plan = RowIndex::new(ATOMS, of_edge.clone());
    let index = |device: &Device| {
        let ids: Vec<i64> = of_edge.iter().map(|&row| i64::from(row)).collect();
        Tensor::<1, Int>::from_data(TensorData::new(ids, [EDGES]), device)
    };
    compare(
        criterion,
        "gather_rows",
        ([ATOMS, WIDTH], [1]),
        &|x, _| gather_rows(x, &plan),
        &|x, _| {
            let index = index(&x.device());
            x.select(0, index)
        },
    );
    compare(
        criterion,
        "segment_sum",
        ([EDGES, WIDTH], [1]),
        &|x, _| segment_sum(x, &plan),
        &|x, _| {
            let index = index(&x.device());
            Tensor::zeros([ATOMS, WIDTH], &x.device()).select_assign(
                0,
                index,
                x,
                IndexingUpdateOp::Add,
            )
        },
    );
}

fn attention(criterion: &mut Criterion) {
    let scale = (HEAD as f32).powf(-0.5);
    let hidden: Vec<f32> = (0..LENGTH)
        .flat_map(|q| (0..LENGTH).map(move |k| if k <= q { 0.0 } else { -1e9 }))
        .collect();
    compare(
        criterion,
        "attention_softmax",
        ([BATCH, HEADS, LENGTH, LENGTH], [1]),
        &|x, _| {
            let [_, _, queries, keys] = x.dims();
            let ranges = KeyRanges::causal(queries, keys, &x.device());
            attention_softmax(x, &ranges, scale)
        },
        &|x, _| {
            let mask = TensorData::new(hidden.clone(), [1, 1, LENGTH, LENGTH]);
            let mask = Tensor::<4>::from_data(mask, &x.device());
            activation::softmax(x.mul_scalar(scale) + mask, 3)
        },
    );
    let half = HEAD / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|k| 1e4f32.powf(-(k as f32) / half as f32))
        .collect();
    let table = RopeTable::new(&frequencies, LENGTH);
    let angles = |f: fn(f32) -> f32| -> Vec<f32> {
        let of = |p: usize| {
            frequencies
                .iter()
                .chain(&frequencies)
                .map(move |w| f(p as f32 * w))
        };
        (0..LENGTH).flat_map(of).collect()
    };
    let (cos, sin) = (angles(f32::cos), angles(f32::sin));
    compare(
        criterion,
        "rope",
        ([BATCH, LENGTH, HEADS, HEAD], [1]),
        &|x, _| {
            let positions: Vec<u32> = (0..x.dims()[1] as u32).collect();
            let angles = table.at(1, &positions, &x.device());
            rope(x, &angles)
        },
        &|x, _| {
            let angle = |values: &Vec<f32>| {
                Tensor::<4>::from_data(
                    TensorData::new(values.clone(), [1, LENGTH, 1, HEAD]),
                    &x.device(),
                )
            };
            let (cos, sin) = (angle(&cos), angle(&sin));
            let first = x.clone().slice_dim(3, 0..half);
            let second = x.clone().slice_dim(3, half..HEAD);
            x * cos + Tensor::cat(vec![second.neg(), first], 3) * sin
        },
    );
}

fn blocks(criterion: &mut Criterion) {
    compare(
        criterion,
        "swiglu",
        ([ROWS, INNER], [ROWS, INNER]),
        &|g, u| swiglu(g, u),
        &|g, u| activation::silu(g) * u,
    );
    compare(
        criterion,
        "rms_norm",
        ([ROWS, WIDTH], [WIDTH]),
        &|x, w| rms_norm(x, w, 1e-5),
        &|x, w| {
            let scale = (x.clone().square().mean_dim(1) + 1e-5).sqrt().recip();
            x * scale * w.reshape([1, WIDTH])
        },
    );
    let targets: Arc<[u32]> = (0..ROWS)
        .map(|row| (row * 31 % VOCABULARY) as u32)
        .collect();
    compare(
        criterion,
        "cross_entropy",
        ([ROWS, VOCABULARY], [1]),
        &|x, _| cross_entropy(x, &targets),
        &|x, _| {
            let ids: Vec<i64> = targets.iter().map(|&target| i64::from(target)).collect();
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [ROWS, 1]), &x.device());
            activation::log_softmax(x, 1)
                .gather(1, ids)
                .neg()
                .reshape([ROWS])
        },
    );
}

criterion_group!(benches, rows, attention, blocks);
criterion_main!(benches);
