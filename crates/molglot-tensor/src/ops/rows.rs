//! Rows gathered by index and summed by segment: the two halves of message passing, pooling, embedding and splicing.
//!
//! Each is the backward pass of the other, so one host-built plan, [`RowIndex`], serves both directions: it holds the
//! index itself and its inverse (for every source row, the positions that read it, in ascending order). Sums run over
//! that inverse, never over atomics, and give the same bits for any number of threads.

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
    tensor::{Device, Shape, Tensor, TensorData},
};

use super::{composed_backends, narrow, row_index::RowIndex, widen};

/// Backend side of [`gather_rows`] and [`segment_sum`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RowOps: Backend {
    /// `[R, D] -> [E, D]`.
    fn gather_rows(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        let device = TensorMetadata::device(&x);
        let positions = Self::int_from_data(index.as_data(), &device);
        Self::float_select(x, 0, positions)
    }

    /// `[E, D] -> [R, D]`.
    ///
    /// Composed as a tree of sums over a few rows each, in f32.
    fn segment_sum(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let sums = tree::<Self>(widen::<Self>(x), &index, 0.0, |rows| {
            Self::float_sum_dim(rows, 1)
        });
        narrow::<Self>(sums, dtype)
    }
}

/// `[E, D] -> [R, D]`: reduces rows by segment level by level. `reduce` takes `[P, F, D]` to `[P, 1, D]`, and `neutral`
/// changes none of its results; an empty segment gives 0.
pub(super) fn tree<B: Backend>(
    x: FloatTensor<B>,
    index: &RowIndex,
    neutral: f32,
    reduce: impl Fn(FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let width = x.shape().as_slice()[1];
    let device = TensorMetadata::device(&x);
    let constant = |values: Vec<f32>| {
        let rows = values.len() / width.max(1);
        B::float_from_data(TensorData::new(values, [rows, width]), &device)
    };
    if index.is_empty() {
        return constant(vec![0.0; index.rows() * width]);
    }
    let mut level = x;
    for step in index.tree() {
        let fillers = constant([vec![neutral; width], vec![0.0; width]].concat());
        let padded = B::float_cat(vec![level, fillers], 0);
        let positions = B::int_from_data(step.as_data(), &device);
        let gathered = B::float_select(padded, 0, positions);
        let grouped = B::float_reshape(gathered, Shape::from([step.partials(), step.fan, width]));
        level = B::float_reshape(reduce(grouped), Shape::from([step.partials(), width]));
    }
    level
}

composed_backends!(RowOps);

#[cfg(feature = "flex")]
mod flex {
    use super::{
        super::{
            flex::{output, values, width},
            row_kernels::{by_row, by_segment, sum_rows},
        },
        RowIndex, RowOps,
    };
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };

    impl RowOps for Flex {
        fn gather_rows(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let mut out = output(Shape::from([index.len(), width]));
            let source = values(&x);
            let index = index.index();
            by_row(out.storage_mut(), width, width, |position, out| {
                out.copy_from_slice(&source[index[position] as usize * width..][..width]);
            });
            out
        }

        fn segment_sum(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let mut out = output(Shape::from([index.rows(), width]));
            let source = values(&x);
            by_segment(out.storage_mut(), width, &index, |row, out| {
                sum_rows(out, source, index.positions(row));
            });
            out
        }
    }
}

impl<B: RowOps, C: CheckpointStrategy> RowOps for Autodiff<B, C> {
    fn gather_rows(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct GatherRows;
        impl<B: RowOps> Backward<B, 1> for GatherRows {
            type State = RowIndex;
            fn backward(self, ops: Ops<RowIndex, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::segment_sum(grad, ops.state));
                }
            }
        }
        match GatherRows
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                prep.finish(index.clone(), B::gather_rows(x.into_primitive(), index))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::gather_rows(x.into_primitive(), index)),
        }
    }

    fn segment_sum(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SegmentSum;
        impl<B: RowOps> Backward<B, 1> for SegmentSum {
            type State = RowIndex;
            fn backward(self, ops: Ops<RowIndex, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::gather_rows(grad, ops.state));
                }
            }
        }
        match SegmentSum
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                prep.finish(index.clone(), B::segment_sum(x.into_primitive(), index))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::segment_sum(x.into_primitive(), index)),
        }
    }
}

/// Rows of `x` picked by `index`: `out[e] = x[index[e]]`.
///
/// # Shapes
///
/// - `x`: `[R, D]` with `R = index.rows()`
/// - output: `[E, D]` with `E = index.len()`
///
/// # Panics
///
/// When `x` does not have `index.rows()` rows.
pub fn gather_rows(x: Tensor<2>, index: &RowIndex) -> Tensor<2> {
    let [rows, _] = x.dims();
    assert_eq!(
        rows,
        index.rows(),
        "the index was built for another number of rows"
    );
    Tensor::from_dispatch(Dispatch::gather_rows(x.into_dispatch(), index.clone()))
}

/// Rows of `x` added up by segment: `out[r] = sum of x[e] over e with index[e] = r`; an empty segment is zero.
///
/// # Shapes
///
/// - `x`: `[E, D]` with `E = index.len()`
/// - output: `[R, D]` with `R = index.rows()`
///
/// # Panics
///
/// When `x` does not have `index.len()` rows.
pub fn segment_sum(x: Tensor<2>, index: &RowIndex) -> Tensor<2> {
    let [positions, _] = x.dims();
    assert_eq!(
        positions,
        index.len(),
        "the index was built for another number of positions"
    );
    Tensor::from_dispatch(Dispatch::segment_sum(x.into_dispatch(), index.clone()))
}

/// Rows of `x` averaged by segment; an empty segment is zero.
///
/// # Shapes
///
/// As [`segment_sum`].
///
/// # Panics
///
/// As [`segment_sum`].
pub fn segment_mean(x: Tensor<2>, index: &RowIndex) -> Tensor<2> {
    let device = x.device();
    segment_sum(x, index) * inverse_counts(index, &device)
}

/// `[R, 1]`: one over the number of positions of each segment.
fn inverse_counts(index: &RowIndex, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = index
        .counts()
        .map(|count| 1.0 / count.max(1) as f32)
        .collect();
    Tensor::from_data(TensorData::new(values, [index.rows(), 1]), device)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Backend;

    fn close(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-4 * b.abs().max(1.0), "{a} is not {b}");
        }
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Sums by segment equal the obvious loop; gathering is their transpose: <gather(x), y> = <x, sum(y)>.
        #[test]
        fn sums_and_gathers_are_transposes(rows in 1usize..9, index in proptest::collection::vec(0u32..1000, 0..200), width in 1usize..20) {
            let index: Vec<u32> = index.into_iter().map(|i| i % rows as u32).collect();
            let plan = RowIndex::new(rows, index.clone());
            let x: Vec<f32> = (0..rows * width).map(|i| ((i * 37) % 23) as f32 - 11.0).collect();
            let y: Vec<f32> = (0..index.len() * width).map(|i| ((i * 53) % 19) as f32 - 9.0).collect();
            let mut expected = vec![0f32; rows * width];
            for (position, &row) in index.iter().enumerate() {
                for d in 0..width {
                    expected[row as usize * width + d] += y[position * width + d];
                }
            }
            for backend in Backend::cpus() {
                let device = backend.open().unwrap().autodiff();
                let x = Tensor::<2>::from_data(TensorData::new(x.clone(), [rows, width]), &device).require_grad();
                let y = Tensor::<2>::from_data(TensorData::new(y.clone(), [index.len(), width]), &device).require_grad();
                let summed = segment_sum(y.clone(), &plan);
                close(&values(summed.clone()), &expected);
                let through_sum = summed.mul(x.clone()).sum();
                let through_gather = gather_rows(x.clone(), &plan).mul(y.clone()).sum();
                let (a, b): (f32, f32) = (through_sum.clone().into_scalar(), through_gather.clone().into_scalar());
                prop_assert!((a - b).abs() < 1e-2, "{a} {b}");
                let (from_sum, from_gather) = (through_sum.backward(), through_gather.backward());
                close(&values(x.grad(&from_gather).unwrap()), &expected);
                close(&values(y.grad(&from_sum).unwrap()), &values(y.grad(&from_gather).unwrap()));
            }
        }
    }

    #[test]
    fn the_same_bits_for_any_number_of_threads() {
        let index: Vec<u32> = (0..50_000u32)
            .map(|i| i.wrapping_mul(2_654_435_761) % 700)
            .collect();
        let plan = RowIndex::new(700, index);
        let device = Backend::Flex.open().unwrap();
        let x: Vec<f32> = (0..50_000 * 24)
            .map(|i| ((i as f32) * 0.37).sin())
            .collect();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let x = Tensor::<2>::from_data(TensorData::new(x.clone(), [50_000, 24]), &device);
                values(segment_sum(x, &plan))
                    .iter()
                    .map(|v| v.to_bits())
                    .collect::<Vec<_>>()
            })
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(7));
    }

    #[test]
    fn means_of_empty_segments_are_zero() {
        let plan = RowIndex::new(3, vec![0, 0, 2]);
        for backend in Backend::cpus() {
            let device = backend.open().unwrap();
            let x = Tensor::<2>::from_data(TensorData::new(vec![1f32, 3.0, 5.0], [3, 1]), &device);
            assert_eq!(values(segment_mean(x, &plan)), [2.0, 0.0, 5.0]);
        }
    }
}
