//! M3LLM's hierarchical encoder (arXiv 2411.04708): a GIN over atoms, BRICS motif nodes and one graph node.

pub(crate) mod verify;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{EdgeKind, GraphSpec, NodeKind};
use molglot_tensor::burn;
use molglot_tensor::{Init, burn::module::Module};
use serde::{Deserialize, Serialize};

use crate::{
    gin::{Conv, GinConfig, GinStack, VirtualNodes},
    settings::positive,
};

/// Kinds of virtual nodes: motif, graph.
const NODE_KINDS: usize = 2;
/// Kinds of virtual edges: between atom and motif, between motif and graph. Both directions share a kind.
const EDGE_KINDS: usize = 2;

/// Sizes of the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HierarchicalConfig {
    /// Number of message-passing layers.
    #[serde(deserialize_with = "positive")]
    pub layers: usize,
    /// Width of node features.
    #[serde(deserialize_with = "positive")]
    pub width: usize,
    /// Rows of the chirality table; see [`GinConfig`].
    #[serde(deserialize_with = "positive")]
    pub chirality_rows: usize,
    /// Let information flow upward only, from atoms to motifs to the graph node; atoms are then encoded exactly as by
    /// the plain GIN.
    pub directed: bool,
}

impl Default for HierarchicalConfig {
    /// 5 layers of 300, both directions.
    fn default() -> Self {
        let GinConfig {
            layers,
            width,
            chirality_rows,
            ..
        } = GinConfig::default();
        Self {
            layers,
            width,
            chirality_rows,
            directed: false,
        }
    }
}

impl HierarchicalConfig {
    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Hierarchical {
        let gin = GinConfig {
            conv: Conv::Gin,
            layers: self.layers,
            width: self.width,
            chirality_rows: self.chirality_rows,
        };
        Hierarchical {
            stack: GinStack::new(&gin, &[NODE_KINDS, EDGE_KINDS], init),
            directed: self.directed,
        }
    }
}

/// Atoms, motifs and the molecule, each level with nodes of its own.
#[derive(Module, Debug)]
pub struct Hierarchical {
    stack: GinStack,
    directed: bool,
}

impl Encoder for Hierarchical {
    fn spec(&self) -> GraphSpec {
        GraphSpec::hierarchical(self.directed)
    }

    fn width(&self) -> usize {
        self.stack.width()
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::NoCoordinates
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let virtual_nodes = VirtualNodes {
            nodes: [
                vec![0; graph.nodes_of(NodeKind::Motif).len()],
                vec![1; graph.nodes_of(NodeKind::Graph).len()],
            ]
            .concat(),
            edges: graph.edge_kinds[graph.bonds.end..]
                .iter()
                .map(|&kind| edge_row(kind))
                .collect(),
        };
        let states = self.stack.forward(graph, Some(&virtual_nodes));
        let last = self.stack.last(&states);
        let level = |kind| last.clone().slice_dim(0, graph.nodes_of(kind));
        Features {
            node: level(NodeKind::Atom),
            motif: level(NodeKind::Motif),
            graph: level(NodeKind::Graph),
            layers: states
                .into_iter()
                .map(|state| state.slice_dim(0, graph.nodes_of(NodeKind::Atom)))
                .collect(),
        }
    }
}

fn edge_row(kind: EdgeKind) -> u32 {
    match kind {
        EdgeKind::Bond | EdgeKind::AtomToMotif | EdgeKind::MotifToAtom => 0,
        EdgeKind::MotifToGraph | EdgeKind::GraphToMotif => 1,
        EdgeKind::AtomToResidue
        | EdgeKind::Sequential
        | EdgeKind::Radius
        | EdgeKind::Nearest
        | EdgeKind::Pair => unreachable!("{kind:?} edges are no part of a molecular graph"),
    }
}
