//! The graph itself.

use std::ops::Range;

use molglot_bio::geometry::Frame;

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
    /// From an atom to its residue.
    AtomToResidue,
    /// Along a chain, or a residue with itself.
    Sequential,
    /// Within a radius.
    Radius,
    /// From a near neighbour.
    Nearest,
    /// Any two nodes.
    Pair,
}

/// An atom and a motif that covers it. BRICS motifs are disjoint; other motifs may overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Atom index.
    pub atom: u32,
    /// Motif index.
    pub motif: u32,
}

/// Rows of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Numbers in a row.
    pub width: usize,
    /// The rows, one behind the other.
    pub values: Vec<f32>,
}

impl Table {
    /// A row; empty where there is none.
    pub fn row(&self, number: usize) -> &[f32] {
        let start = number.saturating_mul(self.width);
        self.values
            .get(start..start.saturating_add(self.width))
            .unwrap_or(&[])
    }
}

/// The features of the nodes or edges of one set of the spec, one row for each in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Which nodes or edges of the graph these are.
    pub rows: Range<usize>,
    /// Numbers that stay the same when the structure is turned and moved.
    pub scalars: Table,
    /// Vectors that turn with it, three numbers each: x, y, z of the first, then of the next.
    pub vectors: Table,
}

/// The graph whose nodes are the edges of another: an arc wherever one edge ends where the next begins, also back to where
/// it came from and, for an edge from a node to itself, to itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineGraph {
    /// Per arc, the two edges, ascending.
    pub arcs: Vec<[u32; 2]>,
    /// Per arc, the bin of the angle between the edges.
    pub bins: Vec<u8>,
}

/// A molecule or structure as nodes and directed edges.
///
/// Nodes are numbered set by set in the order of the spec: for molecules the atoms (in the order of the molecule), then
/// motif nodes, then the graph node; for structures residues or atoms chain by chain. Edges are numbered set by set too.
/// Edges of chemistry come rule by rule, bonds in bond order with both directions in a row; edges of geometry ascend by
/// target, source and relation.
///
/// What a graph has no use for is empty: a molecule without coordinates has no `positions`, a structure no `atom_features`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeomGraph {
    /// Number of atom nodes.
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
    /// Per node, where it is, angstrom.
    pub positions: Vec<[f32; 3]>,
    /// Per node, its type in the vocabulary of its node set; the size of the vocabulary where it is unknown.
    pub types: Vec<u16>,
    /// Per node, the number of its chain.
    pub chains: Vec<u32>,
    /// Per node, its row in the molecule or structure it was built from: an atom or a residue. 0 for virtual nodes.
    pub sources: Vec<u32>,
    /// Per node, its frame; nodes without one have none anywhere in the graph.
    pub frames: Vec<Frame>,
    /// Per edge, the number of its relation.
    pub relations: Vec<u16>,
    /// Features of nodes by node set.
    pub node_sets: Vec<Features>,
    /// Features of edges by edge set.
    pub edge_sets: Vec<Features>,
    /// Arcs between edges, where the spec asks for them.
    pub line_graph: LineGraph,
}
