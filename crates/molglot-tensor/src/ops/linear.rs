//! `onto + scale * x W^T` with the weight as it is stored: every linear layer, and what LoRA adds to one.
//!
//! Burn multiplies by a transposed view of the weight, so its gradient comes back transposed too and whoever reads it, the
//! optimizer first, walks memory across the rows. Here each product is written as its reader wants it, and a bias or
//! another layer's output is what the product is added to, not another pass over memory.

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

use super::composed_backends;

/// Backend side of [`linear`]; `x` is `[R, I]`, the weight `[O, I]`, `onto` `[1, O]` or `[R, O]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait LinearOps: Backend {
    /// `scale * x W^T`.
    fn linear_rows(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        scaled::<Self>(Self::float_matmul(x, Self::float_transpose(weight)), scale)
    }

    /// `onto + scale * x W^T`.
    fn linear_rows_onto(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        onto: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        Self::float_add(onto, Self::linear_rows(x, weight, scale))
    }

    /// Gradient of `x`: `scale * grad W`.
    fn linear_rows_x(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        scaled::<Self>(Self::float_matmul(grad, weight), scale)
    }

    /// Gradient of the weight: `scale * grad^T x`.
    fn linear_rows_weight(
        grad: FloatTensor<Self>,
        x: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        scaled::<Self>(Self::float_matmul(Self::float_transpose(grad), x), scale)
    }

    /// Gradient of an `onto` of one row: the sum over rows, `[1, O]`.
    fn linear_rows_sum(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_sum_dim(grad, 0)
    }
}

fn scaled<B: Backend>(x: FloatTensor<B>, scale: f32) -> FloatTensor<B> {
    if scale == 1.0 {
        x
    } else {
        B::float_mul_scalar(x, scale.into())
    }
}

composed_backends!(LinearOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use burn_flex::FlexTensor;
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::{
            CHUNK,
            flex::{contiguous, output, values, width},
            gemm::{Matrix, Threads, multiply},
            math::sum_by,
        },
        LinearOps,
    };

    /// Rows up to which a product is bound by reading the weight: one pass of dot products beats packing it.
    const FEW: usize = 8;
    /// Outputs of a task: enough memory to pay for it.
    const OUTPUTS: usize = 64;

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn dots(x: &[f32], weight: &[f32], out: &mut [f32], scale: f32) {
        let inputs = x.len();
        for (out, row) in out.iter_mut().zip(weight.chunks_exact(inputs)) {
            *out += scale * sum_by(inputs, |at| x[at] * row[at]);
        }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn add_rows(grad: &[f32], total: &mut [f32]) {
        for row in grad.chunks_exact(total.len()) {
            for (total, value) in total.iter_mut().zip(row) {
                *total += value;
            }
        }
    }

    fn shape(x: &FlexTensor) -> [usize; 2] {
        let columns = width(x);
        [x.layout().num_elements() / columns, columns]
    }

    /// `[rows, outputs]` with a copy of `onto` in it, in its own memory when nobody else holds it.
    fn begin(onto: Option<FlexTensor>, rows: usize, outputs: usize) -> FlexTensor {
        let whole = Shape::from([rows, outputs]);
        let Some(onto) = onto else {
            return output(whole);
        };
        let onto = contiguous(onto);
        if shape(&onto)[0] == rows && onto.layout().start_offset() == 0 {
            return onto;
        }
        let mut out = output(whole);
        let from = values(&onto);
        out.storage_mut::<f32>()
            .par_chunks_mut(outputs)
            .with_min_len((CHUNK / outputs).max(1))
            .enumerate()
            .for_each(|(row, out)| {
                let at = row * outputs % from.len();
                out.copy_from_slice(&from[at..at + outputs]);
            });
        out
    }

    fn forward(
        x: &FlexTensor,
        weight: &FlexTensor,
        onto: Option<FlexTensor>,
        scale: f32,
    ) -> FlexTensor {
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let ([rows, inputs], [outputs, _]) = (shape(&x), shape(&weight));
        let add = onto.is_some();
        let mut out = begin(onto, rows, outputs);
        let (x, weight) = (values(&x), values(&weight));
        let to = &mut out.storage_mut::<f32>()[..rows * outputs];
        if rows > FEW {
            let x = Matrix::packed(x, [rows, inputs]);
            let weight = Matrix::packed(weight, [outputs, inputs]).transposed();
            multiply(to, outputs, x, weight, scale, add, Threads::All);
        } else {
            to.par_chunks_mut(outputs)
                .zip(x.par_chunks(inputs))
                .for_each(|(out, x)| {
                    out.par_chunks_mut(OUTPUTS)
                        .zip(weight.par_chunks(OUTPUTS * inputs))
                        .for_each(|(out, weight)| dots(x, weight, out, scale));
                });
        }
        out
    }

    impl LinearOps for Flex {
        fn linear_rows(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            forward(&x, &weight, None, scale)
        }

        fn linear_rows_onto(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            onto: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            forward(&x, &weight, Some(onto), scale)
        }

        fn linear_rows_x(
            grad: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (grad, weight) = (grad.to_contiguous(), weight.to_contiguous());
            let ([rows, outputs], [_, inputs]) = (shape(&grad), shape(&weight));
            product(
                Matrix::packed(values(&grad), [rows, outputs]),
                Matrix::packed(values(&weight), [outputs, inputs]),
                [rows, inputs],
                scale,
            )
        }

        fn linear_rows_weight(
            grad: FloatTensor<Self>,
            x: FloatTensor<Self>,
            scale: f32,
        ) -> FloatTensor<Self> {
            let (grad, x) = (grad.to_contiguous(), x.to_contiguous());
            let ([rows, outputs], [_, inputs]) = (shape(&grad), shape(&x));
            product(
                Matrix::packed(values(&grad), [rows, outputs]).transposed(),
                Matrix::packed(values(&x), [rows, inputs]),
                [outputs, inputs],
                scale,
            )
        }

        fn linear_rows_sum(grad: FloatTensor<Self>) -> FloatTensor<Self> {
            let grad = grad.to_contiguous();
            let columns = width(&grad);
            let block = (CHUNK / columns).max(1) * columns;
            // Partial sums per fixed block of rows, added in order: the same bits for any number of threads.
            let partials: Vec<Vec<f32>> = values(&grad)
                .par_chunks(block)
                .map(|rows| {
                    let mut partial = vec![0f32; columns];
                    add_rows(rows, &mut partial);
                    partial
                })
                .collect();
            let mut out = output(Shape::from([1, columns]));
            let total = out.storage_mut::<f32>();
            partials.iter().for_each(|partial| add_rows(partial, total));
            out
        }
    }

    fn product(a: Matrix<'_>, b: Matrix<'_>, shape: [usize; 2], scale: f32) -> FlexTensor {
        let mut out = output(Shape::from(shape));
        let to = out.storage_mut::<f32>();
        multiply(to, shape[1], a, b, scale, false, Threads::All);
        out
    }
}

#[derive(Debug)]
struct LinearRows;

/// What the backward pass needs: the weight for the gradient of `x`, `x` for that of the weight. What a frozen neighbour would
/// need is not kept.
#[derive(Clone, Debug)]
struct Needed {
    x: Option<NodeId>,
    weight: Option<NodeId>,
    scale: f32,
}

impl Needed {
    fn register<B: LinearOps>(
        self,
        x_node: Option<NodeId>,
        weight_node: Option<NodeId>,
        grad: FloatTensor<B>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        if let (Some(node), Some(weight)) = (x_node, self.weight) {
            let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
            let of_x = B::linear_rows_x(grad.clone(), weight, self.scale);
            grads.register::<B>(node, of_x);
        }
        if let (Some(node), Some(x)) = (weight_node, self.x) {
            let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
            let of_weight = B::linear_rows_weight(grad, x, self.scale);
            grads.register::<B>(node, of_weight);
        }
    }
}

impl<B: LinearOps> Backward<B, 2> for LinearRows {
    type State = Needed;
    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x, weight] = ops.parents;
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight) = (x.map(|node| node.id), weight.map(|node| node.id));
        ops.state
            .register::<B>(x, weight, grad, grads, checkpointer);
    }
}

impl<B: LinearOps> Backward<B, 3> for LinearRows {
    /// Also whether `onto` was one row.
    type State = (Needed, bool);
    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x, weight, onto] = ops.parents;
        let grad = grads.consume::<B>(&ops.node);
        let (needed, one_row) = ops.state;
        if let Some(node) = onto {
            let of_onto = if one_row {
                B::linear_rows_sum(grad.clone())
            } else {
                grad.clone()
            };
            grads.register::<B>(node.id, of_onto);
        }
        let (x, weight) = (x.map(|node| node.id), weight.map(|node| node.id));
        needed.register::<B>(x, weight, grad, grads, checkpointer);
    }
}

impl<B: LinearOps, C: CheckpointStrategy> LinearOps for Autodiff<B, C> {
    fn linear_rows(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let op = Backward::<B, 2>::prepare::<C>(LinearRows, nodes);
        match op.compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let needed = Needed {
                    x: weight.is_tracked().then(|| prep.checkpoint(&x)),
                    weight: x.is_tracked().then(|| prep.checkpoint(&weight)),
                    scale,
                };
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                prep.finish(needed, B::linear_rows(x, weight, scale))
            }
            OpsKind::UnTracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                prep.finish(B::linear_rows(x, weight, scale))
            }
        }
    }

    fn linear_rows_onto(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        onto: FloatTensor<Self>,
        scale: f32,
    ) -> FloatTensor<Self> {
        let one_row = onto.shape().as_slice()[0] == 1;
        let nodes = [x.node(), weight.node(), onto.node()];
        let op = Backward::<B, 3>::prepare::<C>(LinearRows, nodes);
        match op.compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let needed = Needed {
                    x: weight.is_tracked().then(|| prep.checkpoint(&x)),
                    weight: x.is_tracked().then(|| prep.checkpoint(&weight)),
                    scale,
                };
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let out = B::linear_rows_onto(x, weight, onto.into_primitive(), scale);
                prep.finish((needed, one_row), out)
            }
            OpsKind::UnTracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                prep.finish(B::linear_rows_onto(x, weight, onto.into_primitive(), scale))
            }
        }
    }
}

/// `x W^T + b` with the weight as published checkpoints store it.
///
/// # Shapes
///
/// - `x`: `[.., I]`
/// - `weight`: `[O, I]`
/// - `bias`: `[O]`
/// - output: `[.., O]`
///
/// # Panics
///
/// When the sizes do not fit.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    let onto = bias.map(Tensor::unsqueeze::<2>);
    rows(x, weight, onto, 1.0)
}

/// `onto + scale * x W^T`.
///
/// # Shapes
///
/// - `onto` and output: `[.., O]`
/// - `x`: `[.., I]`
/// - `weight`: `[O, I]`
///
/// # Panics
///
/// When the sizes do not fit.
pub fn linear_onto<const D: usize>(
    onto: Tensor<D>,
    x: Tensor<D>,
    weight: Tensor<2>,
    scale: f64,
) -> Tensor<D> {
    let outputs = onto.dims()[D - 1];
    let count = onto.dims()[..D - 1].iter().product::<usize>();
    let onto = onto.reshape([count, outputs]);
    rows(x, weight, Some(onto), scale as f32)
}

fn rows<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    onto: Option<Tensor<2>>,
    scale: f32,
) -> Tensor<D> {
    let mut shape = x.dims();
    let inputs = shape[D - 1];
    let count = shape[..D - 1].iter().product::<usize>();
    let [outputs, columns] = weight.dims();
    assert_eq!(inputs, columns, "a weight for another number of inputs");
    if let Some([rows, wide]) = onto.as_ref().map(Tensor::dims) {
        assert_eq!(wide, outputs, "a bias or sum of another width");
        assert!(rows == 1 || rows == count, "{rows} rows onto {count}");
    }
    shape[D - 1] = outputs;
    if count == 0 || inputs == 0 {
        let device = x.device();
        let nothing = Tensor::<2>::zeros([count, outputs], (&device, x.dtype()));
        return match onto {
            Some(onto) => (nothing + onto).reshape(shape),
            None => nothing.reshape(shape),
        };
    }
    let x = x.reshape([count, inputs]).into_dispatch();
    let out = match onto {
        Some(onto) => {
            Dispatch::linear_rows_onto(x, weight.into_dispatch(), onto.into_dispatch(), scale)
        }
        None => Dispatch::linear_rows(x, weight.into_dispatch(), scale),
    };
    Tensor::<2>::from_dispatch(out).reshape(shape)
}
