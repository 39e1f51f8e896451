//! Flat coordinates.

use std::f64::consts::PI;

use chematic::core::{Atom, AtomIdx, BondOrder as RawOrder, Element, MoleculeBuilder};
use chematic::depict::layout::{BOND_LEN, compute_layout};

use super::{chains, clashes};
use crate::molecule::{Bond, BondOrder, BondStereo, Molecule};

type Place = [f64; 2];

/// The length of a bond in a drawing, in angstrom.
pub(super) const BOND: f64 = 1.5;

/// Places for a drawing, in angstrom, by atom; `y` points up.
///
/// Double bonds are drawn with their geometry.
pub fn coordinates(molecule: &Molecule) -> Vec<[f32; 2]> {
    let rings = ring_layout(molecule);
    let mut places = match chains::lay(molecule, &rings) {
        Some(places) => best_of(molecule, places, rings),
        None => rings,
    };
    show_geometries(molecule, &mut places);
    let mut fragments = vec![Vec::new(); molecule.fragment_count()];
    for (atom, &fragment) in (0u32..).zip(molecule.fragments()) {
        fragments[fragment as usize].push(atom);
    }
    for fragment in &fragments {
        lay_down(&mut places, fragment);
    }
    place_side_by_side(molecule, &mut places);
    places
        .into_iter()
        .map(|place| place.map(|value| value as f32))
        .collect()
}

/// The first layout, unless the second hides fewer atoms.
fn best_of(molecule: &Molecule, mut first: Vec<Place>, second: Vec<Place>) -> Vec<Place> {
    show_geometries(molecule, &mut first);
    clashes::relieve(molecule, &mut first);
    if clashes::count(molecule, &first) <= clashes::count(molecule, &second) {
        first
    } else {
        second
    }
}

fn show_geometries(molecule: &Molecule, places: &mut [Place]) {
    for (id, bond) in (0u32..).zip(molecule.bonds()) {
        if shows_wrong_geometry(places, bond) {
            if bond.in_ring {
                fold_inwards(molecule, places, bond);
            } else {
                turn_end(molecule, places, id);
            }
        }
    }
}

/// Turns a fragment in steps of 30 degrees, so that it fills a picture of 4 to 3 best.
fn lay_down(places: &mut [Place], fragment: &[u32]) {
    /// A turn is worth a picture that is larger by a tenth.
    const GAIN: f64 = 1.1;
    /// What fits a usual picture anyway.
    const SMALL: f64 = 2.4 * BOND;
    let turned = |place: Place, step: u32| {
        let (sine, cosine) = (PI / 6.0 * f64::from(step)).sin_cos();
        let [x, y] = place;
        [cosine * x - sine * y, sine * x + cosine * y]
    };
    let size = |step: u32| {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for &atom in fragment {
            let place = turned(places[atom as usize], step);
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        let [wide, high] = [0, 1].map(|axis| high[axis] - low[axis] + BOND);
        (wide / 4.0).max(high / 3.0).max(SMALL)
    };
    let (mut best, mut best_size) = (0, size(0));
    for step in 1..6 {
        let size = size(step);
        if size * GAIN < best_size {
            (best, best_size) = (step, size);
        }
    }
    if best > 0 {
        for &atom in fragment {
            places[atom as usize] = turned(places[atom as usize], best);
        }
    }
}

/// Lays fragments in rows, from left to right and from the top down, in a block that is wider than
/// it is high.
fn place_side_by_side(molecule: &Molecule, places: &mut [Place]) {
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

fn ring_layout(molecule: &Molecule) -> Vec<Place> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(smiles: &str) -> (Molecule, Vec<[f32; 2]>) {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let places = coordinates(&molecule);
        (molecule, places)
    }

    fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    #[test]
    fn bonds_of_chains_and_simple_rings_have_one_length() {
        for smiles in [
            "CCCCC(=O)NC",
            "CC(C)(C)S(=O)(=O)c1ccccc1",
            "C#CCC=C=C",
            "c1ccc2ccccc2c1CCC1CCCC1",
        ] {
            let (molecule, places) = drawn(smiles);
            for bond in molecule.bonds() {
                let length = distance(places[bond.begin as usize], places[bond.end as usize]);
                assert!((length - 1.5).abs() < 0.01, "{smiles}: {length}");
            }
        }
    }

    #[test]
    fn chains_make_angles_of_120_degrees() {
        let (_, places) = drawn("CCCCCC");
        for three in places.windows(3) {
            assert!((distance(three[0], three[2]) - 1.5 * 3f32.sqrt()).abs() < 0.01);
        }
    }

    #[test]
    fn double_bonds_show_their_geometry() {
        let (_, places) = drawn(r"F/C=C\F");
        assert!(distance(places[0], places[3]) < 3.1);
        let (_, places) = drawn("F/C=C/F");
        assert!(distance(places[0], places[3]) > 3.8);
    }

    #[test]
    fn fragments_and_branches_keep_clear_of_each_other() {
        for smiles in [
            "[Na+].[Cl-].O.O",
            "CC(C)(C)C(c1ccccc1)Cc1ccccc1",
            "CC1=C(C(C)(C)CCC1)/C=C/C(C)=C/C=C/C(C)=C/C=O",
        ] {
            let (_, places) = drawn(smiles);
            for (at, &place) in places.iter().enumerate() {
                for &other in &places[..at] {
                    assert!(distance(place, other) > 0.9, "{smiles}");
                }
            }
        }
    }

    #[test]
    fn every_size_is_drawn() {
        assert_eq!(
            coordinates(&Molecule::from_smiles("C").unwrap()),
            [[0.0; 2]]
        );
        let (_, places) = drawn(&"C(C)".repeat(2000));
        assert!(places.iter().flatten().all(|value| value.is_finite()));
    }
}
