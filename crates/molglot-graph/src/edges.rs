//! Edges of geometry and sequence.

use std::ops::Range;

use molglot_bio::geometry::{MAX_PAIRS, NeighbourError, nearest, squared_distance, within};

use crate::build::Nodes;
use crate::{EdgeKind, EdgeRule, GeomGraph, GraphError, NodeKind};

/// An edge that is not in the graph yet.
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) relation: u16,
    pub(crate) kind: EdgeKind,
}

/// How many places along its chain a node is behind another; `None` on different chains.
pub(crate) fn offset(graph: &GeomGraph, nodes: &Nodes, from: u32, to: u32) -> Option<i64> {
    let place = |node: u32| i64::from(nodes.places[node as usize]);
    let is_one_chain = graph.chains[from as usize] == graph.chains[to as usize];
    is_one_chain.then(|| place(from) - place(to))
}

/// Adds the edges of a rule between nodes of a kind. Without positions there are none.
pub(crate) fn add(
    rule: EdgeRule,
    relation: usize,
    kind: Option<NodeKind>,
    nodes: &Nodes,
    graph: &GeomGraph,
    edges: &mut Vec<Edge>,
) -> Result<(), GraphError> {
    if graph.positions.is_empty() {
        return Ok(());
    }
    let joined = rows(graph, kind);
    let (first, positions) = (joined.start as u32, &graph.positions[joined.clone()]);
    let is_apart = |from: u32, to: u32, least: u32| {
        let apart = offset(graph, nodes, from, to);
        apart.is_none_or(|apart| apart.unsigned_abs() >= u64::from(least))
    };
    let mut link = |kind: EdgeKind, relation: usize, from: u32, to: u32| {
        edges.push(Edge {
            from,
            to,
            relation: relation as u16,
            kind,
        });
    };
    match rule {
        EdgeRule::Bonds | EdgeRule::Motifs { .. } | EdgeRule::Graph { .. } => {}
        EdgeRule::AtomsOfResidues { max } => {
            let atoms = rows(graph, Some(NodeKind::Atom));
            let residues = rows(graph, Some(NodeKind::Residue));
            let mut taken = vec![0; residues.len()];
            for atom in atoms {
                let residue = nodes.places[atom] as usize;
                if taken.get(residue).is_some_and(|&taken| taken < max) {
                    taken[residue] += 1;
                    let to = (residues.start + residue) as u32;
                    link(EdgeKind::AtomToResidue, relation, atom as u32, to);
                }
            }
        }
        EdgeRule::Sequential { reach } => {
            let reach = usize::from(reach);
            for from in joined.clone() {
                let near = from.saturating_sub(reach).max(joined.start)
                    ..(from + reach + 1).min(joined.end);
                for to in near.filter(|&to| graph.chains[to] == graph.chains[from]) {
                    link(
                        EdgeKind::Sequential,
                        relation + to + reach - from,
                        from as u32,
                        to as u32,
                    );
                }
            }
        }
        EdgeRule::Radius {
            cutoff,
            max,
            min_separation,
        } => {
            let found = within(positions, cutoff)?;
            let mut sources: Vec<u32> = Vec::new();
            for (&here, target) in positions.iter().zip(0..) {
                let squared = |source: &u32| squared_distance(here, positions[*source as usize]);
                sources.clear();
                sources.extend(found.of(target as usize));
                if let Some(max) = max.map(usize::from).filter(|&max| max < sources.len()) {
                    sources.sort_by(|a, b| squared(a).total_cmp(&squared(b)).then(a.cmp(b)));
                    sources.truncate(max);
                }
                for source in sources.iter().filter(|source| squared(source) > 0.0) {
                    let (from, to) = (first + source, first + target);
                    if is_apart(from, to, min_separation) {
                        link(EdgeKind::Radius, relation, from, to);
                    }
                }
            }
        }
        EdgeRule::Nearest {
            k,
            itself,
            min_separation,
        } => {
            let others = usize::from(k).saturating_sub(usize::from(itself));
            let found = nearest(positions, others)?;
            for target in 0..positions.len() as u32 {
                let own = (itself && k > 0).then_some(target);
                for source in own
                    .into_iter()
                    .chain(found.of(target as usize).iter().copied())
                {
                    let (from, to) = (first + source, first + target);
                    if is_apart(from, to, min_separation) {
                        link(EdgeKind::Nearest, relation, from, to);
                    }
                }
            }
        }
        EdgeRule::AllPairs { vocabulary } => {
            if joined.len().saturating_mul(joined.len()) > MAX_PAIRS {
                return Err(NeighbourError::TooManyPairs.into());
            }
            let kind =
                |node: u32| usize::from(graph.types.get(node as usize).copied().unwrap_or(0));
            for to in first..joined.end as u32 {
                for from in first..joined.end as u32 {
                    let pair = kind(to) * usize::from(vocabulary) + kind(from);
                    link(EdgeKind::Pair, relation + pair, from, to);
                }
            }
        }
    }
    Ok(())
}

/// The nodes of a kind, which follow each other; all nodes where no kind is given.
fn rows(graph: &GeomGraph, kind: Option<NodeKind>) -> Range<usize> {
    let Some(kind) = kind else {
        return 0..graph.nodes.len();
    };
    let start = graph
        .nodes
        .iter()
        .position(|&node| node == kind)
        .unwrap_or(0);
    let length = graph.nodes[start..]
        .iter()
        .take_while(|&&node| node == kind)
        .count();
    start..start + length
}
