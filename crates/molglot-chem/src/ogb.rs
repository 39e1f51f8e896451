//! Categorical atom and bond features of the Open Graph Benchmark (Hu et al. 2020,
//! arXiv:2005.00687), as `ogb.utils.mol.smiles2graph` computes them with RDKit.
//!
//! Every feature is an index into a fixed list of values; a value that is not in its list takes
//! the last index. [`atom_features`] uses the chirality list of OGB 1.3.6, which has five entries;
//! [`atom_features_with`] knows the older one as well.

mod instructmol;

pub use instructmol::{instructmol_atom_features, instructmol_bond_features};

use crate::molecule::{BondOrder, BondStereo, Chirality, Hybridization, Molecule};

/// Sizes of the atom feature lists: atomic number, chirality, total degree, formal charge,
/// hydrogens, radical electrons, hybridisation, aromatic, in a ring.
pub const ATOM_SIZES: [usize; 9] = [119, 5, 12, 12, 10, 6, 6, 2, 2];

/// Sizes of the bond feature lists: bond order, stereo, conjugated.
pub const BOND_SIZES: [usize; 3] = [5, 6, 2];

/// Formal charges run from minus this to plus this.
const CHARGE_SPAN: i8 = 5;

/// The column of [`atom_features`] that holds the chirality.
pub const CHIRALITY_COLUMN: usize = 1;

/// How many chirality tags a model tells apart: the rows of its second atom embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChiralityList {
    /// Unspecified, clockwise, anticlockwise and other: older releases of OGB.
    Four,
    /// The same and "misc", which takes what RDKit names by its geometry: OGB 1.3.6.
    #[default]
    Five,
}

impl ChiralityList {
    /// Number of entries.
    pub const fn size(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Five => 5,
        }
    }

    /// [`ATOM_SIZES`] with this list.
    pub const fn atom_sizes(self) -> [usize; 9] {
        let mut sizes = ATOM_SIZES;
        sizes[CHIRALITY_COLUMN] = self.size();
        sizes
    }
}

/// Nine category indices per atom, in atom order, with a shorter or longer list of chirality tags:
/// a tag that is not in the list takes its last index.
pub fn atom_features_with(molecule: &Molecule, list: ChiralityList) -> Vec<[u8; 9]> {
    let mut rows = atom_features(molecule);
    for row in &mut rows {
        row[CHIRALITY_COLUMN] = listed(row[CHIRALITY_COLUMN], list.size());
    }
    rows
}

/// Nine category indices per atom, in atom order.
pub fn atom_features(molecule: &Molecule) -> Vec<[u8; 9]> {
    molecule
        .atoms()
        .iter()
        .map(|atom| {
            [
                atom.atomic_number
                    .checked_sub(1)
                    .unwrap_or(last(ATOM_SIZES[0])),
                match atom.chirality {
                    Chirality::Unspecified => 0,
                    Chirality::Clockwise => 1,
                    Chirality::CounterClockwise => 2,
                    Chirality::SquarePlanar(_)
                    | Chirality::TrigonalBipyramidal(_)
                    | Chirality::Octahedral(_) => 4,
                },
                listed(atom.total_degree, ATOM_SIZES[2]),
                u8::try_from(atom.charge.saturating_add(CHARGE_SPAN))
                    .map_or(last(ATOM_SIZES[3]), |index| listed(index, ATOM_SIZES[3])),
                listed(atom.total_hydrogens, ATOM_SIZES[4]),
                listed(atom.radical_electrons, ATOM_SIZES[5]),
                match atom.hybridization {
                    Hybridization::Sp => 0,
                    Hybridization::Sp2 => 1,
                    Hybridization::Sp3 => 2,
                    Hybridization::Sp3d => 3,
                    Hybridization::Sp3d2 => 4,
                    Hybridization::Other => 5,
                },
                u8::from(atom.aromatic),
                u8::from(atom.in_ring),
            ]
        })
        .collect()
}

/// Three category indices per bond, in bond order. OGB's graphs repeat each row for the two
/// directions `begin -> end` and `end -> begin`.
pub fn bond_features(molecule: &Molecule) -> Vec<[u8; 3]> {
    molecule
        .bonds()
        .iter()
        .map(|bond| {
            [
                match bond.order {
                    BondOrder::Single => 0,
                    BondOrder::Double => 1,
                    BondOrder::Triple => 2,
                    BondOrder::Aromatic => 3,
                    BondOrder::Quadruple | BondOrder::Dative => 4,
                },
                match bond.stereo {
                    BondStereo::None => 0,
                    BondStereo::Z => 1,
                    BondStereo::E => 2,
                    BondStereo::Any => 5,
                },
                u8::from(bond.conjugated),
            ]
        })
        .collect()
}

/// The index of the catch-all entry of a list.
const fn last(size: usize) -> u8 {
    (size - 1) as u8
}

/// The index of a value whose list counts up from zero.
fn listed(value: u8, size: usize) -> u8 {
    value.min(last(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(smiles: &str) -> Vec<[u8; 9]> {
        atom_features(&Molecule::from_smiles(smiles).unwrap())
    }

    fn bonds(smiles: &str) -> Vec<[u8; 3]> {
        bond_features(&Molecule::from_smiles(smiles).unwrap())
    }

    #[test]
    fn ethanol_by_hand() {
        assert_eq!(
            atoms("CCO"),
            [
                [5, 0, 4, 5, 3, 0, 2, 0, 0],
                [5, 0, 4, 5, 2, 0, 2, 0, 0],
                [7, 0, 2, 5, 1, 0, 2, 0, 0]
            ]
        );
        assert_eq!(bonds("CCO"), [[0, 0, 0]; 2]);
    }

    #[test]
    fn aromatic_ring_and_stereo_bond() {
        assert_eq!(atoms("c1ccccc1"), [[5, 0, 3, 5, 1, 0, 1, 1, 1]; 6]);
        assert_eq!(bonds("c1ccccc1"), [[3, 0, 1]; 6]);
        assert_eq!(bonds("C/C=C/C")[1], [1, 2, 0]);
        assert_eq!(bonds("C/C=C\\C")[1], [1, 1, 0]);
        assert_eq!(bonds("CC=CC")[1], [1, 0, 0]);
        assert_eq!(
            bonds("C=CC=CC")
                .iter()
                .map(|row| row[2])
                .collect::<Vec<_>>(),
            [1, 1, 1, 0]
        );
    }

    #[test]
    fn values_outside_a_list_take_its_last_index() {
        assert_eq!(atoms("*")[0][0], 118);
        assert_eq!(atoms("[Fe+6]")[0][3], 11);
        assert_eq!(atoms("[Fe-5]")[0][3], 0);
        assert_eq!(atoms("[CH3]")[0][5], 1);
        assert_eq!(bonds("N->[Fe]")[0][0], 4);
        assert_eq!(atoms("C[Pt@SP1](F)(Cl)Br")[1][1], 4);
    }

    #[test]
    fn the_older_chirality_list_has_no_misc() {
        let molecule = Molecule::from_smiles("C[Pt@SP1](F)(Cl)Br.F[C@H](Cl)Br").unwrap();
        let column = |list| -> Vec<u8> {
            let rows = atom_features_with(&molecule, list);
            rows.iter().map(|row| row[CHIRALITY_COLUMN]).collect()
        };
        assert_eq!(column(ChiralityList::Five), [0, 4, 0, 0, 0, 0, 2, 0, 0]);
        assert_eq!(column(ChiralityList::Four), [0, 3, 0, 0, 0, 0, 2, 0, 0]);
        assert_eq!(ChiralityList::default().atom_sizes(), ATOM_SIZES);
        assert_eq!(ChiralityList::Four.atom_sizes()[CHIRALITY_COLUMN], 4);
    }

    #[test]
    fn every_index_fits_its_table() {
        let molecule =
            Molecule::from_smiles("F[S@OH1](F)(F)(F)(F)F.[UH9].[2H]O.N[C@H](C)C(=O)O").unwrap();
        for row in atom_features(&molecule) {
            assert!(
                row.iter()
                    .zip(ATOM_SIZES)
                    .all(|(&index, size)| usize::from(index) < size)
            );
        }
        for row in bond_features(&molecule) {
            assert!(
                row.iter()
                    .zip(BOND_SIZES)
                    .all(|(&index, size)| usize::from(index) < size)
            );
        }
    }
}
