//! What an encoder wants to see, as data.

use molglot_chem::{Molecule, brics, ogb};
use serde::{Deserialize, Serialize};

use crate::{EdgeKind, GeomGraph, Membership};

/// A kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An atom of the molecule.
    Atom,
    /// A BRICS motif.
    Motif,
    /// The one node that stands for the whole molecule.
    Graph,
}

/// A rule that makes edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeRule {
    /// Both directions of every bond.
    Bonds,
    /// Between a motif and its atoms; upward only when `directed`.
    Motifs {
        /// Only from atoms to motifs.
        directed: bool,
    },
    /// Between the graph node and every motif; upward only when `directed`.
    Graph {
        /// Only from motifs to the graph node.
        directed: bool,
    },
}

/// A declarative description of a graph: node kinds in order and edge rules.
///
/// Two specs are published: plain molecular graphs (MoleculeSTM) and the hierarchical graph of M3LLM
/// (arXiv 2411.04708), where BRICS motifs and one graph node are joined to the atoms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSpec {
    /// The kinds of nodes, in the order in which they are numbered.
    pub nodes: Vec<NodeKind>,
    /// The rules that make edges, in order.
    pub edges: Vec<EdgeRule>,
}

impl GraphSpec {
    /// Atoms and bonds.
    pub fn molecular() -> Self {
        Self {
            nodes: vec![NodeKind::Atom],
            edges: vec![EdgeRule::Bonds],
        }
    }

    /// Atoms, BRICS motifs and one graph node. With `directed`, information flows upward only and the atoms are
    /// encoded exactly as in the plain molecular graph.
    pub fn hierarchical(directed: bool) -> Self {
        Self {
            nodes: vec![NodeKind::Atom, NodeKind::Motif, NodeKind::Graph],
            edges: vec![
                EdgeRule::Bonds,
                EdgeRule::Motifs { directed },
                EdgeRule::Graph { directed },
            ],
        }
    }

    /// Builds the graph of a molecule.
    pub fn build(&self, molecule: &Molecule) -> GeomGraph {
        let atoms = molecule.atoms().len();
        let motif_of = brics::motifs(molecule);
        let motifs = motif_of
            .iter()
            .map(|&motif| motif as usize + 1)
            .max()
            .unwrap_or(0);
        let members: Vec<Membership> = motif_of
            .iter()
            .enumerate()
            .map(|(atom, &motif)| Membership {
                atom: atom as u32,
                motif,
            })
            .collect();
        let has = |kind| self.nodes.contains(&kind);
        let motif_node = |motif: u32| atoms as u32 + motif;
        let graph_node = (atoms + if has(NodeKind::Motif) { motifs } else { 0 }) as u32;

        let mut nodes = vec![NodeKind::Atom; atoms];
        if has(NodeKind::Motif) {
            nodes.extend(std::iter::repeat_n(NodeKind::Motif, motifs));
        }
        if has(NodeKind::Graph) {
            nodes.push(NodeKind::Graph);
        }
        let mut graph = GeomGraph {
            atoms,
            motifs,
            nodes,
            atom_features: ogb::atom_features(molecule),
            members,
            ..GeomGraph::default()
        };
        for rule in &self.edges {
            match *rule {
                EdgeRule::Bonds => {
                    for (bond, features) in
                        molecule.bonds().iter().zip(ogb::bond_features(molecule))
                    {
                        graph.link(EdgeKind::Bond, bond.begin, bond.end);
                        graph.link(EdgeKind::Bond, bond.end, bond.begin);
                        graph.bond_features.extend([features, features]);
                    }
                }
                EdgeRule::Motifs { directed } => {
                    for Membership { atom, motif } in graph.members.clone() {
                        graph.link(EdgeKind::AtomToMotif, atom, motif_node(motif));
                        if !directed {
                            graph.link(EdgeKind::MotifToAtom, motif_node(motif), atom);
                        }
                    }
                }
                EdgeRule::Graph { directed } => {
                    for motif in 0..motifs as u32 {
                        graph.link(EdgeKind::MotifToGraph, motif_node(motif), graph_node);
                        if !directed {
                            graph.link(EdgeKind::GraphToMotif, graph_node, motif_node(motif));
                        }
                    }
                }
            }
        }
        graph
    }
}

impl GeomGraph {
    fn link(&mut self, kind: EdgeKind, from: u32, to: u32) {
        self.edges.push([from, to]);
        self.edge_kinds.push(kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aspirin() -> Molecule {
        Molecule::from_smiles("CC(=O)OC1=CC=CC=C1C(=O)O").unwrap()
    }

    #[test]
    fn a_hierarchical_graph_has_every_level() {
        let graph = GraphSpec::hierarchical(false).build(&aspirin());
        assert_eq!((graph.atoms, graph.motifs, graph.nodes.len()), (13, 4, 18));
        let count = |kind| graph.edge_kinds.iter().filter(|&&k| k == kind).count();
        assert_eq!(count(EdgeKind::Bond), 26);
        assert_eq!(
            (count(EdgeKind::AtomToMotif), count(EdgeKind::MotifToAtom)),
            (13, 13)
        );
        assert_eq!(
            (count(EdgeKind::MotifToGraph), count(EdgeKind::GraphToMotif)),
            (4, 4)
        );
        assert!(
            graph
                .edges
                .iter()
                .flatten()
                .all(|&node| (node as usize) < graph.nodes.len())
        );
    }

    #[test]
    fn a_directed_graph_sends_nothing_down() {
        let graph = GraphSpec::hierarchical(true).build(&aspirin());
        assert!(
            graph
                .edges
                .iter()
                .zip(&graph.edge_kinds)
                .all(|(&[from, to], &kind)| kind == EdgeKind::Bond || from < to)
        );
    }

    #[test]
    fn a_molecular_graph_is_atoms_and_bonds() {
        let graph = GraphSpec::molecular().build(&aspirin());
        assert_eq!(
            (
                graph.nodes.len(),
                graph.edges.len(),
                graph.bond_features.len()
            ),
            (13, 26, 26)
        );
        assert_eq!(graph.edges[0], [0, 1]);
        assert_eq!(graph.edges[1], [1, 0]);
    }

    #[test]
    fn a_single_atom_has_no_edges_but_a_motif() {
        let graph = GraphSpec::hierarchical(false).build(&Molecule::from_smiles("C").unwrap());
        assert_eq!((graph.atoms, graph.motifs, graph.edges.len()), (1, 1, 4));
    }
}
