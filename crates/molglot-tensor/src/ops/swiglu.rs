//! `silu(gate) * up`, the activation of a Llama block (Shazeer, 2020, arXiv 2002.05202).

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
    tensor::Tensor,
};

use super::{composed_backends, narrow, widen};

/// Backend side of [`swiglu`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait SwigluOps: Backend {
    /// `silu(gate) * up`.
    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        let dtype = gate.dtype();
        let (gate, up) = (widen::<Self>(gate), widen::<Self>(up));
        let sigmoid = Self::sigmoid(gate.clone());
        narrow::<Self>(Self::float_mul(Self::float_mul(gate, sigmoid), up), dtype)
    }

    /// Gradients of `gate` and `up`. With `s = sigmoid(g)`: `d silu / d g = s + g s (1 - s)`.
    fn swiglu_backward(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let dtype = gate.dtype();
        let (gate, up, grad) = (widen::<Self>(gate), widen::<Self>(up), widen::<Self>(grad));
        let sigmoid = Self::sigmoid(gate.clone());
        let silu = Self::float_mul(gate, sigmoid.clone());
        let grad_up = Self::float_mul(grad.clone(), silu.clone());
        let slope = Self::float_sub(
            Self::float_add(sigmoid.clone(), silu.clone()),
            Self::float_mul(silu, sigmoid),
        );
        (
            narrow::<Self>(Self::float_mul(Self::float_mul(grad, up), slope), dtype),
            narrow::<Self>(grad_up, dtype),
        )
    }
}

composed_backends!(SwigluOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{output, values},
            math::exp,
        },
        SwigluOps,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn forward(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((g, u), out) in gate.iter().zip(up).zip(out) {
            *out = g / (1.0 + exp(-g)) * u;
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(
        gate: &[f32],
        up: &[f32],
        grad: &[f32],
        grad_gate: &mut [f32],
        grad_up: &mut [f32],
    ) {
        let inputs = gate.iter().zip(up).zip(grad);
        for (((g, u), d), (grad_gate, grad_up)) in inputs.zip(grad_gate.iter_mut().zip(grad_up)) {
            let sigmoid = 1.0 / (1.0 + exp(-g));
            let silu = g * sigmoid;
            *grad_up = d * silu;
            *grad_gate = d * u * (sigmoid + silu - silu * sigmoid);
        }
    }

    impl SwigluOps for Flex {
        fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
            let (gate, up) = (gate.to_contiguous(), up.to_contiguous());
            let mut out = output(gate.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(
                    values(&gate)
                        .par_chunks(CHUNK)
                        .zip(values(&up).par_chunks(CHUNK)),
                )
                .for_each(|(out, (gate, up))| forward(gate, up, out));
            out
        }

        fn swiglu_backward(
            gate: FloatTensor<Self>,
            up: FloatTensor<Self>,
            grad: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (gate, up, grad) = (
                gate.to_contiguous(),
                up.to_contiguous(),
                grad.to_contiguous(),
            );
            let mut grad_gate = output(gate.layout().shape().clone());
            let mut grad_up = output(gate.layout().shape().clone());
            grad_gate
                .storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(grad_up.storage_mut::<f32>().par_chunks_mut(CHUNK))
                .zip(
                    values(&gate)
                        .par_chunks(CHUNK)
                        .zip(values(&up).par_chunks(CHUNK))
                        .zip(values(&grad).par_chunks(CHUNK)),
                )
                .for_each(|((grad_gate, grad_up), ((gate, up), grad))| {
                    backward(gate, up, grad, grad_gate, grad_up);
                });
            (grad_gate, grad_up)
        }
    }
}

impl<B: SwigluOps, C: CheckpointStrategy> SwigluOps for Autodiff<B, C> {
    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Swiglu;
        impl<B: SwigluOps> Backward<B, 2> for Swiglu {
            type State = (NodeId, NodeId);
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [gate_node, up_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let gate: FloatTensor<B> = checkpointer.retrieve_node_output(ops.state.0);
                let up: FloatTensor<B> = checkpointer.retrieve_node_output(ops.state.1);
                let (grad_gate, grad_up) = B::swiglu_backward(gate, up, grad);
                if let Some(node) = gate_node {
                    grads.register::<B>(node.id, grad_gate);
                }
                if let Some(node) = up_node {
                    grads.register::<B>(node.id, grad_up);
                }
            }
        }
        match Swiglu
            .prepare::<C>([gate.node(), up.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&gate), prep.checkpoint(&up));
                prep.finish(state, B::swiglu(gate.into_primitive(), up.into_primitive()))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::swiglu(gate.into_primitive(), up.into_primitive()))
            }
        }
    }
}

/// `silu(gate) * up`, elementwise.
///
/// # Shapes
///
/// - `gate`, `up` and output: the same shape
///
/// # Panics
///
/// When the shapes differ.
pub fn swiglu<const D: usize>(gate: Tensor<D>, up: Tensor<D>) -> Tensor<D> {
    assert_eq!(gate.dims(), up.dims(), "gate and up have different shapes");
    Tensor::from_dispatch(Dispatch::swiglu(gate.into_dispatch(), up.into_dispatch()))
}
