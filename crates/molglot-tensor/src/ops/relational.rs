//! A linear layer over what arrives along edges of several relations.

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
    tensor::{Shape, Tensor},
};

use super::{composed_backends, propagate::PropagateOps, row_index::RowIndex};

/// Backend side of [`relational_linear`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RelationalOps: Backend + PropagateOps {
    /// `[R, D]` and `[O, relations * D]` to `[N, O]`.
    fn relational_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        from: RowIndex,
        to: RowIndex,
    ) -> FloatTensor<Self> {
        let sums = sums::<Self>(x, &weight, from, to);
        Self::float_matmul(sums, Self::float_transpose(weight))
    }

    /// The gradients of `x` and `weight`. What the forward pass summed is summed again: that takes a small part of the
    /// time of the product, and to keep it would take `relations` times the memory of `x`.
    fn relational_linear_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        from: RowIndex,
        to: RowIndex,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let width = x.shape().as_slice()[1];
        let rows = to.rows();
        let sums = sums::<Self>(x, &weight, from.clone(), to.clone());
        let grad_weight = Self::float_matmul(Self::float_transpose(grad.clone()), sums);
        let grad_sums = Self::float_matmul(grad, weight);
        let grad_sums = Self::float_reshape(grad_sums, Shape::from([rows, width]));
        (Self::propagate(grad_sums, to, from), grad_weight)
    }
}

/// `[N, relations * D]`: what arrives, relations side by side.
fn sums<B: PropagateOps>(
    x: FloatTensor<B>,
    weight: &FloatTensor<B>,
    from: RowIndex,
    to: RowIndex,
) -> FloatTensor<B> {
    let (width, columns) = (x.shape().as_slice()[1], weight.shape().as_slice()[1]);
    let rows = to.rows() * width / columns.max(1);
    B::float_reshape(B::propagate(x, from, to), Shape::from([rows, columns]))
}

composed_backends!(RelationalOps);

#[cfg(feature = "flex")]
impl RelationalOps for burn::backend::Flex {}

impl<B: RelationalOps, C: CheckpointStrategy> RelationalOps for Autodiff<B, C> {
    fn relational_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        from: RowIndex,
        to: RowIndex,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct RelationalLinear;
        impl<B: RelationalOps> Backward<B, 2> for RelationalLinear {
            type State = (NodeId, NodeId, RowIndex, RowIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [x_node, weight_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, from, to) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let (grad_x, grad_weight) =
                    B::relational_linear_backward(x, weight, grad, from, to);
                if let Some(node) = x_node {
                    grads.register::<B>(node.id, grad_x);
                }
                if let Some(node) = weight_node {
                    grads.register::<B>(node.id, grad_weight);
                }
            }
        }
        match RelationalLinear
            .prepare::<C>([x.node(), weight.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (
                    prep.checkpoint(&x),
                    prep.checkpoint(&weight),
                    from.clone(),
                    to.clone(),
                );
                let out =
                    B::relational_linear(x.into_primitive(), weight.into_primitive(), from, to);
                prep.finish(state, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::relational_linear(
                x.into_primitive(),
                weight.into_primitive(),
                from,
                to,
            )),
        }
    }
}

/// `out[n] = sum over relations r of W_r (sum of x[from[e]] over e with to[e] = n * relations + r)`, with the matrices `W_r`
/// side by side in `weight`.
///
/// As a product of `weight` with [`super::propagate`], without keeping the sums for the backward pass.
///
/// # Shapes
///
/// - `x`: `[R, D]` with `R = from.rows()`
/// - `weight`: `[O, relations * D]`
/// - output: `[N, O]` with `N * relations = to.rows()`
///
/// # Panics
///
/// When `x` does not have `from.rows()` rows, `from` and `to` differ in length, or the width of `weight` is no multiple of
/// that of `x`.
pub fn relational_linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    from: &RowIndex,
    to: &RowIndex,
) -> Tensor<2> {
    let ([rows, width], [_, columns]) = (x.dims(), weight.dims());
    assert_eq!(
        rows,
        from.rows(),
        "the index was built for another number of rows"
    );
    assert_eq!(from.len(), to.len(), "edges have two ends");
    assert!(
        columns % width.max(1) == 0,
        "the weight has {columns} columns, no multiple of {width}"
    );
    Tensor::from_dispatch(Dispatch::relational_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        from.clone(),
        to.clone(),
    ))
}
