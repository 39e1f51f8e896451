//! Messages of source and edge, summed where they arrive: the aggregation of GIN with edge features (Hu et al., 2020,
//! arXiv 1905.12265).

use std::sync::Arc;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch,
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

use super::{composed_backends, row_index::RowIndex, rows::RowOps};

/// Who sends what to whom.
#[derive(Clone, Debug)]
pub struct MessageIndex(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: RowIndex,
    from: RowIndex,
    to: RowIndex,
    kinds: RowIndex,
}

impl MessageIndex {
    /// `own` has for each of `T` targets its own row among `R`; of each of `E` edges `from` has the source among `R`, `to`
    /// the target among `T` and `kinds` the kind among `K`.
    ///
    /// # Panics
    ///
    /// When these do not fit each other.
    pub fn new(own: RowIndex, from: RowIndex, to: RowIndex, kinds: RowIndex) -> Self {
        assert_eq!(own.rows(), from.rows(), "targets are among the sources");
        assert_eq!(own.len(), to.rows(), "every target has a row");
        assert_eq!(from.len(), to.len(), "edges have two ends");
        assert_eq!(from.len(), kinds.len(), "edges have a kind");
        Self(Arc::new(Inner {
            own,
            from,
            to,
            kinds,
        }))
    }

    /// The own row of each target.
    pub fn own(&self) -> &RowIndex {
        &self.0.own
    }

    /// Number of edges.
    pub fn edges(&self) -> usize {
        self.0.from.len()
    }
}

/// Backend side of [`message_sums`]: `x` is `[R, D]`, the scale `[1, 1]`, kinds `[K, D]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait MessageOps: Backend + RowOps {
    /// `[T, D]`.
    fn message_sums(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        kinds: FloatTensor<Self>,
        index: MessageIndex,
    ) -> FloatTensor<Self> {
        let own = Self::float_mul(Self::gather_rows(x.clone(), index.0.own.clone()), scale);
        let messages = messages::<Self>(x, kinds, &index);
        Self::float_add(own, Self::segment_sum(messages, index.0.to.clone()))
    }

    /// Gradients of `x`, the scale and the kinds.
    fn message_sums_backward(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        kinds: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        index: MessageIndex,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let passes = Self::float_sign(messages::<Self>(x.clone(), kinds, &index));
        let arriving = Self::gather_rows(grad.clone(), index.0.to.clone());
        let grad_messages = Self::float_mul(arriving, passes);
        let grad_kinds = Self::segment_sum(grad_messages.clone(), index.0.kinds.clone());
        let own = Self::gather_rows(x, index.0.own.clone());
        let along = Self::float_sum_dim(Self::float_mul(own, grad.clone()), 1);
        let grad_scale = Self::float_sum_dim(along, 0);
        let own = Self::segment_sum(Self::float_mul(grad, scale), index.0.own.clone());
        let sent = Self::segment_sum(grad_messages, index.0.from.clone());
        (Self::float_add(own, sent), grad_scale, grad_kinds)
    }
}

/// `[E, D]`.
fn messages<B: RowOps>(
    x: FloatTensor<B>,
    kinds: FloatTensor<B>,
    index: &MessageIndex,
) -> FloatTensor<B> {
    let sources = B::gather_rows(x, index.0.from.clone());
    let kinds = B::gather_rows(kinds, index.0.kinds.clone());
    B::relu(B::float_add(sources, kinds))
}

composed_backends!(MessageOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values, width},
            math::sum_by,
            row_index::RowIndex,
            row_kernels::{add_row, by_segment},
        },
        MessageIndex, MessageOps,
    };

    /// Edges of a partial gradient of the kinds, at least.
    const EDGES: usize = 256;
    /// Partial gradients of the kinds, at most.
    const PARTS: usize = 64;

    /// The row of `values` at this place of an index.
    #[inline(always)]
    fn row<'a>(values: &'a [f32], index: &RowIndex, place: u32, width: usize) -> &'a [f32] {
        &values[index.index()[place as usize] as usize * width..][..width]
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn receive(
        out: &mut [f32],
        own: &[f32],
        scale: f32,
        edges: &[u32],
        (x, kinds): (&[f32], &[f32]),
        index: &MessageIndex,
    ) {
        for (out, own) in out.iter_mut().zip(own) {
            *out = scale * own;
        }
        for &edge in edges {
            let source = row(x, &index.0.from, edge, out.len());
            let kind = row(kinds, &index.0.kinds, edge, out.len());
            for ((out, source), kind) in out.iter_mut().zip(source).zip(kind) {
                let message = source + kind;
                // Written so that what is no number stays none.
                *out += if message < 0.0 { 0.0 } else { message };
            }
        }
    }

    /// Adds to `out` the gradient of what arrives along an edge, where that is above 0.
    #[inline(always)]
    fn pass(out: &mut [f32], source: &[f32], kind: &[f32], grad: &[f32]) {
        for (((out, source), kind), grad) in out.iter_mut().zip(source).zip(kind).zip(grad) {
            *out += if source + kind > 0.0 { *grad } else { 0.0 };
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn send(
        out: &mut [f32],
        own: &[f32],
        scale: f32,
        (targets, edges): (&[u32], &[u32]),
        (grad, kinds): (&[f32], &[f32]),
        index: &MessageIndex,
    ) {
        let width = out.len();
        out.fill(0.0);
        for &target in targets {
            let grad = &grad[target as usize * width..][..width];
            for (out, grad) in out.iter_mut().zip(grad) {
                *out += scale * grad;
            }
        }
        for &edge in edges {
            let kind = row(kinds, &index.0.kinds, edge, width);
            pass(out, own, kind, row(grad, &index.0.to, edge, width));
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn kind_gradients(
        out: &mut [f32],
        edges: std::ops::Range<usize>,
        width: usize,
        (x, kinds, grad): (&[f32], &[f32], &[f32]),
        index: &MessageIndex,
    ) {
        for edge in edges {
            let kind = index.0.kinds.index()[edge] as usize * width;
            let (out, kind) = (&mut out[kind..][..width], &kinds[kind..][..width]);
            let (source, grad) = (
                row(x, &index.0.from, edge as u32, width),
                row(grad, &index.0.to, edge as u32, width),
            );
            pass(out, source, kind, grad);
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn along(a: &[f32], b: &[f32]) -> f32 {
        sum_by(a.len(), |i| a[i] * b[i])
    }

    impl MessageOps for Flex {
        fn message_sums(
            x: FloatTensor<Self>,
            scale: FloatTensor<Self>,
            kinds: FloatTensor<Self>,
            index: MessageIndex,
        ) -> FloatTensor<Self> {
            let (x, kinds) = (x.to_contiguous(), kinds.to_contiguous());
            let width = width(&x);
            let mut out = output(Shape::from([index.0.own.len(), width]));
            let (scale, x, kinds) = (values(&scale)[0], values(&x), values(&kinds));
            by_segment(out.storage_mut(), width, &index.0.to, |target, out| {
                let own = row(x, &index.0.own, target as u32, width);
                let edges = index.0.to.positions(target);
                receive(out, own, scale, edges, (x, kinds), &index);
            });
            out
        }

        fn message_sums_backward(
            x: FloatTensor<Self>,
            scale: FloatTensor<Self>,
            kinds: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            index: MessageIndex,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let (x, kinds, grad) = (
                x.to_contiguous(),
                kinds.to_contiguous(),
                grad.to_contiguous(),
            );
            let width = width(&x);
            let mut grad_x = output(x.layout().shape().clone());
            let mut grad_scale = output(Shape::from([1, 1]));
            let mut grad_kinds = output(kinds.layout().shape().clone());
            let scale = values(&scale)[0];
            let (x, kinds, grad) = (values(&x), values(&kinds), values(&grad));
            by_segment(grad_x.storage_mut(), width, &index.0.from, |source, out| {
                let own = &x[source * width..][..width];
                let edges = (
                    index.0.own.positions(source),
                    index.0.from.positions(source),
                );
                send(out, own, scale, edges, (grad, kinds), &index);
            });
            let lines: Vec<f32> = grad
                .par_chunks(width)
                .with_min_len((CHUNK / width).max(1))
                .enumerate()
                .map(|(target, grad)| along(row(x, &index.0.own, target as u32, width), grad))
                .collect();
            let total: f64 = lines.iter().map(|&line| f64::from(line)).sum();
            grad_scale.storage_mut::<f32>()[0] = total as f32;
            let edges = EDGES.max(index.edges().div_ceil(PARTS));
            let parts: Vec<Vec<f32>> = (0..index.edges().div_ceil(edges))
                .into_par_iter()
                .map(|part| {
                    let mut out = vec![0f32; kinds.len()];
                    let edges = part * edges..index.edges().min((part + 1) * edges);
                    kind_gradients(&mut out, edges, width, (x, kinds, grad), &index);
                    out
                })
                .collect();
            let out = grad_kinds.storage_mut();
            out.fill(0.0);
            parts.iter().for_each(|part| add_row(out, part));
            (grad_x, grad_scale, grad_kinds)
        }
    }
}

impl<B: MessageOps, C: CheckpointStrategy> MessageOps for Autodiff<B, C> {
    fn message_sums(
        x: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        kinds: FloatTensor<Self>,
        index: MessageIndex,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct MessageSums;
        impl<B: MessageOps> Backward<B, 3> for MessageSums {
            type State = (NodeId, NodeId, NodeId, MessageIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, scale, kinds, index) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let scale: FloatTensor<B> = checkpointer.retrieve_node_output(scale);
                let kinds: FloatTensor<B> = checkpointer.retrieve_node_output(kinds);
                let (x, scale, kinds) = B::message_sums_backward(x, scale, kinds, grad, index);
                for (parent, grad) in ops.parents.into_iter().zip([x, scale, kinds]) {
                    if let Some(node) = parent {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match MessageSums
            .prepare::<C>([x.node(), scale.node(), kinds.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (
                    prep.checkpoint(&x),
                    prep.checkpoint(&scale),
                    prep.checkpoint(&kinds),
                    index.clone(),
                );
                let (x, scale) = (x.into_primitive(), scale.into_primitive());
                let out = B::message_sums(x, scale, kinds.into_primitive(), index);
                prep.finish(state, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::message_sums(
                x.into_primitive(),
                scale.into_primitive(),
                kinds.into_primitive(),
                index,
            )),
        }
    }
}

/// `out[t] = scale * x[own[t]] + sum over edges e to t of ReLU(x[from[e]] + kinds[kind[e]])`.
///
/// # Shapes
///
/// - `x`: `[R, D]`
/// - `scale`: `[1]`
/// - `kinds`: `[K, D]`: what edges of each kind add
/// - output: `[T, D]`
///
/// # Panics
///
/// When the shapes do not fit the index.
pub fn message_sums(
    x: Tensor<2>,
    scale: Tensor<1>,
    kinds: Tensor<2>,
    index: &MessageIndex,
) -> Tensor<2> {
    let ([rows, width], [kind_rows, kind_width]) = (x.dims(), kinds.dims());
    assert_eq!(
        (rows, kind_rows),
        (index.0.from.rows(), index.0.kinds.rows()),
        "the index was built for another number of rows or kinds"
    );
    assert_eq!(width, kind_width, "kinds have another width");
    Tensor::from_dispatch(Dispatch::message_sums(
        x.into_dispatch(),
        scale.unsqueeze::<2>().into_dispatch(),
        kinds.into_dispatch(),
        index.clone(),
    ))
}
