//! GearNet and GearNet-Edge (Zhang et al., 2023, arXiv 2203.06125): relational convolutions over residues, with messages
//! between edges.
//!
//! Parameters have the names of TorchDrug's state dict, so published weights load as they are, without the
//! `num_batches_tracked` of their batch norms.

mod conv;
pub(crate) mod verify;

pub use conv::RelationalConv;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{GraphSpec, NodeSet};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::module::Module,
    nn::BatchNorm,
    ops::{segment_mean, segment_sum},
};
use serde::{Deserialize, Serialize};

use crate::settings::widths;
use conv::Relations;

/// How residues become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// Their sum: grows with the protein, as the published models have it.
    #[default]
    Sum,
    /// Their mean.
    Mean,
}

/// Sizes of GearNet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GearnetConfig {
    /// Widths of the layers.
    #[serde(deserialize_with = "widths")]
    pub hidden: Vec<usize>,
    /// Whether edges send messages to edges (GearNet-Edge).
    pub edge_messages: bool,
    /// Whether a layer of the width of its input adds it to its output.
    pub short_cut: bool,
    /// Whether there are batch norms, in the layers and behind them.
    pub batch_norm: bool,
    /// Whether the features are those of all layers side by side, not those of the last.
    pub concat_hidden: bool,
    /// How residues become one vector.
    pub readout: Readout,
}

impl Default for GearnetConfig {
    /// The published GearNet-Edge: 6 layers of 512.
    fn default() -> Self {
        Self {
            hidden: vec![512; 6],
            edge_messages: true,
            short_cut: true,
            batch_norm: true,
            concat_hidden: true,
            readout: Readout::Sum,
        }
    }
}

impl GearnetConfig {
    /// The graph that the network reads.
    pub fn spec(&self) -> GraphSpec {
        let mut spec = GraphSpec::gearnet();
        if !self.edge_messages {
            spec.line_graph = None;
            spec.edges
                .iter_mut()
                .for_each(|edges| edges.scalars.clear());
        }
        spec
    }

    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Gearnet {
        let spec = self.spec();
        let (input, relations) = (
            spec.nodes.first().map_or(0, NodeSet::width),
            spec.relations(),
        );
        let widths: Vec<usize> = [vec![input], self.hidden.clone()].concat();
        let mut stack = |widths: &[usize], relations: usize| -> Vec<RelationalConv> {
            widths
                .windows(2)
                .map(|pair| RelationalConv::new(pair[0], pair[1], relations, self.batch_norm, init))
                .collect()
        };
        let layers = stack(&widths, relations);
        let edge_layers = match spec.line_graph {
            Some(bins) => {
                let before_last = &widths[..widths.len() - 1];
                stack(
                    &[&[spec.edge_width(0)], before_last].concat(),
                    usize::from(bins),
                )
            }
            None => Vec::new(),
        };
        let norms = self.hidden.iter().filter(|_| self.batch_norm);
        Gearnet {
            layers,
            edge_layers,
            batch_norms: norms.map(|&width| BatchNorm::new(width, init)).collect(),
            config: self.clone(),
        }
    }
}

/// Residues in; residues and proteins out.
#[derive(Module, Debug)]
pub struct Gearnet {
    layers: Vec<RelationalConv>,
    edge_layers: Vec<RelationalConv>,
    batch_norms: Vec<BatchNorm>,
    #[module(skip)]
    config: GearnetConfig,
}

/// What the layers made.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    /// The input and the residues after every layer: each `[N, _]`.
    pub(crate) nodes: Vec<Tensor<2>>,
    /// The edges after every layer: each `[E, _]`.
    pub(crate) edges: Vec<Tensor<2>>,
}

impl Gearnet {
    pub(crate) fn hidden(&self, graph: &GraphBatch) -> Hidden {
        let spec = self.config.spec();
        let width = spec.nodes.first().map_or(0, NodeSet::width);
        let mut h = graph.node_scalars(0, width);
        let relations = Relations::of_nodes(graph, spec.relations());
        let line = match (&graph.line, spec.line_graph) {
            (Some(line), Some(bins)) => Some(Relations::of_edges(line, usize::from(bins))),
            _ => None,
        };
        let mut m = line
            .is_some()
            .then(|| graph.edge_scalars(0, spec.edge_width(0)));
        let (mut nodes, mut edges) = (vec![h.clone()], Vec::new());
        for (number, layer) in self.layers.iter().enumerate() {
            let mut next = layer.forward(h.clone(), &relations);
            if self.config.short_cut && next.dims() == h.dims() {
                next = next + h;
            }
            if let (Some(edge_layer), Some(line), Some(state)) =
                (self.edge_layers.get(number), &line, m.take())
            {
                let state = edge_layer.forward(state, line);
                next = next + layer.forward_edges(state.clone(), &relations);
                edges.push(state.clone());
                m = Some(state);
            }
            h = match self.batch_norms.get(number) {
                Some(norm) => norm.forward(next),
                None => next,
            };
            nodes.push(h.clone());
        }
        Hidden { nodes, edges }
    }

    fn read_out(&self, node: Tensor<2>, owner: &RowIndex) -> Tensor<2> {
        match self.config.readout {
            Readout::Sum => segment_sum(node, owner),
            Readout::Mean => segment_mean(node, owner),
        }
    }
}

impl Encoder for Gearnet {
    fn spec(&self) -> GraphSpec {
        self.config.spec()
    }

    fn width(&self) -> usize {
        match self.config.concat_hidden {
            true => self.config.hidden.iter().sum(),
            false => self.config.hidden.last().copied().unwrap_or(0),
        }
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::Isometries
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let width = self.width();
        if graph.units() == 0 {
            return crate::no_units(graph, width);
        }
        let layers = self.hidden(graph).nodes;
        let node = match self.config.concat_hidden {
            true => Tensor::cat(layers[1..].to_vec(), 1),
            false => layers[layers.len() - 1].clone(),
        };
        Features {
            motif: Tensor::zeros([0, width], &graph.device),
            graph: self.read_out(node.clone(), &graph.graph_of_unit),
            node,
            layers,
        }
    }
}
