//! Nodes that no layer can tell apart, found by colour refinement.
//!
//! After `l` rounds of message passing, two nodes whose surroundings are alike up to distance `l` have the same state
//! (Xu et al., 2019, arXiv 1810.00826), so one row stands for all of them (Bollen et al., 2023, arXiv 2304.14793). A batch
//! of molecules repeats itself: rings, chains and common groups make a third of the rows superfluous.

use std::collections::HashMap;

use molglot_core::GraphBatch;
use molglot_tensor::{
    RowIndex,
    ops::{MessageIndex, RowCounts},
};

use super::VirtualNodes;

/// Begins the description of what is no atom or bond; no category is as large.
const VIRTUAL: u32 = u32::MAX;

/// One row for all nodes that look alike, before every layer and after the last.
#[derive(Debug)]
pub(super) struct Classes {
    /// What distinguishes nodes before the first layer.
    pub(super) nodes: Kinds,
    /// What distinguishes edges.
    pub(super) edges: Kinds,
    /// The input of the first layer, then the output of every layer.
    pub(super) levels: Vec<Level>,
}

/// What is looked up for things of several kinds: those with categories first, virtual ones behind them.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// By column, the category of each kind.
    pub(super) columns: Vec<Vec<u32>>,
    /// Of each virtual kind, its row.
    pub(super) virtual_rows: Vec<u32>,
}

/// The classes at one level.
#[derive(Debug)]
pub(super) struct Level {
    /// `N` nodes into `C` classes.
    pub(super) nodes: RowIndex,
    /// How many nodes each class has.
    pub(super) counts: RowCounts,
    /// What each class receives from those of the level before; `None` at the input.
    pub(super) messages: Option<MessageIndex>,
}

impl Classes {
    /// The classes of a graph for so many layers.
    pub(super) fn new(
        graph: &GraphBatch,
        virtual_nodes: Option<&VirtualNodes>,
        layers: usize,
    ) -> Self {
        let (virtual_nodes, virtual_edges) = match virtual_nodes {
            Some(others) => (others.nodes.as_slice(), others.edges.as_slice()),
            None => Default::default(),
        };
        let (nodes, mut colours) = kinds(&graph.atom_columns, graph.atoms, virtual_nodes);
        let (edges, of_edge) = kinds(&graph.bond_columns, graph.bond_edges(), virtual_edges);
        let count = colours.iter().max().map_or(0, |&last| last as usize + 1);
        let of_edge = RowIndex::new(edges.len(), of_edge);
        let mut levels = vec![Level::new(count, colours.clone(), None)];
        for _ in 0..layers {
            let (next, representatives) = refine(graph, &colours, of_edge.index());
            let before = levels[levels.len() - 1].nodes.rows();
            let messages = messages(graph, (&colours, before), &of_edge, &representatives);
            levels.push(Level::new(
                representatives.len(),
                next.clone(),
                Some(messages),
            ));
            colours = next;
        }
        Self {
            nodes,
            edges,
            levels,
        }
    }
}

impl Kinds {
    /// Of nodes and of edges, each its own kind.
    pub(super) fn of_each(
        graph: &GraphBatch,
        virtual_nodes: Option<&VirtualNodes>,
    ) -> (Self, Self) {
        let of = |columns: &[Vec<u32>], rows: Option<&[u32]>| Self {
            columns: columns.to_vec(),
            virtual_rows: rows.unwrap_or_default().to_vec(),
        };
        (
            of(
                &graph.atom_columns,
                virtual_nodes.map(|others| &others.nodes[..]),
            ),
            of(
                &graph.bond_columns,
                virtual_nodes.map(|others| &others.edges[..]),
            ),
        )
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len) + self.virtual_rows.len()
    }
}

impl Level {
    fn new(classes: usize, colours: Vec<u32>, messages: Option<MessageIndex>) -> Self {
        let nodes = RowIndex::new(classes, colours);
        let counts = RowCounts::new(nodes.counts().map(|count| count as u32));
        Self {
            nodes,
            counts,
            messages,
        }
    }
}

/// Numbers things by what is written of them, in the order in which they come.
fn number(descriptions: &[u32], ends: &[usize]) -> (Vec<u32>, Vec<usize>) {
    let mut known: HashMap<&[u32], u32> = HashMap::with_capacity(ends.len());
    let (mut numbers, mut firsts, mut begin) = (Vec::with_capacity(ends.len()), Vec::new(), 0);
    for (place, &end) in ends.iter().enumerate() {
        let next = firsts.len() as u32;
        let number = *known.entry(&descriptions[begin..end]).or_insert(next);
        if number == next {
            firsts.push(place);
        }
        numbers.push(number);
        begin = end;
    }
    (numbers, firsts)
}

/// The kinds among so many things with categories and those that have a row of their own, and the kind of each.
fn kinds(columns: &[Vec<u32>], count: usize, virtual_rows: &[u32]) -> (Kinds, Vec<u32>) {
    let (mut descriptions, mut ends) = (Vec::new(), Vec::new());
    for place in 0..count {
        descriptions.extend(columns.iter().map(|column| column[place]));
        ends.push(descriptions.len());
    }
    for &row in virtual_rows {
        descriptions.extend([VIRTUAL, row]);
        ends.push(descriptions.len());
    }
    let (numbers, firsts) = number(&descriptions, &ends);
    let categories = firsts.partition_point(|&place| place < count);
    let kinds = Kinds {
        columns: columns
            .iter()
            .map(|column| {
                firsts[..categories]
                    .iter()
                    .map(|&place| column[place])
                    .collect()
            })
            .collect(),
        virtual_rows: firsts[categories..]
            .iter()
            .map(|&place| virtual_rows[place - count])
            .collect(),
    };
    (kinds, numbers)
}

/// Tells nodes apart by their colour and by the edges and colours around them: the new colours, and for each the first node
/// that has it.
fn refine(graph: &GraphBatch, colours: &[u32], of_edge: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let (mut descriptions, mut ends) = (Vec::new(), Vec::with_capacity(colours.len()));
    let mut around: Vec<(u32, u32)> = Vec::new();
    for (node, &colour) in colours.iter().enumerate() {
        around.clear();
        around.extend(graph.edge_to.positions(node).iter().map(|&edge| {
            let source = graph.edge_from.index()[edge as usize];
            (colours[source as usize], of_edge[edge as usize])
        }));
        around.sort_unstable();
        descriptions.push(colour);
        descriptions.extend(around.iter().flat_map(|&(colour, kind)| [colour, kind]));
        ends.push(descriptions.len());
    }
    number(&descriptions, &ends)
}

/// What arrives at the first node of every class.
fn messages(
    graph: &GraphBatch,
    (colours, before): (&[u32], usize),
    of_edge: &RowIndex,
    representatives: &[usize],
) -> MessageIndex {
    let own = representatives.iter().map(|&node| colours[node]);
    let (mut from, mut to, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for (class, &node) in (0..).zip(representatives) {
        for &edge in graph.edge_to.positions(node) {
            from.push(colours[graph.edge_from.index()[edge as usize] as usize]);
            to.push(class);
            kinds.push(of_edge.index()[edge as usize]);
        }
    }
    MessageIndex::new(
        RowIndex::new(before, own.collect()),
        RowIndex::new(before, from),
        RowIndex::new(representatives.len(), to),
        RowIndex::new(of_edge.rows(), kinds),
    )
}
