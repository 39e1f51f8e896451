//! What the encoder is, and the paper that it comes from.
//!
//! As it was stamped: one linear layer over the amino acids, one round of messages between residues in contact, the mean of
//! the residues. Change everything; the laws hold all the same (`cargo xtask test laws`).

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{GraphSpec, NodeSet};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{Linear, LinearConfig},
    ops::{propagate, segment_mean},
};
use serde::{Deserialize, Serialize};

use crate::settings::positive;

/// Sizes of the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StampedConfig {
    /// Width of the features.
    #[serde(deserialize_with = "positive")]
    pub width: usize,
}

impl Default for StampedConfig {
    fn default() -> Self {
        Self { width: 64 }
    }
}

impl StampedConfig {
    /// The graph that the network reads: alpha carbons within 8 angstrom, told their amino acids.
    pub fn spec(&self) -> GraphSpec {
        GraphSpec::gat()
    }

    fn input(&self) -> usize {
        self.spec().nodes.first().map_or(0, NodeSet::width)
    }

    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Stamped {
        Stamped {
            embed: LinearConfig::new(self.input(), self.width).init(init),
            update: LinearConfig::new(self.width, self.width).init(init),
            config: self.clone(),
        }
    }
}

/// Residues in; residues and proteins out.
#[derive(Module, Debug)]
pub struct Stamped {
    embed: Linear,
    update: Linear,
    #[module(skip)]
    config: StampedConfig,
}

impl Stamped {
    /// `h'_v = ReLU(W (h_v + sum over edges u->v of h_u) + b)`.
    ///
    /// # Shapes
    ///
    /// - `h` and output: `[U, D]`
    fn pass(&self, h: Tensor<2>, graph: &GraphBatch) -> Tensor<2> {
        let messages = propagate(h.clone(), &graph.edge_from, &graph.edge_to);
        relu(self.update.forward(h + messages))
    }
}

impl Encoder for Stamped {
    fn spec(&self) -> GraphSpec {
        self.config.spec()
    }

    fn width(&self) -> usize {
        self.config.width
    }

    /// Contacts are the same in a mirror.
    fn symmetry(&self) -> Symmetry {
        Symmetry::Isometries
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        if graph.units() == 0 {
            return crate::no_units(graph, self.width());
        }
        let letters = graph.node_scalars(0, self.config.input());
        let node = self.pass(self.embed.forward(letters.clone()), graph);
        Features {
            motif: Tensor::zeros([0, self.width()], &graph.device),
            graph: segment_mean(node.clone(), &graph.graph_of_unit),
            node: node.clone(),
            layers: vec![letters, node],
        }
    }
}
