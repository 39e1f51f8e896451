//! Double bonds drawn as they are.

use super::layout::Place;
use crate::molecule::{Bond, BondStereo, Molecule};

/// How many double bonds are turned; each turn looks at the whole molecule.
const MAX_TURNS: usize = 2000;

/// Turns branches at double bonds until each shows its geometry.
pub(super) fn show_geometries(molecule: &Molecule, places: &mut [Place]) {
    let mut turns = 0;
    for (id, bond) in (0u32..).zip(molecule.bonds()) {
        if turns < MAX_TURNS && shows_wrong_geometry(places, bond) {
            turns += 1;
            if bond.in_ring {
                fold_inwards(molecule, places, bond);
            } else {
                turn_end(molecule, places, id);
            }
        }
    }
}

/// On which side of the line from `begin` to `end` a place lies.
fn side(begin: [f64; 2], end: [f64; 2], place: [f64; 2]) -> f64 {
    (end[0] - begin[0]) * (place[1] - begin[1]) - (end[1] - begin[1]) * (place[0] - begin[0])
}

fn shows_wrong_geometry(places: &[Place], bond: &Bond) -> bool {
    let Some(stereo_atoms) = bond.stereo_atoms else {
        return false;
    };
    let place = |atom: u32| places[atom as usize];
    let [first, second] =
        stereo_atoms.map(|atom| side(place(bond.begin), place(bond.end), place(atom)));
    (first * second > 0.0) != (bond.stereo == BondStereo::Z)
}

/// Turns what hangs on the end of a bond around the bond.
fn turn_end(molecule: &Molecule, places: &mut [Place], id: u32) {
    let bond = &molecule.bonds()[id as usize];
    let parts = molecule.components(|other| other != id);
    mirror(places, &parts, bond.end, [bond.begin, bond.end]);
}

/// Draws one end of a double bond of a large ring inside of the ring, with what hangs on it.
fn fold_inwards(molecule: &Molecule, places: &mut [Place], bond: &Bond) {
    for (end, across) in [(bond.begin, bond.end), (bond.end, bond.begin)] {
        let mut in_ring = molecule
            .neighbors(end as usize)
            .iter()
            .filter(|link| molecule.bonds()[link.bond as usize].in_ring);
        let (Some(first), Some(second), None) = (in_ring.next(), in_ring.next(), in_ring.next())
        else {
            continue;
        };
        let neighbor = if first.atom == across {
            second.atom
        } else {
            first.atom
        };
        let parts = molecule.components(|other| other != first.bond && other != second.bond);
        mirror(places, &parts, end, [neighbor, across]);
        return;
    }
}

/// Mirrors the part of an atom at the line through two atoms.
pub(super) fn mirror(places: &mut [Place], parts: &[u32], of: u32, line: [u32; 2]) {
    let [start, end] = line.map(|atom| places[atom as usize]);
    let axis = [end[0] - start[0], end[1] - start[1]];
    let square = axis[0] * axis[0] + axis[1] * axis[1];
    if square == 0.0 {
        return;
    }
    for (place, _) in places
        .iter_mut()
        .zip(parts)
        .filter(|&(_, &part)| part == parts[of as usize])
    {
        let arm = [place[0] - start[0], place[1] - start[1]];
        let along = (arm[0] * axis[0] + arm[1] * axis[1]) / square;
        for (value, (start, step)) in place.iter_mut().zip(start.into_iter().zip(axis)) {
            *value = 2.0 * (start + along * step) - *value;
        }
    }
}
