//! Many graphs as one.

mod join;
mod order;

use std::ops::Range;

use molglot_graph::{EdgeKind, Features, GeomGraph, NodeKind, Table};
use molglot_tensor::{Device, RowIndex, Tensor, TensorData};

use self::order::Groups;

/// A disjoint union of graphs, ready for gathers and segment sums.
///
/// Nodes are ordered by kind across the whole batch: the atoms of every graph, then residues, motif nodes, graph nodes and
/// virtual nodes; within a kind by set of the spec, then by graph. Edges are ordered by set of the spec, within a set the
/// bonds of every graph first. So each kind of node, each set of nodes or edges and the bonds are one slice.
///
/// A *unit* is what an encoder gives a row of `Features::node` for: a residue where the graphs have residues, else an atom.
///
/// Letters: `B` graphs, `A` atoms, `U` units, `M` motifs, `N` nodes of all kinds, `E` edges, `E_b` bond edges.
#[derive(Clone, Debug)]
pub struct GraphBatch {
    /// Where tensors are made.
    pub device: Device,
    /// Number of graphs, `B`.
    pub graphs: usize,
    /// Number of atoms, `A`.
    pub atoms: usize,
    /// Number of residues.
    pub residues: usize,
    /// Number of motifs, `M`, whether or not they are nodes.
    pub motifs: usize,
    /// Number of nodes, `N`.
    pub nodes: usize,
    /// Nine columns of `A` OGB atom categories; empty columns where atoms have none.
    pub atom_columns: Vec<Vec<u32>>,
    /// Three columns of `E_b` OGB bond categories.
    pub bond_columns: Vec<Vec<u32>>,
    /// Per node its type in the vocabulary of its set; empty where nodes have none.
    pub types: Vec<u16>,
    /// Per node the number of its chain in its graph.
    pub chains: Vec<u32>,
    /// Per node its row in what its graph was built from: along a chain they ascend, in whatever order nodes are listed.
    pub sources: Vec<u32>,
    /// Per node where it is, angstrom; empty where a graph has no coordinates.
    pub positions: Vec<[f32; 3]>,
    /// Numbers and vectors of nodes, by set of the spec. Rows are nodes of the batch.
    pub node_sets: Vec<Features>,
    /// `E` source nodes of `N`.
    pub edge_from: RowIndex,
    /// `E` target nodes of `N`.
    pub edge_to: RowIndex,
    /// What each of `E` edges stands for.
    pub edge_kinds: Vec<EdgeKind>,
    /// The relation of each of `E` edges.
    pub relations: Vec<u16>,
    /// Which edges are bonds, `E_b`.
    pub bonds: Range<usize>,
    /// Numbers and vectors of edges, by set of the spec. Rows are edges of the batch.
    pub edge_sets: Vec<Features>,
    /// The graph between edges, where the spec asks for it.
    pub line: Option<LineBatch>,
    /// `N` nodes into `B` graphs.
    pub graph_of_node: RowIndex,
    /// `A` atoms into `B` graphs.
    pub graph_of_atom: RowIndex,
    /// `U` units into `B` graphs.
    pub graph_of_unit: RowIndex,
    /// `M` motifs into `B` graphs.
    pub graph_of_motif: RowIndex,
    /// The atom of each membership, into `A`.
    pub member_atoms: RowIndex,
    /// The motif of each membership, into `M`.
    pub member_motifs: RowIndex,
    kinds: [Range<usize>; order::KINDS.len()],
}

/// Arcs from edge to edge.
#[derive(Clone, Debug)]
pub struct LineBatch {
    /// Per arc, the edge that it leaves, of `E`.
    pub from: RowIndex,
    /// Per arc, the edge that it enters, of `E`.
    pub to: RowIndex,
    /// Per arc, the bin of the angle between the two.
    pub bins: Vec<u8>,
}

impl GraphBatch {
    /// Joins graphs built by one spec.
    pub fn new(graphs: &[&GeomGraph], device: &Device) -> Self {
        let nodes = Groups::of_nodes(graphs);
        let edges = Groups::of_edges(graphs);
        let kinds = nodes.kinds();
        let mut rows = join::Rows::default();
        for (number, graph) in graphs.iter().enumerate() {
            rows.add(graph, number, &nodes, &edges);
        }
        let (count, edge_count) = (nodes.len(), edges.len());
        let of = |kind: NodeKind| kinds[order::rank(kind)].clone();
        let owners =
            |range: Range<usize>| RowIndex::new(graphs.len(), rows.graph_of_node[range].to_vec());
        let (graph_of_atom, residues) = (owners(of(NodeKind::Atom)), of(NodeKind::Residue).len());
        let graph_of_unit = match residues {
            0 => graph_of_atom.clone(),
            _ => owners(of(NodeKind::Residue)),
        };
        let motifs = rows.graph_of_motif.len();
        let has_line = graphs.iter().any(|graph| !graph.line_graph.arcs.is_empty());
        Self {
            device: device.clone(),
            graphs: graphs.len(),
            atoms: of(NodeKind::Atom).len(),
            residues,
            motifs,
            nodes: count,
            atom_columns: rows.atom_columns.into(),
            bond_columns: rows.bond_columns.into(),
            types: join::scatter(graphs, &nodes, |graph| &graph.types),
            chains: join::scatter(graphs, &nodes, |graph| &graph.chains),
            sources: join::scatter(graphs, &nodes, |graph| &graph.sources),
            positions: join::scatter(graphs, &nodes, |graph| &graph.positions),
            node_sets: join::features(graphs, &nodes, |graph| &graph.node_sets),
            edge_kinds: join::scatter(graphs, &edges, |graph| &graph.edge_kinds),
            relations: join::scatter(graphs, &edges, |graph| &graph.relations),
            bonds: edges.bonds(),
            edge_sets: join::features(graphs, &edges, |graph| &graph.edge_sets),
            edge_from: RowIndex::new(count, rows.edge_from),
            edge_to: RowIndex::new(count, rows.edge_to),
            line: has_line.then(|| LineBatch {
                from: RowIndex::new(edge_count, rows.arc_from),
                to: RowIndex::new(edge_count, rows.arc_to),
                bins: rows.bins,
            }),
            graph_of_atom,
            graph_of_unit,
            graph_of_node: RowIndex::new(graphs.len(), rows.graph_of_node),
            graph_of_motif: RowIndex::new(graphs.len(), rows.graph_of_motif),
            member_atoms: RowIndex::new(of(NodeKind::Atom).len(), rows.member_atoms),
            member_motifs: RowIndex::new(motifs, rows.member_motifs),
            kinds,
        }
    }

    /// Number of bond edges, `E_b`.
    pub fn bond_edges(&self) -> usize {
        self.bonds.len()
    }

    /// Number of edges, `E`.
    pub fn edges(&self) -> usize {
        self.edge_from.len()
    }

    /// Number of units, `U`.
    pub fn units(&self) -> usize {
        self.graph_of_unit.len()
    }

    /// Which nodes are of a kind.
    pub fn nodes_of(&self, kind: NodeKind) -> Range<usize> {
        self.kinds[order::rank(kind)].clone()
    }

    /// Which nodes are units: the rows of `Features::node`.
    pub fn unit_nodes(&self) -> Range<usize> {
        match self.residues {
            0 => self.nodes_of(NodeKind::Atom),
            _ => self.nodes_of(NodeKind::Residue),
        }
    }

    /// How many units one graph has.
    pub fn units_of(graph: &GeomGraph) -> usize {
        let is_residue = |kind: &&NodeKind| **kind == NodeKind::Residue;
        match graph.nodes.iter().filter(is_residue).count() {
            0 => graph.atoms,
            residues => residues,
        }
    }

    /// The numbers of the nodes of a set.
    ///
    /// # Shapes
    ///
    /// - output: `[nodes of the set, width]`; zeros where there are no such numbers
    pub fn node_scalars(&self, set: usize, width: usize) -> Tensor<2> {
        self.tensor(self.node_sets.get(set), |set| &set.scalars, [width])
    }

    /// The vectors of the nodes of a set.
    ///
    /// # Shapes
    ///
    /// - output: `[nodes of the set, channels, 3]`; zeros where there are no such vectors
    pub fn node_vectors(&self, set: usize, channels: usize) -> Tensor<3> {
        self.tensor(self.node_sets.get(set), |set| &set.vectors, [channels, 3])
    }

    /// The numbers of the edges of a set.
    ///
    /// # Shapes
    ///
    /// - output: `[edges of the set, width]`; zeros where there are no such numbers
    pub fn edge_scalars(&self, set: usize, width: usize) -> Tensor<2> {
        self.tensor(self.edge_sets.get(set), |set| &set.scalars, [width])
    }

    /// The vectors of the edges of a set.
    ///
    /// # Shapes
    ///
    /// - output: `[edges of the set, channels, 3]`; zeros where there are no such vectors
    pub fn edge_vectors(&self, set: usize, channels: usize) -> Tensor<3> {
        self.tensor(self.edge_sets.get(set), |set| &set.vectors, [channels, 3])
    }

    fn tensor<const R: usize, const D: usize>(
        &self,
        set: Option<&Features>,
        of: fn(&Features) -> &Table,
        row: [usize; R],
    ) -> Tensor<D> {
        let rows = set.map_or(0, |set| set.rows.len());
        let mut shape = [rows; D];
        shape[1..].copy_from_slice(&row);
        match set.map(of) {
            Some(table) if table.values.len() == shape.iter().product::<usize>() => {
                Tensor::from_data(TensorData::new(table.values.clone(), shape), &self.device)
            }
            _ => Tensor::zeros(shape, &self.device),
        }
    }
}
