//! Negative log-likelihood of one class per row, in one pass over the logits.

use std::sync::Arc;

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
    tensor::{FloatDType, IndexingUpdateOp, Shape, Tensor, TensorData},
};

use super::composed_backends;

/// The class of each row, on the host.
pub(super) type Targets = Arc<[u32]>;

/// Backend side of [`cross_entropy`].
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait CrossEntropyOps: Backend {
    /// `[R, V] -> [R, 1]`.
    fn cross_entropy(logits: FloatTensor<Self>, targets: Targets) -> FloatTensor<Self> {
        let device = TensorMetadata::device(&logits);
        let shifted = Self::float_sub(logits.clone(), Self::float_max_dim(logits, 1));
        let total = Self::float_log(Self::float_sum_dim(Self::float_exp(shifted.clone()), 1));
        let classes = Self::int_from_data(classes(&targets), &device);
        Self::float_sub(total, Self::float_gather(1, shifted, classes))
    }

    /// Gradient of the logits: `(softmax - one_hot) * grad` by row.
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        targets: Targets,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let device = TensorMetadata::device(&logits);
        let weights = Self::float_exp(Self::float_sub(
            logits.clone(),
            Self::float_max_dim(logits, 1),
        ));
        let p = Self::float_div(weights.clone(), Self::float_sum_dim(weights, 1));
        let scaled = Self::float_mul(p, grad.clone());
        // One class a row: no two additions meet.
        let classes = Self::int_from_data(classes(&targets), &device);
        Self::float_scatter(
            1,
            scaled,
            classes,
            Self::float_neg(grad),
            IndexingUpdateOp::Add,
        )
    }
}

/// `[R, 1]`.
fn classes(targets: &Targets) -> TensorData {
    let classes: Vec<i32> = targets.iter().map(|&class| class as i32).collect();
    TensorData::new(classes, [targets.len(), 1])
}

composed_backends!(CrossEntropyOps);

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
            math::{exp, max_by, sum_by},
        },
        CrossEntropyOps, Targets,
    };

    /// Logarithm of the sum of exponentials of a row.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn log_sum_exp(row: &[f32]) -> f32 {
        let largest = max_by(row.len(), |class| row[class]);
        largest + sum_by(row.len(), |class| exp(row[class] - largest)).ln()
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn scaled_softmax(row: &[f32], out: &mut [f32], log_total: f32, grad: f32) {
        for (out, logit) in out.iter_mut().zip(row) {
            *out = exp(logit - log_total) * grad;
        }
    }

    impl CrossEntropyOps for Flex {
        fn cross_entropy(logits: FloatTensor<Self>, targets: Targets) -> FloatTensor<Self> {
            let logits = logits.to_contiguous();
            let classes = width(&logits);
            let mut out = output(Shape::from([targets.len(), 1]));
            out.storage_mut::<f32>()
                .par_iter_mut()
                .zip(values(&logits).par_chunks(classes).zip(targets.par_iter()))
                .for_each(|(out, (row, &target))| *out = log_sum_exp(row) - row[target as usize]);
            out
        }

        fn cross_entropy_backward(
            logits: FloatTensor<Self>,
            targets: Targets,
            grad: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let (logits, grad) = (logits.to_contiguous(), grad.to_contiguous());
            let classes = width(&logits);
            let mut out = output(logits.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(classes)
                .zip(
                    values(&logits)
                        .par_chunks(classes)
                        .zip(targets.par_iter().zip(values(&grad).par_iter())),
                )
                .for_each(|(out, (row, (&target, &grad)))| {
                    scaled_softmax(row, out, log_sum_exp(row), grad);
                    out[target as usize] -= grad;
                });
            out
        }
    }
}

impl<B: CrossEntropyOps, C: CheckpointStrategy> CrossEntropyOps for Autodiff<B, C> {
    fn cross_entropy(logits: FloatTensor<Self>, targets: Targets) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct CrossEntropy;
        impl<B: CrossEntropyOps> Backward<B, 1> for CrossEntropy {
            type State = (NodeId, Targets);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (logits, targets) = ops.state;
                let logits: FloatTensor<B> = checkpointer.retrieve_node_output(logits);
                if let Some(parent) = parent {
                    grads
                        .register::<B>(parent.id, B::cross_entropy_backward(logits, targets, grad));
                }
            }
        }
        match CrossEntropy
            .prepare::<C>([logits.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&logits), targets.clone());
                prep.finish(state, B::cross_entropy(logits.into_primitive(), targets))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::cross_entropy(logits.into_primitive(), targets))
            }
        }
    }
}

/// `-log softmax(logits)[target]` of each row, in f32.
///
/// Burn's own loss divides by the number of rows even where some are padding, and knows no ignored label; here the
/// caller passes the rows that count and nothing else.
///
/// # Shapes
///
/// - `logits`: `[R, V]`
/// - `targets`: `R` classes below `V`
/// - output: `[R]`
///
/// # Panics
///
/// When the number of targets is not the number of rows, or a target is not below `V`.
pub fn cross_entropy(logits: Tensor<2>, targets: &Arc<[u32]>) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    assert_eq!(rows, targets.len(), "one target a row");
    assert!(
        targets.iter().all(|&target| (target as usize) < classes),
        "a target is not one of {classes} classes"
    );
    let logits = logits.cast(FloatDType::F32);
    let losses = Tensor::<2>::from_dispatch(Dispatch::cross_entropy(
        logits.into_dispatch(),
        targets.clone(),
    ));
    losses.reshape(Shape::from([rows]))
}
