//! The columns of a batch.

use molglot_graph::{EdgeKind, Features, GeomGraph, Table};

use super::order::Groups;

/// What is joined graph by graph.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) atom_columns: [Vec<u32>; 9],
    pub(super) bond_columns: [Vec<u32>; 3],
    pub(super) edge_from: Vec<u32>,
    pub(super) edge_to: Vec<u32>,
    pub(super) arc_from: Vec<u32>,
    pub(super) arc_to: Vec<u32>,
    pub(super) bins: Vec<u8>,
    pub(super) graph_of_node: Vec<u32>,
    pub(super) graph_of_motif: Vec<u32>,
    pub(super) member_atoms: Vec<u32>,
    pub(super) member_motifs: Vec<u32>,
    atoms: u32,
}

impl Rows {
    pub(super) fn add(&mut self, graph: &GeomGraph, number: usize, nodes: &Groups, edges: &Groups) {
        self.edge_from.resize(edges.len(), 0);
        self.edge_to.resize(edges.len(), 0);
        self.graph_of_node.resize(nodes.len(), 0);
        let (node_places, edge_places) = (&nodes.places[number], &edges.places[number]);
        for &place in node_places {
            self.graph_of_node[place as usize] = number as u32;
        }
        for (&[from, to], &place) in graph.edges.iter().zip(edge_places) {
            self.edge_from[place as usize] = node_places[from as usize];
            self.edge_to[place as usize] = node_places[to as usize];
        }
        for &[first, second] in &graph.line_graph.arcs {
            self.arc_from.push(edge_places[first as usize]);
            self.arc_to.push(edge_places[second as usize]);
        }
        self.bins.extend(&graph.line_graph.bins);
        columns(&mut self.atom_columns, graph.atom_features.iter());
        let bonds = edges.bonds();
        let is_bond = |(&place, &kind): (&u32, &EdgeKind)| {
            kind == EdgeKind::Bond && bonds.contains(&(place as usize))
        };
        let bonds = edge_places.iter().zip(&graph.edge_kinds);
        let bonds = bonds.filter(|&edge| is_bond(edge)).count();
        columns(
            &mut self.bond_columns,
            graph.bond_features.iter().take(bonds),
        );
        let first_motif = self.graph_of_motif.len() as u32;
        for member in &graph.members {
            self.member_atoms.push(self.atoms + member.atom);
            self.member_motifs.push(first_motif + member.motif);
        }
        self.atoms += graph.atoms as u32;
        self.graph_of_motif
            .extend(std::iter::repeat_n(number as u32, graph.motifs));
    }
}

fn columns<'a, const C: usize>(
    columns: &mut [Vec<u32>; C],
    rows: impl Iterator<Item = &'a [u8; C]>,
) {
    for row in rows {
        columns
            .iter_mut()
            .zip(row)
            .for_each(|(column, &value)| column.push(u32::from(value)));
    }
}

/// Values of single rows in the order of the batch; none where a graph does not have one for each of its rows.
pub(super) fn scatter<T: Copy>(
    graphs: &[&GeomGraph],
    groups: &Groups,
    of: impl Fn(&GeomGraph) -> &Vec<T>,
) -> Vec<T> {
    let complete = graphs
        .iter()
        .zip(&groups.places)
        .all(|(graph, places)| of(graph).len() == places.len());
    let first = graphs.iter().find_map(|graph| of(graph).first());
    let (true, Some(&filler)) = (complete, first) else {
        return Vec::new();
    };
    let mut all = vec![filler; groups.len()];
    for (graph, places) in graphs.iter().zip(&groups.places) {
        for (&place, &value) in places.iter().zip(of(graph)) {
            all[place as usize] = value;
        }
    }
    all
}

/// Features set by set in the order of the batch.
pub(super) fn features(
    graphs: &[&GeomGraph],
    groups: &Groups,
    of: impl Fn(&GeomGraph) -> &Vec<Features>,
) -> Vec<Features> {
    let sets = groups.sets.iter().enumerate();
    sets.map(|(set, rows)| {
        let table = |of_set: fn(&Features) -> &Table| {
            let tables: Vec<_> = graphs
                .iter()
                .zip(&groups.places)
                .filter_map(|(graph, places)| {
                    let features = of(graph).get(set)?;
                    Some((of_set(features), places.get(features.rows.clone())?))
                })
                .collect();
            let width = tables.iter().map(|(table, _)| table.width).max();
            let width = width.unwrap_or(0);
            let mut values = vec![0.0; width * rows.len()];
            for (table, places) in tables {
                for (number, &place) in places.iter().enumerate() {
                    let row = table.row(number);
                    let start = (place as usize - rows.start) * width;
                    values[start..start + row.len()].copy_from_slice(row);
                }
            }
            Table { width, values }
        };
        Features {
            scalars: table(|features| &features.scalars),
            vectors: table(|features| &features.vectors),
            rows: rows.clone(),
        }
    })
    .collect()
}
