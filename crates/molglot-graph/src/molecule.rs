//! Nodes and edges of molecules.

use molglot_chem::{Molecule, brics, ogb};

use crate::build::Nodes;
use crate::conformer::{Conformer, centroid};
use crate::{
    EdgeKind, EdgeRule, Features, GeomGraph, GraphSpec, Membership, NodeKind, NodeSet, Types,
    unimol,
};

pub(crate) fn add_nodes(
    spec: &GraphSpec,
    molecule: &Molecule,
    conformer: &Conformer,
    graph: &mut GeomGraph,
) -> Nodes {
    let names_atoms = |set: &NodeSet| matches!(set.types, Types::Ogb | Types::UniMol);
    let has_motifs = |set: &NodeSet| names_atoms(set) || set.kind == NodeKind::Motif;
    let has_types = spec.nodes.iter().any(|set| set.vocabulary() > 0);
    let mut node_of_atom = vec![None; molecule.atoms().len()];
    if spec.nodes.iter().any(has_motifs) {
        add_motifs(molecule, conformer, graph);
    }
    for set in &spec.nodes {
        let first = graph.nodes.len();
        match set.kind {
            NodeKind::Atom => {
                if set.types == Types::Ogb {
                    let all = ogb::atom_features(molecule);
                    graph.atom_features = conformer
                        .atoms
                        .iter()
                        .map(|&atom| all[atom as usize])
                        .collect();
                }
                for (&atom, node) in conformer.atoms.iter().zip(first as u32..) {
                    node_of_atom[atom as usize] = Some(node);
                    graph.sources.push(atom);
                    if has_types {
                        let element = molecule.atoms()[atom as usize].atomic_number;
                        graph.types.push(match &set.types {
                            Types::UniMol => unimol::token(element),
                            Types::Fixed(number) => *number,
                            _ => 0,
                        });
                    }
                }
                graph.atoms = conformer.atoms.len();
                graph
                    .nodes
                    .extend(std::iter::repeat_n(NodeKind::Atom, graph.atoms));
                graph.positions.extend(&conformer.positions);
            }
            NodeKind::Motif => {
                let mut inside = vec![Vec::new(); graph.motifs];
                if !conformer.positions.is_empty() {
                    for member in &graph.members {
                        inside[member.motif as usize]
                            .push(conformer.positions[member.atom as usize]);
                    }
                    let centres = inside
                        .into_iter()
                        .map(|places| centroid(places.into_iter()));
                    graph.positions.extend(centres);
                }
                graph
                    .nodes
                    .extend(std::iter::repeat_n(NodeKind::Motif, graph.motifs));
            }
            NodeKind::Graph | NodeKind::Virtual => {
                graph.nodes.push(set.kind);
                if !conformer.positions.is_empty() {
                    graph.positions.push(match set.kind {
                        NodeKind::Graph => centroid(conformer.positions.iter().copied()),
                        _ => [0.0; 3],
                    });
                }
            }
            NodeKind::Residue => {}
        }
        graph.sources.resize(graph.nodes.len(), 0);
        if has_types {
            let fixed = match set.types {
                Types::Fixed(number) => number,
                _ => 0,
            };
            graph.types.resize(graph.nodes.len(), fixed);
        }
        graph.node_sets.push(Features {
            rows: first..graph.nodes.len(),
            ..Features::default()
        });
    }
    graph.chains = vec![0; graph.nodes.len()];
    Nodes {
        places: vec![0; graph.nodes.len()],
        node_of_atom,
    }
}

/// BRICS motifs of which atoms are left, and those atoms, numbered as atom nodes are.
fn add_motifs(molecule: &Molecule, conformer: &Conformer, graph: &mut GeomGraph) {
    let motif_of = brics::motifs(molecule);
    let mut number = vec![None; motif_of.len()];
    let mut motifs = 0;
    for (&atom, node) in conformer.atoms.iter().zip(0..) {
        let motif = *number[motif_of[atom as usize] as usize].get_or_insert_with(|| {
            motifs += 1;
            motifs - 1
        });
        graph.members.push(Membership { atom: node, motif });
    }
    graph.motifs = motifs as usize;
}

pub(crate) fn add_edges(
    rule: EdgeRule,
    relation: usize,
    molecule: &Molecule,
    nodes: &Nodes,
    graph: &mut GeomGraph,
) {
    let first = |kind: NodeKind| {
        graph
            .nodes
            .iter()
            .position(|&node| node == kind)
            .map(|node| node as u32)
    };
    let (atom_node, motif_node, graph_node) = (
        first(NodeKind::Atom),
        first(NodeKind::Motif),
        first(NodeKind::Graph),
    );
    let (up, down) = (relation as u16, relation as u16 + 1);
    match rule {
        EdgeRule::Bonds => {
            let features = (!graph.atom_features.is_empty()).then(|| ogb::bond_features(molecule));
            for (number, bond) in molecule.bonds().iter().enumerate() {
                let ends = [bond.begin, bond.end].map(|atom| nodes.node_of_atom[atom as usize]);
                let [Some(begin), Some(end)] = ends else {
                    continue;
                };
                graph.link(EdgeKind::Bond, up, begin, end);
                graph.link(EdgeKind::Bond, up, end, begin);
                if let Some(features) = &features {
                    graph.bond_features.extend([features[number]; 2]);
                }
            }
        }
        EdgeRule::Motifs { directed } => {
            let (Some(atom_node), Some(motif_node)) = (atom_node, motif_node) else {
                return;
            };
            for Membership { atom, motif } in graph.members.clone() {
                let (atom, motif) = (atom_node + atom, motif_node + motif);
                graph.link(EdgeKind::AtomToMotif, up, atom, motif);
                if !directed {
                    graph.link(EdgeKind::MotifToAtom, down, motif, atom);
                }
            }
        }
        EdgeRule::Graph { directed } => {
            let (Some(motif_node), Some(graph_node)) = (motif_node, graph_node) else {
                return;
            };
            for motif in motif_node..motif_node + graph.motifs as u32 {
                graph.link(EdgeKind::MotifToGraph, up, motif, graph_node);
                if !directed {
                    graph.link(EdgeKind::GraphToMotif, down, graph_node, motif);
                }
            }
        }
        _ => {}
    }
}

impl GeomGraph {
    fn link(&mut self, kind: EdgeKind, relation: u16, from: u32, to: u32) {
        self.edges.push([from, to]);
        self.edge_kinds.push(kind);
        self.relations.push(relation);
    }
}

#[cfg(test)]
mod tests {
    use molglot_chem::Molecule;

    use crate::{EdgeKind, GraphSpec};

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
