//! One round of message passing by degree.

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor, TensorData,
    burn::{
        module::{Module, Param},
        tensor::activation::relu,
    },
    nn::{BatchNorm, Linear, LinearConfig},
    ops::{gather_rows, segment_sum},
};

use super::{classes::Kinds, stack::BondEncoder};

/// `h'_i = BN(sum over edges j->i of ReLU(W h_j + bond_ij) / sqrt(d_j d_i) + ReLU(W h_i + root) / d_i)`, where `d` is one more
/// than the number of edges that leave a node.
#[derive(Module, Debug)]
pub struct GcnLayer {
    linear: Linear,
    /// `[1, D]`: stands for the bond of a node with itself.
    root: Param<Tensor<2>>,
    bonds: BondEncoder,
    norm: BatchNorm,
}

impl GcnLayer {
    /// A layer of this width whose edges may also be of `virtual_kinds` other kinds.
    pub fn new(width: usize, virtual_kinds: usize, init: &mut Init) -> Self {
        Self {
            linear: LinearConfig::new(width, width).init(init),
            root: init.normal([1, width], 1.0),
            bonds: BondEncoder::new(width, virtual_kinds, init),
            norm: BatchNorm::new(width, init),
        }
    }

    /// `edges` has a row an edge.
    ///
    /// # Shapes
    ///
    /// - `h` and output: `[N, D]`; the output is after the batch norm and before any activation
    pub(super) fn forward(&self, h: Tensor<2>, graph: &GraphBatch, edges: &Kinds) -> Tensor<2> {
        let x = self.linear.forward(h);
        let scale = scale(graph);
        let mut sum = relu(x.clone() + self.root.val()) * scale.clone();
        if !graph.edge_from.is_empty() {
            let bonds = self.bonds.forward(edges);
            let messages = relu(gather_rows(x, &graph.edge_from) + bonds);
            let messages = messages * gather_rows(scale.clone(), &graph.edge_from);
            sum = sum + segment_sum(messages, &graph.edge_to);
        }
        self.norm.forward(sum * scale)
    }
}

/// `[N, 1]`: `1 / sqrt(d)`.
fn scale(graph: &GraphBatch) -> Tensor<2> {
    let counts = graph.edge_from.counts();
    let scale: Vec<f32> = counts
        .map(|edges| (1.0 + edges as f32).powf(-0.5))
        .collect();
    Tensor::from_data(TensorData::new(scale, [graph.nodes, 1]), &graph.device)
}
