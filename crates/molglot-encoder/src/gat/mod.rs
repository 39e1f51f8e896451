//! Graph attention (Veličković et al., 2018, arXiv 1710.10903) on contacts of residues: a stack of torch_geometric's
//! `GATConv`, whose parameter names the weights have.

mod conv;
pub(crate) mod verify;

pub use conv::{GatConv, Neighbours};

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{GraphSpec, NodeSet};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    ops::segment_mean,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::settings::positive;

/// The heads of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsConfig {
    /// How many.
    #[serde(deserialize_with = "positive")]
    pub heads: usize,
    /// Width of each.
    #[serde(deserialize_with = "positive")]
    pub width: usize,
    /// Whether they stand side by side; otherwise their mean is taken.
    pub concat: bool,
}

impl HeadsConfig {
    /// Width of what the layer gives.
    pub fn output(&self) -> usize {
        self.width * if self.concat { self.heads } else { 1 }
    }
}

/// Sizes of the attention stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatConfig {
    /// The layers.
    #[serde(deserialize_with = "layers")]
    pub layers: Vec<HeadsConfig>,
}

impl Default for GatConfig {
    /// Two layers of 8 heads of width 8, as in the paper.
    fn default() -> Self {
        let heads = HeadsConfig {
            heads: 8,
            width: 8,
            concat: true,
        };
        Self {
            layers: vec![heads; 2],
        }
    }
}

fn layers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<HeadsConfig>, D::Error> {
    let layers = Vec::<HeadsConfig>::deserialize(deserializer)?;
    if layers.is_empty() {
        let message = "it must name each layer: [{ heads = 8, width = 8, concat = true }]";
        return Err(D::Error::custom(message));
    }
    Ok(layers)
}

impl GatConfig {
    /// The graph that the network reads.
    pub fn spec(&self) -> GraphSpec {
        GraphSpec::gat()
    }

    fn input(&self) -> usize {
        self.spec().nodes.first().map_or(0, NodeSet::width)
    }

    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Gat {
        let mut width = self.input();
        let convs = self.layers.iter().map(|heads| {
            let conv = GatConv::new(width, heads, init);
            width = heads.output();
            conv
        });
        Gat {
            convs: convs.collect(),
            config: self.clone(),
        }
    }
}

/// Residues in; residues and proteins out.
#[derive(Module, Debug)]
pub struct Gat {
    convs: Vec<GatConv>,
    #[module(skip)]
    config: GatConfig,
}

/// What the layers made.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// The input and the residues after every layer: each `[N, _]`.
    pub nodes: Vec<Tensor<2>>,
    /// Per layer how much each source counts for its target: `[E, heads]`.
    pub attention: Vec<Tensor<2>>,
    /// Those sources and targets.
    pub edges: Neighbours,
}

impl Gat {
    /// The residues and the attention at every layer.
    pub fn hidden(&self, graph: &GraphBatch) -> Hidden {
        let edges = Neighbours::new(graph);
        let mut nodes = vec![graph.node_scalars(0, self.config.input())];
        let mut attention = Vec::new();
        for conv in &self.convs {
            let (next, weights) = conv.forward(nodes[nodes.len() - 1].clone(), &edges);
            nodes.push(elu(next));
            attention.push(weights);
        }
        Hidden {
            nodes,
            attention,
            edges,
        }
    }
}

/// `x` above zero, `exp(x) - 1` below. Burn's own takes the exponential of large `x` too, and has no gradient there.
fn elu(x: Tensor<2>) -> Tensor<2> {
    relu(x.clone()) + (-relu(-x)).exp() - 1.0
}

impl Encoder for Gat {
    fn spec(&self) -> GraphSpec {
        self.config.spec()
    }

    fn width(&self) -> usize {
        self.config.layers.last().map_or(0, HeadsConfig::output)
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
        let node = layers[layers.len() - 1].clone();
        Features {
            motif: Tensor::zeros([0, width], &graph.device),
            graph: segment_mean(node.clone(), &graph.graph_of_unit),
            node,
            layers,
        }
    }
}
