//! Flat coordinates.

use std::f64::consts::PI;

use chematic_core::{Atom, AtomIdx, BondOrder as RawOrder, Element, MoleculeBuilder};
use chematic_depict::layout::{BOND_LEN, compute_layout};

use super::chains::Chains;
use super::clashes;
use super::geometry::show_geometries;
use super::packing::{lay_down, place_side_by_side};
use crate::molecule::{Bond, BondOrder, Molecule};

/// A place in a drawing, in angstrom.
pub(super) type Place = [f64; 2];

/// Molecules up to this size are looked through for atoms that hide each other, which takes all
/// pairs.
const SMALL: usize = 300;

/// Ring systems beyond this size are drawn as one circle: laying them out takes all pairs too.
const LARGE: usize = 1000;

/// The length of a bond in a drawing, in angstrom.
pub(super) const BOND: f64 = 1.5;

/// Places for a drawing, in angstrom, by atom; `y` points up.
///
/// Double bonds are drawn with their geometry.
pub fn coordinates(molecule: &Molecule) -> Vec<[f32; 2]> {
    let chains = Chains::new(molecule);
    let is_forest = chains.is_forest();
    let rings = ring_places(molecule, chains.bodies());
    let mut places = chains.lay(&rings);
    show_geometries(molecule, &mut places);
    if places.len() <= SMALL {
        let left = clashes::relieve(molecule, &mut places);
        if left > 0 || !is_forest {
            places = best_of(molecule, places, left, is_forest);
        }
    }
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

/// The layout of chains, unless one of the whole molecule hides fewer atoms or chains close cycles,
/// as in chelates.
fn best_of(molecule: &Molecule, chains: Vec<Place>, hidden: usize, is_forest: bool) -> Vec<Place> {
    let everything: Vec<u32> = (0..molecule.atoms().len() as u32).collect();
    let mut whole = regular(molecule, &everything, |_| true);
    show_geometries(molecule, &mut whole);
    if is_forest && hidden <= clashes::count(molecule, &whole) {
        chains
    } else {
        whole
    }
}

/// Places of the atoms of rings, each system for itself.
fn ring_places(molecule: &Molecule, bodies: &[Vec<u32>]) -> Vec<Place> {
    let mut places = vec![[0.0; 2]; molecule.atoms().len()];
    for body in bodies.iter().filter(|body| body.len() > 1) {
        let laid = if body.len() > LARGE {
            circle(body.len())
        } else {
            regular(molecule, body, |bond| bond.in_ring)
        };
        for (&atom, place) in body.iter().zip(laid) {
            places[atom as usize] = place;
        }
    }
    places
}

/// The layout of some atoms and of those bonds between them that are wanted, rings as regular
/// polygons.
fn regular(molecule: &Molecule, atoms: &[u32], wanted: impl Fn(&Bond) -> bool) -> Vec<Place> {
    let mut builder = MoleculeBuilder::new();
    for &atom in atoms {
        let number = molecule.atoms()[atom as usize].atomic_number;
        builder.add_atom(match Element::from_atomic_number(number) {
            Some(element) => Atom::new(element),
            None => Atom::wildcard(),
        });
    }
    for (index, &atom) in (0u32..).zip(atoms) {
        for link in molecule.neighbors(atom as usize) {
            let bond = &molecule.bonds()[link.bond as usize];
            let Ok(other) = atoms.binary_search(&link.atom) else {
                continue;
            };
            if link.atom < atom || !wanted(bond) {
                continue;
            }
            let order = match bond.kekule {
                BondOrder::Double => RawOrder::Double,
                BondOrder::Triple => RawOrder::Triple,
                BondOrder::Quadruple => RawOrder::Quadruple,
                BondOrder::Aromatic => RawOrder::Aromatic,
                BondOrder::Single | BondOrder::Dative => RawOrder::Single,
            };
            // The atoms exist and no bond is given twice.
            let _ = builder.add_bond(AtomIdx(index), AtomIdx(other as u32), order);
        }
    }
    let scale = BOND / BOND_LEN;
    compute_layout(&builder.build())
        .coords
        .iter()
        .map(|place| [place.x * scale, -place.y * scale])
        .collect()
}

fn circle(count: usize) -> Vec<Place> {
    let step = 2.0 * PI / count as f64;
    let radius = BOND / step;
    (0..count)
        .map(|at| {
            let (sine, cosine) = (step * at as f64).sin_cos();
            [radius * cosine, radius * sine]
        })
        .collect()
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
