//! The largest value of each segment.

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
    tensor::{Tensor, TensorData},
};

use super::{
    composed_backends,
    row_index::RowIndex,
    rows::{RowOps, tree},
};

/// Above every rank that a position can have in its segment and exact in f32 together with it.
const NO_RANK: f32 = 16_777_216.0;

/// Backend side of [`segment_max`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait MaxOps: Backend + RowOps {
    /// `[E, D] -> [R, D]`.
    fn segment_max(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        tree::<Self>(x, &index, f32::MIN, |rows| Self::float_max_dim(rows, 1))
    }

    /// `[E, D]`: the gradient of each segment at the first of its positions that hold the maximum `out`.
    ///
    /// The rank of that position is itself a reduction by segment. Comparisons are signs of differences: 0 where equal.
    fn segment_max_backward(
        x: FloatTensor<Self>,
        out: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        index: RowIndex,
    ) -> FloatTensor<Self> {
        let device = TensorMetadata::device(&x);
        let ranks = Self::float_from_data(ranks(&index), &device);
        let largest = Self::gather_rows(out, index.clone());
        let is_less = Self::float_sign(Self::float_sub(largest, x));
        let rank = Self::float_add(Self::float_mul_scalar(is_less, NO_RANK.into()), ranks);
        let first = Self::float_neg(tree::<Self>(
            Self::float_neg(rank.clone()),
            &index,
            -2.0 * NO_RANK,
            |rows| Self::float_max_dim(rows, 1),
        ));
        let first = Self::gather_rows(first, index.clone());
        let is_later = Self::float_sign(Self::float_sub(rank, first));
        let chosen = Self::float_add_scalar(Self::float_neg(is_later), 1.0f32.into());
        Self::float_mul(chosen, Self::gather_rows(grad, index))
    }
}

/// `[E, 1]`: the place of each position among those of its segment.
fn ranks(index: &RowIndex) -> TensorData {
    let mut ranks = vec![0f32; index.len()];
    for row in 0..index.rows() {
        for (rank, &position) in index.positions(row).iter().enumerate() {
            ranks[position as usize] = rank as f32;
        }
    }
    TensorData::new(ranks, [index.len(), 1])
}

composed_backends!(MaxOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values, width},
        },
        MaxOps, RowIndex,
    };

    impl MaxOps for Flex {
        fn segment_max(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let mut out = output(Shape::from([index.rows(), width]));
            let source = values(&x);
            let rows = (CHUNK / width / 4).max(1);
            out.storage_mut::<f32>()
                .par_chunks_mut(rows * width)
                .enumerate()
                .for_each(|(chunk, out)| {
                    for (local, out) in out.chunks_exact_mut(width).enumerate() {
                        let positions = index.positions(chunk * rows + local);
                        out.fill(if positions.is_empty() { 0.0 } else { f32::MIN });
                        for &position in positions {
                            let row = &source[position as usize * width..][..width];
                            out.iter_mut()
                                .zip(row)
                                .for_each(|(out, value)| *out = out.max(*value));
                        }
                    }
                });
            out
        }

        fn segment_max_backward(
            x: FloatTensor<Self>,
            out: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            index: RowIndex,
        ) -> FloatTensor<Self> {
            let (x, largest, grad) = (x.to_contiguous(), out.to_contiguous(), grad.to_contiguous());
            let width = width(&x);
            let mut out = output(Shape::from([index.len(), width]));
            let (x, largest, grad) = (values(&x), values(&largest), values(&grad));
            // A position takes the gradient where it holds the maximum and no earlier position of its segment does.
            let mut first = vec![u32::MAX; index.rows() * width];
            let rows = (CHUNK / width / 4).max(1);
            first
                .par_chunks_mut(rows * width)
                .enumerate()
                .for_each(|(chunk, first)| {
                    for (local, first) in first.chunks_exact_mut(width).enumerate() {
                        let row = chunk * rows + local;
                        let largest = &largest[row * width..][..width];
                        for &position in index.positions(row).iter().rev() {
                            let x = &x[position as usize * width..][..width];
                            for ((first, x), largest) in first.iter_mut().zip(x).zip(largest) {
                                *first = if x == largest { position } else { *first };
                            }
                        }
                    }
                });
            let positions = (CHUNK / width).max(1);
            out.storage_mut::<f32>()
                .par_chunks_mut(positions * width)
                .enumerate()
                .for_each(|(chunk, out)| {
                    for (local, out) in out.chunks_exact_mut(width).enumerate() {
                        let position = chunk * positions + local;
                        let row = index.index()[position] as usize * width;
                        let (first, grad) = (&first[row..][..width], &grad[row..][..width]);
                        for ((out, &first), &grad) in out.iter_mut().zip(first).zip(grad) {
                            *out = if first == position as u32 { grad } else { 0.0 };
                        }
                    }
                });
            out
        }
    }
}

impl<B: MaxOps, C: CheckpointStrategy> MaxOps for Autodiff<B, C> {
    fn segment_max(x: FloatTensor<Self>, index: RowIndex) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct SegmentMax;
        impl<B: MaxOps> Backward<B, 1> for SegmentMax {
            type State = (FloatTensor<B>, FloatTensor<B>, RowIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, out, index) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::segment_max_backward(x, out, grad, index));
                }
            }
        }
        match SegmentMax
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                let out = B::segment_max(x.clone(), index.clone());
                prep.finish((x, out.clone(), index), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::segment_max(x.into_primitive(), index)),
        }
    }
}

/// The largest of the finite rows of `x` by segment, column by column; an empty segment is zero.
///
/// Where several positions of a segment hold the maximum, the gradient goes to the first of them, as in `torch_scatter`.
///
/// # Shapes
///
/// - `x`: `[E, D]` with `E = index.len()`, at most 2^24 positions in a segment
/// - output: `[R, D]` with `R = index.rows()`
///
/// # Panics
///
/// When `x` does not have `index.len()` rows.
pub fn segment_max(x: Tensor<2>, index: &RowIndex) -> Tensor<2> {
    let [positions, _] = x.dims();
    assert_eq!(
        positions,
        index.len(),
        "the index was built for another number of positions"
    );
    Tensor::from_dispatch(Dispatch::segment_max(x.into_dispatch(), index.clone()))
}
