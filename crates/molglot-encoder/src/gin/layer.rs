//! One round of message passing.

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Module, Param},
        tensor::activation::relu,
    },
    nn::{BatchNorm, Linear, LinearConfig},
    ops::{gather_rows, segment_sum},
};

use super::stack::BondEncoder;

/// `h'_i = BN(MLP((1 + eps) h_i + sum over edges j->i of ReLU(h_j + bond_ij)))`, with `MLP` = linear to `2D`, batch norm,
/// ReLU, linear to `D`, and a bond embedding of its own.
#[derive(Module, Debug)]
pub struct GinLayer {
    eps: Param<Tensor<1>>,
    bonds: BondEncoder,
    expand: Linear,
    inner_norm: BatchNorm,
    contract: Linear,
    norm: BatchNorm,
}

impl GinLayer {
    /// A layer of this width whose edges may also be of `virtual_kinds` other kinds.
    pub fn new(width: usize, virtual_kinds: usize, init: &mut Init) -> Self {
        Self {
            eps: init.constant([1], 0.0),
            bonds: BondEncoder::new(width, virtual_kinds, init),
            expand: LinearConfig::new(width, 2 * width).init(init),
            inner_norm: BatchNorm::new(2 * width, init),
            contract: LinearConfig::new(2 * width, width).init(init),
            norm: BatchNorm::new(width, init),
        }
    }

    /// # Shapes
    ///
    /// - `h` and output: `[N, D]`; the output is after the batch norm and before any activation
    pub fn forward(
        &self,
        h: Tensor<2>,
        graph: &GraphBatch,
        virtual_columns: Option<&[u32]>,
    ) -> Tensor<2> {
        let mut update = h.clone() * (self.eps.val().unsqueeze() + 1.0);
        if !graph.edge_from.is_empty() {
            let bonds = self.bonds.forward(graph, virtual_columns);
            let messages = relu(gather_rows(h, &graph.edge_from) + bonds);
            update = update + segment_sum(messages, &graph.edge_to);
        }
        let hidden = relu(self.inner_norm.forward(self.expand.forward(update)));
        self.norm.forward(self.contract.forward(hidden))
    }
}
