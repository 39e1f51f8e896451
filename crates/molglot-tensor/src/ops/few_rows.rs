//! A product with a weight as it is stored, for the few rows of a step of generation.
//!
//! Burn multiplies by the transposed view of a weight and packs it first, which is nothing beside a batch and everything
//! beside one token. A row of the weight is what an output needs, so here each output is one dot product over memory in
//! order.

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, autodiff::checkpoint::strategy::CheckpointStrategy,
        backend_extension, tensor::FloatTensor,
    },
    tensor::Tensor,
};

use super::composed_backends;

/// Rows up to which a product is memory bound.
const FEW: usize = 8;

/// Backend side of [`few_rows`]; `x` is `[R, I]`, the weight `[O, I]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait FewRowsOps: Backend {
    /// `x W^T`.
    fn few_rows(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_matmul(x, Self::float_transpose(weight))
    }
}

composed_backends!(FewRowsOps);

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
        FewRowsOps,
    };

    /// Outputs of a task: enough memory to pay for it.
    const OUTPUTS: usize = 64;

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn dots(x: &[f32], weight: &[f32], out: &mut [f32], inputs: usize) {
        for (out, row) in out.iter_mut().zip(weight.chunks_exact(inputs)) {
            *out = sum_by(inputs, |at| x[at] * row[at]);
        }
    }

    impl FewRowsOps for Flex {
        fn few_rows(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
            let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
            let inputs = width(&x);
            let rows = x.layout().num_elements() / inputs;
            let outputs = weight.layout().num_elements() / inputs;
            let mut out = output(Shape::from([rows, outputs]));
            let (x, weight) = (values(&x), values(&weight));
            out.storage_mut::<f32>()
                .par_chunks_mut(outputs)
                .zip(x.par_chunks(inputs))
                .for_each(|(out, x)| {
                    out.par_chunks_mut(OUTPUTS)
                        .zip(weight.par_chunks(OUTPUTS * inputs))
                        .for_each(|(out, weight)| dots(x, weight, out, inputs));
                });
            out
        }
    }
}

impl<B: FewRowsOps, C: CheckpointStrategy> FewRowsOps for Autodiff<B, C> {}

/// `x W^T` where that is a few dot products without a gradient; `None` where Burn's product is the right one.
///
/// # Shapes
///
/// - `x`: `[.., I]`
/// - `weight`: `[O, I]`
/// - output: `[.., O]`
pub(crate) fn few_rows<const D: usize>(x: &Tensor<D>, weight: &Tensor<2>) -> Option<Tensor<D>> {
    let mut shape = x.dims();
    let inputs = shape[D - 1];
    let rows = shape[..D - 1].iter().product::<usize>();
    let [outputs, columns] = weight.dims();
    if rows == 0 || rows > FEW || inputs == 0 || inputs != columns {
        return None;
    }
    if x.is_autodiff() || weight.is_autodiff() || x.dtype() != weight.dtype() {
        return None;
    }
    shape[D - 1] = outputs;
    let flat = x.clone().reshape([rows, inputs]);
    let out = Tensor::<2>::from_dispatch(Dispatch::few_rows(
        flat.into_dispatch(),
        weight.clone().into_dispatch(),
    ));
    Some(out.reshape(shape))
}
