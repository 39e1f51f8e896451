//! GVP-GNN (Jing et al., 2021, arXiv 2009.01411 and 2106.03843) as gvp-pytorch has it: scalars and vectors of residues.

mod layer;
mod norm;
mod perceptron;
mod quality;
mod state;
pub(crate) mod verify;
mod weights;

pub use layer::GvpLayer;
pub use norm::StateNorm;
pub use perceptron::Perceptron;
pub use quality::QualityModel;
pub use state::State;
pub use weights::published_name;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{GraphSpec, NodeKind, NodeSet};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::module::Module,
    nn::Embedding,
    ops::{gather_rows, segment_mean},
};
use serde::{Deserialize, Serialize};

use crate::settings::{part, positive};
use perceptron::Sizes;

/// Which published model the encoder is that of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// `CPDModel`, protein design: perceptrons before norms at the input; features are scalars and lengths of vectors.
    #[default]
    Design,
    /// `MQAModel`, model quality: norms before perceptrons, and one more perceptron makes scalars of everything.
    Quality,
}

/// Sizes of GVP-GNN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GvpConfig {
    /// Which published model.
    pub variant: Variant,
    /// Scalars of a residue.
    #[serde(deserialize_with = "positive")]
    pub scalars: usize,
    /// Vectors of a residue.
    #[serde(deserialize_with = "positive")]
    pub vectors: usize,
    /// Scalars of an edge.
    #[serde(deserialize_with = "positive")]
    pub edge_scalars: usize,
    /// Vectors of an edge.
    #[serde(deserialize_with = "positive")]
    pub edge_vectors: usize,
    /// Number of layers.
    #[serde(deserialize_with = "positive")]
    pub layers: usize,
    /// Nearest residues that send messages to one.
    pub neighbours: u16,
    /// Whether the amino acids are told; otherwise the encoder sees the backbone alone.
    pub sequence: bool,
    /// Whether scalars gate vectors (arXiv 2106.03843).
    pub vector_gate: bool,
    /// Part of scalars and of vectors that is dropped while training.
    #[serde(deserialize_with = "part")]
    pub dropout: f64,
}

impl Default for GvpConfig {
    /// The published design model: 3 layers of 100 scalars and 16 vectors, 30 neighbours.
    fn default() -> Self {
        Self {
            variant: Variant::Design,
            scalars: 100,
            vectors: 16,
            edge_scalars: 32,
            edge_vectors: 1,
            layers: 3,
            neighbours: 30,
            sequence: false,
            vector_gate: false,
            dropout: 0.1,
        }
    }
}

impl GvpConfig {
    /// The graph that the network reads.
    pub fn spec(&self) -> GraphSpec {
        GraphSpec::gvp(self.neighbours)
    }

    /// Numbers of scalars and vectors of nodes and of edges in the graph.
    fn inputs(&self) -> (Sizes, Sizes) {
        let spec = self.spec();
        let nodes = spec
            .nodes
            .first()
            .map_or((0, 0), |set| (set.width(), set.vectors.len()));
        let edges = spec.edges.first().map_or(0, |set| set.vectors.len());
        (nodes, (spec.edge_width(0), edges))
    }

    /// Amino acids that have a row of their own.
    fn vocabulary(&self) -> usize {
        self.spec().nodes.first().map_or(0, NodeSet::vocabulary)
    }

    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Gvp {
        let (nodes, edges) = (
            (self.scalars, self.vectors),
            (self.edge_scalars, self.edge_vectors),
        );
        let (mut node_input, edge_input) = self.inputs();
        let vocabulary = self.vocabulary();
        let sequence = self
            .sequence
            .then(|| Embedding::normal(vocabulary, vocabulary, 1.0, init));
        if self.sequence {
            node_input.0 += vocabulary;
        }
        Gvp {
            sequence,
            nodes: Stem::new(node_input, nodes, self, init),
            edges: Stem::new(edge_input, edges, self, init),
            layers: (0..self.layers)
                .map(|_| GvpLayer::new(nodes, edges, self.vector_gate, self.dropout, init))
                .collect(),
            out: (self.variant == Variant::Quality).then(|| Readout {
                norm: StateNorm::new(nodes.0, init),
                perceptron: Perceptron::new(nodes, (nodes.0, 0), true, self.vector_gate, init),
            }),
            config: self.clone(),
        }
    }
}

/// A perceptron with a norm before or behind it.
#[derive(Module, Debug)]
struct Stem {
    norm: StateNorm,
    perceptron: Perceptron,
    norm_first: bool,
}

impl Stem {
    fn new(input: Sizes, output: Sizes, config: &GvpConfig, init: &mut Init) -> Self {
        let norm_first = config.variant == Variant::Quality;
        Self {
            norm: StateNorm::new(if norm_first { input.0 } else { output.0 }, init),
            perceptron: Perceptron::new(input, output, false, config.vector_gate, init),
            norm_first,
        }
    }

    fn forward(&self, x: State) -> State {
        match self.norm_first {
            true => self.perceptron.forward(self.norm.forward(&x)),
            false => self.norm.forward(&self.perceptron.forward(x)),
        }
    }
}

/// Scalars of everything.
#[derive(Module, Debug)]
struct Readout {
    norm: StateNorm,
    perceptron: Perceptron,
}

impl Readout {
    fn forward(&self, x: &State) -> Tensor<2> {
        self.perceptron.forward(self.norm.forward(x)).rows
    }
}

/// Residues in; residues and proteins out.
#[derive(Module, Debug)]
pub struct Gvp {
    sequence: Option<Embedding>,
    nodes: Stem,
    edges: Stem,
    layers: Vec<GvpLayer>,
    out: Option<Readout>,
    #[module(skip)]
    config: GvpConfig,
}

/// What the layers made.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// The residues, embedded and after every layer.
    pub nodes: Vec<State>,
    /// The edges, embedded; `None` where there are none.
    pub edges: Option<State>,
}

impl Gvp {
    /// Scalars and vectors of residues and edges at every layer.
    pub fn hidden(&self, graph: &GraphBatch) -> Hidden {
        let (nodes, edges) = self.config.inputs();
        let mut scalars = graph.node_scalars(0, nodes.0);
        if let Some(table) = &self.sequence {
            scalars = Tensor::cat(vec![scalars, amino_acids(table, graph)], 1);
        }
        let vectors = graph.node_vectors(0, nodes.1).swap_dims(1, 2);
        let mut x = self.nodes.forward(State::new(scalars, vectors));
        let edges = (graph.edges() > 0).then(|| {
            let vectors = graph.edge_vectors(0, edges.1).swap_dims(1, 2);
            let scalars = graph.edge_scalars(0, edges.0);
            self.edges.forward(State::new(scalars, vectors))
        });
        let mut states = vec![x.clone()];
        for layer in &self.layers {
            x = layer.forward(x, edges.as_ref(), graph);
            states.push(x.clone());
        }
        Hidden {
            nodes: states,
            edges,
        }
    }
}

/// Rows of a table by amino acid; zeros for unknown ones.
fn amino_acids(table: &Embedding, graph: &GraphBatch) -> Tensor<2> {
    let weight = table.weight.val();
    let [rows, width] = weight.dims();
    let unknown = Tensor::zeros([1, width], &weight.device());
    let types = graph.types[graph.nodes_of(NodeKind::Residue)].iter();
    let types = types.map(|&kind| u32::from(kind).min(rows as u32));
    gather_rows(
        Tensor::cat(vec![weight, unknown], 0),
        &RowIndex::new(rows + 1, types.collect()),
    )
}

impl Encoder for Gvp {
    fn spec(&self) -> GraphSpec {
        self.config.spec()
    }

    fn width(&self) -> usize {
        match self.config.variant {
            Variant::Design => self.config.scalars + self.config.vectors,
            Variant::Quality => self.config.scalars,
        }
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::RigidMotions
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let width = self.width();
        if graph.units() == 0 {
            return crate::no_units(graph, width);
        }
        let states = self.hidden(graph).nodes;
        let last = states[states.len() - 1].clone();
        let node = match &self.out {
            Some(out) => out.forward(&last),
            None => last.invariant(),
        };
        Features {
            motif: Tensor::zeros([0, width], &graph.device),
            graph: segment_mean(node.clone(), &graph.graph_of_unit),
            node,
            layers: states.iter().map(State::invariant).collect(),
        }
    }
}
