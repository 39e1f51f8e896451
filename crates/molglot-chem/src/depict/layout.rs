//! Flat coordinates.

use chematic_core::{Atom, AtomIdx, BondOrder as RawOrder, Element, MoleculeBuilder};
use chematic_depict::layout::{BOND_LEN, compute_layout};

use crate::molecule::{Bond, BondOrder, BondStereo, Molecule};

/// The length of a bond in a drawing, in angstrom.
pub(super) const BOND: f64 = 1.5;

/// Places for a drawing, in angstrom, by atom; `y` points up.
///
/// Double bonds are drawn with their geometry.
pub fn coordinates(molecule: &Molecule) -> Vec<[f32; 2]> {
    let mut places = raw_layout(molecule);
    for (id, bond) in (0u32..).zip(molecule.bonds()) {
        if shows_wrong_geometry(&places, bond) {
            if bond.in_ring {
                fold_inwards(molecule, &mut places, bond);
            } else {
                turn_end(molecule, &mut places, id);
            }
        }
    }
    place_side_by_side(molecule, &mut places);
    places
        .into_iter()
        .map(|place| place.map(|value| value as f32))
        .collect()
}

/// Lays fragments in rows, from left to right and from the top down, in a block that is wider than
/// it is high.
fn place_side_by_side(molecule: &Molecule, places: &mut [[f64; 2]]) {
    const GAP: f64 = 1.5 * BOND;
    let count = molecule.fragment_count();
    if count < 2 {
        return;
    }
    let mut low = vec![[f64::INFINITY; 2]; count];
    let mut high = vec![[f64::NEG_INFINITY; 2]; count];
    for (place, &fragment) in places.iter().zip(molecule.fragments()) {
        for axis in 0..2 {
            let (low, high) = (&mut low[fragment as usize], &mut high[fragment as usize]);
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let extent =
        |fragment: usize| [0, 1].map(|axis| high[fragment][axis] - low[fragment][axis] + GAP);
    let area: f64 = (0..count)
        .map(|fragment| extent(fragment).iter().product::<f64>())
        .sum();
    let widest = (0..count)
        .map(|fragment| extent(fragment)[0])
        .fold(0.0, f64::max);
    let row_width = widest.max(1.6 * area.sqrt());
    let mut moves = vec![[0.0; 2]; count];
    let (mut row, mut top, mut left, mut height) = (0, 0.0, 0.0, 0.0f64);
    for fragment in 0..=count {
        let is_last = fragment == count;
        if is_last || left > 0.0 && left + extent(fragment)[0] > row_width {
            // The fragments of a row have their middles on one line.
            for (in_row, shift) in moves.iter_mut().enumerate().take(fragment).skip(row) {
                shift[1] = top - 0.5 * (height + low[in_row][1] + high[in_row][1]);
            }
            (row, top, left, height) = (fragment, top - height, 0.0, 0.0);
        }
        if !is_last {
            let [wide, high] = extent(fragment);
            moves[fragment][0] = left - low[fragment][0];
            left += wide;
            height = height.max(high);
        }
    }
    for (place, &fragment) in places.iter_mut().zip(molecule.fragments()) {
        for (value, shift) in place.iter_mut().zip(moves[fragment as usize]) {
            *value += shift;
        }
    }
}

fn raw_layout(molecule: &Molecule) -> Vec<[f64; 2]> {
    let mut builder = MoleculeBuilder::new();
    for atom in molecule.atoms() {
        builder.add_atom(match Element::from_atomic_number(atom.atomic_number) {
            Some(element) => Atom::new(element),
            None => Atom::wildcard(),
        });
    }
    for bond in molecule.bonds() {
        let order = match bond.kekule {
            BondOrder::Double => RawOrder::Double,
            BondOrder::Triple => RawOrder::Triple,
            BondOrder::Quadruple => RawOrder::Quadruple,
            BondOrder::Aromatic => RawOrder::Aromatic,
            BondOrder::Single | BondOrder::Dative => RawOrder::Single,
        };
        // The atoms exist and no bond is given twice.
        let _ = builder.add_bond(AtomIdx(bond.begin), AtomIdx(bond.end), order);
    }
    let scale = BOND / BOND_LEN;
    compute_layout(&builder.build())
        .coords
        .iter()
        .map(|place| [place.x * scale, -place.y * scale])
        .collect()
}

/// On which side of the line from `begin` to `end` a place lies.
fn side(begin: [f64; 2], end: [f64; 2], place: [f64; 2]) -> f64 {
    (end[0] - begin[0]) * (place[1] - begin[1]) - (end[1] - begin[1]) * (place[0] - begin[0])
}

fn shows_wrong_geometry(places: &[[f64; 2]], bond: &Bond) -> bool {
    let Some(stereo_atoms) = bond.stereo_atoms else {
        return false;
    };
    let place = |atom: u32| places[atom as usize];
    let [first, second] =
        stereo_atoms.map(|atom| side(place(bond.begin), place(bond.end), place(atom)));
    (first * second > 0.0) != (bond.stereo == BondStereo::Z)
}

/// Turns what hangs on the end of a bond around the bond.
fn turn_end(molecule: &Molecule, places: &mut [[f64; 2]], id: u32) {
    let bond = &molecule.bonds()[id as usize];
    let parts = molecule.components(|other| other != id);
    mirror(places, &parts, bond.end, [bond.begin, bond.end]);
}

/// Draws one end of a double bond of a large ring inside of the ring, with what hangs on it.
fn fold_inwards(molecule: &Molecule, places: &mut [[f64; 2]], bond: &Bond) {
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
fn mirror(places: &mut [[f64; 2]], parts: &[u32], of: u32, line: [u32; 2]) {
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
