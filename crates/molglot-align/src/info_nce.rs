//! InfoNCE (van den Oord et al., 2018, arXiv 1807.03748): which of the candidates belongs to the query?

use std::sync::Arc;

use molglot_tensor::{Tensor, ops::cross_entropy};

/// Added to a squared norm before its root, so that a zero vector has a gradient.
const EPSILON: f64 = 1e-12;

/// Rows scaled to unit length.
///
/// # Shapes
///
/// - `x` and output: `[B, D]`
pub fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let norm = (x.clone().square().sum_dim(1) + EPSILON).sqrt();
    x / norm
}

/// `[B]`: `-log softmax(queries candidates^T / temperature)` at the diagonal.
///
/// # Shapes
///
/// - `queries`, `candidates`: `[B, D]`, row `i` of one belonging to row `i` of the other
pub fn info_nce(queries: Tensor<2>, candidates: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [count, _] = queries.dims();
    let diagonal: Arc<[u32]> = (0..count as u32).collect();
    cross_entropy(
        queries
            .matmul(candidates.transpose())
            .div_scalar(temperature),
        &diagonal,
    )
}
