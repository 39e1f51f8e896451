//! Batch normalisation (Ioffe and Szegedy, 2015, arXiv 1502.03167) of packed rows, with or without a ReLU behind it.
//!
//! A row may stand for several equal ones: then it counts as many times.

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
    tensor::{Slice, Tensor, TensorData},
};

use super::composed_backends;

/// How many rows each row stands for.
#[derive(Clone, Debug)]
pub struct RowCounts(Arc<[f32]>);

impl RowCounts {
    /// Counts of rows.
    pub fn new(counts: impl IntoIterator<Item = u32>) -> Self {
        Self(counts.into_iter().map(|count| count as f32).collect())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many they stand for together.
    pub fn total(&self) -> f64 {
        self.0.iter().map(|&count| f64::from(count)).sum()
    }
}

/// How columns are normalised.
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// Added to a variance before its root.
    pub epsilon: f32,
    /// Whether negative results become 0.
    pub relu: bool,
    /// Whether the moments are those of the rows themselves, so that the gradient goes through them too.
    pub of_batch: bool,
    /// How many rows each row stands for; `None` for one each.
    pub counts: Option<RowCounts>,
}

/// Backend side of [`column_moments`] and [`normalise_columns`]: `x` is `[N, D]`, moments `[2, D]`, weight and bias
/// `[1, D]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait BatchNormOps: Backend {
    /// Mean and population variance of columns, `[2, D]`.
    fn column_moments(x: FloatTensor<Self>, counts: Option<RowCounts>) -> FloatTensor<Self> {
        let total = total(x.shape().as_slice()[0], counts.as_ref());
        let mean = |x: FloatTensor<Self>| {
            let counted = counted::<Self>(x, counts.as_ref());
            Self::float_div_scalar(Self::float_sum_dim(counted, 0), total.into())
        };
        let means = mean(x.clone());
        let centred = Self::float_sub(x, means.clone());
        let variances = mean(Self::float_mul(centred.clone(), centred));
        Self::float_cat(vec![means, variances], 0)
    }

    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
    fn normalise_columns(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: Normalisation,
    ) -> FloatTensor<Self> {
        let (unit, _) = standardised::<Self>(x, &moments, how.epsilon);
        let out = Self::float_add(Self::float_mul(unit, weight), bias);
        if how.relu { Self::relu(out) } else { out }
    }

    /// Gradients of `x`, the weight and the bias.
    ///
    /// With the standardised column `u`, its scale `r` and the means over the batch that a row has `c` shares in:
    /// `dx = weight r (grad - c (mean(grad) + u mean(grad u)))`, where moments of the batch are meant, else without the
    /// means.
    fn normalise_columns_backward(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        how: Normalisation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let total = total(x.shape().as_slice()[0], how.counts.as_ref());
        let (unit, scale) = standardised::<Self>(x, &moments, how.epsilon);
        let grad = if how.relu {
            let out = Self::float_add(Self::float_mul(unit.clone(), weight.clone()), bias);
            Self::float_mul(grad, Self::float_sign(Self::relu(out)))
        } else {
            grad
        };
        let grad_bias = Self::float_sum_dim(grad.clone(), 0);
        let grad_weight = Self::float_sum_dim(Self::float_mul(grad.clone(), unit.clone()), 0);
        let grad_unit = if how.of_batch {
            let along = Self::float_mul(unit, grad_weight.clone());
            let shared = Self::float_add(along, grad_bias.clone());
            let shared = Self::float_div_scalar(shared, total.into());
            Self::float_sub(grad, counted::<Self>(shared, how.counts.as_ref()))
        } else {
            grad
        };
        let grad_x = Self::float_mul(grad_unit, Self::float_mul(scale, weight));
        (grad_x, grad_weight, grad_bias)
    }
}

/// How many rows there are, counted.
fn total(rows: usize, counts: Option<&RowCounts>) -> f32 {
    counts.map_or(rows as f64, RowCounts::total).max(1.0) as f32
}

/// Rows as often as they count.
fn counted<B: Backend>(x: FloatTensor<B>, counts: Option<&RowCounts>) -> FloatTensor<B> {
    let Some(counts) = counts else { return x };
    let data = TensorData::new(counts.0.to_vec(), [counts.len(), 1]);
    let counts = B::float_from_data(data, &TensorMetadata::device(&x));
    B::float_mul(x, counts)
}

/// Columns of mean 0 and variance 1, and what they were scaled by: `[N, D]`, `[1, D]`.
fn standardised<B: Backend>(
    x: FloatTensor<B>,
    moments: &FloatTensor<B>,
    epsilon: f32,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let row =
        |row: usize| B::float_slice(moments.clone(), &[Slice::from(row..row + 1), Slice::full()]);
    let scale = B::float_recip(B::float_sqrt(B::float_add_scalar(row(1), epsilon.into())));
    let centred = B::float_sub(x, row(0));
    (B::float_mul(centred, scale.clone()), scale)
}

composed_backends!(BatchNormOps);

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
        super::flex::{output, values, width},
        BatchNormOps, Normalisation, RowCounts, total,
    };

    /// Rows of a partial result: few enough to stay in the cache between two readings.
    const ROWS: usize = 64;

    /// Mean and summed squared differences from it of the columns of some rows: `out` is `[2, D]`.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn moments(x: &[f32], counts: Option<&[f32]>, total: f32, out: &mut [f32]) {
        let (mean, squares) = out.split_at_mut(out.len() / 2);
        let width = mean.len();
        let count = |row: usize| counts.map_or(1.0, |counts| counts[row]);
        for (row, x) in x.chunks_exact(width).enumerate() {
            let count = count(row);
            for (mean, x) in mean.iter_mut().zip(x) {
                *mean += count * x;
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= total);
        for (row, x) in x.chunks_exact(width).enumerate() {
            let count = count(row);
            for ((squares, mean), x) in squares.iter_mut().zip(&*mean).zip(x) {
                *squares += count * (x - mean) * (x - mean);
            }
        }
    }

    /// What is the same for all rows.
    struct Columns<'a> {
        mean: &'a [f32],
        /// Weight over standard deviation.
        scale: Vec<f32>,
        bias: &'a [f32],
        relu: bool,
    }

    impl<'a> Columns<'a> {
        fn new(moments: &'a [f32], weight: &[f32], bias: &'a [f32], how: &Normalisation) -> Self {
            let (mean, variance) = moments.split_at(weight.len());
            let scale = weight.iter().zip(variance);
            Self {
                mean,
                scale: scale
                    .map(|(weight, variance)| weight / (variance + how.epsilon).sqrt())
                    .collect(),
                bias,
                relu: how.relu,
            }
        }
    }

    /// `x`, at least `floor`; what is no number stays none.
    #[inline(always)]
    fn above(floor: f32, x: f32) -> f32 {
        if x < floor { floor } else { x }
    }

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn forward(x: &[f32], columns: &Columns<'_>, out: &mut [f32]) {
        let width = columns.mean.len();
        let floor = if columns.relu { 0.0 } else { f32::NEG_INFINITY };
        for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            let per_column = columns.mean.iter().zip(&columns.scale).zip(columns.bias);
            for ((out, x), ((mean, scale), bias)) in out.iter_mut().zip(x).zip(per_column) {
                *out = above(floor, (x - mean) * scale + bias);
            }
        }
    }

    /// Sums over some rows of the gradient, and of its product with centred columns: `out` is `[2, D]`.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn sums(x: &[f32], grad: &[f32], columns: &Columns<'_>, out: &mut [f32]) {
        let (plain, along) = out.split_at_mut(out.len() / 2);
        let width = plain.len();
        let floor = if columns.relu { 0.0 } else { f32::NEG_INFINITY };
        for (x, grad) in x.chunks_exact(width).zip(grad.chunks_exact(width)) {
            let per_column = columns.mean.iter().zip(&columns.scale).zip(columns.bias);
            let totals = plain.iter_mut().zip(along.iter_mut());
            for ((totals, (x, grad)), ((mean, scale), bias)) in
                totals.zip(x.iter().zip(grad)).zip(per_column)
            {
                let centred = x - mean;
                let grad = if centred * scale + bias <= floor {
                    0.0
                } else {
                    *grad
                };
                *totals.0 += grad;
                *totals.1 += grad * centred;
            }
        }
    }

    /// `shared` holds what every row loses per count, and what it loses per count and centred value: `[2, D]`.
    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn backward(
        x: &[f32],
        grad: &[f32],
        counts: Option<&[f32]>,
        columns: &Columns<'_>,
        shared: &[f32],
        out: &mut [f32],
    ) {
        let (plain, along) = shared.split_at(shared.len() / 2);
        let width = plain.len();
        let floor = if columns.relu { 0.0 } else { f32::NEG_INFINITY };
        let rows = x.chunks_exact(width).zip(grad.chunks_exact(width));
        for (row, (out, (x, grad))) in out.chunks_exact_mut(width).zip(rows).enumerate() {
            let count = counts.map_or(1.0, |counts| counts[row]);
            let per_column = columns.mean.iter().zip(&columns.scale).zip(columns.bias);
            let shared = plain.iter().zip(along);
            let inputs = x.iter().zip(grad).zip(per_column).zip(shared);
            for (out, (((x, grad), ((mean, scale), bias)), (plain, along))) in
                out.iter_mut().zip(inputs)
            {
                let centred = x - mean;
                let grad = if centred * scale + bias <= floor {
                    0.0
                } else {
                    *grad
                };
                *out = scale * (grad - count * (plain + centred * along));
            }
        }
    }

    fn part(counts: Option<&RowCounts>, chunk: usize) -> Option<&[f32]> {
        let counts = &counts?.0;
        counts.chunks(ROWS).nth(chunk)
    }

    fn row(values: &[f32]) -> FlexTensor {
        let mut out = output(Shape::from([1, values.len()]));
        out.storage_mut().copy_from_slice(values);
        out
    }

    impl BatchNormOps for Flex {
        fn column_moments(x: FloatTensor<Self>, counts: Option<RowCounts>) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let width = width(&x);
            let parts: Vec<(f64, Vec<f32>)> = values(&x)
                .par_chunks(ROWS * width)
                .enumerate()
                .map(|(chunk, x)| {
                    let counts = part(counts.as_ref(), chunk);
                    let total = match counts {
                        Some(counts) => counts.iter().sum(),
                        None => (x.len() / width) as f32,
                    };
                    let mut out = vec![0f32; 2 * width];
                    moments(x, counts, total, &mut out);
                    (f64::from(total), out)
                })
                .collect();
            // Chan, Golub and LeVeque, 1983: moments of a union from those of its parts.
            let mut out = output(Shape::from([2, width]));
            let whole: f64 = parts.iter().map(|part| part.0).sum::<f64>().max(1.0);
            let (means, variances) = out.storage_mut::<f32>().split_at_mut(width);
            for (column, (mean, variance)) in means.iter_mut().zip(variances).enumerate() {
                let (mut count, mut centre, mut squares) = (0.0, 0.0, 0.0);
                for (rows, part) in &parts {
                    let apart = f64::from(part[column]) - centre;
                    let together = count + rows;
                    centre += apart * rows / together;
                    squares +=
                        f64::from(part[width + column]) + apart * apart * count * rows / together;
                    count = together;
                }
                (*mean, *variance) = (centre as f32, (squares / whole) as f32);
            }
            out
        }

        fn normalise_columns(
            x: FloatTensor<Self>,
            moments: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            how: Normalisation,
        ) -> FloatTensor<Self> {
            let (x, moments) = (x.to_contiguous(), moments.to_contiguous());
            let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
            let columns = Columns::new(values(&moments), values(&weight), values(&bias), &how);
            let width = width(&x);
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(ROWS * width)
                .zip(values(&x).par_chunks(ROWS * width))
                .for_each(|(out, x)| forward(x, &columns, out));
            out
        }

        fn normalise_columns_backward(
            x: FloatTensor<Self>,
            moments: FloatTensor<Self>,
            weight: FloatTensor<Self>,
            bias: FloatTensor<Self>,
            grad: FloatTensor<Self>,
            how: Normalisation,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let (x, moments, grad) = (
                x.to_contiguous(),
                moments.to_contiguous(),
                grad.to_contiguous(),
            );
            let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
            let columns = Columns::new(values(&moments), values(&weight), values(&bias), &how);
            let width = width(&x);
            let chunks = || {
                let grad = values(&grad).par_chunks(ROWS * width);
                values(&x).par_chunks(ROWS * width).zip(grad)
            };
            let parts: Vec<Vec<f32>> = chunks()
                .map(|(x, grad)| {
                    let mut out = vec![0f32; 2 * width];
                    sums(x, grad, &columns, &mut out);
                    out
                })
                .collect();
            let mut totals = vec![0f64; 2 * width];
            for part in &parts {
                for (total, value) in totals.iter_mut().zip(part) {
                    *total += f64::from(*value);
                }
            }
            let (plain, along) = totals.split_at(width);
            let deviation = values(&moments)[width..]
                .iter()
                .map(|variance| f64::from((variance + how.epsilon).sqrt()));
            let deviation: Vec<f64> = deviation.collect();
            let unit: Vec<f64> = along.iter().zip(&deviation).map(|(a, d)| a / d).collect();
            let whole = f64::from(total(x.layout().shape().as_slice()[0], how.counts.as_ref()));
            let per_row = if how.of_batch { 1.0 / whole } else { 0.0 };
            let shared = plain.iter().map(|total| total * per_row);
            let shared = shared.chain(unit.iter().zip(&deviation).map(|(u, d)| u / d * per_row));
            let shared: Vec<f32> = shared.map(|value| value as f32).collect();
            let mut out = output(x.layout().shape().clone());
            out.storage_mut::<f32>()
                .par_chunks_mut(ROWS * width)
                .zip(chunks())
                .enumerate()
                .for_each(|(chunk, (out, (x, grad)))| {
                    let counts = part(how.counts.as_ref(), chunk);
                    backward(x, grad, counts, &columns, &shared, out);
                });
            let narrow = |values: &[f64]| {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                row(&values)
            };
            (out, narrow(&unit), narrow(plain))
        }
    }
}

impl<B: BatchNormOps, C: CheckpointStrategy> BatchNormOps for Autodiff<B, C> {
    fn normalise_columns(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: Normalisation,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct NormaliseColumns;
        impl<B: BatchNormOps> Backward<B, 3> for NormaliseColumns {
            type State = (NodeId, NodeId, NodeId, FloatTensor<B>, Normalisation);
            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let [x_node, weight_node, bias_node] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, bias, moments, how) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let bias: FloatTensor<B> = checkpointer.retrieve_node_output(bias);
                let (grad_x, grad_weight, grad_bias) =
                    B::normalise_columns_backward(x, moments, weight, bias, grad, how);
                let found = [
                    (x_node, grad_x),
                    (weight_node, grad_weight),
                    (bias_node, grad_bias),
                ];
                for (node, grad) in found {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }
        match NormaliseColumns
            .prepare::<C>([x.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let ids = (
                    prep.checkpoint(&x),
                    prep.checkpoint(&weight),
                    prep.checkpoint(&bias),
                );
                let moments = moments.into_primitive();
                let out = B::normalise_columns(
                    x.into_primitive(),
                    moments.clone(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    how.clone(),
                );
                prep.finish((ids.0, ids.1, ids.2, moments, how), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::normalise_columns(
                x.into_primitive(),
                moments.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                how,
            )),
        }
    }
}

/// Mean and population variance of columns; no gradient goes through them.
///
/// # Shapes
///
/// - `x`: `[N, D]`
/// - output: `[2, D]`
///
/// # Panics
///
/// When there are counts for another number of rows.
pub fn column_moments(x: Tensor<2>, counts: Option<&RowCounts>) -> Tensor<2> {
    check(&x, counts);
    let x = if x.is_autodiff() { x.inner() } else { x };
    Tensor::from_dispatch(Dispatch::column_moments(x.into_dispatch(), counts.cloned()))
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` by column, and what `how` says.
///
/// # Shapes
///
/// - `x` and output: `[N, D]`
/// - `moments`: `[2, D]`, means and variances
/// - `weight`, `bias`: `[D]`
///
/// # Panics
///
/// When there are counts for another number of rows.
pub fn normalise_columns(
    x: Tensor<2>,
    moments: Tensor<2>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    how: Normalisation,
) -> Tensor<2> {
    check(&x, how.counts.as_ref());
    let moments = super::beside(moments, &x);
    Tensor::from_dispatch(Dispatch::normalise_columns(
        x.into_dispatch(),
        moments.into_dispatch(),
        weight.unsqueeze::<2>().into_dispatch(),
        bias.unsqueeze::<2>().into_dispatch(),
        how,
    ))
}

fn check(x: &Tensor<2>, counts: Option<&RowCounts>) {
    let [rows, _] = x.dims();
    assert!(
        counts.is_none_or(|counts| counts.len() == rows),
        "there are counts for another number of rows than {rows}"
    );
}
