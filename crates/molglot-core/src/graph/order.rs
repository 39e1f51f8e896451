//! Where the nodes and edges of single graphs go in a batch.

use std::ops::Range;

use molglot_graph::{EdgeKind, Features, GeomGraph, NodeKind};

/// Kinds of nodes in the order of a batch.
pub(super) const KINDS: [NodeKind; 5] = [
    NodeKind::Atom,
    NodeKind::Residue,
    NodeKind::Motif,
    NodeKind::Graph,
    NodeKind::Virtual,
];

/// The place of a kind in [`KINDS`].
pub(super) fn rank(kind: NodeKind) -> usize {
    match kind {
        NodeKind::Atom => 0,
        NodeKind::Residue => 1,
        NodeKind::Motif => 2,
        NodeKind::Graph => 3,
        NodeKind::Virtual => 4,
    }
}

/// Rows sorted into groups: by group, then by graph, then as in the graph.
pub(super) struct Groups {
    /// Per graph and row, the row of the batch.
    pub(super) places: Vec<Vec<u32>>,
    /// Per set of the spec, its rows of the batch.
    pub(super) sets: Vec<Range<usize>>,
    /// First row of each group, and behind the last the number of rows.
    starts: Vec<usize>,
}

impl Groups {
    /// Nodes by kind, then by set.
    pub(super) fn of_nodes(graphs: &[&GeomGraph]) -> Self {
        let sets = sets(graphs, |graph| &graph.node_sets);
        let mut nodes = Self::new(graphs, KINDS.len() * sets, |graph| {
            let set_of = set_of_row(&graph.node_sets, graph.nodes.len());
            let kinds = graph.nodes.iter().zip(set_of);
            kinds.map(|(&kind, set)| rank(kind) * sets + set).collect()
        });
        nodes.sets = (0..sets)
            .map(|set| {
                let mut of_kinds = (0..KINDS.len()).map(|kind| nodes.group(kind * sets + set));
                of_kinds.find(|rows| !rows.is_empty()).unwrap_or(0..0)
            })
            .collect();
        nodes
    }

    /// Edges by set, then bonds before others.
    pub(super) fn of_edges(graphs: &[&GeomGraph]) -> Self {
        let sets = sets(graphs, |graph| &graph.edge_sets);
        let mut edges = Self::new(graphs, 2 * sets, |graph| {
            let set_of = set_of_row(&graph.edge_sets, graph.edges.len());
            let kinds = graph.edge_kinds.iter().zip(set_of);
            kinds
                .map(|(&kind, set)| 2 * set + usize::from(kind != EdgeKind::Bond))
                .collect()
        });
        edges.sets = (0..sets)
            .map(|set| edges.starts[2 * set]..edges.starts[2 * set + 2])
            .collect();
        edges
    }

    fn new(
        graphs: &[&GeomGraph],
        count: usize,
        group_of: impl Fn(&GeomGraph) -> Vec<usize>,
    ) -> Self {
        let groups: Vec<Vec<usize>> = graphs.iter().map(|graph| group_of(graph)).collect();
        let mut starts = vec![0; count + 1];
        for &group in groups.iter().flatten() {
            starts[group + 1] += 1;
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut place = |group: usize| {
            next[group] += 1;
            (next[group] - 1) as u32
        };
        let places = groups
            .into_iter()
            .map(|rows| rows.into_iter().map(&mut place).collect())
            .collect();
        Self {
            places,
            sets: Vec::new(),
            starts,
        }
    }

    fn group(&self, number: usize) -> Range<usize> {
        self.starts[number]..self.starts[number + 1]
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The rows of each kind of node.
    pub(super) fn kinds(&self) -> [Range<usize>; KINDS.len()] {
        let sets = (self.starts.len() - 1) / KINDS.len();
        std::array::from_fn(|kind| self.starts[kind * sets]..self.starts[(kind + 1) * sets])
    }

    /// The edges that are bonds, of the first set that has any.
    pub(super) fn bonds(&self) -> Range<usize> {
        let mut bonds = (0..self.sets.len()).map(|set| self.group(2 * set));
        bonds.find(|bonds| !bonds.is_empty()).unwrap_or(0..0)
    }
}

/// The number of sets, at least one.
fn sets(graphs: &[&GeomGraph], of: impl Fn(&GeomGraph) -> &Vec<Features>) -> usize {
    graphs
        .iter()
        .map(|graph| of(graph).len())
        .max()
        .unwrap_or(0)
        .max(1)
}

/// Per row, its set; the first one for rows that are in none.
fn set_of_row(sets: &[Features], rows: usize) -> Vec<usize> {
    let mut set_of = vec![0; rows];
    for (number, set) in sets.iter().enumerate() {
        if let Some(rows) = set_of.get_mut(set.rows.clone()) {
            rows.fill(number);
        }
    }
    set_of
}
