//! One round of message passing.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::{Module, Param},
    nn::{BatchNorm, Linear, LinearConfig},
    ops::{gather_rows, message_sums},
};

use super::{
    classes::{Kinds, Level},
    stack::BondEncoder,
};

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

    /// The layer between two levels of classes; `relu` says whether one stands behind its batch norm.
    ///
    /// # Shapes
    ///
    /// - `h`: `[C, D]`, classes of the level before
    /// - output: `[C', D]`, classes of this level
    pub(super) fn forward(
        &self,
        h: Tensor<2>,
        edges: &Kinds,
        level: &Level,
        relu: bool,
    ) -> Tensor<2> {
        let scale = self.eps.val() + 1.0;
        let update = match &level.messages {
            Some(messages) if messages.edges() > 0 => {
                message_sums(h, scale, self.bonds.forward(edges), messages)
            }
            Some(messages) => gather_rows(h, messages.own()) * scale.unsqueeze(),
            None => h,
        };
        let hidden = self.expand.forward(update);
        let hidden = self.inner_norm.forward_counted(hidden, &level.counts, true);
        let out = self.contract.forward(hidden);
        self.norm.forward_counted(out, &level.counts, relu)
    }
}
