//! Fused and deterministic tensor operations, each with its own backward pass.
//!
//! One operation per file. A file holds a backend extension trait whose default body composes Burn's own operations
//! (what CUDA and ndarray run), a kernel for the flex CPU backend, the backward pass, and the public function. The
//! default bodies are the definition; the kernels are held to them by tests on both CPU backends.
//!
//! Gathering and scattering rows goes through a [`RowIndex`] alone ([`gather_rows`], [`segment_sum`] and what stands on
//! them): Burn's `select_assign` is serial on CUDA, its dense `scatter` is serial on the CPU, `scatter_nd` races, and atomics
//! make results differ from run to run.

// The ndarray backend is deprecated upstream and still asked for by users; the attribute macros name it.
#![cfg_attr(feature = "ndarray", allow(deprecated))]

use burn::{
    backend::{Backend, TensorMetadata, tensor::FloatTensor},
    tensor::{DType, FloatDType, Tensor},
};

mod adamw;
mod attention;
mod batch_norm;
#[cfg(feature = "flex")]
mod compact_relations;
mod cross_entropy;
mod dropout;
mod edge_sum;
mod gaussians;
mod gelu;
#[cfg(feature = "flex")]
mod gemm;
mod head_loss;
mod head_parts;
mod key_ranges;
mod layer_norm;
mod linear;
mod math;
mod message_sums;
mod propagate;
mod recompute;
mod relation_index;
mod relational;
mod rms_norm;
mod rope;
mod row_index;
#[cfg(feature = "flex")]
mod row_kernels;
mod rows;
mod segment_max;
mod segment_softmax;
mod soft_cap;
mod softmax;
mod swiglu;
mod vector_linear;
mod vector_perceptron;

pub(crate) use adamw::{Step as AdamWStep, adamw};
pub use attention::attention;
pub use batch_norm::{Normalisation, RowCounts, column_moments, normalise_columns};
pub use cross_entropy::cross_entropy;
pub use dropout::dropout;
pub use edge_sum::edge_sum;
pub use gaussians::gaussians;
pub use gelu::{gelu, gelu_tanh};
pub use head_loss::{head_loss, head_loss_within};
pub use head_parts::{head_mix, pair_scores};
pub use key_ranges::KeyRanges;
pub use layer_norm::layer_norm;
pub use linear::{linear, linear_onto};
pub use message_sums::{MessageIndex, message_sums};
pub use propagate::propagate;
pub use recompute::recompute;
pub use relation_index::RelationIndex;
pub use relational::relational_linear;
pub use rms_norm::rms_norm;
pub use rope::{RopeAngles, RopeTable, rope};
pub use row_index::RowIndex;
pub use rows::{gather_rows, segment_mean, segment_sum};
pub use segment_max::segment_max;
pub use segment_softmax::segment_softmax;
pub use soft_cap::soft_cap;
pub use softmax::attention_softmax;
pub use swiglu::swiglu;
pub use vector_linear::vector_linear;
pub use vector_perceptron::vector_perceptron;

/// `x` in f32.
fn widen<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    if x.dtype() == DType::F32 {
        x
    } else {
        B::float_cast(x, FloatDType::F32)
    }
}

/// `x` in the type that the operation was given.
fn narrow<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if x.dtype() == dtype {
        x
    } else {
        B::float_cast(x, dtype.into())
    }
}

/// A constant on the side of autodiff that `x` is on.
fn beside<const C: usize, const D: usize>(constant: Tensor<C>, x: &Tensor<D>) -> Tensor<C> {
    if x.is_autodiff() {
        constant.autodiff()
    } else {
        constant.inner()
    }
}

/// Values per task of an elementwise kernel: large enough to pay for a task, small enough to share the work.
#[cfg(feature = "flex")]
const CHUNK: usize = 16 * 1024;

#[cfg(feature = "flex")]
mod flex {
    //! Reading and making the tensors of the flex backend.

    use burn::tensor::{Shape, TensorData};
    use burn_flex::FlexTensor;

    /// The tensor itself when it is contiguous, so that whoever is its only holder may write into it; else a copy.
    pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
        if tensor.is_contiguous() {
            tensor
        } else {
            tensor.to_contiguous()
        }
    }

    /// The values of a contiguous f32 tensor.
    pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
        let start = tensor.layout().start_offset();
        &tensor.storage()[start..start + tensor.layout().num_elements()]
    }

    /// An uninitialised-by-contract f32 tensor: the kernel writes every value.
    ///
    /// `FlexTensor::empty` makes bytes, which have no alignment to speak of, and copies all of them to where they have one.
    pub(super) fn output(shape: Shape) -> FlexTensor {
        let zeros = vec![0f32; shape.num_elements()];
        FlexTensor::from_data(TensorData::new(zeros, shape))
    }

    /// Length of the last axis.
    pub(super) fn width(tensor: &FlexTensor) -> usize {
        tensor
            .layout()
            .shape()
            .as_slice()
            .last()
            .copied()
            .unwrap_or(1)
            .max(1)
    }
}

/// `impl Trait for` every backend that runs the composed default body.
macro_rules! composed_backends {
    ($trait:ident) => {
        #[cfg(feature = "ndarray")]
        impl $trait for burn::backend::NdArray {}
        #[cfg(feature = "cuda")]
        impl $trait for burn::backend::Cube {}
    };
}
use composed_backends;
