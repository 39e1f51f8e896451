//! Counts of rings by their kind.

use crate::element::CARBON;
use crate::molecule::{BondOrder, Molecule};

/// How many rings of each kind there are among the [rings](Molecule::rings) of a molecule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RingCounts {
    /// All rings.
    pub rings: usize,
    /// Rings with aromatic bonds only.
    pub aromatic: usize,
    /// Rings with a bond that is not aromatic.
    pub aliphatic: usize,
    /// Rings with single bonds only.
    pub saturated: usize,
    /// Rings with an atom other than carbon.
    pub hetero: usize,
    /// Aromatic rings with an atom other than carbon.
    pub aromatic_hetero: usize,
    /// Aliphatic rings with an atom other than carbon.
    pub aliphatic_hetero: usize,
    /// Saturated rings with an atom other than carbon.
    pub saturated_hetero: usize,
}

impl RingCounts {
    /// Counts the rings.
    pub fn of(molecule: &Molecule) -> Self {
        let mut counts = Self::default();
        for ring in molecule.rings() {
            let (mut aromatic, mut saturated) = (true, true);
            for (&one, &other) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                if let Some(bond) = molecule.bond_between(one, other) {
                    aromatic &= bond.aromatic;
                    saturated &= bond.order == BondOrder::Single;
                }
            }
            let hetero = ring
                .iter()
                .any(|&atom| molecule.atoms()[atom as usize].atomic_number != CARBON);
            counts.rings += 1;
            counts.aromatic += usize::from(aromatic);
            counts.aliphatic += usize::from(!aromatic);
            counts.saturated += usize::from(saturated);
            counts.hetero += usize::from(hetero);
            counts.aromatic_hetero += usize::from(aromatic && hetero);
            counts.aliphatic_hetero += usize::from(!aromatic && hetero);
            counts.saturated_hetero += usize::from(saturated && hetero);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind() {
        let molecule = Molecule::from_smiles("c1ccncc1.C1CO1.C1CC=CC1.C1CCC2=CC=CC=C2C1").unwrap();
        let counts = RingCounts::of(&molecule);
        let expected = RingCounts {
            rings: 5,
            aromatic: 2,
            aliphatic: 3,
            saturated: 1,
            hetero: 2,
            aromatic_hetero: 1,
            aliphatic_hetero: 1,
            saturated_hetero: 1,
        };
        assert_eq!(counts, expected);
    }
}
