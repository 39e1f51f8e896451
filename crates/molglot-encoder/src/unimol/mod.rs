//! Uni-Mol (Zhou et al., ICLR 2023) as 3D-MoLM uses it: a transformer over the atoms of a conformer, to which distances
//! speak through a bias for every pair.
//!
//! Parameters have the names of the published state dict (its `model` part). The heads of pre-training belong to its
//! objective.

mod hidden;
mod layer;
mod pairs;
mod tokens;
pub(crate) mod verify;

pub use hidden::Hidden;
pub use layer::UnimolLayer;
pub use pairs::{GaussianLayer, NonLinearHead};
pub use tokens::Tokens;
pub use verify::{stored_config, stored_graphs};

use molglot_core::{Encoder, Features, GraphBatch, Pairs, Symmetry};
use molglot_graph::{GraphSpec, unimol};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::module::Module,
    nn::{Dropout, Embedding, LayerNorm},
    ops::{gather_rows, segment_mean},
};
use serde::{Deserialize, Serialize};

use crate::settings::{part, positive};
use tokens::mask;

/// Added to a variance before its root.
const EPSILON: f64 = 1e-5;
/// Width of the normal distribution that matrices start from.
const STD: f64 = 0.02;

/// Whether a tensor of published files belongs to a head of pre-training.
pub(crate) fn is_head(name: &str) -> bool {
    let heads = [
        "encoder.final_head_layer_norm.",
        "lm_head.",
        "pair2coord_proj.",
        "dist_head.",
    ];
    heads.iter().any(|head| name.starts_with(head))
}

/// Sizes of Uni-Mol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnimolConfig {
    /// Number of layers.
    #[serde(deserialize_with = "positive")]
    pub layers: usize,
    /// Number of heads: the width of the state of a pair.
    #[serde(deserialize_with = "positive")]
    pub heads: usize,
    /// Width of a head; atoms are `heads * head_width` wide.
    #[serde(deserialize_with = "positive")]
    pub head_width: usize,
    /// Width inside the feed-forward part.
    #[serde(deserialize_with = "positive")]
    pub feed_forward: usize,
    /// Number of Gaussian kernels of distances.
    #[serde(deserialize_with = "positive")]
    pub kernels: usize,
    /// Part of the embeddings that is dropped while training.
    #[serde(deserialize_with = "part")]
    pub embedding_dropout: f64,
    /// Part of what a layer adds that is dropped while training.
    #[serde(deserialize_with = "part")]
    pub dropout: f64,
    /// Part of the attention that is dropped while training.
    #[serde(deserialize_with = "part")]
    pub attention_dropout: f64,
}

impl Default for UnimolConfig {
    /// The published model: 15 layers of 64 heads of 8.
    fn default() -> Self {
        Self {
            layers: 15,
            heads: 64,
            head_width: 8,
            feed_forward: 2048,
            kernels: 128,
            embedding_dropout: 0.1,
            dropout: 0.1,
            attention_dropout: 0.1,
        }
    }
}

impl UnimolConfig {
    /// Width of an atom.
    pub fn width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Draws the parameters. Kernels start where the published code means them to; its own initialisation writes over
    /// that by mistake.
    pub fn init(&self, init: &mut Init) -> Unimol {
        let (width, tokens) = (self.width(), unimol::DICTIONARY.len());
        let pair_types = GraphSpec::unimol().relations();
        Unimol {
            embed_tokens: Embedding::normal(tokens, width, STD, init),
            encoder: Stack {
                emb_layer_norm: LayerNorm::new(width, EPSILON, init),
                layers: (0..self.layers)
                    .map(|_| UnimolLayer::new(self, init))
                    .collect(),
                final_layer_norm: LayerNorm::new(width, EPSILON, init),
                dropout: Dropout::new(self.embedding_dropout),
            },
            gbf: GaussianLayer::new(self.kernels, pair_types, init),
            gbf_proj: NonLinearHead::new(self.kernels, self.heads, init),
        }
    }
}

/// What is done to embedded tokens.
#[derive(Module, Debug)]
struct Stack {
    emb_layer_norm: LayerNorm,
    layers: Vec<UnimolLayer>,
    final_layer_norm: LayerNorm,
    dropout: Dropout,
}

/// Conformers in; atoms, pairs of atoms and molecules out.
///
/// The graph row is the state of `[CLS]`. Hydrogens are dropped, and nothing tells a molecule from its mirror image: what
/// is seen of coordinates are distances.
#[derive(Module, Debug)]
pub struct Unimol {
    embed_tokens: Embedding,
    encoder: Stack,
    gbf: GaussianLayer,
    gbf_proj: NonLinearHead,
}

impl Unimol {
    /// Atoms and pairs at every layer.
    pub fn hidden(&self, tokens: &Tokens) -> Hidden {
        let (batch, length) = (tokens.lengths.len(), tokens.length);
        let (rows, width) = self.embed_tokens.sizes();
        let ids = RowIndex::new(rows, tokens.ids.clone());
        let x = self
            .encoder
            .emb_layer_norm
            .forward(self.embed_tokens.forward(&ids));
        let device = x.device();
        let real = mask(&tokens.real(), [batch * length, 1], &device);
        let mut x = (self.encoder.dropout.forward(x) * real).reshape([batch, length, width]);
        let kernels = self.gbf.forward(tokens, &device);
        let bias = self.gbf_proj.forward(kernels);
        let heads = bias.dims()[1];
        let bias = bias
            .reshape([batch, length, length, heads])
            .permute([0, 3, 1, 2]);
        let visible = tokens.visible(&device);
        let (mut pairs, mut layers) = (bias.clone(), vec![x.clone()]);
        for layer in &self.encoder.layers {
            (x, pairs) = layer.forward(x, pairs, &visible);
            layers.push(x.clone());
        }
        Hidden {
            bias,
            layers,
            last: self.encoder.final_layer_norm.forward(x),
            pairs,
        }
    }
}

impl Encoder for Unimol {
    fn spec(&self) -> GraphSpec {
        GraphSpec::unimol()
    }

    fn width(&self) -> usize {
        self.embed_tokens.sizes().1
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::Isometries
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let tokens = Tokens::new(graph);
        let hidden = self.hidden(&tokens);
        self.features(graph, &tokens, hidden)
    }

    fn pair_width(&self) -> usize {
        self.gbf_proj.width()
    }

    fn encode_pairs(&self, graph: &GraphBatch) -> (Features, Option<Pairs>) {
        let tokens = Tokens::new(graph);
        let hidden = self.hidden(&tokens);
        let pairs = hidden.told(&tokens, tokens.units(graph));
        (self.features(graph, &tokens, hidden), Some(pairs))
    }
}

impl Unimol {
    fn features(&self, graph: &GraphBatch, tokens: &Tokens, hidden: Hidden) -> Features {
        let (units, width) = (tokens.units(graph), self.width());
        let rows = |state: Tensor<3>| state.reshape([tokens.ids.len(), width]);
        let last = rows(hidden.last);
        let node = gather_rows(last.clone(), &units);
        let members = gather_rows(node.clone(), &graph.member_atoms);
        let layers = hidden.layers.into_iter();
        Features {
            motif: segment_mean(members, &graph.member_motifs),
            graph: gather_rows(last, &tokens.firsts()),
            node,
            layers: layers
                .map(|state| gather_rows(rows(state), &units))
                .collect(),
        }
    }
}
