//! The graph between edges.

use std::f64::consts::PI;

use molglot_bio::geometry::MAX_PAIRS;
use molglot_bio::geometry::vector::{angle, between};

use crate::{GeomGraph, GraphError, LineGraph};

/// Arcs from every edge k→j to every edge j→i with the angle at j between i and k in equal bins of `[0, π]`; the angle
/// with a vector of length 0 is 0.
///
/// Source: GearNet-Edge (arXiv 2203.06125).
pub(crate) fn graph(graph: &GeomGraph, bins: u8) -> Result<LineGraph, GraphError> {
    let mut starts = vec![0usize; graph.nodes.len() + 1];
    for edge in &graph.edges {
        starts[edge[0] as usize + 1] += 1;
    }
    let total = graph.edges.iter().try_fold(0usize, |sum, edge| {
        sum.checked_add(starts[edge[1] as usize + 1])
            .filter(|&sum| sum <= MAX_PAIRS)
    });
    let total = total.ok_or(GraphError::TooManyArcs)?;
    for node in 0..graph.nodes.len() {
        starts[node + 1] += starts[node];
    }
    let mut outgoing = vec![0u32; graph.edges.len()];
    let mut next = starts.clone();
    for (edge, number) in graph.edges.iter().zip(0..) {
        let place = &mut next[edge[0] as usize];
        outgoing[*place] = number;
        *place += 1;
    }
    let mut line = LineGraph {
        arcs: Vec::with_capacity(total),
        bins: Vec::with_capacity(total),
    };
    let place = |node: u32| {
        graph
            .positions
            .get(node as usize)
            .copied()
            .unwrap_or_default()
    };
    for (&[k, j], first) in graph.edges.iter().zip(0..) {
        let back = between(place(j), place(k));
        for &second in &outgoing[starts[j as usize]..starts[j as usize + 1]] {
            let on = between(place(j), place(graph.edges[second as usize][1]));
            let bin = (f64::from(bins) * angle(on, back) / PI) as u8;
            line.arcs.push([first, second]);
            line.bins.push(bin.min(bins.saturating_sub(1)));
        }
    }
    Ok(line)
}
