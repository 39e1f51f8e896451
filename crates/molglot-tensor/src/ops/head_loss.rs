//! The output layer and its cross-entropy in one, a few rows at a time.
//!
//! Logits of all labels at once are the largest tensor of a training step: eight thousand labels of 128,256 classes are
//! four gigabytes in f32, and a softmax of them makes several. Here they exist for some rows at a time, and again in the
//! backward pass: one multiplication more, and memory that does not grow with the batch. A few logits are kept instead.

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

use super::{
    composed_backends,
    cross_entropy::{CrossEntropyOps, Targets},
    narrow,
    soft_cap::SoftCapOps,
    widen,
};

/// Logits that exist at a time: 64 MiB, or more for so many rows as a product needs to be fast.
const LOGITS: usize = 1 << 24;
const ROWS: usize = 512;
/// Part of them that may be kept for the backward pass: nothing beside the activations.
const KEPT: usize = 4;

/// Backend side of [`head_loss`]; states are `[R, E]`, the weight is `[V, E]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait HeadLossOps: CrossEntropyOps + SoftCapOps {
    /// `[R, 1]`.
    fn head_loss(
        states: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        targets: Targets,
        cap: f32,
        limit: usize,
    ) -> FloatTensor<Self> {
        let weight = Self::float_transpose(weight);
        let parts = chunks::<Self>(&states, &weight, limit).map(|(from, to)| {
            let (_, capped) = logits::<Self>(&states, &weight, from, to, cap);
            Self::cross_entropy(capped, targets[from..to].into())
        });
        Self::float_cat(parts.collect(), 0)
    }
}

composed_backends!(HeadLossOps);
#[cfg(feature = "flex")]
impl HeadLossOps for burn::backend::Flex {}

/// Ranges of rows whose logits fit together.
fn chunks<B: Backend>(
    states: &FloatTensor<B>,
    weight: &FloatTensor<B>,
    limit: usize,
) -> impl Iterator<Item = (usize, usize)> + use<B> {
    let rows = states.shape().as_slice()[0];
    let step = (limit / weight.shape().as_slice()[1].max(1)).max(1);
    (0..rows.max(1))
        .step_by(step)
        .map(move |from| (from, (from + step).min(rows)))
}

fn rows<B: Backend>(x: &FloatTensor<B>, from: usize, to: usize) -> FloatTensor<B> {
    B::float_slice(x.clone(), &[Slice::from(from..to), Slice::full()])
}

/// States and capped logits of some rows, the logits in f32.
fn logits<B: SoftCapOps>(
    states: &FloatTensor<B>,
    weight: &FloatTensor<B>,
    from: usize,
    to: usize,
    cap: f32,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let states = rows::<B>(states, from, to);
    let logits = widen::<B>(B::float_matmul(states.clone(), weight.clone()));
    let capped = if cap > 0.0 {
        B::soft_cap(logits, 1.0, cap)
    } else {
        logits
    };
    (states, capped)
}

/// Gradients of the states and, when asked for, of the weight; `kept` are the capped logits of all rows.
fn backward<B: HeadLossOps>(
    states: &FloatTensor<B>,
    weight: &FloatTensor<B>,
    targets: &Targets,
    (cap, limit): (f32, usize),
    grad: &FloatTensor<B>,
    mut kept: Option<FloatTensor<B>>,
    of_weight: bool,
) -> (FloatTensor<B>, Option<FloatTensor<B>>) {
    let dtype = weight.dtype();
    let across = B::float_transpose(weight.clone());
    let mut of_states = Vec::new();
    let mut total: Option<FloatTensor<B>> = None;
    for (from, to) in chunks::<B>(states, &across, limit) {
        let (part, capped) = match kept.take() {
            Some(capped) => (states.clone(), capped),
            None => logits::<B>(states, &across, from, to, cap),
        };
        let grad = rows::<B>(grad, from, to);
        let slope = B::cross_entropy_backward(capped.clone(), targets[from..to].into(), grad);
        let slope = if cap > 0.0 {
            B::soft_cap_backward(capped, slope, 1.0, cap)
        } else {
            slope
        };
        let slope = narrow::<B>(slope, dtype);
        of_states.push(B::float_matmul(slope.clone(), weight.clone()));
        if of_weight {
            let part = B::float_matmul(B::float_transpose(slope), part);
            total = Some(match total {
                Some(total) => B::float_add(total, part),
                None => part,
            });
        }
    }
    (B::float_cat(of_states, 0), total)
}

impl<B: HeadLossOps, C: CheckpointStrategy> HeadLossOps for Autodiff<B, C> {
    fn head_loss(
        states: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        targets: Targets,
        cap: f32,
        limit: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct HeadLoss;
        impl<B: HeadLossOps> Backward<B, 2> for HeadLoss {
            type State = (
                NodeId,
                NodeId,
                Targets,
                (f32, usize),
                Option<FloatTensor<B>>,
            );
            fn backward(
                self,
                ops: Ops<Self::State, 2>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [states_node, weight_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (states, weight, targets, settings, kept) = ops.state;
                let states: FloatTensor<B> = checkpointer.retrieve_node_output(states);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let of_weight = weight_node.is_some();
                let (of_states, of_weight) =
                    backward::<B>(&states, &weight, &targets, settings, &grad, kept, of_weight);
                if let Some(node) = states_node {
                    grads.register::<B>(node.id, of_states);
                }
                if let (Some(node), Some(grad)) = (weight_node, of_weight) {
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        match HeadLoss
            .prepare::<C>([states.node(), weight.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let nodes = (prep.checkpoint(&states), prep.checkpoint(&weight));
                let (states, weight) = (states.into_primitive(), weight.into_primitive());
                let (rows, classes) = (targets.len(), weight.shape().as_slice()[0]);
                let (losses, kept) = if rows * classes <= limit / KEPT {
                    let across = B::float_transpose(weight);
                    let (_, capped) = logits::<B>(&states, &across, 0, rows, cap);
                    let losses = B::cross_entropy(capped.clone(), targets.clone());
                    (losses, Some(capped))
                } else {
                    (
                        B::head_loss(states, weight, targets.clone(), cap, limit),
                        None,
                    )
                };
                prep.finish((nodes.0, nodes.1, targets, (cap, limit), kept), losses)
            }
            OpsKind::UnTracked(prep) => {
                let (states, weight) = (states.into_primitive(), weight.into_primitive());
                prep.finish(B::head_loss(states, weight, targets, cap, limit))
            }
        }
    }
}

/// `-log softmax(states weight^T)[target]` of each row, in f32; with a `cap`, logits are bounded as
/// [`soft_cap`](super::soft_cap()) does.
///
/// # Shapes
///
/// - `states`: `[R, E]`
/// - `weight`: `[V, E]`
/// - `targets`: `R` classes below `V`
/// - output: `[R]`
///
/// # Panics
///
/// When the number of targets is not the number of rows, or a target is not below `V`.
pub fn head_loss(
    states: Tensor<2>,
    weight: Tensor<2>,
    targets: &Targets,
    cap: Option<f32>,
) -> Tensor<1> {
    let limit = LOGITS.max(ROWS * weight.dims()[0]);
    head_loss_within(states, weight, targets, cap, limit)
}

/// [`head_loss`] with another number of logits that may exist at a time.
///
/// # Panics
///
/// As [`head_loss`].
pub fn head_loss_within(
    states: Tensor<2>,
    weight: Tensor<2>,
    targets: &Targets,
    cap: Option<f32>,
    limit: usize,
) -> Tensor<1> {
    let (rows, classes) = (states.dims()[0], weight.dims()[0]);
    assert_eq!(rows, targets.len(), "one target a row");
    assert!(
        targets.iter().all(|&target| (target as usize) < classes),
        "a target is not one of {classes} classes"
    );
    if rows == 0 {
        return Tensor::zeros([0], &states.device());
    }
    let losses = Tensor::<2>::from_dispatch(Dispatch::head_loss(
        states.into_dispatch(),
        weight.into_dispatch(),
        targets.clone(),
        cap.unwrap_or(0.0),
        limit,
    ));
    losses.reshape(Shape::from([rows]))
}
