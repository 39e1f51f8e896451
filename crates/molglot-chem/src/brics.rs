//! Retrosynthetic motifs by BRICS (Degen et al. 2008, ChemMedChem 3:1503).
//!
//! The environments and the pairs that may be cut are those of RDKit's `BRICS.py`: L2 was folded
//! into L5, and four pairs (9-13, 9-14, 14-14, 16-16) go beyond the paper. Predicates on the graph
//! take the place of RDKit's SMARTS patterns.

mod environment;
mod fragment;

use environment::Environments;

pub use fragment::{Fragment, fragments};

use crate::molecule::{BondOrder, Molecule};

/// A bond that BRICS cuts, with the environments of its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cut {
    /// Bond id.
    pub bond: u32,
    /// Environment of the bond's `begin` atom, 1 to 16.
    pub begin_label: u8,
    /// Environment of the bond's `end` atom, 1 to 16.
    pub end_label: u8,
}

/// The pairs of environments between which a bond is cut, in the order in which RDKit tries
/// them; the first that fits names the bond.
#[rustfmt::skip]
const PAIRS: [(u8, u8); 46] = [
    (1, 3), (1, 5), (1, 10),
    (3, 4), (3, 13), (3, 14), (3, 15), (3, 16),
    (4, 5), (4, 11),
    (5, 12), (5, 14), (5, 16), (5, 13), (5, 15),
    (6, 13), (6, 14), (6, 15), (6, 16),
    (7, 7),
    (8, 9), (8, 10), (8, 13), (8, 14), (8, 15), (8, 16),
    (9, 13), (9, 14), (9, 15), (9, 16),
    (10, 13), (10, 14), (10, 15), (10, 16),
    (11, 13), (11, 14), (11, 15), (11, 16),
    (13, 14), (13, 15), (13, 16),
    (14, 14), (14, 15), (14, 16),
    (15, 16),
    (16, 16),
];

/// The pair that cuts a double bond; every other pair cuts a single bond.
const DOUBLE_BOND_PAIR: (u8, u8) = (7, 7);

/// The bonds that BRICS cuts, by bond id. Bonds in rings are never cut.
pub fn cut_bonds(molecule: &Molecule) -> Vec<Cut> {
    let environments: Vec<Environments> = (0..molecule.atoms().len())
        .map(|atom| Environments::of(molecule, atom))
        .collect();
    (0u32..)
        .zip(molecule.bonds())
        .filter(|(_, bond)| !bond.in_ring)
        .filter_map(|(id, bond)| {
            let begin = environments[bond.begin as usize];
            let end = environments[bond.end as usize];
            let (begin_label, end_label) = labels(begin, end, bond.order)?;
            Some(Cut {
                bond: id,
                begin_label,
                end_label,
            })
        })
        .collect()
}

/// The motif of each atom: the connected components that are left when every cut bond is removed,
/// numbered by first atom. Every atom is in exactly one motif; a molecule without a cut is one
/// motif per fragment.
pub fn motifs(molecule: &Molecule) -> Vec<u32> {
    components(molecule, &cut_bonds(molecule))
}

/// The motif of each atom for these cuts.
fn components(molecule: &Molecule, cuts: &[Cut]) -> Vec<u32> {
    let mut is_cut = vec![false; molecule.bonds().len()];
    for cut in cuts {
        is_cut[cut.bond as usize] = true;
    }
    molecule.components(|bond| !is_cut[bond as usize])
}

/// The labels of the first pair that fits the two ends in either direction.
fn labels(begin: Environments, end: Environments, order: BondOrder) -> Option<(u8, u8)> {
    let fits_order = |pair: (u8, u8)| match order {
        BondOrder::Single => pair != DOUBLE_BOND_PAIR,
        BondOrder::Double => pair == DOUBLE_BOND_PAIR,
        _ => false,
    };
    PAIRS
        .into_iter()
        .filter(|&pair| fits_order(pair))
        .find_map(|(one, other)| {
            if begin.contains(one) && end.contains(other) {
                Some((one, other))
            } else if begin.contains(other) && end.contains(one) {
                Some((other, one))
            } else {
                None
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts as (begin atom, end atom, begin label, end label).
    fn cuts(smiles: &str) -> Vec<(u32, u32, u8, u8)> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        cut_bonds(&molecule)
            .into_iter()
            .map(|cut| {
                let bond = &molecule.bonds()[cut.bond as usize];
                (bond.begin, bond.end, cut.begin_label, cut.end_label)
            })
            .collect()
    }

    #[test]
    fn ethers_are_cut_on_both_sides() {
        assert_eq!(cuts("CCCOCC"), [(2, 3, 4, 3), (3, 4, 3, 4)]);
    }

    #[test]
    fn a_double_bond_is_cut_only_between_two_l7() {
        assert_eq!(cuts("CC=CC"), [(1, 2, 7, 7)]);
        assert_eq!(cuts("C=CC"), []);
    }

    #[test]
    fn ring_bonds_and_ring_substituents_of_l8_stay() {
        assert_eq!(cuts("O=C1NCCC1"), []);
        assert_eq!(cuts("CC1(C)CCCCC1"), []);
    }

    #[test]
    fn motifs_are_numbered_by_first_atom() {
        let molecule = Molecule::from_smiles("OCC.CCCOCC").unwrap();
        assert_eq!(motifs(&molecule), [0, 0, 0, 1, 1, 1, 2, 3, 3]);
    }

    #[test]
    fn there_are_46_distinct_pairs() {
        let distinct: std::collections::HashSet<_> = PAIRS.into_iter().collect();
        assert_eq!(distinct.len(), PAIRS.len());
        assert!(
            PAIRS
                .iter()
                .all(|(one, other)| one <= other && *one != 2 && *other <= 16)
        );
    }
}
