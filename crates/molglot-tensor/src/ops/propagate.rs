//! One step of message passing without a row per edge.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use super::{composed_backends, row_index::RowIndex, rows::RowOps};

/// Backend side of [`propagate`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait PropagateOps: Backend + RowOps {
    /// `[R, D] -> [S, D]`.
    fn propagate(x: FloatTensor<Self>, from: RowIndex, to: RowIndex) -> FloatTensor<Self> {
        Self::segment_sum(Self::gather_rows(x, from), to)
    }
}

composed_backends!(PropagateOps);

#[cfg(feature = "flex")]
mod flex {
    use super::{
        super::{
            flex::{output, values, width},
            row_kernels::{by_segment, sum_rows_at},
        },
        PropagateOps, RowIndex,
    };
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };

    impl PropagateOps for Flex {
        fn propagate(x: FloatTensor<Self>, from: RowIndex, to: RowIndex) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let mut out = output(Shape::from([to.rows(), width]));
            let source = values(&x);
            by_segment(out.storage_mut(), width, &to, |row, out| {
                sum_rows_at(out, source, to.positions(row), from.index());
            });
            out
        }
    }
}

impl<B: PropagateOps, C: CheckpointStrategy> PropagateOps for Autodiff<B, C> {
    fn propagate(x: FloatTensor<Self>, from: RowIndex, to: RowIndex) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Propagate;
        impl<B: PropagateOps> Backward<B, 1> for Propagate {
            type State = (RowIndex, RowIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (from, to) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::propagate(grad, to, from));
                }
            }
        }
        match Propagate
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let out = B::propagate(x.into_primitive(), from.clone(), to.clone());
                prep.finish((from, to), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::propagate(x.into_primitive(), from, to)),
        }
    }
}

/// Rows of `x` carried along edges and added up where they arrive: `out[s] = sum of x[from[e]] over e with to[e] = s`.
///
/// As [`super::segment_sum`] of [`super::gather_rows`], without the row per edge between them.
///
/// # Shapes
///
/// - `x`: `[R, D]` with `R = from.rows()`
/// - output: `[S, D]` with `S = to.rows()`
///
/// # Panics
///
/// When `x` does not have `from.rows()` rows, or `from` and `to` differ in length.
pub fn propagate(x: Tensor<2>, from: &RowIndex, to: &RowIndex) -> Tensor<2> {
    let [rows, _] = x.dims();
    assert_eq!(
        rows,
        from.rows(),
        "the index was built for another number of rows"
    );
    assert_eq!(from.len(), to.len(), "edges have two ends");
    Tensor::from_dispatch(Dispatch::propagate(
        x.into_dispatch(),
        from.clone(),
        to.clone(),
    ))
}
