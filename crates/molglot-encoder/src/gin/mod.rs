//! The graph isomorphism network of MoleculeSTM (Liu et al., 2023; GIN: Xu et al., 2019, arXiv 1810.00826) on Open
//! Graph Benchmark features.

mod classes;
mod layer;
mod stack;
pub(crate) mod verify;
mod weights;

pub use layer::GinLayer;
pub use stack::{GinStack, VirtualNodes};
pub use weights::published_name;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::GraphSpec;
use molglot_tensor::burn;
use molglot_tensor::{
    Init,
    burn::module::Module,
    ops::{gather_rows, segment_mean},
};
use serde::{Deserialize, Serialize};

/// Sizes of the GIN stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GinConfig {
    /// Number of message-passing layers.
    pub layers: usize,
    /// Width of node features.
    pub width: usize,
    /// Rows of the chirality table: 5 since OGB 1.3.6, 4 before (what MoleculeSTM's weights have).
    pub chirality_rows: usize,
}

impl Default for GinConfig {
    /// MoleculeSTM's sizes: 5 layers of 300.
    fn default() -> Self {
        Self {
            layers: 5,
            width: 300,
            chirality_rows: 5,
        }
    }
}

impl GinConfig {
    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Gin {
        Gin {
            stack: GinStack::new(self, &[], init),
        }
    }
}

/// Atoms and bonds in, atoms out; motifs and molecules are means of their atoms.
#[derive(Module, Debug)]
pub struct Gin {
    stack: GinStack,
}

impl Encoder for Gin {
    fn spec(&self) -> GraphSpec {
        GraphSpec::molecular()
    }

    fn width(&self) -> usize {
        self.stack.width()
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::NoCoordinates
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let layers = self.stack.forward(graph, None);
        let node = self.stack.last(&layers);
        let motif = segment_mean(
            gather_rows(node.clone(), &graph.member_atoms),
            &graph.member_motifs,
        );
        Features {
            motif,
            graph: segment_mean(node.clone(), &graph.graph_of_atom),
            node,
            layers,
        }
    }
}
