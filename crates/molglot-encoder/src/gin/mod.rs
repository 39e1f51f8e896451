//! The graph network of MoleculeSTM (Liu et al., 2023) on Open Graph Benchmark features: isomorphism layers (GIN: Xu et al.,
//! 2019, arXiv 1810.00826) or convolutions (GCN: Kipf and Welling, 2017, arXiv 1609.02907), both with bonds in their
//! messages (Hu et al., 2020, arXiv 1905.12265).

mod classes;
mod gcn;
mod layer;
mod stack;
pub(crate) mod verify;
mod weights;

pub use gcn::GcnLayer;
pub use layer::GinLayer;
pub use stack::{AnyLayer, GinStack, VirtualNodes};
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

use crate::settings::positive;

/// What a layer does with messages; MoleculeSTM's `gnn_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conv {
    /// Adds them up and puts a perceptron behind: [`GinLayer`].
    #[default]
    Gin,
    /// Takes their mean by degree: [`GcnLayer`].
    Gcn,
}

/// Sizes of the GIN stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GinConfig {
    /// Kind of layers.
    pub conv: Conv,
    /// Number of message-passing layers.
    #[serde(deserialize_with = "positive")]
    pub layers: usize,
    /// Width of node features.
    #[serde(deserialize_with = "positive")]
    pub width: usize,
    /// Rows of the chirality table: 5 since OGB 1.3.6, 4 before (what MoleculeSTM's weights have).
    #[serde(deserialize_with = "positive")]
    pub chirality_rows: usize,
}

impl Default for GinConfig {
    /// MoleculeSTM's sizes: 5 layers of 300.
    fn default() -> Self {
        Self {
            conv: Conv::Gin,
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
