//! Scalars and vectors side by side.

use molglot_tensor::Tensor;

/// Squared lengths are never below this, so that a null vector has a gradient.
const SMALLEST: f64 = 1e-8;

/// Numbers that stay the same when a structure is turned, and vectors that turn with it.
#[derive(Clone, Debug)]
pub struct State {
    /// `[N, S]`.
    pub scalars: Tensor<2>,
    /// `[N, 3, V]`: x, y, z of every channel, so that mixing channels is one matrix product.
    pub vectors: Tensor<3>,
}

impl State {
    /// Sums of both.
    pub(super) fn add(self, other: Self) -> Self {
        Self {
            scalars: self.scalars + other.scalars,
            vectors: self.vectors + other.vectors,
        }
    }

    /// `[N, S + 3 V]`.
    pub(super) fn pack(self) -> Tensor<2> {
        let [rows, axes, channels] = self.vectors.dims();
        let vectors = self.vectors.reshape([rows, axes * channels]);
        Tensor::cat(vec![self.scalars, vectors], 1)
    }

    /// What [`State::pack`] made, of so many scalars.
    pub(super) fn unpack(rows: Tensor<2>, scalars: usize) -> Self {
        let [count, width] = rows.dims();
        let vectors = rows.clone().slice_dim(1, scalars..width);
        Self {
            scalars: rows.slice_dim(1, 0..scalars),
            vectors: vectors.reshape([count, 3, (width - scalars) / 3]),
        }
    }

    /// Scalars and lengths of vectors: what no rotation changes, `[N, S + V]`.
    pub fn invariant(&self) -> Tensor<2> {
        let lengths = squares(self.vectors.clone()).sqrt().squeeze_dim(1);
        Tensor::cat(vec![self.scalars.clone(), lengths], 1)
    }
}

/// Squared lengths, at least [`SMALLEST`]: `[N, 3, V] -> [N, 1, V]`.
pub(super) fn squares(vectors: Tensor<3>) -> Tensor<3> {
    vectors.square().sum_dim(1).clamp_min(SMALLEST)
}
