//! Stereo perception: which tags and marks of the file mean something, and what they mean.
//!
//! The rules are those of `Chem.MolFromSmiles` in its default mode (RDKit's "legacy" perception):
//! an atom is a centre where its neighbours differ in topological CIP priority (Labute 1996), or
//! where two or more atoms of a ring system depend on each other; labels found feed back into the
//! priorities until nothing new is found.

mod double_bond;
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
struct Graph<'a> {
    atoms: &'a [Atom],
    bonds: &'a [Bond],
    topology: &'a Topology,
    rings: &'a [Vec<u32>],
}

impl<'a> Graph<'a> {
    fn atom(&self, atom: u32) -> &'a Atom {
        &self.atoms[atom as usize]
    }

    fn bond(&self, bond: u32) -> &'a Bond {
        &self.bonds[bond as usize]
    }

    fn neighbors(&self, atom: u32) -> &'a [Neighbor] {
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
    let mut unmarked = None;
    loop {
        // What is decided remains so.
        let mut centers_open = centers.iter().peekable();
        let mut double_bonds_open = double_bonds.iter().peekable();
        ranks.refine(graph, |ranks| {
            let decided = |center: &&Center| center.is_decided(graph, ranks);
            while centers_open.next_if(decided).is_some() {}
            let decided = |bond: &&DirectedBond| bond.is_decided(graph, ranks);
            while double_bonds_open.next_if(decided).is_some() {}
            centers_open.peek().is_none() && double_bonds_open.peek().is_none()
        });
        let new_centers = tetrahedral::label(graph, &ranks, centers);
        let (bonds_left, new_bonds) =
            double_bond::label(graph, &ranks, double_bonds, &mut directions);
        let done = centers.iter().all(|center| center.label.is_some())
            && double_bonds.iter().all(DirectedBond::is_done);
        if done || !(new_centers || new_bonds) {
            return ranks;
        }
        // What could have a label but has no mark never gets one, yet RDKit goes on to the next
        // round only while something is left to be labelled.
        let unmarked = *unmarked.get_or_insert_with(|| {
            tetrahedral::any_untagged(graph) || double_bond::any_unmarked(graph, &directions)
        });
        if !(unmarked || bonds_left || centers.iter().any(Center::is_open)) {
            return ranks;
        }
        let mut codes = vec![0; graph.atoms.len()];
        tetrahedral::encode(centers, &mut codes);
        double_bond::encode(graph, double_bonds, &mut codes);
        ranks.split_by(graph, |atom| codes[atom as usize]);
    }
}
