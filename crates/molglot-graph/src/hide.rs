//! Hiding what a node or an edge is, for a model that is to guess it.
//!
//! What is hidden is gone from everything that an encoder reads, so that two graphs that differ in hidden values alone are
//! the same graph afterwards.

use crate::{ATOM_SIZES, BOND_SIZES, EdgeRule, EdgeScalar, GeomGraph, GraphSpec, NodeKind, Types};

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

impl GraphSpec {
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
