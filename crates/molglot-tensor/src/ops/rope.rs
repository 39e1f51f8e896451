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
    tensor::{Device, Shape, Slice, Tensor, TensorData},
};

use super::{composed_backends, narrow, widen};

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

/// Cosines and sines of the positions of one batch, on its device: made once and shared by every layer.
#[derive(Clone, Debug)]
pub struct RopeAngles {
    /// `[R, S, D / 2]`, `R` the batch size, or 1 when every row has the same positions.
    cos: Tensor<3>,
    sin: Tensor<3>,
}

impl RopeTable {
    /// Angles of `rows` rows of positions.
    ///
    /// # Shapes
    ///
    /// - `positions`: `rows * S`, row-major
    ///
    /// # Panics
    ///
    /// When a position is beyond the table or `rows` does not divide their number.
    pub fn at(&self, rows: usize, positions: &[u32], device: &Device) -> RopeAngles {
        let half = self.0.half;
        assert!(
            positions.len().is_multiple_of(rows.max(1)),
            "{} positions in {rows} rows",
            positions.len()
        );
        let pick = |table: &[f32]| {
            let mut values = Vec::with_capacity(positions.len() * half);
            for &position in positions {
                let position = position as usize;
                assert!(
                    position < self.len(),
                    "position {position} is beyond the table of {}",
                    self.len()
                );
                values.extend_from_slice(&table[position * half..][..half]);
            }
            let shape = [rows, positions.len() / rows.max(1), half];
            Tensor::from_data(TensorData::new(values, shape), &device.clone().inner())
        };
        RopeAngles {
            cos: pick(&self.0.cos),
            sin: pick(&self.0.sin),
        }
    }

    /// Cosines and sines of one position, for comparison with a reference.
    ///
    /// # Panics
    ///
    /// When the position is beyond the table.
    pub fn angles(&self, position: usize) -> (&[f32], &[f32]) {
        let half = self.0.half;
        let range = position * half..(position + 1) * half;
        (&self.0.cos[range.clone()], &self.0.sin[range])
    }
}

/// Backend side of [`rope`]; `x` is `[B, S, H, D]`, the angles `[1 or B, S, D / 2]`.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "cuda"), Autodiff)]
pub(super) trait RopeOps: Backend {
    /// `(x1, x2) -> (x1 cos - x2 sin, x2 cos + x1 sin)` on the halves of the last axis; `back` turns the other way.
    fn rope(
        x: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        back: bool,
    ) -> FloatTensor<Self> {
        let dtype = x.dtype();
        let shape = x.shape();
        let half = shape.as_slice()[3] / 2;
        let x = widen::<Self>(x);
        let table = |angles: FloatTensor<Self>| {
            let [rows, len, half] = *angles.shape().as_slice() else {
                return angles;
            };
            Self::float_reshape(angles, Shape::from([rows, len, 1, half]))
        };
        let (cos, sin) = (table(cos), table(sin));
        let sin = if back { Self::float_neg(sin) } else { sin };
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
        narrow::<Self>(
            Self::float_cat(vec![rotated_first, rotated_second], 3),
            dtype,
        )
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
        RopeOps,
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
        fn rope(
            x: FloatTensor<Self>,
            cos: FloatTensor<Self>,
            sin: FloatTensor<Self>,
            back: bool,
        ) -> FloatTensor<Self> {
            let (x, cos, sin) = (x.to_contiguous(), cos.to_contiguous(), sin.to_contiguous());
            let shape = x.layout().shape().clone();
            let [_, len, heads, size] = *shape.as_slice() else {
                return x;
            };
            let rows = cos.layout().shape().as_slice()[0];
            let mut out = output(shape);
            let (cos, sin) = (values(&cos), values(&sin));
            let sign = if back { -1.0 } else { 1.0 };
            let half = size / 2;
            // One task a token: all its heads turn by the same angles.
            out.storage_mut::<f32>()
                .par_chunks_mut(heads * size)
                .with_min_len(32)
                .zip(values(&x).par_chunks(heads * size))
                .enumerate()
                .for_each(|(token, (out, x))| {
                    let at = (token / len % rows * len + token % len) * half;
                    for (out, x) in out.chunks_exact_mut(size).zip(x.chunks_exact(size)) {
                        rotate(x, out, &cos[at..at + half], &sin[at..at + half], sign);
                    }
                });
            out
        }
    }
}

impl<B: RopeOps, C: CheckpointStrategy> RopeOps for Autodiff<B, C> {
    fn rope(
        x: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        back: bool,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Rope;
        impl<B: RopeOps> Backward<B, 1> for Rope {
            type State = (FloatTensor<B>, FloatTensor<B>, bool);
            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _: &mut Checkpointer,
            ) {
                let [parent] = ops.parents;
                let grad = grads.consume::<B>(&ops.node);
                let (cos, sin, back) = ops.state;
                if let Some(parent) = parent {
                    grads.register::<B>(parent.id, B::rope(grad, cos, sin, !back));
                }
            }
        }
        let (cos, sin) = (cos.into_primitive(), sin.into_primitive());
        match Rope.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let out = B::rope(x.into_primitive(), cos.clone(), sin.clone(), back);
                prep.finish((cos, sin, back), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::rope(x.into_primitive(), cos, sin, back)),
        }
    }
}

/// Rotates queries or keys.
///
/// # Shapes
///
/// - `x`: `[B, S, H, D]`, `D` even
/// - output: `[B, S, H, D]`
///
/// # Panics
///
/// When the angles are for other shapes.
pub fn rope(x: Tensor<4>, angles: &RopeAngles) -> Tensor<4> {
    let [batch, len, _, size] = x.dims();
    let [rows, positions, half] = angles.cos.dims();
    assert_eq!(size, 2 * half, "angles of another head size");
    assert_eq!(len, positions, "angles of another number of positions");
    assert!(
        rows == 1 || rows == batch,
        "angles of {rows} rows for a batch of {batch}"
    );
    let cos = super::beside(angles.cos.clone(), &x);
    let sin = super::beside(angles.sin.clone(), &x);
    Tensor::from_dispatch(Dispatch::rope(
        x.into_dispatch(),
        cos.into_dispatch(),
        sin.into_dispatch(),
        false,
    ))
}
