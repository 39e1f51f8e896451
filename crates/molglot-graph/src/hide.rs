//! Hiding what a node or an edge is, for a model that is to guess it.
//!
//! What is hidden is gone from everything that an encoder reads, so that two graphs that differ in hidden values alone are
//! the same graph afterwards.

use molglot_bio::geometry::vector::distance;

use crate::{
    ATOM_SIZES, BOND_SIZES, EdgeKind, EdgeRule, EdgeScalar, GeomGraph, GraphSpec, NodeKind, Types,
};

/// The last columns of OGB's atom features, which say yes or no and keep no row for anything else.
const FLAGS: usize = 2;

impl GeomGraph {
    /// Hides atoms: of each only its place among the bonds is left. A category becomes the one that OGB keeps for
    /// everything else, yes or no becomes no, so tables of published weights have a row for it.
    pub fn hide_atoms(&mut self, atoms: &[u32]) {
        let mut hidden = ATOM_SIZES.map(|rows| (rows - 1) as u8);
        hidden[ATOM_SIZES.len() - FLAGS..].fill(0);
        for &atom in atoms {
            if let Some(row) = self.atom_features.get_mut(atom as usize) {
                *row = hidden;
            }
        }
    }

    /// Hides bonds, by rows of [`GeomGraph::bond_features`]; both directions of a bond are to be hidden together. The type
    /// becomes the one that OGB keeps for everything else, the stereo none, conjugated no.
    pub fn hide_bonds(&mut self, bonds: &[u32]) {
        let hidden = [(BOND_SIZES[0] - 1) as u8, 0, 0];
        for &bond in bonds {
            if let Some(row) = self.bond_features.get_mut(bond as usize) {
                *row = hidden;
            }
        }
    }
}

/// What an atom in space is passed off as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disguise {
    /// Its node.
    pub node: u32,
    /// The type that it gets.
    pub kind: u16,
    /// Where it is put, angstrom.
    pub position: [f32; 3],
}

impl GraphSpec {
    /// Gives atoms other types and places, and the pairs that they are part of the relations and distances that follow.
    /// Edges are neither made nor lost, and other features of theirs stay: for a graph whose edges join all pairs.
    pub fn disguise(&self, graph: &mut GeomGraph, atoms: &[Disguise]) {
        let mut is_disguised = vec![false; graph.nodes.len()];
        for atom in atoms {
            let node = atom.node as usize;
            is_disguised[node] = true;
            graph.types[node] = atom.kind;
            graph.positions[node] = atom.position;
        }
        let mut relation = 0;
        for (set, features) in self.edges.iter().zip(&mut graph.edge_sets) {
            let is_distance = |scalar: &EdgeScalar| matches!(scalar, EdgeScalar::Distance);
            let before = set.scalars.iter().take_while(|scalar| !is_distance(scalar));
            let column: usize = before
                .map(|&scalar| self.edge_scalar_width(set.kind, scalar))
                .sum();
            let distances = set.scalars.iter().any(is_distance);
            let mut pairs = None;
            for &rule in &set.rules {
                if let EdgeRule::AllPairs { vocabulary } = rule {
                    pairs = Some((relation, usize::from(vocabulary)));
                }
                relation += rule.relations();
            }
            for row in features.rows.clone() {
                let [from, to] = graph.edges[row].map(|node| node as usize);
                if !is_disguised[from] && !is_disguised[to] {
                    continue;
                }
                if let (EdgeKind::Pair, Some((first, vocabulary))) = (graph.edge_kinds[row], pairs)
                {
                    let kind = |node: usize| usize::from(graph.types[node]);
                    let pair = first + kind(to) * vocabulary + kind(from);
                    graph.relations[row] = pair as u16;
                }
                if distances {
                    let place = (row - features.rows.start) * features.scalars.width + column;
                    features.scalars.values[place] =
                        distance(graph.positions[from], graph.positions[to]) as f32;
                }
            }
        }
    }

    /// The alphabet of residue types that this graph tells, where they can be hidden: its nodes are residues with types and
    /// nothing else tells them. Side-chain atoms would.
    ///
    /// # Errors
    ///
    /// Why they cannot be hidden, in words.
    pub fn hideable_residues(&self) -> Result<&str, &'static str> {
        let of = |kind| self.nodes.iter().filter(move |set| set.kind == kind);
        if of(NodeKind::Atom).next().is_some() {
            return Err("its graph has atoms, and the atoms of a side chain tell its residue");
        }
        let rules = self.edges.iter().flat_map(|set| &set.rules);
        if rules
            .into_iter()
            .any(|rule| matches!(rule, EdgeRule::AllPairs { .. }))
        {
            return Err("the relations of its edges are made of types");
        }
        let mut alphabets = of(NodeKind::Residue).map(|set| match &set.types {
            Types::Residue(alphabet) => Some(alphabet.as_str()),
            _ => None,
        });
        match (alphabets.next().flatten(), alphabets.next()) {
            (Some(alphabet), None) => Ok(alphabet),
            _ => Err("its graph has no residues with types"),
        }
    }

    /// Hides the types of residues, given as nodes of a graph of this spec: wherever types are told, of nodes and of the
    /// ends of edges, theirs are those of an unknown residue.
    pub fn hide_residues(&self, graph: &mut GeomGraph, residues: &[u32]) {
        let mut is_hidden = vec![false; graph.nodes.len()];
        for &node in residues {
            if let Some(hidden) = is_hidden.get_mut(node as usize) {
                *hidden = true;
            }
        }
        for (set, features) in self.nodes.iter().zip(&mut graph.node_sets) {
            let vocabulary = set.vocabulary();
            if !matches!(set.types, Types::Residue(_)) {
                continue;
            }
            for row in features.rows.clone().filter(|&row| is_hidden[row]) {
                if let Some(kind) = graph.types.get_mut(row) {
                    *kind = vocabulary as u16;
                }
                let start = (row - features.rows.start) * features.scalars.width;
                for (columns, unknown) in set.type_columns() {
                    let told =
                        &mut features.scalars.values[start + columns.start..start + columns.end];
                    told.fill(0.0);
                    if let Some(unknown) = unknown {
                        told[unknown] = 1.0;
                    }
                }
            }
        }
        for (number, features) in graph.edge_sets.iter_mut().enumerate() {
            let Some((first, vocabulary)) = self.end_type_columns(number) else {
                continue;
            };
            for row in features.rows.clone() {
                let start = (row - features.rows.start) * features.scalars.width + first;
                for (end, &node) in graph.edges[row].iter().enumerate() {
                    if is_hidden[node as usize] {
                        let told = start + end * vocabulary;
                        let told = &mut features.scalars.values[told..told + vocabulary];
                        told.fill(0.0);
                        told[0] = 1.0;
                    }
                }
            }
        }
    }

    /// The first column of the types of an edge's ends and how many columns an end has.
    fn end_type_columns(&self, set: usize) -> Option<(usize, usize)> {
        let edges = self.edges.get(set)?;
        let tells = |scalar: &EdgeScalar| matches!(scalar, EdgeScalar::EndTypes);
        let place = edges.scalars.iter().position(tells)?;
        let before = edges.scalars[..place].iter();
        let widths = before.map(|&scalar| self.edge_scalar_width(edges.kind, scalar));
        Some((widths.sum(), self.vocabulary(edges.kind)))
    }
}
