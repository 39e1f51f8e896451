//! What edges hold and what their two ends bring, added up.

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

/// Backend side of [`edge_sum`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait EdgeSumOps: Backend + RowOps {
    /// `edges[e] + sources[from[e]] + targets[to[e]]`, `[E, D]`.
    fn edge_sum(
        edges: FloatTensor<Self>,
        sources: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        from: RowIndex,
        to: RowIndex,
    ) -> FloatTensor<Self> {
        let sources = Self::gather_rows(sources, from);
        let targets = Self::gather_rows(targets, to);
        Self::float_add(edges, Self::float_add(sources, targets))
    }
}

composed_backends!(EdgeSumOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;

    use super::{
        super::{
            flex::{values, width},
            row_kernels::by_row,
        },
        EdgeSumOps, RowIndex,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn add(out: &mut [f32], source: &[f32], target: &[f32]) {
        for ((out, source), target) in out.iter_mut().zip(source).zip(target) {
            *out += source + target;
        }
    }

    impl EdgeSumOps for Flex {
        fn edge_sum(
            edges: FloatTensor<Self>,
            sources: FloatTensor<Self>,
            targets: FloatTensor<Self>,
            from: RowIndex,
            to: RowIndex,
        ) -> FloatTensor<Self> {
            let (sources, targets) = (sources.to_contiguous(), targets.to_contiguous());
            // Written into the memory of the edges where nobody else holds it.
            let mut out = edges;
            if !(out.is_contiguous() && out.layout().start_offset() == 0) {
                out = out.to_contiguous();
            }
            let width = width(&out);
            let (sources, targets) = (values(&sources), values(&targets));
            by_row(out.storage_mut(), width, width, |edge, out| {
                let [source, target] = [&from, &to].map(|ends| ends.index()[edge] as usize * width);
                add(
                    out,
                    &sources[source..][..width],
                    &targets[target..][..width],
                );
            });
            out
        }
    }
}

impl<B: EdgeSumOps, C: CheckpointStrategy> EdgeSumOps for Autodiff<B, C> {
    fn edge_sum(
        edges: FloatTensor<Self>,
        sources: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        from: RowIndex,
        to: RowIndex,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct EdgeSum;
        impl<B: EdgeSumOps> Backward<B, 3> for EdgeSum {
            type State = (RowIndex, RowIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [edges, sources, targets] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                for (ends, index) in [(sources, ops.state.0), (targets, ops.state.1)] {
                    if let Some(node) = ends {
                        grads.register::<B>(node.id, B::segment_sum(grad.clone(), index));
                    }
                }
                if let Some(node) = edges {
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        match EdgeSum
            .prepare::<C>([edges.node(), sources.node(), targets.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let out = B::edge_sum(
                    edges.into_primitive(),
                    sources.into_primitive(),
                    targets.into_primitive(),
                    from.clone(),
                    to.clone(),
                );
                prep.finish((from, to), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::edge_sum(
                edges.into_primitive(),
                sources.into_primitive(),
                targets.into_primitive(),
                from,
                to,
            )),
        }
    }
}

/// `edges[e] + sources[from[e]] + targets[to[e]]`: what a linear layer makes of edge, source and target side by side, with
/// the ends mapped once per node.
///
/// # Shapes
///
/// - `edges` and output: `[E, D]`
/// - `sources`: `[R, D]` with `R = from.rows()`
/// - `targets`: `[S, D]` with `S = to.rows()`
///
/// # Panics
///
/// When the shapes do not fit the indices or each other.
pub fn edge_sum(
    edges: Tensor<2>,
    sources: Tensor<2>,
    targets: Tensor<2>,
    from: &RowIndex,
    to: &RowIndex,
) -> Tensor<2> {
    let ([count, width], ends) = (edges.dims(), [sources.dims(), targets.dims()]);
    assert_eq!(
        (count, count),
        (from.len(), to.len()),
        "the indices were built for another number of edges"
    );
    assert_eq!(
        ends,
        [[from.rows(), width], [to.rows(), width]],
        "the indices were built for other ends"
    );
    Tensor::from_dispatch(Dispatch::edge_sum(
        edges.into_dispatch(),
        sources.into_dispatch(),
        targets.into_dispatch(),
        from.clone(),
        to.clone(),
    ))
}
