//! Rotary position embedding (Su et al., 2021, arXiv 2104.09864), half-split as Hugging Face stores Llama.
//!
//! Burn's own layer rotates interleaved pairs `(2i, 2i + 1)`; published Llama weights rotate `(i, i + D/2)`.

use std::sync::Arc;

use burn::{
    backend::{
        Autodiff, Backend, Dispatch, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        tensor::FloatTensor,
    },
    tensor::{Shape, Slice, Tensor, TensorData},
};

use super::composed_backends;

/// Cosines and sines of positions `0..len` for one head size, on the host.
#[derive(Clone, Debug)]
pub struct RopeTable(Arc<Table>);

#[derive(Debug)]
struct Table {
    half: usize,
    /// `[len, half]` row-major.
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    /// Angles `position * inverse_frequency`, taken in f32 as the references do, for positions below `len`.
    pub fn new(inverse_frequencies: &[f32], len: usize) -> Self {
        let angles = (0..len)
            .flat_map(|position| inverse_frequencies.iter().map(move |f| position as f32 * f));
        let (cos, sin) = angles.map(|angle| (angle.cos(), angle.sin())).unzip();
        Self(Arc::new(Table {
            half: inverse_frequencies.len(),
            cos,
            sin,
        }))
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.0.cos.len() / self.0.half.max(1)
    }

    /// Whether there are no positions.
    pub fn is_empty(&self) -> bool {
        self.0.cos.is_empty()
    }
}

/// Which rotation: the table, the position of the first row, and forward or back.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    table: RopeTable,
    start: usize,
    back: bool,
}

impl Rotation {
    /// Cosines and signed sines of `len` positions from the start.
    fn rows(&self, len: usize) -> (&[f32], &[f32], f32) {
        let Table { half, cos, sin } = &*self.table.0;
        let range = self.start * half..(self.start + len) * half;
        (
            &cos[range.clone()],
            &sin[range],
            if self.back { -1.0 } else { 1.0 },
        )
    }
}

/// Backend side of [`rope`]; `x` is `[B, S, H, D]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RopeOps: Backend {
    /// `(x1, x2) -> (x1 cos - x2 sin, x2 cos + x1 sin)` on the halves of the last axis.
    fn rope(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self> {
        let shape = x.shape();
        let [_, len, _, size] = *shape.as_slice() else {
            return x;
        };
        let device = TensorMetadata::device(&x);
        let half = size / 2;
        let (cos, sin, sign) = rotation.rows(len);
        let table = |values: Vec<f32>| {
            let flat = Self::float_from_data(TensorData::new(values, [len, half]), &device);
            Self::float_reshape(flat, Shape::from([1, len, 1, half]))
        };
        let cos = table(cos.to_vec());
        let sin = table(sin.iter().map(|value| sign * value).collect());
        let part = |from: usize| {
            let whole = || Slice::full();
            Self::float_slice(
                x.clone(),
                &[whole(), whole(), whole(), Slice::from(from..from + half)],
            )
        };
        let (first, second) = (part(0), part(half));
        let rotated_first = Self::float_sub(
            Self::float_mul(first.clone(), cos.clone()),
            Self::float_mul(second.clone(), sin.clone()),
        );
        let rotated_second =
            Self::float_add(Self::float_mul(second, cos), Self::float_mul(first, sin));
        Self::float_cat(vec![rotated_first, rotated_second], 3)
    }
}

composed_backends!(RopeOps);

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::{Flex, tensor::FloatTensor};
    use multiversion::multiversion;
    use rayon::prelude::*;

    use super::{
        super::flex::{output, values},
        RopeOps, Rotation,
    };

    #[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl+avx512bw", "x86_64+avx2"))]
    fn rotate(x: &[f32], out: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
        let half = cos.len();
        let (first, second) = x.split_at(half);
        let (out_first, out_second) = out.split_at_mut(half);
        for i in 0..half {
            let sin = sign * sin[i];
            out_first[i] = first[i] * cos[i] - second[i] * sin;
            out_second[i] = second[i] * cos[i] + first[i] * sin;
        }
    }

    impl RopeOps for Flex {
        fn rope(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self> {
            let x = x.to_contiguous();
            let shape = x.layout().shape().clone();
            let [_, len, heads, size] = *shape.as_slice() else {
                return x;
            };
            let mut out = output(shape);
            let (cos, sin, sign) = rotation.rows(len);
            let (half, row) = (size / 2, heads * size);
            out.storage_mut::<f32>()
                .par_chunks_mut(row * len)
                .zip(values(&x).par_chunks(row * len))
                .for_each(|(out, x)| {
                    for position in 0..len {
                        let table = position * half..(position + 1) * half;
                        for head in 0..heads {
                            let at =
                                position * row + head * size..position * row + (head + 1) * size;
                            rotate(
                                &x[at.clone()],
                                &mut out[at],
                                &cos[table.clone()],
                                &sin[table.clone()],
                                sign,
                            );
                        }
                    }
                });
            out
        }
    }
}

impl<B: RopeOps, C: CheckpointStrategy> RopeOps for Autodiff<B, C> {
    fn rope(x: FloatTensor<Self>, rotation: Rotation) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Rope;
        impl<B: RopeOps> Backward<B, 1> for Rope {
            type State = Rotation;
            fn backward(self, ops: Ops<Rotation, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                if let Some(parent) = parent {
                    let inverse = Rotation {
                        back: !ops.state.back,
                        ..ops.state
                    };
                    grads.register::<B>(parent.id, B::rope(grad, inverse));
                }
            }
        }
        match Rope.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish(rotation.clone(), B::rope(x.into_primitive(), rotation))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::rope(x.into_primitive(), rotation)),
        }
    }
}

/// Rotates queries or keys whose first row stands at position `start`.
///
/// # Shapes
///
/// - `x`: `[B, S, H, D]`, `D` even
/// - output: `[B, S, H, D]`
///
/// # Panics
///
/// When the table is shorter than `start + S` or was made for another `D`.
pub fn rope(x: Tensor<4>, table: &RopeTable, start: usize) -> Tensor<4> {
    let [_, len, _, size] = x.dims();
    assert_eq!(
        size,
        2 * table.0.half,
        "the table was made for another head size"
    );
    assert!(
        start + len <= table.len(),
        "position {} is beyond the table of {}",
        start + len,
        table.len()
    );
    let rotation = Rotation {
        table: table.clone(),
        start,
        back: false,
    };
    Tensor::from_dispatch(Dispatch::rope(x.into_dispatch(), rotation))
}
