//! Stereo centres of coordinates in space.

use super::polyhedron;
use super::stereo::Drawing;
use super::vector::{cross, dot, from_to};
use crate::element::{ARSENIC, NITROGEN, PHOSPHORUS};
use crate::graph::RawAtom;
use crate::molecule::{BondOrder, Chirality, Neighbor};

/// Below this volume, in cubic angstrom, a centre is flat.
const FLAT: f64 = 0.1;

/// The tags of all atoms that have a volume. Which of them are stereo centres is decided later, by
/// the ranks of their neighbours.
pub(super) fn tags(drawing: Drawing<'_>) -> Vec<(u32, Chirality)> {
    let mut tags = Vec::new();
    let mut arms: Vec<Neighbor> = Vec::with_capacity(4);
    for (index, atom) in (0u32..).zip(&drawing.graph.atoms) {
        let links = drawing.topology.neighbors(index as usize);
        if links.len() < 3 || drawing.is_wavy(index) {
            continue;
        }
        arms.clear();
        arms.extend(links.iter().copied().filter(|link| {
            let bond = &drawing.graph.bonds[link.bond as usize];
            bond.order != BondOrder::Dative || bond.end == index
        }));
        if arms.len() < 3 {
            continue;
        }
        if let Some(tag) = polyhedron::tag(drawing, index) {
            tags.push((index, tag));
            continue;
        }
        let enough = match arms.len() {
            3 => !is_pnictogen(atom) || has_hydrogen(atom, &arms, drawing),
            4 => true,
            _ => false,
        };
        if enough && let Some(tag) = tetrahedral(drawing, index, &arms) {
            tags.push((index, tag));
        }
    }
    tags
}

/// The sense in which the second to the last arm run, seen from the first.
fn tetrahedral(drawing: Drawing<'_>, center: u32, arms: &[Neighbor]) -> Option<Chirality> {
    let origin = drawing.coordinates[center as usize];
    let arm = |at: usize| from_to(origin, drawing.coordinates[arms[at].atom as usize]);
    let normal = cross(arm(0), arm(1));
    let mut volume = dot(normal, arm(2));
    if volume.abs() <= FLAT && arms.len() == 4 {
        volume = -dot(normal, arm(3));
    }
    if volume.abs() <= FLAT {
        None
    } else if volume > 0.0 {
        Some(Chirality::CounterClockwise)
    } else {
        Some(Chirality::Clockwise)
    }
}

/// Elements that are stereo centres with three neighbours in a SMILES string, though not in
/// coordinates: they invert.
fn is_pnictogen(atom: &RawAtom) -> bool {
    matches!(atom.atomic_number, NITROGEN | PHOSPHORUS | ARSENIC)
}

/// Whether a pnictogen with three neighbours has one hydrogen besides.
fn has_hydrogen(atom: &RawAtom, arms: &[Neighbor], drawing: Drawing<'_>) -> bool {
    if atom.no_implicit {
        return atom.explicit_hydrogens == 1;
    }
    let valence: u32 = arms
        .iter()
        .map(|link| match drawing.order(link.bond) {
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            _ => 1,
        })
        .sum();
    let used = valence + u32::from(atom.radical_electrons);
    used == 3 && atom.charge == 1 || used == 4 && atom.charge == 0 && atom.atomic_number != NITROGEN
}
