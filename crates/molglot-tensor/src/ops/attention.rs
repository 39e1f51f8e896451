//! Attention in one operation: scores, softmax and mixing for some queries at a time.
//!
//! Scores of all queries are the largest tensors of a block, quadratic in the length. Here they exist for a tile of
//! queries and the keys that these may see, and again in the backward pass (Dao et al., 2022, arXiv 2205.14135); hidden
//! keys cost nothing. Queries, keys and values are read where the layers before wrote them: nothing is transposed.

use burn::{
    backend::{
        Autodiff, Dispatch,
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

use super::{KeyRanges, composed_backends, soft_cap::SoftCapOps, softmax::SoftmaxOps};

/// Backend side of [`attention`]; `q` is `[B, Q, H, D]`, `k` and `v` `[B, K, G, D]`, `bounds` `[1 or B, Q, 2]`; no cap
/// is 0.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait AttentionOps: SoftmaxOps + SoftCapOps {
    /// `[B, Q, H, D]`.
    fn attention_rows(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        bounds: FloatTensor<Self>,
        scale: f32,
        cap: f32,
    ) -> FloatTensor<Self> {
        composed::forward::<Self>(q, k, v, bounds, scale, cap)
    }

    /// Gradients of `q`, `k` and `v`.
    fn attention_rows_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        bounds: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f32,
        cap: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        composed::backward::<Self>(q, k, v, bounds, grad, scale, cap)
    }
}

mod composed {
    //! The definitions, in Burn's operations and the softmax.

    use burn::{
        backend::{Backend, TensorMetadata, tensor::FloatTensor},
        tensor::Shape,
    };

    use super::AttentionOps;

    /// Sizes of one call. The queries of a group lie in a row and meet their shared keys in one multiplication.
    struct Sizes {
        batch: usize,
        queries: usize,
        heads: usize,
        groups: usize,
        size: usize,
        keys: usize,
    }

    impl Sizes {
        fn of<B: Backend>(q: &FloatTensor<B>, k: &FloatTensor<B>) -> Self {
            let (q, k) = (q.shape(), k.shape());
            let (q, k) = (q.as_slice(), k.as_slice());
            Self {
                batch: q[0],
                queries: q[1],
                heads: q[2],
                groups: k[2],
                size: q[3],
                keys: k[1],
            }
        }

        /// `[B, Q, H, D]` to `[B, G, H / G * Q, D]`.
        fn grouped<B: Backend>(&self, x: FloatTensor<B>) -> FloatTensor<B> {
            let rows = self.heads / self.groups * self.queries;
            B::float_reshape(
                B::float_swap_dims(x, 1, 2),
                Shape::from([self.batch, self.groups, rows, self.size]),
            )
        }

        /// Back from [`grouped`](Self::grouped).
        fn spread<B: Backend>(&self, x: FloatTensor<B>) -> FloatTensor<B> {
            let x = B::float_reshape(
                x,
                Shape::from([self.batch, self.heads, self.queries, self.size]),
            );
            B::float_swap_dims(x, 1, 2)
        }

        fn per_head(&self) -> Shape {
            Shape::from([self.batch, self.heads, self.queries, self.keys])
        }

        fn per_group(&self) -> Shape {
            let rows = self.heads / self.groups * self.queries;
            Shape::from([self.batch, self.groups, rows, self.keys])
        }
    }

    /// Capped scores and probabilities, `[B, H, Q, K]`; the scores are those that the softmax saw, scaled by its scale.
    fn probabilities<B: AttentionOps>(
        sizes: &Sizes,
        q: FloatTensor<B>,
        k: FloatTensor<B>,
        bounds: FloatTensor<B>,
        scale: f32,
        cap: f32,
    ) -> (FloatTensor<B>, FloatTensor<B>) {
        let scores = B::float_matmul(q, B::float_swap_dims(k, 2, 3));
        let scores = B::float_reshape(scores, sizes.per_head());
        if cap > 0.0 {
            let capped = B::soft_cap(scores, scale, cap);
            let p = B::attention_softmax(capped.clone(), bounds, 1.0);
            (capped, p)
        } else {
            let p = B::attention_softmax(scores.clone(), bounds, scale);
            (scores, p)
        }
    }

    pub(super) fn forward<B: AttentionOps>(
        q: FloatTensor<B>,
        k: FloatTensor<B>,
        v: FloatTensor<B>,
        bounds: FloatTensor<B>,
        scale: f32,
        cap: f32,
    ) -> FloatTensor<B> {
        let sizes = Sizes::of::<B>(&q, &k);
        let (k, v) = (B::float_swap_dims(k, 1, 2), B::float_swap_dims(v, 1, 2));
        let (_, p) = probabilities::<B>(&sizes, sizes.grouped::<B>(q), k, bounds, scale, cap);
        let p = B::float_reshape(p, sizes.per_group());
        sizes.spread::<B>(B::float_matmul(p, v))
    }

    pub(super) fn backward<B: AttentionOps>(
        q: FloatTensor<B>,
        k: FloatTensor<B>,
        v: FloatTensor<B>,
        bounds: FloatTensor<B>,
        grad: FloatTensor<B>,
        scale: f32,
        cap: f32,
    ) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
        let sizes = Sizes::of::<B>(&q, &k);
        let (q, grad) = (sizes.grouped::<B>(q), sizes.grouped::<B>(grad));
        let (k, v) = (B::float_swap_dims(k, 1, 2), B::float_swap_dims(v, 1, 2));
        let (scores, p) = probabilities::<B>(&sizes, q.clone(), k.clone(), bounds, scale, cap);
        let along = B::float_reshape(p.clone(), sizes.per_group());
        let of_v = B::float_matmul(B::float_swap_dims(along, 2, 3), grad.clone());
        let of_p = B::float_matmul(grad, B::float_swap_dims(v, 2, 3));
        let of_p = B::float_reshape(of_p, sizes.per_head());
        let of_scores = if cap > 0.0 {
            let of_capped = B::attention_softmax_backward(p, of_p, 1.0);
            B::soft_cap_backward(scores, of_capped, scale, cap)
        } else {
            B::attention_softmax_backward(p, of_p, scale)
        };
        let of_scores = B::float_reshape(of_scores, sizes.per_group());
        let of_q = B::float_matmul(of_scores.clone(), k);
        let of_k = B::float_matmul(B::float_swap_dims(of_scores, 2, 3), q);
        (
            sizes.spread::<B>(of_q),
            B::float_swap_dims(of_k, 1, 2),
            B::float_swap_dims(of_v, 1, 2),
        )
    }
}

composed_backends!(AttentionOps);

#[cfg(feature = "flex")]
mod flex {
    use std::ops::Range;

    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use burn_flex::FlexTensor;
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            flex::{contiguous, output, values},
            gemm::{Matrix, Threads, multiply},
            math::sum_by,
            soft_cap::bend,
            softmax::normalise,
        },
        AttentionOps,
    };

    /// Queries whose scores exist at a time.
    const TILE: usize = 64;

    /// Sizes and inputs of one call, contiguous.
    struct Call<'a> {
        q: &'a [f32],
        k: &'a [f32],
        v: &'a [f32],
        /// First visible key and the one after the last, for each query.
        bounds: &'a [f32],
        batch: usize,
        queries: usize,
        heads: usize,
        keys: usize,
        groups: usize,
        size: usize,
        scale: f32,
        cap: f32,
    }

    impl<'a> Call<'a> {
        fn new([q, k, v, bounds]: [&'a FlexTensor; 4], scale: f32, cap: f32) -> Self {
            let shape = q.layout().shape();
            let of_keys = k.layout().shape();
            let (shape, of_keys) = (shape.as_slice(), of_keys.as_slice());
            Self {
                q: values(q),
                k: values(k),
                v: values(v),
                bounds: values(bounds),
                batch: shape[0],
                queries: shape[1],
                heads: shape[2],
                keys: of_keys[1],
                groups: of_keys[2],
                size: shape[3],
                scale,
                cap,
            }
        }

        /// Queries of a tile, `[T, D]`, of `q` or of what is shaped like it.
        fn rows<'b>(
            &self,
            x: &'b [f32],
            batch: usize,
            head: usize,
            tile: &Range<usize>,
        ) -> Matrix<'b> {
            let stride = self.heads * self.size;
            let at = (batch * self.queries + tile.start) * stride + head * self.size;
            Matrix::new(&x[at..], [tile.len(), self.size], stride)
        }

        /// Some keys or values of a group, `[N, D]`.
        fn columns<'b>(
            &self,
            x: &'b [f32],
            batch: usize,
            group: usize,
            keys: &Range<usize>,
        ) -> Matrix<'b> {
            let stride = self.groups * self.size;
            let at = (batch * self.keys + keys.start) * stride + group * self.size;
            Matrix::new(&x[at..], [keys.len(), self.size], stride)
        }

        fn visible(&self, batch: usize, query: usize) -> Range<usize> {
            let rows = self.bounds.len() / (2 * self.queries);
            let at = 2 * (batch % rows * self.queries + query);
            let from = self.bounds[at] as usize;
            from..(self.bounds[at + 1] as usize).max(from)
        }

        /// The keys that any query of a tile sees.
        fn span(&self, batch: usize, tile: &Range<usize>) -> Range<usize> {
            let seen = tile
                .clone()
                .map(|query| self.visible(batch, query))
                .filter(|seen| !seen.is_empty());
            seen.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
                .unwrap_or(0..0)
        }

        /// Probabilities of a tile, `[T, N]`; with a cap, `bent` holds the capped scores.
        fn probabilities(
            &self,
            p: &mut Vec<f32>,
            bent: &mut Vec<f32>,
            [batch, head]: [usize; 2],
            tile: &Range<usize>,
            keys: &Range<usize>,
        ) {
            let n = keys.len();
            p.resize(tile.len() * n, 0.0);
            let group = head / (self.heads / self.groups);
            let k = self.columns(self.k, batch, group, keys).transposed();
            let q = self.rows(self.q, batch, head, tile);
            multiply(p, n, q, k, 1.0, false, Threads::One);
            let mut scale = self.scale;
            if self.cap > 0.0 {
                bend(p, self.scale, self.cap);
                bent.clear();
                bent.extend_from_slice(p);
                scale = 1.0;
            }
            for (row, query) in p.chunks_exact_mut(n).zip(tile.clone()) {
                let seen = self.visible(batch, query);
                if seen.is_empty() {
                    row.fill(0.0);
                    continue;
                }
                let seen = seen.start - keys.start..seen.end - keys.start;
                row[..seen.start].fill(0.0);
                row[seen.end..].fill(0.0);
                normalise(&mut row[seen], scale);
            }
        }

        /// The gradients of one group of heads.
        fn group_backward(&self, grad: &[f32], batch: usize, group: usize) -> OfGroup {
            let size = self.size;
            let shared = self.heads / self.groups;
            let mut out = OfGroup {
                q: vec![0.0; shared * self.queries * size],
                k: vec![0.0; self.keys * size],
                v: vec![0.0; self.keys * size],
            };
            let (mut p, mut bent, mut of_scores) = (Vec::new(), Vec::new(), Vec::new());
            for member in 0..shared {
                let head = group * shared + member;
                for tile in tiles(self.queries) {
                    let keys = self.span(batch, &tile);
                    let n = keys.len();
                    if n == 0 {
                        continue;
                    }
                    self.probabilities(&mut p, &mut bent, [batch, head], &tile, &keys);
                    let shape = [tile.len(), n];
                    let grad = self.rows(grad, batch, head, &tile);
                    of_scores.resize(tile.len() * n, 0.0);
                    let v = self.columns(self.v, batch, group, &keys).transposed();
                    multiply(&mut of_scores, n, grad, v, 1.0, false, Threads::One);
                    let across = Matrix::packed(&p, shape).transposed();
                    let of_v = &mut out.v[keys.start * size..];
                    multiply(of_v, size, across, grad, 1.0, true, Threads::One);
                    let rows = of_scores.chunks_exact_mut(n).zip(p.chunks_exact(n));
                    if self.cap > 0.0 {
                        for ((row, p), bent) in rows.zip(bent.chunks_exact(n)) {
                            scores_backward(row, p, 1.0);
                            unbend(row, bent, self.scale, self.cap);
                        }
                    } else {
                        rows.for_each(|(row, p)| scores_backward(row, p, self.scale));
                    }
                    let along = Matrix::packed(&of_scores, shape);
                    let k = self.columns(self.k, batch, group, &keys);
                    let of_q = &mut out.q[(member * self.queries + tile.start) * size..];
                    multiply(of_q, size, along, k, 1.0, false, Threads::One);
                    let q = self.rows(self.q, batch, head, &tile);
                    let of_k = &mut out.k[keys.start * size..];
                    multiply(of_k, size, along.transposed(), q, 1.0, true, Threads::One);
                }
            }
            out
        }
    }

    /// Gradients of one group of heads: `[H / G, Q, D]`, `[K, D]`, `[K, D]`.
    struct OfGroup {
        q: Vec<f32>,
        k: Vec<f32>,
        v: Vec<f32>,
    }

    fn tiles(queries: usize) -> impl Iterator<Item = Range<usize>> {
        (0..queries)
            .step_by(TILE)
            .map(move |from| from..(from + TILE).min(queries))
    }

    /// `grad` of the probabilities becomes that of the scores: `scale * p * (grad - sum(p * grad))`.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn scores_backward(grad: &mut [f32], p: &[f32], scale: f32) {
        let total = sum_by(p.len(), |key| p[key] * grad[key]);
        for (grad, p) in grad.iter_mut().zip(p) {
            *grad = scale * p * (*grad - total);
        }
    }

    /// `grad` of capped scores becomes that of the products.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn unbend(grad: &mut [f32], bent: &[f32], scale: f32, cap: f32) {
        for (grad, y) in grad.iter_mut().zip(bent) {
            let part = y / cap;
            *grad *= scale * (1.0 - part * part);
        }
    }

    /// `[B, S, H, D]` from `[H / G, S, D]` of each group, in the order of rows and groups.
    fn assembled(parts: &[&[f32]], [batch, length, groups, size]: [usize; 4]) -> FlexTensor {
        let shared = parts
            .first()
            .map_or(0, |part| part.len() / (length * size).max(1));
        let heads = groups * shared;
        let mut out = output(Shape::from([batch, length, heads, size]));
        out.storage_mut::<f32>()
            .par_chunks_mut((heads * size).max(1))
            .with_min_len(32)
            .enumerate()
            .for_each(|(row, out)| {
                let (batch, at) = (row / length, row % length);
                for (head, out) in out.chunks_exact_mut(size).enumerate() {
                    let part = parts[batch * groups + head / shared];
                    let from = (head % shared * length + at) * size;
                    out.copy_from_slice(&part[from..from + size]);
                }
            });
        out
    }

    impl AttentionOps for Flex {
        fn attention_rows(
            q: FloatTensor<Self>,
            k: FloatTensor<Self>,
            v: FloatTensor<Self>,
            bounds: FloatTensor<Self>,
            scale: f32,
            cap: f32,
        ) -> FloatTensor<Self> {
            let inputs = [q, k, v, bounds].map(contiguous);
            let call = Call::new(inputs.each_ref(), scale, cap);
            let mut out = output(inputs[0].layout().shape().clone());
            let stride = call.heads * call.size;
            let shared = call.heads / call.groups;
            let of_row = (call.queries * stride).max(1);
            out.storage_mut::<f32>()
                .par_chunks_mut(of_row)
                .enumerate()
                .for_each(|(batch, out)| {
                    out.par_chunks_mut(TILE * stride)
                        .zip(tiles(call.queries).collect::<Vec<_>>())
                        .for_each_init(Default::default, |(p, bent), (out, tile)| {
                            let keys = call.span(batch, &tile);
                            if keys.is_empty() {
                                return out.fill(0.0);
                            }
                            for head in 0..call.heads {
                                call.probabilities(p, bent, [batch, head], &tile, &keys);
                                let p = Matrix::packed(p, [tile.len(), keys.len()]);
                                let v = call.columns(call.v, batch, head / shared, &keys);
                                let out = &mut out[head * call.size..];
                                multiply(out, stride, p, v, 1.0, false, Threads::One);
                            }
                        });
                });
            out
        }

        fn attention_rows_backward(
            q: FloatTensor<Self>,
            k: FloatTensor<Self>,
            v: FloatTensor<Self>,
            bounds: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            scale: f32,
            cap: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let inputs = [q, k, v, bounds].map(contiguous);
            let call = Call::new(inputs.each_ref(), scale, cap);
            let grad = contiguous(grad);
            let grad = values(&grad);
            // One task a group of heads: all that adds to a key's gradient is added by one thread, in one order.
            let parts: Vec<OfGroup> = (0..call.batch * call.groups)
                .into_par_iter()
                .map(|at| call.group_backward(grad, at / call.groups, at % call.groups))
                .collect();
            let of = |part: fn(&OfGroup) -> &[f32], length| {
                let parts: Vec<_> = parts.iter().map(part).collect();
                assembled(&parts, [call.batch, length, call.groups, call.size])
            };
            (
                of(|part| &part.q, call.queries),
                of(|part| &part.k, call.keys),
                of(|part| &part.v, call.keys),
            )
        }
    }
}

impl<B: AttentionOps, C: CheckpointStrategy> AttentionOps for Autodiff<B, C> {
    fn attention_rows(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        bounds: FloatTensor<Self>,
        scale: f32,
        cap: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Attention;
        impl<B: AttentionOps> Backward<B, 3> for Attention {
            type State = ([NodeId; 3], FloatTensor<B>, [f32; 2]);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let nodes = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (inputs, bounds, [scale, cap]) = ops.state;
                let [q, k, v] =
                    inputs.map(|id| checkpointer.retrieve_node_output::<FloatTensor<B>>(id));
                let (q, k, v) = B::attention_rows_backward(q, k, v, bounds, grad, scale, cap);
                for (node, grad) in nodes.into_iter().zip([q, k, v]) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        let bounds = bounds.into_primitive();
        match Attention
            .prepare::<C>([q.node(), k.node(), v.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let inputs = [
                    prep.checkpoint(&q),
                    prep.checkpoint(&k),
                    prep.checkpoint(&v),
                ];
                let (q, k, v) = (q.into_primitive(), k.into_primitive(), v.into_primitive());
                let out = B::attention_rows(q, k, v, bounds.clone(), scale, cap);
                prep.finish((inputs, bounds, [scale, cap]), out)
            }
            OpsKind::UnTracked(prep) => {
                let (q, k, v) = (q.into_primitive(), k.into_primitive(), v.into_primitive());
                prep.finish(B::attention_rows(q, k, v, bounds, scale, cap))
            }
        }
    }
}

/// What each query takes from the values of the keys that it sees: `softmax(scale * q k^T) v`, zero where it sees none.
/// With a `cap`, scaled scores are bounded as [`soft_cap`](super::soft_cap()) does.
///
/// # Shapes
///
/// - `q` and output: `[B, Q, H, D]`
/// - `k`, `v`: `[B, K, G, D]`, `G` a divisor of `H`: heads in a row share keys and values (Ainslie et al., 2023, arXiv
///   2305.13245)
///
/// # Panics
///
/// When the shapes do not fit, or the ranges are for another number of queries or rows.
pub fn attention(
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    ranges: &KeyRanges,
    scale: f32,
    cap: Option<f32>,
) -> Tensor<4> {
    let [batch, queries, heads, size] = q.dims();
    let [rows, keys, groups, width] = k.dims();
    assert_eq!(k.dims(), v.dims(), "keys and values of different shapes");
    assert_eq!(
        [batch, size],
        [rows, width],
        "queries and keys of different batches or sizes"
    );
    assert!(
        groups > 0 && heads.is_multiple_of(groups),
        "{groups} key heads for {heads} heads"
    );
    ranges.check(batch, queries);
    if keys == 0 || batch * queries == 0 {
        return q.zeros_like();
    }
    let bounds = super::beside(ranges.bounds(), &q);
    Tensor::from_dispatch(Dispatch::attention_rows(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        bounds.into_dispatch(),
        scale,
        cap.unwrap_or(0.0),
    ))
}
