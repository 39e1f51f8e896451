//! What an encoder wants to see, as data.

use std::ops::Range;

use molglot_bio::geometry::Rbf;
use serde::{Deserialize, Serialize};

/// A kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An atom of the molecule or structure.
    Atom,
    /// A BRICS motif.
    Motif,
    /// The one node that stands for the whole molecule.
    Graph,
    /// An amino acid, at its alpha carbon.
    Residue,
    /// A node that stands for no matter, at the origin.
    Virtual,
}

/// What the type of a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Types {
    /// Nothing.
    #[default]
    None,
    /// The categories of the Open Graph Benchmark, of atoms and of bonds.
    Ogb,
    /// The place of a residue's letter in this alphabet.
    Residue(String),
    /// The kind of a heavy atom of an amino acid, 1 to 12, as ScanNet counts them.
    ScanNetAtom,
    /// The token of an element in the dictionary of Uni-Mol.
    UniMol,
    /// This number.
    Fixed(u16),
}

/// Which atoms of a molecule are nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AtomRule {
    /// What becomes of hydrogens.
    pub hydrogens: Hydrogens,
    /// The most atoms that are encoded.
    pub max: Option<u32>,
    /// What becomes of a molecule with more.
    pub oversize: Oversize,
    /// Whether positions are counted from the centroid of the atoms.
    pub centred: bool,
}

/// What becomes of hydrogens that are atoms of the molecule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hydrogens {
    /// They are nodes as other atoms.
    #[default]
    Keep,
    /// They are dropped, deuterium included.
    Drop,
}

/// What becomes of a molecule with too many atoms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversize {
    /// It is an error.
    #[default]
    Refuse,
    /// The atoms nearest to the centroid are kept, so that the same atoms are kept every time.
    Central,
}

/// How the frame of a node is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameRule {
    /// As ScanNet makes them, of atoms and of residues.
    ScanNet,
}

/// Numbers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NodeScalar {
    /// 1 at the node's type, with a last column for unknown ones if asked for.
    TypeOneHot {
        /// Whether there is that column.
        unknown: bool,
    },
    /// Cosines of φ, ψ and ω, then their sines. An angle that a chain's end lacks counts as 0; one that a missing atom
    /// leaves undefined gives null for both.
    Dihedrals,
}

/// Vectors of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeVector {
    /// Unit vector to the next residue of the chain; null at its end.
    Forward,
    /// Unit vector to the residue before in the chain; null at its start.
    Backward,
    /// Unit vector in which the side chain leaves; null where N or C is missing.
    SideChain,
}

/// A rule that makes edges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EdgeRule {
    /// Both directions of every bond.
    Bonds,
    /// Between a motif and its atoms; upward only when `directed`.
    Motifs {
        /// Only from atoms to motifs.
        directed: bool,
    },
    /// Between the graph node and every motif; upward only when `directed`.
    Graph {
        /// Only from motifs to the graph node.
        directed: bool,
    },
    /// From the first `max` atoms of every residue to the residue.
    AtomsOfResidues {
        /// How many atoms at most.
        max: u16,
    },
    /// Between residues of one chain whose places differ by at most `reach`, itself included: `2 reach + 1` relations, by
    /// place of the target minus place of the source, ascending.
    Sequential {
        /// How many places.
        reach: u8,
    },
    /// From every other node within `cutoff`, if it is at another place.
    Radius {
        /// Angstrom.
        cutoff: f32,
        /// The most sources of a target, the nearest ones; before separation is looked at.
        max: Option<u16>,
        /// Nodes of one chain fewer places apart are not joined.
        min_separation: u32,
    },
    /// From the nearest nodes.
    Nearest {
        /// How many.
        k: u16,
        /// Whether the node itself is the first of them.
        itself: bool,
        /// Nodes of one chain fewer places apart are not joined; they count among the `k` all the same.
        min_separation: u32,
    },
    /// Between any two nodes and from a node to itself, with the relation `type of target * vocabulary + type of source`.
    AllPairs {
        /// The number of types.
        vocabulary: u16,
    },
}

/// Numbers of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EdgeScalar {
    /// 1 at the type of the source, then 1 at the type of the target; unknown types count as the first one.
    EndTypes,
    /// 1 at the relation.
    RelationOneHot,
    /// 1 at the number of places between the ends, up to `max`, which also stands for different chains.
    SeparationOneHot {
        /// The last column.
        max: u16,
    },
    /// Distance, angstrom.
    Distance,
    /// Distance in Gaussian radial basis functions.
    Rbf(Rbf),
    /// Place of the source minus place of the target as cosines and sines; null between different chains.
    Offset {
        /// Number of columns, even.
        width: u16,
    },
    /// The source in the frame of the target: x, y, z, angstrom.
    LocalCoordinates,
    /// Five numbers of two frames: the distance d, z of the target times z of the source, the direction δ from target to
    /// source times z of the source and times z of the target, and the number of places between them up to
    /// `max_separation`, which also stands for different chains.
    FramePair {
        /// The largest number of places.
        max_separation: u16,
    },
}

/// Vectors of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeVector {
    /// Unit vector from the target to the source; null where they coincide.
    ToSource,
}

/// Nodes of one kind and what is told of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSet {
    /// The kind.
    pub kind: NodeKind,
    /// Their types.
    #[serde(default)]
    pub types: Types,
    /// Which atoms of a molecule they are.
    #[serde(default)]
    pub atoms: AtomRule,
    /// Their frames. A spec has frames for all of its nodes or for none.
    #[serde(default)]
    pub frames: Option<FrameRule>,
    /// Their numbers, column by column.
    #[serde(default)]
    pub scalars: Vec<NodeScalar>,
    /// Their vectors.
    #[serde(default)]
    pub vectors: Vec<NodeVector>,
    /// Whether every chain of residues begins and ends with a node of its own, as language models of proteins have
    /// tokens there: of the types behind the unknown one, `vocabulary + 1` and `vocabulary + 2`. Of a spec of sequences
    /// alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends: bool,
}

/// Edges with the same features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeSet {
    /// The kind of nodes that rules of geometry join; all nodes where it is not given.
    #[serde(default)]
    pub kind: Option<NodeKind>,
    /// The rules that make the edges, in order. Relations are numbered through all rules of all sets.
    pub rules: Vec<EdgeRule>,
    /// Their numbers, column by column.
    #[serde(default)]
    pub scalars: Vec<EdgeScalar>,
    /// Their vectors.
    #[serde(default)]
    pub vectors: Vec<EdgeVector>,
}

/// A declarative description of a graph: nodes and edges in order, and their features.
///
/// One spec per encoder is published, as a constructor. [`GraphSpec::build`] makes the graph of a molecule,
/// [`GraphSpec::build_conformer`] of a molecule in space, [`GraphSpec::build_structure`] and
/// [`GraphSpec::build_residues`] of a macromolecule.
///
/// Places along a sequence are counted within a chain, and chains are never neighbours in sequence. So the order of chains
/// in a file changes nothing but the order of nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphSpec {
    /// The nodes, in the order in which they are numbered.
    pub nodes: Vec<NodeSet>,
    /// The edges.
    pub edges: Vec<EdgeSet>,
    /// Bins of the angle in `[0, π]` between edges, if the line graph is wanted.
    #[serde(default)]
    pub line_graph: Option<u8>,
}

impl NodeSet {
    /// Nodes of a kind of which nothing is told.
    pub fn new(kind: NodeKind) -> Self {
        Self {
            kind,
            types: Types::None,
            atoms: AtomRule::default(),
            frames: None,
            scalars: Vec::new(),
            vectors: Vec::new(),
            ends: false,
        }
    }

    /// The number of known types.
    pub fn vocabulary(&self) -> usize {
        match &self.types {
            Types::None | Types::Ogb => 0,
            Types::Residue(alphabet) => alphabet.len(),
            Types::ScanNetAtom => molglot_bio::geometry::scannet::ATOM_KINDS.len() + 1,
            Types::UniMol => crate::unimol::DICTIONARY.len(),
            Types::Fixed(number) => usize::from(*number) + 1,
        }
    }

    /// How many numbers a node has.
    pub fn width(&self) -> usize {
        let widths = self.scalars.iter().map(|scalar| self.scalar_width(scalar));
        widths.sum()
    }

    fn scalar_width(&self, scalar: &NodeScalar) -> usize {
        match scalar {
            NodeScalar::TypeOneHot { unknown } => self.vocabulary() + usize::from(*unknown),
            NodeScalar::Dihedrals => 6,
        }
    }

    /// The columns that tell the type of a node, and the place among them that stands for an unknown one.
    pub(crate) fn type_columns(&self) -> Vec<(Range<usize>, Option<usize>)> {
        let mut found = Vec::new();
        let mut column = 0;
        for scalar in &self.scalars {
            let columns = column..column + self.scalar_width(scalar);
            column = columns.end;
            if let NodeScalar::TypeOneHot { unknown } = scalar {
                found.push((columns, unknown.then(|| self.vocabulary())));
            }
        }
        found
    }
}

impl EdgeRule {
    /// How many relations the rule makes.
    pub fn relations(self) -> usize {
        match self {
            Self::Sequential { reach } => 2 * usize::from(reach) + 1,
            Self::AllPairs { vocabulary } => usize::from(vocabulary).pow(2),
            Self::Motifs { directed } | Self::Graph { directed } => 2 - usize::from(directed),
            _ => 1,
        }
    }

    /// Whether the rule reads a molecule's graph and not where its nodes are.
    pub(crate) fn is_chemistry(self) -> bool {
        matches!(self, Self::Bonds | Self::Motifs { .. } | Self::Graph { .. })
    }
}

impl GraphSpec {
    /// How many relations there are.
    pub fn relations(&self) -> usize {
        let rules = self.edges.iter().flat_map(|set| &set.rules);
        rules.map(|rule| rule.relations()).sum()
    }

    /// How many numbers an edge of a set has; 0 where there is no such set.
    pub fn edge_width(&self, set: usize) -> usize {
        let Some(edges) = self.edges.get(set) else {
            return 0;
        };
        let width = |scalar: &EdgeScalar| self.edge_scalar_width(edges.kind, *scalar);
        edges.scalars.iter().map(width).sum()
    }

    /// How many columns a number of an edge has, where the rules join nodes of this kind.
    pub(crate) fn edge_scalar_width(&self, kind: Option<NodeKind>, scalar: EdgeScalar) -> usize {
        match scalar {
            EdgeScalar::EndTypes => 2 * self.vocabulary(kind),
            EdgeScalar::RelationOneHot => self.relations(),
            EdgeScalar::SeparationOneHot { max } => usize::from(max) + 1,
            EdgeScalar::Distance => 1,
            EdgeScalar::Rbf(basis) => usize::from(basis.count),
            EdgeScalar::Offset { width } => usize::from(width / 2) * 2,
            EdgeScalar::LocalCoordinates => 3,
            EdgeScalar::FramePair { .. } => 5,
        }
    }

    /// Whether the graph is a sequence alone: residues, and nothing that depends on where they are. Such a graph has no
    /// coordinates, also that of a structure, whose residues are all in it.
    pub fn is_of_sequences(&self) -> bool {
        let reads_no_places = |set: &NodeSet| {
            let is_type = |scalar: &NodeScalar| matches!(scalar, NodeScalar::TypeOneHot { .. });
            set.kind == NodeKind::Residue
                && set.frames.is_none()
                && set.vectors.is_empty()
                && set.scalars.iter().all(is_type)
        };
        !self.nodes.is_empty() && self.nodes.iter().all(reads_no_places) && self.edges.is_empty()
    }

    /// The largest vocabulary of nodes of a kind.
    pub(crate) fn vocabulary(&self, kind: Option<NodeKind>) -> usize {
        let joined = self
            .nodes
            .iter()
            .filter(|nodes| kind.is_none_or(|kind| nodes.kind == kind));
        joined.map(NodeSet::vocabulary).max().unwrap_or(0)
    }
}
