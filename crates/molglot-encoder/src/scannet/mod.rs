//! ScanNet (Tubiana et al., *Nat. Methods* 19:730, 2022): filters over the surroundings of atoms and of residues, each seen
//! from its own frame.

mod dense;
mod edges;
mod gaussians;
mod head;
mod neighbourhood;
mod pool;
pub(crate) mod verify;
mod weights;

pub use gaussians::Gaussians;
pub use head::{SiteHead, SiteModel, Sites};
pub use neighbourhood::Neighbourhood;
pub use pool::AtomPool;
pub(crate) use weights::is_head;
pub use weights::published_name;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::{GraphSpec, NodeKind, NodeSet};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{BatchNorm, Embedding},
    ops::segment_mean,
};
use serde::{Deserialize, Serialize};

use crate::settings::positive;
use dense::Dense;
use edges::Edges;

/// Where the nodes and edges of the graph are: sets of its spec.
const ATOMS: usize = 0;
const RESIDUES: usize = 1;
const ATOM_NEIGHBOURS: usize = 0;
const RESIDUE_NEIGHBOURS: usize = 1;
const ATOMS_OF_RESIDUES: usize = 3;

/// Within what distance most of the 16 nearest atoms, and residues, are: angstrom.
const REACH_OF_ATOMS: f64 = 3.5;
const REACH_OF_RESIDUES: f64 = 9.0;

/// Batch norm as Keras has it, without a scale.
fn norm(width: usize, init: &mut Init) -> BatchNorm {
    BatchNorm::without_scale(width, 1e-3, 0.01, init)
}

/// Sizes of ScanNet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScannetConfig {
    /// Gaussians of each neighbourhood.
    #[serde(deserialize_with = "positive")]
    pub gaussians: usize,
    /// Filters over the neighbours of atoms.
    #[serde(deserialize_with = "positive")]
    pub atom_filters: usize,
    /// Channels that the atoms of a residue are pooled into.
    #[serde(deserialize_with = "positive")]
    pub pooled: usize,
    /// Width in which amino acids are embedded.
    #[serde(deserialize_with = "positive")]
    pub residue_width: usize,
    /// Filters over the neighbours of residues: the width of the features.
    #[serde(deserialize_with = "positive")]
    pub filters: usize,
    /// Width of the head that predicts sites, where there is one.
    #[serde(deserialize_with = "positive")]
    pub site_width: usize,
}

impl Default for ScannetConfig {
    /// `ScanNet_PPI_noMSA`.
    fn default() -> Self {
        Self {
            gaussians: 32,
            atom_filters: 128,
            pooled: 64,
            residue_width: 32,
            filters: 128,
            site_width: 32,
        }
    }
}

impl ScannetConfig {
    /// The graph that the network reads.
    pub fn spec(&self) -> GraphSpec {
        GraphSpec::scannet()
    }

    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Scannet {
        let spec = self.spec();
        let set = |number: usize| spec.nodes.get(number);
        let letters = set(RESIDUES).map_or(0, NodeSet::width);
        let kinds = set(ATOMS).map_or(0, NodeSet::vocabulary);
        let (regions, reach) = (self.gaussians, REACH_OF_ATOMS);
        let attributes = self.residue_width + self.pooled;
        Scannet {
            residues: Dense::new(letters, self.residue_width, false, init),
            residue_norm: norm(self.residue_width, init),
            atoms: kinds_of_atoms(kinds, init),
            near_atoms: Neighbourhood::new(kinds - 1, regions, self.atom_filters, reach, init),
            pool: AtomPool::new(self.atom_filters, self.pooled, init),
            near_residues: Neighbourhood::new(
                attributes,
                regions,
                self.filters,
                REACH_OF_RESIDUES,
                init,
            ),
            config: self.clone(),
        }
    }
}

/// One column for each kind of atom but the first, which stands for none, as long as a row of ones.
fn kinds_of_atoms(kinds: usize, init: &mut Init) -> Embedding {
    let width = kinds - 1;
    let device = init.device().clone().inner();
    let none = Tensor::zeros([1, width], &device);
    let known = Tensor::eye(width, &device).mul_scalar((width as f64).sqrt());
    Embedding {
        weight: init.given(Tensor::cat(vec![none, known], 0)),
    }
}

/// Atoms and residues in; residues and proteins out.
#[derive(Module, Debug)]
pub struct Scannet {
    residues: Dense,
    residue_norm: BatchNorm,
    atoms: Embedding,
    near_atoms: Neighbourhood,
    pool: AtomPool,
    near_residues: Neighbourhood,
    #[module(skip)]
    config: ScannetConfig,
}

/// What the layers made.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// `[U, 20]`: the amino acids.
    pub letters: Tensor<2>,
    /// `[A, atom filters]`: what surrounds atoms.
    pub atoms: Tensor<2>,
    /// `[U, pooled]`: atoms pooled into residues.
    pub pooled: Tensor<2>,
    /// `[U, residue width + pooled]`: the embedded amino acid beside its atoms.
    pub attributes: Tensor<2>,
    /// `[U, filters]`: what surrounds residues.
    pub filters: Tensor<2>,
}

impl Scannet {
    /// Atoms and residues at every layer.
    pub fn hidden(&self, graph: &GraphBatch) -> Hidden {
        let (atoms, residues) = (
            graph.nodes_of(NodeKind::Atom),
            graph.nodes_of(NodeKind::Residue),
        );
        let (kinds, _) = self.atoms.sizes();
        let types = graph.types[atoms.clone()].iter();
        let types = RowIndex::new(kinds, types.map(|&kind| u32::from(kind)).collect());
        let filters = self.near_atoms.forward(
            self.atoms.forward(&types),
            graph.edge_scalars(ATOM_NEIGHBOURS, 3),
            &Edges::new(graph, ATOM_NEIGHBOURS, atoms.clone(), atoms.clone()),
        );
        let owners = Edges::new(graph, ATOMS_OF_RESIDUES, atoms, residues.clone());
        let pooled = self.pool.forward(filters.clone(), &owners);
        let [known, _] = self.residues.kernel.lazy_shape().dims();
        let letters = graph.node_scalars(RESIDUES, known);
        let embedded = relu(
            self.residue_norm
                .forward(self.residues.forward(letters.clone())),
        );
        let attributes = Tensor::cat(vec![embedded, pooled.clone()], 1);
        Hidden {
            letters,
            atoms: filters,
            pooled,
            filters: self.near_residues.forward(
                attributes.clone(),
                graph.edge_scalars(RESIDUE_NEIGHBOURS, 3),
                &Edges::new(graph, RESIDUE_NEIGHBOURS, residues.clone(), residues),
            ),
            attributes,
        }
    }
}

impl Encoder for Scannet {
    fn spec(&self) -> GraphSpec {
        self.config.spec()
    }

    fn width(&self) -> usize {
        self.config.filters
    }

    /// As long as a residue has its backbone: the frame of one that is an alpha carbon alone lies along the axes of the
    /// file, as in the reference.
    fn symmetry(&self) -> Symmetry {
        Symmetry::RigidMotions
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let width = self.width();
        if graph.units() == 0 {
            return crate::no_units(graph, width);
        }
        let hidden = self.hidden(graph);
        Features {
            motif: Tensor::zeros([0, width], &graph.device),
            graph: segment_mean(hidden.filters.clone(), &graph.graph_of_unit),
            layers: vec![hidden.letters, hidden.attributes, hidden.filters.clone()],
            node: hidden.filters,
        }
    }
}
