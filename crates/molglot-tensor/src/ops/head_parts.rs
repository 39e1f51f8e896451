//! Attention with scores that others read too: queries, keys and values side by side in one tensor, `[B, T, 3 E]`, as a
//! joint projection makes them.
//!
//! [`pair_scores`] makes the scores of every head on top of what pairs of tokens bring along, [`head_mix`] mixes the values
//! by probabilities. Both read and write the joint tensor where it lies: nothing is cut out, transposed or put together.

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
    tensor::{Shape, Slice, Tensor},
};

use super::composed_backends;

/// Places of queries, keys and values.
const QUERIES: usize = 0;
const KEYS: usize = 1;
const VALUES: usize = 2;

/// Backend side of [`pair_scores`] and [`head_mix`]: `joint` is `[B, T, 3 E]`, pairs and probabilities `[B, H, T, T]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait HeadOps: Backend {
    /// `scale q k^T + pairs`, `[B, H, T, T]`.
    fn pair_scores(
        joint: FloatTensor<Self>,
        pairs: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let heads = pairs.shape().as_slice()[1];
        let part = |number| part::<Self>(joint.clone(), number, heads);
        let q = Self::float_mul_scalar(part(QUERIES), scale.into());
        let keys = Self::float_swap_dims(part(KEYS), 2, 3);
        Self::float_add(Self::float_matmul(q, keys), pairs)
    }

    /// The gradient of `joint` from that of the scores; that of the pairs is the same.
    fn pair_scores_backward(
        joint: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let heads = grad.shape().as_slice()[1];
        let part = |number| part::<Self>(joint.clone(), number, heads);
        let (q, k) = (part(QUERIES), part(KEYS));
        let grad = Self::float_mul_scalar(grad, scale.into());
        let grad_q = Self::float_matmul(grad.clone(), k);
        let grad_k = Self::float_matmul(Self::float_swap_dims(grad, 2, 3), q);
        let zeros = Self::float_mul_scalar(grad_k.clone(), 0f32.into());
        join::<Self>([grad_q, grad_k, zeros])
    }

    /// `p v`, heads side by side: `[B, T, E]`.
    fn head_mix(p: FloatTensor<Self>, joint: FloatTensor<Self>) -> FloatTensor<Self> {
        let heads = p.shape().as_slice()[1];
        let values = part::<Self>(joint, VALUES, heads);
        side_by_side::<Self>(Self::float_matmul(p, values))
    }

    /// The gradients of the probabilities and of `joint`.
    fn head_mix_backward(
        p: FloatTensor<Self>,
        joint: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let heads = p.shape().as_slice()[1];
        let values = part::<Self>(joint, VALUES, heads);
        let grad = apart::<Self>(grad, heads);
        let grad_p = Self::float_matmul(grad.clone(), Self::float_swap_dims(values, 2, 3));
        let grad_values = Self::float_matmul(Self::float_swap_dims(p, 2, 3), grad);
        let zeros = Self::float_mul_scalar(grad_values.clone(), 0f32.into());
        (grad_p, join::<Self>([zeros.clone(), zeros, grad_values]))
    }
}

/// `[B, T, E] -> [B, H, T, E / H]`.
fn apart<B: Backend>(x: FloatTensor<B>, heads: usize) -> FloatTensor<B> {
    let shape = x.shape();
    let [batch, length, width] = shape.dims();
    let x = B::float_reshape(x, Shape::from([batch, length, heads, width / heads]));
    B::float_swap_dims(x, 1, 2)
}

/// `[B, H, T, E / H] -> [B, T, E]`.
fn side_by_side<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, heads, length, size] = x.shape().dims();
    let x = B::float_swap_dims(x, 1, 2);
    B::float_reshape(x, Shape::from([batch, length, heads * size]))
}

/// Queries, keys or values: `[B, H, T, E / H]`.
fn part<B: Backend>(joint: FloatTensor<B>, number: usize, heads: usize) -> FloatTensor<B> {
    let width = joint.shape().as_slice()[2] / 3;
    let columns = Slice::from(number * width..(number + 1) * width);
    let part = B::float_slice(joint, &[Slice::full(), Slice::full(), columns]);
    apart::<B>(part, heads)
}

/// `[B, T, 3 E]` of queries, keys and values.
fn join<B: Backend>(parts: [FloatTensor<B>; 3]) -> FloatTensor<B> {
    B::float_cat(parts.map(side_by_side::<B>).into(), 2)
}

composed_backends!(HeadOps);

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
            flex::{output, values, width},
            math::sum_by,
        },
        HeadOps, KEYS, QUERIES, VALUES,
    };

    /// Sizes of one call.
    #[derive(Clone, Copy, Debug)]
    struct Sizes {
        batch: usize,
        heads: usize,
        length: usize,
        width: usize,
    }

    impl Sizes {
        fn new(pairs: &FloatTensor<Flex>, width: usize) -> Self {
            let shape = pairs.layout().shape().as_slice();
            Self {
                batch: shape[0],
                heads: shape[1],
                length: shape[2],
                width,
            }
        }

        /// Width of a head.
        fn size(self) -> usize {
            self.width / self.heads.max(1)
        }

        /// Cells of the scores of a head.
        fn cells(self) -> usize {
            (self.length * self.length).max(1)
        }

        /// Values of a head.
        fn values(self) -> usize {
            (self.length * self.size()).max(1)
        }

        /// One head of one part of rows with so many parts, channels first: `out` is `[E / H, T]`.
        fn read(self, rows: &[f32], parts: usize, part: usize, head: usize, out: &mut [f32]) {
            let stride = parts * self.width;
            let (row, head) = (head / self.heads, head % self.heads);
            let begin = row * self.length * stride + part * self.width + head * self.size();
            for (channel, out) in out.chunks_exact_mut(self.length).enumerate() {
                for (token, out) in out.iter_mut().enumerate() {
                    *out = rows[begin + token * stride + channel];
                }
            }
        }

        /// Rows of so many parts from heads that are channels first, `[B, H, E / H, T]` each; parts without any are 0.
        fn write<const N: usize>(self, parts: [Option<&[f32]>; N]) -> FloatTensor<Flex> {
            let (width, size) = (self.width, self.size());
            let mut out = output(Shape::from([self.batch, self.length, N * width]));
            out.storage_mut::<f32>()
                .par_chunks_mut((N * width).max(1))
                .with_min_len(16)
                .enumerate()
                .for_each(|(row, out)| {
                    let (row, token) = (row / self.length, row % self.length);
                    for (out, part) in out.chunks_exact_mut(width).zip(parts) {
                        let Some(part) = part else {
                            out.fill(0.0);
                            continue;
                        };
                        let heads = &part[row * self.heads * self.values()..];
                        for (channel, out) in out.iter_mut().enumerate() {
                            let head = channel / size * self.values();
                            *out = heads[head + channel % size * self.length + token];
                        }
                    }
                });
            out
        }

        /// Memory for a part of all heads.
        fn space(self) -> Vec<f32> {
            vec![0f32; self.batch * self.heads * self.values()]
        }
    }

    /// `out += scale * x`.
    #[inline(always)]
    fn add(out: &mut [f32], scale: f32, x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += scale * x;
        }
    }

    /// Scores of a head: `q` and `k` are channels first.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn scores(q: &[f32], k: &[f32], pairs: &[f32], scale: f32, out: &mut [f32], length: usize) {
        out.copy_from_slice(pairs);
        for (query, out) in out.chunks_exact_mut(length).enumerate() {
            for (q, k) in q.chunks_exact(length).zip(k.chunks_exact(length)) {
                add(out, scale * q[query], k);
            }
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn scores_backward(
        (q, k): (&[f32], &[f32]),
        grad: &[f32],
        scale: f32,
        (grad_q, grad_k): (&mut [f32], &mut [f32]),
        length: usize,
    ) {
        for (query, grad) in grad.chunks_exact(length).enumerate() {
            let queries = q.chunks_exact(length).zip(grad_q.chunks_exact_mut(length));
            let keys = k.chunks_exact(length).zip(grad_k.chunks_exact_mut(length));
            for ((q, grad_q), (k, grad_k)) in queries.zip(keys) {
                grad_q[query] = scale * sum_by(length, |key| grad[key] * k[key]);
                add(grad_k, scale * q[query], grad);
            }
        }
    }

    /// Mixed values of a head, channels first.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn mix(p: &[f32], v: &[f32], out: &mut [f32], length: usize) {
        for (query, p) in p.chunks_exact(length).enumerate() {
            for (out, v) in out.chunks_exact_mut(length).zip(v.chunks_exact(length)) {
                out[query] = sum_by(length, |key| p[key] * v[key]);
            }
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn mix_backward(
        (p, v): (&[f32], &[f32]),
        grad: &[f32],
        (grad_p, grad_v): (&mut [f32], &mut [f32]),
        length: usize,
    ) {
        let rows = p.chunks_exact(length).zip(grad_p.chunks_exact_mut(length));
        for (query, (p, grad_p)) in rows.enumerate() {
            grad_p.fill(0.0);
            let values = v.chunks_exact(length).zip(grad_v.chunks_exact_mut(length));
            for (grad, (v, grad_v)) in grad.chunks_exact(length).zip(values) {
                add(grad_p, grad[query], v);
                add(grad_v, grad[query], p);
            }
        }
    }

    impl HeadOps for Flex {
        fn pair_scores(
            joint: FloatTensor<Self>,
            pairs: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (joint, pairs) = (joint.to_contiguous(), pairs.to_contiguous());
            let sizes = Sizes::new(&pairs, width(&joint) / 3);
            let mut out = output(pairs.layout().shape().clone());
            let rows = values(&joint);
            let space = || [vec![0f32; sizes.values()], vec![0f32; sizes.values()]];
            out.storage_mut::<f32>()
                .par_chunks_mut(sizes.cells())
                .zip(values(&pairs).par_chunks(sizes.cells()))
                .enumerate()
                .for_each_init(space, |[q, k], (head, (out, pairs))| {
                    sizes.read(rows, 3, QUERIES, head, q);
                    sizes.read(rows, 3, KEYS, head, k);
                    scores(q, k, pairs, scale, out, sizes.length);
                });
            out
        }

        fn pair_scores_backward(
            joint: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (joint, grad) = (joint.to_contiguous(), grad.to_contiguous());
            let sizes = Sizes::new(&grad, width(&joint) / 3);
            let rows = values(&joint);
            let (mut grad_q, mut grad_k) = (sizes.space(), sizes.space());
            let space = || [vec![0f32; sizes.values()], vec![0f32; sizes.values()]];
            grad_q
                .par_chunks_mut(sizes.values())
                .zip(grad_k.par_chunks_mut(sizes.values()))
                .zip(values(&grad).par_chunks(sizes.cells()))
                .enumerate()
                .for_each_init(space, |[q, k], (head, (grads, grad))| {
                    sizes.read(rows, 3, QUERIES, head, q);
                    sizes.read(rows, 3, KEYS, head, k);
                    scores_backward((q, k), grad, scale, grads, sizes.length);
                });
            sizes.write([Some(&grad_q), Some(&grad_k), None])
        }

        fn head_mix(p: FloatTensor<Self>, joint: FloatTensor<Self>) -> FloatTensor<Self> {
            let (p, joint) = (p.to_contiguous(), joint.to_contiguous());
            let sizes = Sizes::new(&p, width(&joint) / 3);
            let rows = values(&joint);
            let mut out = sizes.space();
            let space = || vec![0f32; sizes.values()];
            out.par_chunks_mut(sizes.values())
                .zip(values(&p).par_chunks(sizes.cells()))
                .enumerate()
                .for_each_init(space, |v, (head, (out, p))| {
                    sizes.read(rows, 3, VALUES, head, v);
                    mix(p, v, out, sizes.length);
                });
            sizes.write([Some(&out)])
        }

        fn head_mix_backward(
            p: FloatTensor<Self>,
            joint: FloatTensor<Self>,
            grad: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (p, joint, grad) = (
                p.to_contiguous(),
                joint.to_contiguous(),
                grad.to_contiguous(),
            );
            let sizes = Sizes::new(&p, width(&joint) / 3);
            let (rows, grad) = (values(&joint), values(&grad));
            let mut grad_p = output(p.layout().shape().clone());
            let mut grad_v = sizes.space();
            let space = || [vec![0f32; sizes.values()], vec![0f32; sizes.values()]];
            grad_p
                .storage_mut::<f32>()
                .par_chunks_mut(sizes.cells())
                .zip(grad_v.par_chunks_mut(sizes.values()))
                .zip(values(&p).par_chunks(sizes.cells()))
                .enumerate()
                .for_each_init(space, |[v, own], (head, (grads, p))| {
                    sizes.read(rows, 3, VALUES, head, v);
                    sizes.read(grad, 1, 0, head, own);
                    mix_backward((p, v), own, grads, sizes.length);
                });
            (grad_p, sizes.write([None, None, Some(&grad_v)]))
        }
    }
}

impl<B: HeadOps, C: CheckpointStrategy> HeadOps for Autodiff<B, C> {
    fn pair_scores(
        joint: FloatTensor<Self>,
        pairs: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct PairScores;
        impl<B: HeadOps> Backward<B, 2> for PairScores {
            type State = (NodeId, f32);
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [joint_node, pairs_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (joint, scale) = ops.state;
                let joint: FloatTensor<B> = checkpointer.retrieve_node_output(joint);
                if let Some(node) = joint_node {
                    let grad = B::pair_scores_backward(joint, grad.clone(), scale);
                    grads.register::<B>(node.id, grad);
                }
                if let Some(node) = pairs_node {
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        match PairScores
            .prepare::<C>([joint.node(), pairs.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&joint), scale);
                let (joint, pairs) = (joint.into_primitive(), pairs.into_primitive());
                prep.finish(state, B::pair_scores(joint, pairs, scale))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::pair_scores(
                joint.into_primitive(),
                pairs.into_primitive(),
                scale,
            )),
        }
    }

    fn head_mix(p: FloatTensor<Self>, joint: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct HeadMix;
        impl<B: HeadOps> Backward<B, 2> for HeadMix {
            type State = (NodeId, NodeId);
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let p: FloatTensor<B> = checkpointer.retrieve_node_output(ops.state.0);
                let joint: FloatTensor<B> = checkpointer.retrieve_node_output(ops.state.1);
                let (grad_p, grad_joint) = B::head_mix_backward(p, joint, grad);
                for (parent, grad) in ops.parents.into_iter().zip([grad_p, grad_joint]) {
                    if let Some(node) = parent {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match HeadMix
            .prepare::<C>([p.node(), joint.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&p), prep.checkpoint(&joint));
                let out = B::head_mix(p.into_primitive(), joint.into_primitive());
                prep.finish(state, out)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::head_mix(p.into_primitive(), joint.into_primitive()))
            }
        }
    }
}

/// `scale q k^T + pairs` of every head.
///
/// # Shapes
///
/// - `joint`: `[B, T, 3 E]`: queries, keys and values, each with its heads side by side
/// - `pairs` and output: `[B, H, T, T]`
///
/// # Panics
///
/// When the shapes do not fit.
pub fn pair_scores(joint: Tensor<3>, pairs: Tensor<4>, scale: f64) -> Tensor<4> {
    check(&joint, &pairs);
    let (joint, pairs) = (joint.into_dispatch(), pairs.into_dispatch());
    Tensor::from_dispatch(Dispatch::pair_scores(joint, pairs, scale as f32))
}

/// The values of every head mixed by probabilities.
///
/// # Shapes
///
/// - `p`: `[B, H, T, T]`
/// - `joint`: `[B, T, 3 E]`, as in [`pair_scores`]
/// - output: `[B, T, E]`
///
/// # Panics
///
/// When the shapes do not fit.
pub fn head_mix(p: Tensor<4>, joint: Tensor<3>) -> Tensor<3> {
    check(&joint, &p);
    Tensor::from_dispatch(Dispatch::head_mix(p.into_dispatch(), joint.into_dispatch()))
}

fn check(joint: &Tensor<3>, pairs: &Tensor<4>) {
    let ([batch, length, width], [rows, heads, queries, keys]) = (joint.dims(), pairs.dims());
    assert_eq!(
        [batch, length, length],
        [rows, queries, keys],
        "pairs of other tokens"
    );
    assert!(
        heads > 0 && width.is_multiple_of(3 * heads),
        "{width} columns are no queries, keys and values of {heads} heads"
    );
}
