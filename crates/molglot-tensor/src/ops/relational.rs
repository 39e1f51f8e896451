//! A linear layer over what arrives along edges of several relations.

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

use super::{composed_backends, propagate::PropagateOps, relation_index::RelationIndex};

/// Backend side of [`relational_linear`]: `x` is `[R, D]`, the weight `[O, relations * D]`, `onto` `[1, O]` or `[N, O]`.
///
/// What the forward pass summed is summed again in the backward pass: that takes a small part of the time of the product,
/// and to keep it would take `relations` times the memory of `x`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RelationalOps: Backend + PropagateOps {
    /// `[N, O]`.
    fn relational_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        onto: FloatTensor<Self>,
        index: RelationIndex,
    ) -> FloatTensor<Self> {
        let product = Self::float_matmul(sums::<Self>(x, &index), Self::float_transpose(weight));
        Self::float_add(onto, product)
    }

    /// The gradient of `x`.
    fn relational_linear_x(
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        index: RelationIndex,
    ) -> FloatTensor<Self> {
        let (rows, columns) = (index.to().rows(), weight.shape().as_slice()[1]);
        let grad = Self::float_matmul(grad, weight);
        let grad = Self::float_reshape(grad, Shape::from([rows, columns / index.relations()]));
        Self::propagate(grad, index.to().clone(), index.from().clone())
    }

    /// The gradient of the weight.
    fn relational_linear_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        index: RelationIndex,
    ) -> FloatTensor<Self> {
        Self::float_matmul(Self::float_transpose(grad), sums::<Self>(x, &index))
    }

    /// The gradient of an `onto` of one row: `[N, O] -> [1, O]`.
    fn relational_linear_onto(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_sum_dim(grad, 0)
    }
}

/// `[N, relations * D]`: what arrives, relations side by side.
fn sums<B: PropagateOps>(x: FloatTensor<B>, index: &RelationIndex) -> FloatTensor<B> {
    let columns = index.relations() * x.shape().as_slice()[1];
    let sums = B::propagate(x, index.from().clone(), index.to().clone());
    B::float_reshape(sums, Shape::from([index.targets(), columns]))
}

composed_backends!(RelationalOps);

#[cfg(feature = "flex")]
mod flex {
    use std::ops::Range;

    use burn::{
        backend::{Flex, tensor::FloatTensor},
        tensor::Shape,
    };
    use burn_flex::FlexTensor;
    use rayon::prelude::*;

    use super::{
        super::{
            compact_relations::{Compact, Group},
            flex::{output, values, width},
            gemm::{Matrix, Threads, multiply},
            row_kernels::{add_row, by_row, column_sums, sum_rows},
            rows::RowOps,
        },
        RelationIndex, RelationalOps,
    };

    /// Rows of a task: a product of so many pays for packing the weight, and its operands stay in the second cache.
    const BLOCK: usize = 512;

    /// The matrix of one relation, `[O, D]`, among those side by side in the weight.
    fn part(weight: &[f32], relation: usize, [outputs, inputs]: [usize; 2]) -> Matrix<'_> {
        let columns = weight.len() / outputs.max(1);
        Matrix::new(&weight[relation * inputs..], [outputs, inputs], columns)
    }

    /// What a relation brings its targets at these places, summed: rows of `out`.
    fn collect(out: &mut [f32], inputs: usize, x: &[f32], group: &Group, places: Range<usize>) {
        for (out, place) in out.chunks_exact_mut(inputs).zip(places) {
            sum_rows(out, x, group.sources(place));
        }
    }

    /// The gradient of every row that targets share.
    fn of_rows(grad: FlexTensor, compact: &Compact) -> FlexTensor {
        if compact.is_whole() {
            grad.to_contiguous()
        } else {
            Flex::segment_sum(grad, compact.rows.clone())
        }
    }

    /// Rows of the gradient at the targets of a relation.
    fn pick<'a>(out: &'a mut [f32], outputs: usize, grad: &[f32], targets: &[u32]) -> Matrix<'a> {
        for (out, &target) in out.chunks_exact_mut(outputs).zip(targets) {
            out.copy_from_slice(&grad[target as usize * outputs..][..outputs]);
        }
        Matrix::packed(out, [targets.len(), outputs])
    }

    /// Whose threads the product of a relation may use: all where there are more of them than relations.
    fn threads(relations: usize) -> Threads {
        if rayon::current_num_threads() > relations {
            Threads::All
        } else {
            Threads::One
        }
    }

    /// The product without `onto`, `[U, O]`.
    fn product(
        x: &[f32],
        weight: &[f32],
        [outputs, inputs]: [usize; 2],
        compact: &Compact,
    ) -> FlexTensor {
        let mut out = output(Shape::from([compact.rows.rows(), outputs]));
        let scratch = || (vec![0f32; BLOCK * inputs], vec![0f32; BLOCK * outputs]);
        out.storage_mut::<f32>()
            .par_chunks_mut(BLOCK * outputs)
            .enumerate()
            .for_each_init(scratch, |(sums, products), (block, out)| {
                out.fill(0.0);
                let first = block * BLOCK;
                let rows = first..first + out.len() / outputs;
                for (relation, group) in compact.groups.iter().enumerate() {
                    let places = group.within(rows.clone());
                    let count = places.len();
                    collect(sums, inputs, x, group, places.clone());
                    let matrix = part(weight, relation, [outputs, inputs]).transposed();
                    let sums = Matrix::packed(sums, [count, inputs]);
                    multiply(products, outputs, sums, matrix, 1.0, false, Threads::One);
                    let targets = group.targets[places].iter();
                    for (&target, product) in targets.zip(products.chunks_exact(outputs)) {
                        let at = (target as usize - first) * outputs;
                        add_row(&mut out[at..at + outputs], product);
                    }
                }
            });
        out
    }

    impl RelationalOps for Flex {
        fn relational_linear(
            x: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            onto: FloatTensor<Self>,
            index: RelationIndex,
        ) -> FloatTensor<Self> {
            let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
            let compact = index.compact();
            let (inputs, outputs) = (width(&x), width(&onto));
            let product = product(values(&x), values(&weight), [outputs, inputs], compact);
            let shape = Shape::from([index.targets(), outputs]);
            let product = values(&product);
            let rows = compact.rows.index();
            let of = |target: usize| &product[rows[target] as usize * outputs..][..outputs];
            if onto.layout().shape() == &shape {
                let mut out = onto;
                if !(out.is_contiguous() && out.layout().start_offset() == 0) {
                    out = out.to_contiguous();
                }
                by_row(out.storage_mut(), outputs, outputs, |target, out| {
                    add_row(out, of(target));
                });
                return out;
            }
            let onto = onto.to_contiguous();
            let bias = values(&onto);
            let mut out = output(shape);
            by_row(out.storage_mut(), outputs, outputs, |target, out| {
                out.copy_from_slice(bias);
                add_row(out, of(target));
            });
            out
        }

        fn relational_linear_x(
            weight: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            index: RelationIndex,
        ) -> FloatTensor<Self> {
            let weight = weight.to_contiguous();
            let compact = index.compact();
            let (outputs, inputs) = (width(&grad), width(&weight) / index.relations());
            let grad = of_rows(grad, compact);
            let (weight, grad) = (values(&weight), values(&grad));
            let mut sums = output(Shape::from([compact.sums(), inputs]));
            let mut rest = sums.storage_mut::<f32>();
            let mut tasks = Vec::new();
            for (relation, group) in compact.groups.iter().enumerate() {
                let (own, others) = rest.split_at_mut(group.len() * inputs);
                rest = others;
                let blocks = own.chunks_mut(BLOCK * inputs);
                tasks.extend(
                    blocks
                        .zip(group.targets.chunks(BLOCK))
                        .map(|pair| (relation, pair)),
                );
            }
            let scratch = || vec![0f32; BLOCK * outputs];
            tasks.into_par_iter().with_max_len(1).for_each_init(
                scratch,
                |rows, (relation, (out, targets))| {
                    let grad = pick(rows, outputs, grad, targets);
                    let matrix = part(weight, relation, [outputs, inputs]);
                    multiply(out, inputs, grad, matrix, 1.0, false, Threads::One);
                },
            );
            let mut out = output(Shape::from([index.from().rows(), inputs]));
            let sums = values(&sums);
            let work = inputs * (1 + index.from().len() / index.from().rows().max(1));
            by_row(out.storage_mut(), inputs, work, |source, out| {
                sum_rows(out, sums, compact.readers(source));
            });
            out
        }

        fn relational_linear_weight(
            x: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            index: RelationIndex,
        ) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let compact = index.compact();
            let (outputs, inputs) = (width(&grad), width(&x));
            let grad = of_rows(grad, compact);
            let (x, grad) = (values(&x), values(&grad));
            let threads = threads(index.relations());
            let parts: Vec<Vec<f32>> = compact
                .groups
                .par_iter()
                .with_max_len(1)
                .map(|group| {
                    let mut out = vec![0f32; outputs * inputs];
                    let mut sums = vec![0f32; BLOCK * inputs];
                    let mut rows = vec![0f32; BLOCK * outputs];
                    for begin in (0..group.len()).step_by(BLOCK) {
                        let places = begin..group.len().min(begin + BLOCK);
                        collect(&mut sums, inputs, x, group, places.clone());
                        let sums = Matrix::packed(&sums, [places.len(), inputs]);
                        let grad = pick(&mut rows, outputs, grad, &group.targets[places]);
                        multiply(
                            &mut out,
                            inputs,
                            grad.transposed(),
                            sums,
                            1.0,
                            true,
                            threads,
                        );
                    }
                    out
                })
                .collect();
            let columns = index.relations() * inputs;
            let mut out = output(Shape::from([outputs, columns]));
            by_row(out.storage_mut(), columns, columns, |row, out| {
                for (out, part) in out.chunks_exact_mut(inputs).zip(&parts) {
                    out.copy_from_slice(&part[row * inputs..][..inputs]);
                }
            });
            out
        }

        fn relational_linear_onto(grad: FloatTensor<Self>) -> FloatTensor<Self> {
            let grad = grad.to_contiguous();
            let width = width(&grad);
            let mut out = output(Shape::from([1, width]));
            column_sums(out.storage_mut(), values(&grad));
            out
        }
    }
}

impl<B: RelationalOps, C: CheckpointStrategy> RelationalOps for Autodiff<B, C> {
    fn relational_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        onto: FloatTensor<Self>,
        index: RelationIndex,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct RelationalLinear;
        impl<B: RelationalOps> Backward<B, 3> for RelationalLinear {
            type State = (NodeId, NodeId, bool, RelationIndex);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [x_node, weight_node, onto_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, is_one_row, index) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                if let Some(node) = x_node {
                    let grad = B::relational_linear_x(weight, grad.clone(), index.clone());
                    grads.register::<B>(node.id, grad);
                }
                if let Some(node) = weight_node {
                    let grad = B::relational_linear_weight(x, grad.clone(), index);
                    grads.register::<B>(node.id, grad);
                }
                if let Some(node) = onto_node {
                    let grad = match is_one_row {
                        true => B::relational_linear_onto(grad),
                        false => grad,
                    };
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        match RelationalLinear
            .prepare::<C>([x.node(), weight.node(), onto.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let is_one_row = onto.shape().as_slice()[0] == 1 && index.targets() != 1;
                let state = (
                    prep.checkpoint(&x),
                    prep.checkpoint(&weight),
                    is_one_row,
                    index.clone(),
                );
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let out = B::relational_linear(x, weight, onto.into_primitive(), index);
                prep.finish(state, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::relational_linear(
                x.into_primitive(),
                weight.into_primitive(),
                onto.into_primitive(),
                index,
            )),
        }
    }
}

/// `out[n] = onto[n] + sum over relations r of W_r (sum of x[s] over edges of r from s to n)`, with the matrices `W_r` side by
/// side in `weight`.
///
/// As a product of `weight` with [`super::propagate`], without keeping the sums for the backward pass, and on the flex
/// backend without computing twice what several targets receive alike.
///
/// # Shapes
///
/// - `x`: `[R, D]`, of which the edges come
/// - `weight`: `[O, relations * D]`
/// - `onto`: `[N, O]`, or `[1, O]` for all targets
/// - output: `[N, O]`
///
/// # Panics
///
/// When the shapes do not fit the index or each other.
pub fn relational_linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    onto: Tensor<2>,
    index: &RelationIndex,
) -> Tensor<2> {
    let ([rows, width], [outputs, columns]) = (x.dims(), weight.dims());
    assert_eq!(
        rows,
        index.from().rows(),
        "the index was built for another number of rows"
    );
    assert_eq!(
        columns,
        width * index.relations(),
        "the weight has {columns} columns, not {width} for each relation"
    );
    let [onto_rows, onto_columns] = onto.dims();
    assert!(
        onto_columns == outputs && (onto_rows == 1 || onto_rows == index.targets()),
        "what is added to is [{onto_rows}, {onto_columns}]"
    );
    Tensor::from_dispatch(Dispatch::relational_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        onto.into_dispatch(),
        index.clone(),
    ))
}
