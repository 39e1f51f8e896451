//! Scalars and vectors side by side.

use molglot_tensor::Tensor;

/// Squared lengths are never below this, so that a null vector has a gradient.
const SMALLEST: f64 = 1e-8;

/// Numbers that stay the same when a structure is turned, and vectors that turn with it.
#[derive(Clone, Debug)]
pub struct State {
    /// `[N, S + 3 V]`: scalars, then x of every vector, y of every vector, z of every vector, so that mixing vectors is a
    /// matrix product for each axis and messages are gathered and summed as they lie.
    pub(super) rows: Tensor<2>,
    /// `S`.
    pub(super) scalars: usize,
}

impl State {
    /// # Shapes
    ///
    /// - `scalars`: `[N, S]`
    /// - `vectors`: `[N, 3, V]`
    pub fn new(scalars: Tensor<2>, vectors: Tensor<3>) -> Self {
        let [rows, axes, channels] = vectors.dims();
        let count = scalars.dims()[1];
        let vectors = vectors.reshape([rows, axes * channels]);
        Self {
            rows: Tensor::cat(vec![scalars, vectors], 1),
            scalars: count,
        }
    }

    /// Number of vectors, `V`.
    pub(super) fn vectors(&self) -> usize {
        (self.rows.dims()[1] - self.scalars) / 3
    }

    /// `[N, S]`.
    pub fn scalar_part(&self) -> Tensor<2> {
        self.rows.clone().slice_dim(1, 0..self.scalars)
    }

    /// `[N, 3, V]`.
    pub fn vector_part(&self) -> Tensor<3> {
        let [rows, width] = self.rows.dims();
        let vectors = self.rows.clone().slice_dim(1, self.scalars..width);
        vectors.reshape([rows, 3, self.vectors()])
    }

    /// The lengths of the vectors, `[N, V]`.
    pub(super) fn lengths(&self) -> Tensor<2> {
        squares(self.vector_part()).sqrt().squeeze_dim(1)
    }

    /// Sums of both.
    pub(super) fn add(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            scalars: self.scalars,
        }
    }

    /// Scalars and lengths of vectors: what no rotation changes, `[N, S + V]`.
    pub fn invariant(&self) -> Tensor<2> {
        Tensor::cat(vec![self.scalar_part(), self.lengths()], 1)
    }
}

/// Squared lengths, at least [`SMALLEST`]: `[N, 3, V] -> [N, 1, V]`.
pub(super) fn squares(vectors: Tensor<3>) -> Tensor<3> {
    vectors.square().sum_dim(1).clamp_min(SMALLEST)
}
