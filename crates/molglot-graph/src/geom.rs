//! The graph itself.

use crate::NodeKind;

/// What an edge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A chemical bond, from one atom to the other; every bond gives both directions.
    Bond,
    /// From an atom to the motif that covers it.
    AtomToMotif,
    /// From a motif to an atom that it covers.
    MotifToAtom,
    /// From a motif to the graph node.
    MotifToGraph,
    /// From the graph node to a motif.
    GraphToMotif,
}

/// An atom and a motif that covers it. BRICS motifs are disjoint; other motifs may overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Atom index.
    pub atom: u32,
    /// Motif index.
    pub motif: u32,
}

/// A molecule as nodes and directed edges.
///
/// Nodes are numbered atoms first (in the order of the molecule), then motif nodes, then the graph node, each kind only
/// where the spec asks for it. Edges are numbered by kind: bonds first, in bond order and both directions of a bond in
/// a row, then the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeomGraph {
    /// Number of atoms.
    pub atoms: usize,
    /// Number of motifs, whether or not they are nodes.
    pub motifs: usize,
    /// The kind of each node.
    pub nodes: Vec<NodeKind>,
    /// Per atom, the nine OGB categories.
    pub atom_features: Vec<[u8; 9]>,
    /// Per edge, `[from, to]`.
    pub edges: Vec<[u32; 2]>,
    /// Per edge, what it stands for.
    pub edge_kinds: Vec<EdgeKind>,
    /// Per bond edge, the three OGB categories.
    pub bond_features: Vec<[u8; 3]>,
    /// Which atoms the motifs cover.
    pub members: Vec<Membership>,
}
