//! Many graphs as one.

use molglot_graph::{EdgeKind, GeomGraph, NodeKind};
use molglot_tensor::{Device, RowIndex};

/// A disjoint union of graphs, ready for gathers and segment sums.
///
/// Nodes are ordered by kind across the whole batch: first the atoms of every graph, then the motif nodes of every
/// graph, then the graph nodes. Edges are ordered the same way: bonds of every graph first. So each kind is one slice.
///
/// Letters: `B` graphs, `A` atoms, `M` motifs, `N` nodes of all kinds, `E` edges, `E_b` bond edges.
#[derive(Clone, Debug)]
pub struct GraphBatch {
    /// Where tensors are made.
    pub device: Device,
    /// Number of graphs, `B`.
    pub graphs: usize,
    /// Number of atoms, `A`.
    pub atoms: usize,
    /// Number of motifs, `M`, whether or not they are nodes.
    pub motifs: usize,
    /// Number of nodes, `N`.
    pub nodes: usize,
    /// Number of motif nodes: `M` or 0.
    pub motif_nodes: usize,
    /// Number of graph nodes: `B` or 0.
    pub graph_nodes: usize,
    /// Nine columns of `A` OGB atom categories.
    pub atom_columns: Vec<Vec<u32>>,
    /// Three columns of `E_b` OGB bond categories.
    pub bond_columns: Vec<Vec<u32>>,
    /// `E` source nodes of `N`.
    pub edge_from: RowIndex,
    /// `E` target nodes of `N`.
    pub edge_to: RowIndex,
    /// The kinds of the edges that are not bonds, `E - E_b`.
    pub virtual_edges: Vec<EdgeKind>,
    /// `A` atoms into `B` graphs.
    pub graph_of_atom: RowIndex,
    /// `M` motifs into `B` graphs.
    pub graph_of_motif: RowIndex,
    /// The atom of each membership, into `A`.
    pub member_atoms: RowIndex,
    /// The motif of each membership, into `M`.
    pub member_motifs: RowIndex,
}

impl GraphBatch {
    /// Joins graphs of molecules built by one spec.
    ///
    /// # Panics
    ///
    /// If a graph has residue or virtual nodes.
    pub fn new(graphs: &[&GeomGraph], device: &Device) -> Self {
        let count = |f: fn(&GeomGraph) -> usize| graphs.iter().map(|graph| f(graph)).sum::<usize>();
        let of_kind = |kind: NodeKind| {
            graphs
                .iter()
                .map(|graph| graph.nodes.iter().filter(|&&node| node == kind).count())
                .sum::<usize>()
        };
        let (atoms, motifs) = (count(|graph| graph.atoms), count(|graph| graph.motifs));
        let (motif_nodes, graph_nodes) = (of_kind(NodeKind::Motif), of_kind(NodeKind::Graph));
        let nodes = atoms + motif_nodes + graph_nodes;

        let mut batch = Columns::default();
        let (mut next_atom, mut next_motif) = (0u32, 0u32);
        for (number, graph) in graphs.iter().enumerate() {
            batch.add(
                graph,
                number as u32,
                next_atom,
                next_motif,
                atoms as u32,
                (atoms + motif_nodes) as u32,
            );
            next_atom += graph.atoms as u32;
            next_motif += graph.motifs as u32;
        }
        let (from, to) = batch.bonds.into_iter().chain(batch.others).unzip();
        Self {
            device: device.clone(),
            graphs: graphs.len(),
            atoms,
            motifs,
            nodes,
            motif_nodes,
            graph_nodes,
            atom_columns: batch.atom_columns.into(),
            bond_columns: batch.bond_columns.into(),
            edge_from: RowIndex::new(nodes, from),
            edge_to: RowIndex::new(nodes, to),
            virtual_edges: batch.kinds,
            graph_of_atom: RowIndex::new(graphs.len(), batch.graph_of_atom),
            graph_of_motif: RowIndex::new(graphs.len(), batch.graph_of_motif),
            member_atoms: RowIndex::new(atoms, batch.member_atoms),
            member_motifs: RowIndex::new(motifs, batch.member_motifs),
        }
    }

    /// Number of bond edges, `E_b`.
    pub fn bond_edges(&self) -> usize {
        self.edge_from.len() - self.virtual_edges.len()
    }
}

#[derive(Default)]
struct Columns {
    atom_columns: [Vec<u32>; 9],
    bond_columns: [Vec<u32>; 3],
    bonds: Vec<(u32, u32)>,
    others: Vec<(u32, u32)>,
    kinds: Vec<EdgeKind>,
    graph_of_atom: Vec<u32>,
    graph_of_motif: Vec<u32>,
    member_atoms: Vec<u32>,
    member_motifs: Vec<u32>,
}

impl Columns {
    fn add(
        &mut self,
        graph: &GeomGraph,
        number: u32,
        atom: u32,
        motif: u32,
        first_motif: u32,
        first_graph: u32,
    ) {
        let mut motif_node = first_motif + motif;
        let mut atom_node = atom;
        let place: Vec<u32> = graph
            .nodes
            .iter()
            .map(|kind| match kind {
                NodeKind::Atom => post_increment(&mut atom_node),
                NodeKind::Motif => post_increment(&mut motif_node),
                NodeKind::Graph => first_graph + number,
                NodeKind::Residue | NodeKind::Virtual => {
                    unreachable!("{kind:?} nodes are no part of a molecular graph")
                }
            })
            .collect();
        for row in &graph.atom_features {
            self.atom_columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, &value)| column.push(u32::from(value)));
        }
        for row in &graph.bond_features {
            self.bond_columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, &value)| column.push(u32::from(value)));
        }
        for (&[from, to], &kind) in graph.edges.iter().zip(&graph.edge_kinds) {
            let edge = (place[from as usize], place[to as usize]);
            if kind == EdgeKind::Bond {
                self.bonds.push(edge);
            } else {
                self.others.push(edge);
                self.kinds.push(kind);
            }
        }
        self.graph_of_atom
            .extend(std::iter::repeat_n(number, graph.atoms));
        self.graph_of_motif
            .extend(std::iter::repeat_n(number, graph.motifs));
        for member in &graph.members {
            self.member_atoms.push(atom + member.atom);
            self.member_motifs.push(motif + member.motif);
        }
    }
}

fn post_increment(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter - 1
}
