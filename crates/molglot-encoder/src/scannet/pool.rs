//! From atoms to residues.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::BatchNorm,
    ops::{gather_rows, segment_softmax, segment_sum},
};

use super::{dense::Dense, edges::Edges, norm};

/// Attention of a residue over its atoms, with weights of its own for each channel.
#[derive(Module, Debug)]
pub struct AtomPool {
    coefficients: Dense,
    features: Dense,
    norm: BatchNorm,
}

impl AtomPool {
    /// From this many filters to this many channels.
    pub(super) fn new(filters: usize, channels: usize, init: &mut Init) -> Self {
        Self {
            coefficients: Dense::new(filters, channels, false, init),
            features: Dense::new(filters, channels, false, init),
            norm: norm(channels, init),
        }
    }

    /// # Shapes
    ///
    /// - `atoms`: `[A, filters]`
    /// - output: `[U, channels]`
    pub(super) fn forward(&self, atoms: Tensor<2>, edges: &Edges) -> Tensor<2> {
        let coefficients = self.coefficients.forward(atoms.clone());
        let features = self.features.forward(atoms);
        let [_, channels] = features.dims();
        let sums = if edges.to.is_empty() {
            Tensor::zeros([edges.to.rows(), channels], &features.device())
        } else {
            let attention = segment_softmax(gather_rows(coefficients, &edges.from), &edges.to);
            segment_sum(attention * gather_rows(features, &edges.from), &edges.to)
        };
        relu(self.norm.forward(sums))
    }
}
