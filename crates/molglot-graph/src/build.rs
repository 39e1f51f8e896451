//! From a spec and a molecule or structure to a graph.

use molglot_bio::Structure;
use molglot_bio::geometry::{Residues, scannet};
use molglot_chem::Molecule;

use crate::conformer::{self, Conformer};
use crate::edges::{self, Edge};
use crate::{
    FrameRule, GeomGraph, GraphError, GraphSpec, NodeKind, features, line, molecule, residues,
};

/// What is known of nodes beside what the graph holds.
#[derive(Default)]
pub(crate) struct Nodes {
    /// Per node, its place along its sequence: the number of the residue.
    pub(crate) places: Vec<u32>,
    /// Per atom of the molecule, its node.
    pub(crate) node_of_atom: Vec<Option<u32>>,
}

impl GraphSpec {
    /// Builds the graph of a molecule as far as it needs no coordinates: all atoms are nodes, and rules of geometry make
    /// no edges.
    pub fn build(&self, molecule: &Molecule) -> GeomGraph {
        // Only searches in space can fail, and without positions there are none.
        self.build_molecule(molecule, &Conformer::without_positions(molecule))
            .unwrap_or_default()
    }

    /// Builds the graph of a molecule with a position (angstrom) for each of its atoms, as the `coordinates` of a
    /// [`molglot_chem::molfile::Record`].
    ///
    /// # Errors
    ///
    /// [`GraphError`]: positions do not fit the molecule or are not finite, or there are too many atoms for the spec.
    pub fn build_conformer(
        &self,
        molecule: &Molecule,
        positions: &[[f32; 3]],
    ) -> Result<GeomGraph, GraphError> {
        let rule = self.nodes.iter().find(|set| set.kind == NodeKind::Atom);
        let rule = rule.map(|set| set.atoms).unwrap_or_default();
        self.build_molecule(molecule, &conformer::select(molecule, positions, rule)?)
    }

    /// Builds the graph of the amino acids in the first model of a structure. `sources` of the graph are rows of its
    /// residues and atoms.
    ///
    /// # Errors
    ///
    /// [`GraphError`] where there are too many nodes or edges.
    pub fn build_structure(&self, structure: &Structure) -> Result<GeomGraph, GraphError> {
        self.build_residues(&Residues::of_structure(structure))
    }

    /// Builds the graph of a protein of which the sequence alone is known, as one-letter codes. The spec must be
    /// [of sequences](GraphSpec::is_of_sequences).
    ///
    /// # Errors
    ///
    /// [`GraphError::NoCoordinates`] where the spec reads coordinates.
    pub fn build_sequence(&self, letters: &[u8]) -> Result<GeomGraph, GraphError> {
        if !self.is_of_sequences() {
            return Err(GraphError::NoCoordinates);
        }
        let mut residues = Residues::default();
        for (&letter, source) in letters.iter().zip(0..) {
            residues.push(letter, 0, source, []);
        }
        self.build_residues(&residues)
    }

    /// Builds the graph of amino acids. Residues without CA are left out; where frames are ScanNet's, those without any
    /// atom that it sees; none where the graph is a sequence alone.
    ///
    /// # Errors
    ///
    /// [`GraphError`] where there are too many nodes or edges.
    pub fn build_residues(&self, all: &Residues) -> Result<GeomGraph, GraphError> {
        let is_scannet = self
            .nodes
            .iter()
            .any(|set| set.frames == Some(FrameRule::ScanNet));
        let kept = match is_scannet {
            true => scannet::visible(all),
            false if self.is_of_sequences() => all.clone(),
            false => all.retain(|residue| all.position(residue, "CA").is_some()),
        };
        let mut graph = GeomGraph::default();
        let nodes = residues::add_nodes(self, &kept, &mut graph);
        self.finish(graph, &nodes, None)
    }

    fn build_molecule(
        &self,
        molecule: &Molecule,
        conformer: &Conformer,
    ) -> Result<GeomGraph, GraphError> {
        let mut graph = GeomGraph::default();
        let nodes = molecule::add_nodes(self, molecule, conformer, &mut graph);
        self.finish(graph, &nodes, Some(molecule))
    }

    fn finish(
        &self,
        mut graph: GeomGraph,
        nodes: &Nodes,
        molecule: Option<&Molecule>,
    ) -> Result<GeomGraph, GraphError> {
        let mut relation = 0;
        for set in &self.edges {
            let first = graph.edges.len();
            let mut made: Vec<Edge> = Vec::new();
            for &rule in &set.rules {
                match molecule.filter(|_| rule.is_chemistry()) {
                    Some(molecule) => {
                        molecule::add_edges(rule, relation, molecule, nodes, &mut graph);
                    }
                    None => edges::add(rule, relation, set.kind, nodes, &graph, &mut made)?,
                }
                relation += rule.relations();
            }
            made.sort_unstable_by_key(|edge| (edge.to, edge.from, edge.relation));
            graph
                .edges
                .extend(made.iter().map(|edge| [edge.from, edge.to]));
            graph
                .relations
                .extend(made.iter().map(|edge| edge.relation));
            graph.edge_kinds.extend(made.iter().map(|edge| edge.kind));
            let rows = first..graph.edges.len();
            let features = features::of_edges(self, set, rows, nodes, &graph);
            graph.edge_sets.push(features);
        }
        if let Some(bins) = self.line_graph {
            graph.line_graph = line::graph(&graph, bins)?;
        }
        Ok(graph)
    }
}
