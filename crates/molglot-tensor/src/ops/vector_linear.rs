//! Linear maps of scalars and of vectors, which lie side by side in rows: `S` scalars, then x, y and z of `V` vectors.

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

/// Backend side of [`vector_linear`]: `x` is `[N, S + 3 V]`, the weight of scalars `[O, S]`, that of vectors `[H, V]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait VectorLinearOps: Backend {
    /// `[N, O + 3 H]`.
    fn vector_linear(
        x: FloatTensor<Self>,
        scalar_weight: FloatTensor<Self>,
        vector_weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (scalars, vectors) = split::<Self>(&x, scalar_weight.shape().as_slice()[1]);
        let scalars = Self::float_matmul(scalars, Self::float_transpose(scalar_weight));
        let vectors = Self::float_matmul(vectors, Self::float_transpose(vector_weight));
        join::<Self>(scalars, vectors)
    }

    /// The gradient of `x`.
    fn vector_linear_x(
        scalar_weight: FloatTensor<Self>,
        vector_weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (scalars, vectors) = split::<Self>(&grad, scalar_weight.shape().as_slice()[0]);
        join::<Self>(
            Self::float_matmul(scalars, scalar_weight),
            Self::float_matmul(vectors, vector_weight),
        )
    }

    /// The gradients of the weights, of `outputs` scalars.
    fn vector_linear_weights(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        inputs: usize,
        outputs: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (scalars, vectors) = split::<Self>(&x, inputs);
        let (grad_scalars, grad_vectors) = split::<Self>(&grad, outputs);
        (
            Self::float_matmul(Self::float_transpose(grad_scalars), scalars),
            Self::float_matmul(Self::float_transpose(grad_vectors), vectors),
        )
    }
}

/// `[N, S]`, and the axes of vectors as rows, `[3 N, V]`.
pub(super) fn split<B: Backend>(
    x: &FloatTensor<B>,
    scalars: usize,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let [rows, width] = x.shape().dims();
    let columns = |range: std::ops::Range<usize>| {
        B::float_slice(x.clone(), &[Slice::full(), Slice::from(range)])
    };
    let vectors = Shape::from([3 * rows, (width - scalars) / 3]);
    (
        columns(0..scalars),
        B::float_reshape(columns(scalars..width), vectors),
    )
}

/// Turns [`split`] around.
pub(super) fn join<B: Backend>(scalars: FloatTensor<B>, vectors: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, channels] = vectors.shape().dims();
    let vectors = B::float_reshape(vectors, Shape::from([rows / 3, 3 * channels]));
    B::float_cat(vec![scalars, vectors], 1)
}

composed_backends!(VectorLinearOps);

#[cfg(feature = "flex")]
pub(super) mod flex {
    use std::ops::Range;

    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use burn_flex::FlexTensor;
    use rayon::prelude::*;

    use super::{
        super::{
            flex::{output, values, width},
            gemm::{Matrix, Threads, multiply},
            row_kernels::add_row,
        },
        VectorLinearOps,
    };

    /// Rows of one multiplication: its operands stay in the second cache.
    pub(in crate::ops) const BLOCK: usize = 256;
    /// Partial gradients of weights, at most.
    const PARTS: usize = 32;

    /// Numbers of scalars and vectors.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::ops) struct Sizes {
        pub(in crate::ops) scalars: usize,
        pub(in crate::ops) vectors: usize,
    }

    impl Sizes {
        /// Length of a row.
        pub(in crate::ops) fn width(self) -> usize {
            self.scalars + 3 * self.vectors
        }

        /// Where the scalars lie, then x, y and z of the vectors: first column and number of columns.
        pub(in crate::ops) fn parts(self) -> [(usize, usize); 4] {
            let axis = |axis| (self.scalars + axis * self.vectors, self.vectors);
            [(0, self.scalars), axis(0), axis(1), axis(2)]
        }

        /// One of those parts of all rows.
        pub(in crate::ops) fn part(
            self,
            rows: &[f32],
            (begin, columns): (usize, usize),
        ) -> Matrix<'_> {
            let width = self.width();
            let count = rows.len() / width.max(1);
            if count == 0 || columns == 0 {
                return Matrix::packed(&[], [count, 0]);
            }
            Matrix::new(&rows[begin..], [count, columns], width)
        }
    }

    /// Rows of a partial gradient, for so many rows: whole blocks, and the same for any number of threads.
    pub(in crate::ops) fn rows_of_part(rows: usize) -> usize {
        rows.div_ceil(PARTS).next_multiple_of(BLOCK).max(BLOCK)
    }

    /// The sum of partial gradients of this length, in order.
    pub(in crate::ops) fn total(partials: &[Vec<f32>], length: usize) -> Vec<f32> {
        let mut total = vec![0f32; length];
        partials
            .iter()
            .for_each(|partial| add_row(&mut total, partial));
        total
    }

    /// A tensor of these values.
    pub(in crate::ops) fn tensor(values: &[f32], shape: [usize; 2]) -> FlexTensor {
        let mut out = output(Shape::from(shape));
        out.storage_mut().copy_from_slice(values);
        out
    }

    /// Sizes of the output and of the input of a map.
    fn sizes(scalar_weight: &FlexTensor, vector_weight: &FlexTensor) -> [Sizes; 2] {
        let [s, v] = [scalar_weight, vector_weight].map(|weight| {
            let shape = weight.layout().shape().as_slice();
            [shape[0], shape[1]]
        });
        [0, 1].map(|side| Sizes {
            scalars: s[side],
            vectors: v[side],
        })
    }

    /// Maps rows of one size to rows of another: each part is multiplied by the matrix of its kind.
    fn map(
        x: &[f32],
        [output_sizes, input_sizes]: [Sizes; 2],
        [scalar_matrix, vector_matrix]: [Matrix<'_>; 2],
    ) -> FlexTensor {
        let (out_width, in_width) = (output_sizes.width(), input_sizes.width());
        let rows = x.len() / in_width.max(1);
        let mut out = output(Shape::from([rows, out_width]));
        out.storage_mut::<f32>()
            .par_chunks_mut(BLOCK * out_width.max(1))
            .zip(x.par_chunks(BLOCK * in_width.max(1)))
            .for_each(|(out, x)| {
                let parts = output_sizes.parts().into_iter().zip(input_sizes.parts());
                for (number, (to, from)) in parts.enumerate() {
                    let matrix = if number == 0 {
                        scalar_matrix
                    } else {
                        vector_matrix
                    };
                    let x = input_sizes.part(x, from);
                    multiply(
                        &mut out[to.0..],
                        out_width,
                        x,
                        matrix,
                        1.0,
                        false,
                        Threads::One,
                    );
                }
            });
        out
    }

    fn matrix(weight: &FlexTensor) -> Matrix<'_> {
        let shape = weight.layout().shape().as_slice();
        Matrix::packed(values(weight), [shape[0], shape[1]])
    }

    impl VectorLinearOps for Flex {
        fn vector_linear(
            x: FloatTensor<Self>,
            scalar_weight: FloatTensor<Self>,
            vector_weight: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let (x, scalar, vector) = (
                x.to_contiguous(),
                scalar_weight.to_contiguous(),
                vector_weight.to_contiguous(),
            );
            let matrices = [matrix(&scalar).transposed(), matrix(&vector).transposed()];
            map(values(&x), sizes(&scalar, &vector), matrices)
        }

        fn vector_linear_x(
            scalar_weight: FloatTensor<Self>,
            vector_weight: FloatTensor<Self>,
            grad: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let (grad, scalar, vector) = (
                grad.to_contiguous(),
                scalar_weight.to_contiguous(),
                vector_weight.to_contiguous(),
            );
            let [outputs, inputs] = sizes(&scalar, &vector);
            let matrices = [matrix(&scalar), matrix(&vector)];
            map(values(&grad), [inputs, outputs], matrices)
        }

        fn vector_linear_weights(
            x: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            inputs: usize,
            outputs: usize,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
            let of = |tensor: &FlexTensor, scalars| Sizes {
                scalars,
                vectors: (width(tensor) - scalars) / 3,
            };
            let (to, from) = (of(&grad, outputs), of(&x, inputs));
            let (x, grad) = (values(&x), values(&grad));
            let (count, middle) = (x.len() / from.width(), outputs * inputs);
            let length = middle + to.vectors * from.vectors;
            let gradients = |rows: Range<usize>| {
                let mut partial = vec![0f32; length];
                let (scalar, vector) = partial.split_at_mut(middle);
                for begin in rows.clone().step_by(BLOCK) {
                    let rows = begin..rows.end.min(begin + BLOCK);
                    let x = &x[rows.start * from.width()..rows.end * from.width()];
                    let grad = &grad[rows.start * to.width()..rows.end * to.width()];
                    let parts = to.parts().into_iter().zip(from.parts());
                    for (number, (to_part, from_part)) in parts.enumerate() {
                        let grad = to.part(grad, to_part).transposed();
                        let x = from.part(x, from_part);
                        let out = if number == 0 {
                            &mut *scalar
                        } else {
                            &mut *vector
                        };
                        multiply(out, from_part.1, grad, x, 1.0, true, Threads::One);
                    }
                }
                partial
            };
            let step = rows_of_part(count);
            let partials: Vec<Vec<f32>> = (0..count.div_ceil(step))
                .into_par_iter()
                .map(|part| gradients(part * step..count.min((part + 1) * step)))
                .collect();
            let total = total(&partials, length);
            (
                tensor(&total[..middle], [outputs, inputs]),
                tensor(&total[middle..], [to.vectors, from.vectors]),
            )
        }
    }
}

impl<B: VectorLinearOps, C: CheckpointStrategy> VectorLinearOps for Autodiff<B, C> {
    fn vector_linear(
        x: FloatTensor<Self>,
        scalar_weight: FloatTensor<Self>,
        vector_weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct VectorLinear;
        impl<B: VectorLinearOps> Backward<B, 3> for VectorLinear {
            type State = [NodeId; 3];
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [x_node, scalar_node, vector_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let [x, scalar, vector] = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let scalar: FloatTensor<B> = checkpointer.retrieve_node_output(scalar);
                let vector: FloatTensor<B> = checkpointer.retrieve_node_output(vector);
                let [outputs, inputs] = scalar.shape().dims();
                if let Some(node) = x_node {
                    let grad = B::vector_linear_x(scalar, vector, grad.clone());
                    grads.register::<B>(node.id, grad);
                }
                if scalar_node.is_some() || vector_node.is_some() {
                    let (scalar, vector) = B::vector_linear_weights(x, grad, inputs, outputs);
                    for (node, grad) in [(scalar_node, scalar), (vector_node, vector)] {
                        if let Some(node) = node {
                            grads.register::<B>(node.id, grad);
                        }
                    }
                }
            }
        }
        match VectorLinear
            .prepare::<C>([x.node(), scalar_weight.node(), vector_weight.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state =
                    [&x, &scalar_weight, &vector_weight].map(|input| prep.checkpoint(input));
                let out = B::vector_linear(
                    x.into_primitive(),
                    scalar_weight.into_primitive(),
                    vector_weight.into_primitive(),
                );
                prep.finish(state, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::vector_linear(
                x.into_primitive(),
                scalar_weight.into_primitive(),
                vector_weight.into_primitive(),
            )),
        }
    }
}

/// Scalars and vectors, each mapped by a matrix.
///
/// # Shapes
///
/// - `x`: `[N, S + 3 V]`: scalars, then x, y and z of the vectors
/// - `scalar_weight`: `[O, S]`
/// - `vector_weight`: `[H, V]`
/// - output: `[N, O + 3 H]`
///
/// # Panics
///
/// When the shapes do not fit.
pub fn vector_linear(
    x: Tensor<2>,
    scalar_weight: Tensor<2>,
    vector_weight: Tensor<2>,
) -> Tensor<2> {
    let ([_, width], [_, scalars], [_, vectors]) =
        (x.dims(), scalar_weight.dims(), vector_weight.dims());
    assert_eq!(
        width,
        scalars + 3 * vectors,
        "rows are no {scalars} scalars and {vectors} vectors"
    );
    Tensor::from_dispatch(Dispatch::vector_linear(
        x.into_dispatch(),
        scalar_weight.into_dispatch(),
        vector_weight.into_dispatch(),
    ))
}
