//! Stereo perception: which tags and marks of the file mean something, and what they mean.
//!
//! The rules are those of `Chem.MolFromSmiles` in its default mode (RDKit's "legacy" perception):
//! an atom is a centre where its neighbours differ in topological CIP priority (Labute 1996), or
//! where two or more atoms of a ring system depend on each other; labels found feed back into the
//! priorities until nothing new is found.

mod double_bond;
mod nuclide;
mod ranks;
mod ring;
mod tetrahedral;

use std::borrow::Cow;

use crate::graph::Direction;
use crate::molecule::{Atom, Bond, BondStereo, Neighbor, Topology};
use double_bond::DirectedBond;
use ranks::Ranks;
use tetrahedral::Center;

/// A sanitised molecule whose tags are still those of the file.
#[derive(Clone, Copy)]
struct Graph<'a> {
    atoms: &'a [Atom],
    bonds: &'a [Bond],
    topology: &'a Topology,
    rings: &'a [Vec<u32>],
}

impl Graph<'_> {
    fn atom(&self, atom: u32) -> &Atom {
        &self.atoms[atom as usize]
    }

    fn bond(&self, bond: u32) -> &Bond {
        &self.bonds[bond as usize]
    }

    fn neighbors(&self, atom: u32) -> &[Neighbor] {
        self.topology.neighbors(atom as usize)
    }
}

/// Clears every chirality tag that means nothing and gives double bonds their geometry.
///
/// `atoms` and `bonds` are sanitised; the tags are as written, relative to the order of `topology`
/// with a hydrogen that is no atom last. `directions` holds the marks by bond, from `begin` to
/// `end`. Geometries that are known to be unknown come as [`BondStereo::Any`].
pub(crate) fn assign(
    atoms: &mut [Atom],
    bonds: &mut [Bond],
    directions: &[Direction],
    topology: &Topology,
    rings: &[Vec<u32>],
) {
    tetrahedral::clear_untenable(atoms);
    double_bond::settle_unknown(bonds, directions, topology, rings);
    let graph = Graph {
        atoms,
        bonds,
        topology,
        rings,
    };
    let mut centers = tetrahedral::tagged(&graph);
    let mut double_bonds = double_bond::directed(&graph, directions);
    if centers.is_empty() && double_bonds.is_empty() {
        return;
    }
    let ranks = label(&graph, &mut centers, &mut double_bonds, directions);
    let meaningless = ring::independent(&graph, &ranks, &centers);
    for atom in meaningless {
        tetrahedral::clear(&mut atoms[atom as usize]);
    }
    for found in double_bonds {
        let bond = &mut bonds[found.bond as usize];
        bond.stereo = found.stereo;
        bond.stereo_atoms = match found.stereo {
            BondStereo::Z | BondStereo::E => Some(found.stereo_atoms),
            BondStereo::None | BondStereo::Any => None,
        };
    }
}

/// Labels centres and double bonds until the labels found make no further priorities differ.
fn label(
    graph: &Graph<'_>,
    centers: &mut [Center],
    double_bonds: &mut [DirectedBond],
    directions: &[Direction],
) -> Ranks {
    let mut directions = Cow::Borrowed(directions);
    let mut ranks = Ranks::new(graph);
    let mut unlabelled = None;
    let mut bonds_open = true;
    loop {
        ranks.refine(graph, |ranks| {
            centers.iter().all(|center| center.is_decided(graph, ranks))
                && double_bonds
                    .iter()
                    .all(|bond| bond.is_decided(graph, ranks))
        });
        let new_centers = tetrahedral::label(graph, &ranks, centers);
        let mut new_bonds = false;
        let mut bonds_left = false;
        if bonds_open {
            (bonds_left, new_bonds) =
                double_bond::label(graph, &ranks, double_bonds, &mut directions);
        }
        let done = centers.iter().all(|center| center.label.is_some())
            && double_bonds.iter().all(DirectedBond::is_done);
        if done || !(new_centers || new_bonds) {
            return ranks;
        }
        let unlabelled = unlabelled.get_or_insert_with(|| Unlabelled::new(graph, &directions));
        let centers_left = unlabelled.centers || centers.iter().any(Center::is_open);
        bonds_left |= bonds_open && unlabelled.bonds;
        if !(centers_left || bonds_left) {
            return ranks;
        }
        bonds_open = bonds_left || unlabelled.bonds_before_marks;
        let mut codes = vec![0; graph.atoms.len()];
        tetrahedral::encode(centers, &mut codes);
        double_bond::encode(graph, double_bonds, &mut codes);
        ranks.split_by(graph, |atom| codes[atom as usize]);
    }
}

/// What could carry a label but has none written. It never gets one, yet RDKit goes on to the next
/// round only while something is left to be labelled.
struct Unlabelled {
    centers: bool,
    bonds: bool,
    /// RDKit comes back to double bonds after all have a label only if one that could have a
    /// geometry stands before the first marked one.
    bonds_before_marks: bool,
}

impl Unlabelled {
    fn new(graph: &Graph<'_>, directions: &[Direction]) -> Self {
        Self {
            centers: tetrahedral::any_untagged(graph),
            bonds: double_bond::any_unmarked(graph, directions),
            bonds_before_marks: double_bond::unmarked_before_marks(graph, directions),
        }
    }
}
