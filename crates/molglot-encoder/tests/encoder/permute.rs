//! The same graph with its nodes in another order.

use molglot_graph::{GeomGraph, NodeKind, Table};

/// A graph whose units (residues, or atoms) are listed in another order: unit `order[i]` becomes unit `i`.
pub(crate) fn permuted(graph: &GeomGraph, order: &[usize]) -> GeomGraph {
    let has_residues = graph.nodes.contains(&NodeKind::Residue);
    let unit = if has_residues {
        NodeKind::Residue
    } else {
        NodeKind::Atom
    };
    let nodes: Vec<usize> = (0..graph.nodes.len())
        .filter(|&node| graph.nodes[node] == unit)
        .collect();
    // Per new node the old one, and the other way round.
    let mut old: Vec<usize> = (0..graph.nodes.len()).collect();
    for (new, &from) in order.iter().enumerate() {
        old[nodes[new]] = nodes[from];
    }
    let mut new = vec![0; old.len()];
    old.iter()
        .enumerate()
        .for_each(|(place, &from)| new[from] = place);

    let mut out = graph.clone();
    pick(&mut out.positions, &old);
    pick(&mut out.types, &old);
    pick(&mut out.chains, &old);
    pick(&mut out.sources, &old);
    for edge in &mut out.edges {
        *edge = edge.map(|node| new[node as usize] as u32);
    }
    for set in out.node_sets.iter_mut() {
        let first = set.rows.start;
        if set.rows.len() == order.len() && graph.nodes[first] == unit {
            rows(&mut set.scalars, order);
            rows(&mut set.vectors, order);
        }
    }
    if !has_residues {
        pick(&mut out.atom_features, order);
        for member in &mut out.members {
            member.atom = order
                .iter()
                .position(|&from| from == member.atom as usize)
                .unwrap() as u32;
        }
    }
    out
}

fn pick<T: Copy>(values: &mut Vec<T>, order: &[usize]) {
    if !values.is_empty() {
        *values = order.iter().map(|&from| values[from]).collect();
    }
}

fn rows(table: &mut Table, order: &[usize]) {
    let rows = order.iter().flat_map(|&from| table.row(from).to_vec());
    table.values = rows.collect();
}
