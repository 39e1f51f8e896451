//! The two columns per atom and bond that InstructMol (Cao et al. 2023, arXiv:2311.16208) feeds to
//! an encoder of the Open Graph Benchmark.
//!
//! They do not mean what the encoder was trained on. Its tables are for nine and three columns, of
//! which it reads as many as it is given: here atomic number and chirality, which agree, then bond
//! order, which agrees, and the *direction* of a bond as it is written in SMILES, where the encoder
//! learned the *stereo* of double bonds. So `/` is read as "Z" and `\` as "E", on single bonds that
//! never carried either, and double bonds lose their geometry. Directions also depend on the
//! spelling of a molecule. Use this form to run models that were trained with it, and
//! [`atom_features`](super::atom_features) and [`bond_features`](super::bond_features) for all
//! others.

use super::{CHIRALITY_COLUMN, ChiralityList, atom_features_with, bond_features};
use crate::graph::Direction;
use crate::molecule::{BondOrder, BondStereo, Molecule};
use crate::{perceive, smiles};

/// Atomic number less one (118 for a wildcard) and chirality by the [list of
/// four](ChiralityList::Four), in atom order.
pub fn instructmol_atom_features(molecule: &Molecule) -> Vec<[u8; 2]> {
    atom_features_with(molecule, ChiralityList::Four)
        .iter()
        .map(|row| [row[0], row[CHIRALITY_COLUMN]])
        .collect()
}

/// Bond order (single, double, triple, aromatic, other) and direction (none, `/`, `\`) from `begin`
/// to `end`, in bond order. Graphs repeat each row for the two directions of an edge.
///
/// Directions are those of [`Molecule::smiles`] as far as RDKit keeps them: beside double bonds
/// without geometry there are none. A molecule that was not read from SMILES has none at all.
pub fn instructmol_bond_features(molecule: &Molecule) -> Vec<[u8; 2]> {
    bond_features(molecule)
        .iter()
        .zip(directions(molecule))
        .map(|(row, direction)| {
            let direction = match direction {
                Direction::None | Direction::Unknown => 0,
                Direction::Up => 1,
                Direction::Down => 2,
            };
            [row[0], direction]
        })
        .collect()
}

fn directions(molecule: &Molecule) -> Vec<Direction> {
    let Ok(scanned) = smiles::scan(molecule.smiles()) else {
        return vec![Direction::None; molecule.bonds().len()];
    };
    let mut written = scanned.graph;
    perceive::fold_hydrogens(&mut written);
    (0u32..)
        .zip(&written.bonds)
        .map(|(id, bond)| {
            if is_kept(molecule, id) {
                bond.direction
            } else {
                Direction::None
            }
        })
        .collect()
}

/// A mark means something if one of the double bonds beside it has a geometry; where there is no
/// double bond, nothing clears it.
fn is_kept(molecule: &Molecule, id: u32) -> bool {
    let bond = &molecule.bonds()[id as usize];
    let mut double_bonds = [bond.begin, bond.end]
        .into_iter()
        .flat_map(|end| molecule.neighbors(end as usize))
        .map(|link| &molecule.bonds()[link.bond as usize])
        .filter(|beside| beside.order == BondOrder::Double)
        .peekable();
    double_bonds.peek().is_none()
        || double_bonds.any(|beside| matches!(beside.stereo, BondStereo::Z | BondStereo::E))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directions(smiles: &str) -> Vec<u8> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let rows = instructmol_bond_features(&molecule);
        rows.iter().map(|row| row[1]).collect()
    }

    #[test]
    fn atoms_have_number_and_chirality() {
        let molecule = Molecule::from_smiles("F[C@H](Cl)*").unwrap();
        let rows = instructmol_atom_features(&molecule);
        assert_eq!(rows, [[8, 0], [5, 2], [16, 0], [118, 0]]);
    }

    #[test]
    fn directions_are_kept_where_a_double_bond_has_a_geometry() {
        assert_eq!(directions("C/C=C/C"), [1, 0, 1]);
        assert_eq!(directions(r"C/C=C\C"), [1, 0, 2]);
        assert_eq!(directions("C/C=C(/C)C"), [0, 0, 0, 0]);
        assert_eq!(directions("F/C=C/C=C/F"), [1, 0, 1, 0, 1]);
        assert_eq!(directions("C/C"), [1]);
    }

    #[test]
    fn orders_count_from_single() {
        let molecule = Molecule::from_smiles("C=CC#Cc1ccccc1").unwrap();
        let rows = instructmol_bond_features(&molecule);
        let orders: Vec<_> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(orders, [1, 0, 2, 0, 3, 3, 3, 3, 3, 3]);
    }
}
