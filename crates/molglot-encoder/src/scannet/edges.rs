//! The sets of edges of the graph, with rows counted from their own first node.

use std::ops::Range;

use molglot_core::GraphBatch;
use molglot_tensor::RowIndex;

/// Edges from some rows to some rows.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// `E` sources.
    pub(super) from: RowIndex,
    /// `E` targets.
    pub(super) to: RowIndex,
}

impl Edges {
    /// The edges of a set between two ranges of nodes.
    pub(super) fn new(
        graph: &GraphBatch,
        set: usize,
        from: Range<usize>,
        to: Range<usize>,
    ) -> Self {
        let rows = graph
            .edge_sets
            .get(set)
            .map_or(0..0, |features| features.rows.clone());
        let local = |ends: &RowIndex, nodes: Range<usize>| {
            let ends = ends.index()[rows.clone()].iter();
            RowIndex::new(
                nodes.len(),
                ends.map(|end| end - nodes.start as u32).collect(),
            )
        };
        Self {
            from: local(&graph.edge_from, from),
            to: local(&graph.edge_to, to),
        }
    }

    /// As many places for each target as the target with the most edges needs: per place the row of an edge, or the row
    /// behind the last edge; and the source of the edge, or any.
    pub(super) fn places(&self) -> (RowIndex, RowIndex) {
        let most = self.to.counts().max().unwrap_or(0);
        let none = self.to.len() as u32;
        let targets = 0..self.to.rows();
        let places: Vec<u32> = targets
            .flat_map(|target| {
                let own = self.to.positions(target);
                own.iter()
                    .copied()
                    .chain(std::iter::repeat_n(none, most - own.len()))
            })
            .collect();
        let source = |&edge: &u32| self.from.index().get(edge as usize).copied();
        let sources = places.iter().map(|edge| source(edge).unwrap_or(0));
        (
            RowIndex::new(self.from.rows(), sources.collect()),
            RowIndex::new(self.to.len() + 1, places),
        )
    }
}
