//! The part of a geometric vector perceptron (Jing et al., 2021, arXiv 2009.01411) behind its first linear maps: lengths of
//! vectors join the scalars, vectors are mixed once more, and both are activated.

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

use super::{
    composed_backends,
    vector_linear::{join, split},
};

/// Squared lengths are never below this, so that a null vector has a gradient.
const SMALLEST: f32 = 1e-8;

/// Backend side of [`vector_perceptron`]: `x` is `[N, O + 3 H]`, the weight of lengths `[O, H]`, the bias `[1, O]`, the
/// weight of vectors `[V, H]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait VectorPerceptronOps: Backend {
    /// `[N, O + 3 V]`.
    fn vector_perceptron(
        x: FloatTensor<Self>,
        lengths: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        active: bool,
    ) -> FloatTensor<Self> {
        let parts = Parts::<Self>::new(&x, lengths, bias, vectors);
        match active {
            true => {
                let gate = along::<Self>(Self::sigmoid(parts.sizes));
                join::<Self>(
                    Self::relu(parts.scalars),
                    Self::float_mul(parts.mixed, gate),
                )
            }
            false => join::<Self>(parts.scalars, parts.mixed),
        }
    }

    /// Gradients of `x`, the weight of lengths, the bias and the weight of vectors.
    fn vector_perceptron_backward(
        x: FloatTensor<Self>,
        lengths: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        active: bool,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let parts = Parts::<Self>::new(&x, lengths.clone(), bias, vectors.clone());
        let (grad_scalars, grad_mixed) = split::<Self>(&grad, lengths.shape().as_slice()[0]);
        let (grad_scalars, grad_mixed) = match active {
            true => {
                let passes = Self::float_sign(Self::relu(parts.scalars));
                let gate = Self::sigmoid(parts.sizes.clone());
                let slope =
                    Self::float_sub(gate.clone(), Self::float_mul(gate.clone(), gate.clone()));
                let dot =
                    over_axes::<Self>(Self::float_mul(grad_mixed.clone(), parts.mixed.clone()));
                let pull = along::<Self>(Self::float_mul(slope, dot));
                let way = of_length::<Self>(parts.mixed, parts.sizes, pull);
                let through = Self::float_mul(grad_mixed, along::<Self>(gate));
                (
                    Self::float_mul(grad_scalars, passes),
                    Self::float_add(through, way),
                )
            }
            false => (grad_scalars, grad_mixed),
        };
        let grad_bias = Self::float_sum_dim(grad_scalars.clone(), 0);
        let grad_lengths = Self::float_transpose(grad_scalars.clone());
        let grad_lengths = Self::float_matmul(grad_lengths, parts.lengths.clone());
        let grad_vectors = Self::float_transpose(grad_mixed.clone());
        let grad_vectors = Self::float_matmul(grad_vectors, parts.hidden.clone());
        let pull = along::<Self>(Self::float_matmul(grad_scalars.clone(), lengths));
        let grad_hidden = Self::float_add(
            Self::float_matmul(grad_mixed, vectors),
            of_length::<Self>(parts.hidden, parts.lengths, pull),
        );
        let grad_x = join::<Self>(grad_scalars, grad_hidden);
        (grad_x, grad_lengths, grad_bias, grad_vectors)
    }
}

/// What comes on the way: scalars before their activation `[N, O]`, hidden vectors `[3 N, H]` and their lengths `[N, H]`,
/// mixed vectors `[3 N, V]` and their lengths `[N, V]`.
struct Parts<B: Backend> {
    scalars: FloatTensor<B>,
    hidden: FloatTensor<B>,
    lengths: FloatTensor<B>,
    mixed: FloatTensor<B>,
    sizes: FloatTensor<B>,
}

impl<B: Backend> Parts<B> {
    fn new(
        x: &FloatTensor<B>,
        lengths: FloatTensor<B>,
        bias: FloatTensor<B>,
        vectors: FloatTensor<B>,
    ) -> Self {
        let (scalars, hidden) = split::<B>(x, lengths.shape().as_slice()[0]);
        let norm = |vectors: FloatTensor<B>| {
            let squares = over_axes::<B>(B::float_mul(vectors.clone(), vectors));
            B::float_sqrt(B::float_clamp_min(squares, SMALLEST.into()))
        };
        let own = norm(hidden.clone());
        let product = B::float_matmul(own.clone(), B::float_transpose(lengths));
        let mixed = B::float_matmul(hidden.clone(), B::float_transpose(vectors));
        Self {
            scalars: B::float_add(B::float_add(scalars, product), bias),
            hidden,
            lengths: own,
            sizes: norm(mixed.clone()),
            mixed,
        }
    }
}

/// Sums of x, y and z: `[3 N, V] -> [N, V]`.
fn over_axes<B: Backend>(vectors: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, channels] = vectors.shape().dims();
    let vectors = B::float_reshape(vectors, Shape::from([rows / 3, 3, channels]));
    B::float_reshape(
        B::float_sum_dim(vectors, 1),
        Shape::from([rows / 3, channels]),
    )
}

/// The same for x, y and z: `[N, V] -> [3 N, V]`.
fn along<B: Backend>(values: FloatTensor<B>) -> FloatTensor<B> {
    let [rows, channels] = values.shape().dims();
    let values = B::float_reshape(values, Shape::from([rows, 1, channels]));
    let values = B::float_expand(values, Shape::from([rows, 3, channels]));
    B::float_reshape(values, Shape::from([3 * rows, channels]))
}

/// The gradient of vectors from that of their lengths; none where a length is the smallest.
fn of_length<B: Backend>(
    vectors: FloatTensor<B>,
    lengths: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let room = B::float_sub_scalar(
        B::float_mul(lengths.clone(), lengths.clone()),
        SMALLEST.into(),
    );
    let is_above = along::<B>(B::float_sign(B::relu(room)));
    let unit = B::float_div(vectors, along::<B>(lengths));
    B::float_mul(B::float_mul(grad, is_above), unit)
}

composed_backends!(VectorPerceptronOps);

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
            flex::{output, values, width},
            gemm::{Matrix, Threads, multiply},
            math::exp,
            row_kernels::add_row,
            vector_linear::flex::{BLOCK, Sizes, rows_of_part, tensor, total},
        },
        SMALLEST, VectorPerceptronOps,
    };

    /// Weights of one call, and the sizes of rows on both sides.
    struct Layer<'a> {
        lengths: &'a [f32],
        bias: &'a [f32],
        vectors: &'a [f32],
        input: Sizes,
        output: Sizes,
        active: bool,
    }

    impl<'a> Layer<'a> {
        fn new(
            lengths: &'a FlexTensor,
            bias: &'a FlexTensor,
            vectors: &'a FlexTensor,
            active: bool,
        ) -> Self {
            let (scalars, hidden) = (width(bias), width(lengths));
            let mixed = vectors.layout().shape().as_slice()[0];
            Self {
                lengths: values(lengths),
                bias: values(bias),
                vectors: values(vectors),
                input: Sizes {
                    scalars,
                    vectors: hidden,
                },
                output: Sizes {
                    scalars,
                    vectors: mixed,
                },
                active,
            }
        }

        /// `[O, H]`.
        fn length_matrix(&self) -> Matrix<'_> {
            Matrix::packed(self.lengths, [self.input.scalars, self.input.vectors])
        }

        /// `[V, H]`.
        fn vector_matrix(&self) -> Matrix<'_> {
            Matrix::packed(self.vectors, [self.output.vectors, self.input.vectors])
        }

        /// Rows before their activation, and the lengths of hidden vectors.
        fn mix(&self, x: &[f32], out: &mut [f32], lengths: &mut [f32]) {
            let (from, to) = (self.input, self.output);
            let (width, hidden) = (to.width(), from.vectors);
            let rows = x.len() / from.width();
            for (row, x) in x.chunks_exact(from.width()).enumerate() {
                let out = &mut out[row * width..][..to.scalars];
                out.copy_from_slice(&x[..from.scalars]);
                add_row(out, self.bias);
                norms(&x[from.scalars..], &mut lengths[row * hidden..][..hidden]);
            }
            let lengths = Matrix::packed(lengths, [rows, hidden]);
            let matrix = self.length_matrix().transposed();
            multiply(out, width, lengths, matrix, 1.0, true, Threads::One);
            for (to_part, from_part) in to.parts().into_iter().zip(from.parts()).skip(1) {
                let x = from.part(x, from_part);
                let matrix = self.vector_matrix().transposed();
                multiply(
                    &mut out[to_part.0..],
                    width,
                    x,
                    matrix,
                    1.0,
                    false,
                    Threads::One,
                );
            }
        }
    }

    /// Lengths of vectors.
    #[inline(always)]
    fn norm(x: f32, y: f32, z: f32) -> f32 {
        (x * x + y * y + z * z).max(SMALLEST).sqrt()
    }

    /// x, y and z of vectors.
    #[inline(always)]
    fn axes(vectors: &[f32]) -> (&[f32], &[f32], &[f32]) {
        let (x, others) = vectors.split_at(vectors.len() / 3);
        let (y, z) = others.split_at(x.len());
        (x, y, z)
    }

    #[inline(always)]
    fn axes_mut(vectors: &mut [f32]) -> (&mut [f32], &mut [f32], &mut [f32]) {
        let (x, others) = vectors.split_at_mut(vectors.len() / 3);
        let (y, z) = others.split_at_mut(x.len());
        (x, y, z)
    }

    #[inline(always)]
    fn sigmoid(x: f32) -> f32 {
        1.0 / (1.0 + exp(-x))
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn norms(vectors: &[f32], out: &mut [f32]) {
        let (x, y, z) = axes(vectors);
        for (((out, x), y), z) in out.iter_mut().zip(x).zip(y).zip(z) {
            *out = norm(*x, *y, *z);
        }
    }

    /// Activates a row.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn activate(row: &mut [f32], scalars: usize) {
        let (scalars, vectors) = row.split_at_mut(scalars);
        for value in scalars {
            *value = if *value < 0.0 { 0.0 } else { *value };
        }
        let (x, y, z) = axes_mut(vectors);
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            let gate = sigmoid(norm(*x, *y, *z));
            (*x, *y, *z) = (*x * gate, *y * gate, *z * gate);
        }
    }

    /// Turns the gradient of a row into that before the activation.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn activate_backward(row: &[f32], grad: &mut [f32], scalars: usize) {
        let (grad_scalars, grad_vectors) = grad.split_at_mut(scalars);
        for (grad, value) in grad_scalars.iter_mut().zip(row) {
            *grad = if *value > 0.0 { *grad } else { 0.0 };
        }
        let (x, y, z) = axes(&row[scalars..]);
        let (gx, gy, gz) = axes_mut(grad_vectors);
        let grads = gx.iter_mut().zip(gy).zip(gz);
        for (((gx, gy), gz), ((x, y), z)) in grads.zip(x.iter().zip(y).zip(z)) {
            let squares = x * x + y * y + z * z;
            let length = squares.max(SMALLEST).sqrt();
            let gate = sigmoid(length);
            let dot = *gx * x + *gy * y + *gz * z;
            let pull = gate * (1.0 - gate) * dot / length;
            let pull = if squares > SMALLEST { pull } else { 0.0 };
            (*gx, *gy, *gz) = (
                *gx * gate + pull * x,
                *gy * gate + pull * y,
                *gz * gate + pull * z,
            );
        }
    }

    /// Adds what lengths pull vectors by to the gradient of the vectors.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn norms_backward(vectors: &[f32], lengths: &[f32], pulls: &[f32], grad: &mut [f32]) {
        let (x, y, z) = axes(vectors);
        let (gx, gy, gz) = axes_mut(grad);
        let grads = gx.iter_mut().zip(gy).zip(gz);
        let inputs = x.iter().zip(y).zip(z).zip(lengths.iter().zip(pulls));
        for (((gx, gy), gz), (((x, y), z), (length, pull))) in grads.zip(inputs) {
            let squares = x * x + y * y + z * z;
            let pull = if squares > SMALLEST {
                pull / length
            } else {
                0.0
            };
            (*gx, *gy, *gz) = (*gx + pull * x, *gy + pull * y, *gz + pull * z);
        }
    }

    /// Memory of a task.
    struct Scratch {
        rows: Vec<f32>,
        grad: Vec<f32>,
        lengths: Vec<f32>,
        pulls: Vec<f32>,
    }

    impl Scratch {
        fn new(layer: &Layer<'_>) -> Self {
            Self {
                rows: vec![0.0; BLOCK * layer.output.width()],
                grad: vec![0.0; BLOCK * layer.output.width()],
                lengths: vec![0.0; BLOCK * layer.input.vectors],
                pulls: vec![0.0; BLOCK * layer.input.vectors],
            }
        }
    }

    /// The gradient of a block of rows; adds those of the weights to `partial`.
    fn backward(
        layer: &Layer<'_>,
        x: &[f32],
        grad: &[f32],
        out: &mut [f32],
        partial: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (from, to) = (layer.input, layer.output);
        let (count, hidden) = (x.len() / from.width(), from.vectors);
        let rows = &mut scratch.rows[..count * to.width()];
        let own = &mut scratch.grad[..count * to.width()];
        let lengths = &mut scratch.lengths[..count * hidden];
        let pulls = &mut scratch.pulls[..count * hidden];
        layer.mix(x, rows, lengths);
        own.copy_from_slice(grad);
        if layer.active {
            let pairs = rows
                .chunks_exact(to.width())
                .zip(own.chunks_exact_mut(to.width()));
            for (row, grad) in pairs {
                activate_backward(row, grad, to.scalars);
            }
        }
        let (of_lengths, others) = partial.split_at_mut(layer.lengths.len());
        let (of_bias, of_vectors) = others.split_at_mut(layer.bias.len());
        let scalars = to.part(own, to.parts()[0]);
        let measured = Matrix::packed(lengths, [count, hidden]);
        multiply(
            of_lengths,
            hidden,
            scalars.transposed(),
            measured,
            1.0,
            true,
            Threads::One,
        );
        multiply(
            pulls,
            hidden,
            scalars,
            layer.length_matrix(),
            1.0,
            false,
            Threads::One,
        );
        for (to_part, from_part) in to.parts().into_iter().zip(from.parts()).skip(1) {
            let grad = to.part(own, to_part);
            let x = from.part(x, from_part);
            multiply(
                of_vectors,
                hidden,
                grad.transposed(),
                x,
                1.0,
                true,
                Threads::One,
            );
            let matrix = layer.vector_matrix();
            multiply(
                &mut out[from_part.0..],
                from.width(),
                grad,
                matrix,
                1.0,
                false,
                Threads::One,
            );
        }
        for row in 0..count {
            let (x, own) = (
                &x[row * from.width()..],
                &own[row * to.width()..][..to.scalars],
            );
            let out = &mut out[row * from.width()..][..from.width()];
            let (scalars, vectors) = out.split_at_mut(from.scalars);
            scalars.copy_from_slice(own);
            add_row(of_bias, own);
            let at = row * hidden..(row + 1) * hidden;
            let x = &x[from.scalars..from.width()];
            norms_backward(x, &lengths[at.clone()], &pulls[at], vectors);
        }
    }

    impl VectorPerceptronOps for Flex {
        fn vector_perceptron(
            x: FloatTensor<Self>,
            lengths: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            vectors: FloatTensor<Self>,
            active: bool,
        ) -> FloatTensor<Self> {
            let (x, bias) = (x.to_contiguous(), bias.to_contiguous());
            let (lengths, vectors) = (lengths.to_contiguous(), vectors.to_contiguous());
            let layer = Layer::new(&lengths, &bias, &vectors, active);
            let (from, to) = (layer.input.width(), layer.output.width());
            let rows = x.layout().shape().as_slice()[0];
            let mut out = output(Shape::from([rows, to]));
            let space = || vec![0f32; BLOCK * layer.input.vectors];
            out.storage_mut::<f32>()
                .par_chunks_mut(BLOCK * to)
                .zip(values(&x).par_chunks(BLOCK * from))
                .for_each_init(space, |lengths, (out, x)| {
                    layer.mix(x, out, lengths);
                    if active {
                        for row in out.chunks_exact_mut(to) {
                            activate(row, layer.output.scalars);
                        }
                    }
                });
            out
        }

        fn vector_perceptron_backward(
            x: FloatTensor<Self>,
            lengths: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            vectors: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            active: bool,
        ) -> (
            FloatTensor<Self>,
            FloatTensor<Self>,
            FloatTensor<Self>,
            FloatTensor<Self>,
        ) {
            let (x, bias, grad) = (
                x.to_contiguous(),
                bias.to_contiguous(),
                grad.to_contiguous(),
            );
            let (lengths, vectors) = (lengths.to_contiguous(), vectors.to_contiguous());
            let layer = Layer::new(&lengths, &bias, &vectors, active);
            let (from, to) = (layer.input.width(), layer.output.width());
            let mut out = output(x.layout().shape().clone());
            let (x, grad) = (values(&x), values(&grad));
            let length = layer.lengths.len() + layer.bias.len() + layer.vectors.len();
            let step = rows_of_part(x.len() / from);
            let partials: Vec<Vec<f32>> = out
                .storage_mut::<f32>()
                .par_chunks_mut(step * from)
                .zip(x.par_chunks(step * from).zip(grad.par_chunks(step * to)))
                .map(|(out, (x, grad))| {
                    let mut partial = vec![0f32; length];
                    let mut scratch = Scratch::new(&layer);
                    let blocks = x.chunks(BLOCK * from).zip(grad.chunks(BLOCK * to));
                    for (out, (x, grad)) in out.chunks_mut(BLOCK * from).zip(blocks) {
                        backward(&layer, x, grad, out, &mut partial, &mut scratch);
                    }
                    partial
                })
                .collect();
            let total = total(&partials, length);
            let (of_lengths, others) = total.split_at(layer.lengths.len());
            let (of_bias, of_vectors) = others.split_at(layer.bias.len());
            (
                out,
                tensor(of_lengths, [layer.input.scalars, layer.input.vectors]),
                tensor(of_bias, [1, layer.bias.len()]),
                tensor(of_vectors, [layer.output.vectors, layer.input.vectors]),
            )
        }
    }
}

impl<B: VectorPerceptronOps, C: CheckpointStrategy> VectorPerceptronOps for Autodiff<B, C> {
    fn vector_perceptron(
        x: FloatTensor<Self>,
        lengths: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        vectors: FloatTensor<Self>,
        active: bool,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct VectorPerceptron;
        impl<B: VectorPerceptronOps> Backward<B, 4> for VectorPerceptron {
            type State = ([NodeId; 4], bool);
            fn backward(
                self,
                ops: Ops<Self::State, 4>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (inputs, active) = ops.state;
                let [x, lengths, bias, vectors]: [FloatTensor<B>; 4] =
                    inputs.map(|input| checkpointer.retrieve_node_output(input));
                let (x, lengths, bias, vectors) =
                    B::vector_perceptron_backward(x, lengths, bias, vectors, grad, active);
                for (parent, grad) in ops.parents.into_iter().zip([x, lengths, bias, vectors]) {
                    if let Some(node) = parent {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match VectorPerceptron
            .prepare::<C>([x.node(), lengths.node(), bias.node(), vectors.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let inputs = [&x, &lengths, &bias, &vectors].map(|input| prep.checkpoint(input));
                let out = B::vector_perceptron(
                    x.into_primitive(),
                    lengths.into_primitive(),
                    bias.into_primitive(),
                    vectors.into_primitive(),
                    active,
                );
                prep.finish((inputs, active), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::vector_perceptron(
                x.into_primitive(),
                lengths.into_primitive(),
                bias.into_primitive(),
                vectors.into_primitive(),
                active,
            )),
        }
    }
}

/// `s' = s + W_l |h| + b` and `v' = W_v h`; if active, `ReLU(s')` and `v' * sigmoid(|v'|)`.
///
/// # Shapes
///
/// - `x`: `[N, O + 3 H]`: scalars `s`, then x, y and z of the vectors `h`
/// - `lengths`: `[O, H]`, `W_l`
/// - `bias`: `[O]`
/// - `vectors`: `[V, H]`, `W_v`
/// - output: `[N, O + 3 V]`
///
/// # Panics
///
/// When the shapes do not fit.
pub fn vector_perceptron(
    x: Tensor<2>,
    lengths: Tensor<2>,
    bias: Tensor<1>,
    vectors: Tensor<2>,
    active: bool,
) -> Tensor<2> {
    let ([_, width], [scalars, hidden]) = (x.dims(), lengths.dims());
    assert_eq!(
        width,
        scalars + 3 * hidden,
        "rows are no {scalars} scalars and {hidden} vectors"
    );
    assert_eq!(bias.dims(), [scalars], "the bias has another width");
    assert_eq!(
        vectors.dims()[1],
        hidden,
        "the weight of vectors has another width"
    );
    Tensor::from_dispatch(Dispatch::vector_perceptron(
        x.into_dispatch(),
        lengths.into_dispatch(),
        bias.unsqueeze::<2>().into_dispatch(),
        vectors.into_dispatch(),
        active,
    ))
}
