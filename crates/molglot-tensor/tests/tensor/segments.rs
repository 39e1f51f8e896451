//! Reductions by segment against the obvious loops, on every CPU backend.

use molglot_tensor::{
    Backend, Device, RowIndex, Tensor, TensorData,
    ops::{gather_rows, propagate, segment_max, segment_softmax, segment_sum},
};
use proptest::prelude::*;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn close(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!(
            (a - b).abs() <= 1e-5 * b.abs().max(1.0),
            "{what}: {a} is not {b}"
        );
    }
}

/// Small whole numbers, so that segments hold their maximum more than once.
fn whole(rows: usize, width: usize, salt: usize) -> Vec<f32> {
    (0..rows * width)
        .map(|i| ((i * 37 + salt * 11) % 7) as f32 - 3.0)
        .collect()
}

fn tensor(values: &[f32], rows: usize, width: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, width]), device)
}

/// Output and gradient of `x` under a cotangent.
fn run(
    x: &[f32],
    cotangent: &[f32],
    width: usize,
    device: &Device,
    f: impl Fn(Tensor<2>) -> Tensor<2>,
) -> (Vec<f32>, Vec<f32>) {
    let x = tensor(x, x.len() / width, width, device).require_grad();
    let out = f(x.clone());
    let [rows, columns] = out.dims();
    let cotangent = tensor(cotangent, rows, columns, device);
    let grads = (out.clone() * cotangent).sum().backward();
    (values(out), values(x.grad(&grads).unwrap()))
}

fn plans() -> impl Strategy<Value = (usize, Vec<u32>, usize)> {
    let index = proptest::collection::vec(0u32..1000, 1..200);
    (1usize..9, index, 1usize..20).prop_map(|(rows, index, width)| {
        let index = index.into_iter().map(|i| i % rows as u32).collect();
        (rows, index, width)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Maxima equal the loop's, empty segments are zero, and the first of equal values takes the whole gradient.
    #[test]
    fn maxima_and_their_first_places((rows, index, width) in plans()) {
        // One segment more than is used, so that one is empty.
        let plan = RowIndex::new(rows + 1, index.clone());
        let x = whole(index.len(), width, 1);
        let cotangent = whole(rows + 1, width, 2);
        let mut largest = vec![0f32; (rows + 1) * width];
        let mut grad = vec![0f32; x.len()];
        for row in 0..rows {
            for column in 0..width {
                let positions = || (0..index.len()).filter(|&e| index[e] as usize == row);
                // The first of equal maxima: `max_by` alone would give the last.
                let best = positions().rev().max_by(|&a, &b| x[a * width + column].total_cmp(&x[b * width + column]));
                if let Some(best) = best {
                    largest[row * width + column] = x[best * width + column];
                    grad[best * width + column] = cotangent[row * width + column];
                }
            }
        }
        for backend in Backend::cpus() {
            let device = backend.open().unwrap().autodiff();
            let (out, found) = run(&x, &cotangent, width, &device, |x| segment_max(x, &plan));
            prop_assert_eq!(&out, &largest, "{}", backend);
            prop_assert_eq!(&found, &grad, "{}", backend);
        }
    }

    /// Softmax equals the loop's; its gradient is that of the composition of sums and gathers.
    #[test]
    fn softmax_of_segments((rows, index, width) in plans()) {
        let plan = RowIndex::new(rows, index.clone());
        let x: Vec<f32> = whole(index.len(), width, 3).iter().map(|x| 1.7 * x).collect();
        let cotangent = whole(index.len(), width, 4);
        let mut expected = vec![0f32; x.len()];
        for (e, &row) in index.iter().enumerate() {
            for column in 0..width {
                let total: f64 = (0..index.len())
                    .filter(|&other| index[other] == row)
                    .map(|other| f64::from(x[other * width + column] - x[e * width + column]).exp())
                    .sum();
                expected[e * width + column] = (1.0 / total) as f32;
            }
        }
        for backend in Backend::cpus() {
            let device = backend.open().unwrap().autodiff();
            let (out, grad) = run(&x, &cotangent, width, &device, |x| segment_softmax(x, &plan));
            close("softmax", &out, &expected);
            let (_, composed) = run(&x, &cotangent, width, &device, |x| {
                let weights = x.exp();
                weights.clone() / gather_rows(segment_sum(weights, &plan), &plan)
            });
            close("its gradient", &grad, &composed);
        }
    }

    /// Propagation is a gather and a sum, forward and backward.
    #[test]
    fn propagation_is_a_gather_and_a_sum((rows, index, width) in plans(), targets in 1usize..9) {
        let to: Vec<u32> = index.iter().enumerate().map(|(e, i)| (e as u32 * 5 + i) % targets as u32).collect();
        let (from, to) = (RowIndex::new(rows, index), RowIndex::new(targets, to));
        let x = whole(rows, width, 5);
        let cotangent = whole(targets, width, 6);
        for backend in Backend::cpus() {
            let device = backend.open().unwrap().autodiff();
            let fused = run(&x, &cotangent, width, &device, |x| propagate(x, &from, &to));
            let composed = run(&x, &cotangent, width, &device, |x| segment_sum(gather_rows(x, &from), &to));
            close("propagated", &fused.0, &composed.0);
            close("its gradient", &fused.1, &composed.1);
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (positions, rows, width) = (20_000, 700, 12);
    let scattered = |factor: u32| -> Vec<u32> {
        (0..positions as u32)
            .map(|i| i.wrapping_mul(factor) % rows as u32)
            .collect()
    };
    let to = RowIndex::new(rows, scattered(2_654_435_761));
    let from = RowIndex::new(rows, scattered(40_503));
    let x: Vec<f32> = (0..positions * width)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let device = Backend::Flex.open().unwrap().autodiff();
    let bits = |threads: usize| -> Vec<u32> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let cotangent = |rows: usize| x[..rows * width].to_vec();
            let max = run(&x, &cotangent(rows), width, &device, |x| {
                segment_max(x, &to)
            });
            let soft = run(&x, &x, width, &device, |x| segment_softmax(x, &to));
            let moved = run(&x[..rows * width], &cotangent(rows), width, &device, |x| {
                propagate(x, &from, &to)
            });
            [max, soft, moved]
                .into_iter()
                .flat_map(|(out, grad)| [out, grad].concat())
                .map(f32::to_bits)
                .collect()
        })
    };
    let one = bits(1);
    assert_eq!(one, bits(2));
    assert_eq!(one, bits(7));
}

#[test]
fn nothing_in_nothing_out() {
    let plan = RowIndex::new(3, Vec::new());
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let none = || Tensor::<2>::zeros([0, 2], &device);
        assert_eq!(values(segment_max(none(), &plan)), [0.0; 6], "{backend}");
        assert_eq!(segment_softmax(none(), &plan).dims(), [0, 2], "{backend}");
        let x = Tensor::<2>::ones([3, 2], &device);
        assert_eq!(values(propagate(x, &plan, &plan)), [0.0; 6], "{backend}");
    }
}
