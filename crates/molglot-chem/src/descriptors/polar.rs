//! Hydrogen-bond donors and acceptors.

use crate::element::{NITROGEN, OXYGEN, PHOSPHORUS, SULFUR};
use crate::molecule::{Bond, BondOrder, Molecule};
use crate::site::{Site, is_single};

/// Hydrogens on nitrogen and oxygen: the donors of the rule of five (Lipinski et al. 1997, Adv.
/// Drug Deliv. Rev. 23:3). RDKit's `Lipinski.NHOHCount`.
pub fn nhoh_count(molecule: &Molecule) -> usize {
    nitrogens_and_oxygens(molecule)
        .map(|site| site.hydrogens())
        .sum()
}

/// Nitrogens and oxygens: the acceptors of the rule of five. RDKit's `Lipinski.NOCount`.
pub fn no_count(molecule: &Molecule) -> usize {
    nitrogens_and_oxygens(molecule).count()
}

fn nitrogens_and_oxygens(molecule: &Molecule) -> impl Iterator<Item = Site<'_>> {
    Site::all_of(molecule).filter(|site| site.is(NITROGEN) || site.is(OXYGEN))
}

/// Atoms that can donate a hydrogen bond: amines, hydroxyls, thiols and `[nH]` (Gobbi &
/// Poppinger 1998, Biotechnol. Bioeng. 61:47). RDKit's `Lipinski.NumHDonors`.
pub fn hydrogen_bond_donors(molecule: &Molecule) -> usize {
    Site::all_of(molecule).filter(Site::donates).count()
}

/// Atoms that can accept a hydrogen bond: lone pairs that are not spent on conjugation (Gobbi &
/// Poppinger 1998). RDKit's `Lipinski.NumHAcceptors`.
pub fn hydrogen_bond_acceptors(molecule: &Molecule) -> usize {
    Site::all_of(molecule).filter(Site::accepts).count()
}

impl Site<'_> {
    fn donates(&self) -> bool {
        let hydrogens = self.hydrogens();
        match (self.atom.atomic_number, self.atom.aromatic) {
            (NITROGEN, false) => {
                hydrogens > 0
                    && match self.valence() {
                        3 => true,
                        4 => self.atom.charge == 1,
                        _ => false,
                    }
            }
            (OXYGEN | SULFUR, false) | (NITROGEN, true) => hydrogens == 1 && self.atom.charge == 0,
            _ => false,
        }
    }

    fn accepts(&self) -> bool {
        match (self.atom.atomic_number, self.atom.aromatic) {
            (OXYGEN | SULFUR, false) => {
                self.atom.charge == -1
                    || self.valence() == 2
                        && match self.hydrogens() {
                            0 => true,
                            1 => self
                                .sites(|bond, _| is_single(bond))
                                .any(|site| !site.is_acyl(|_| true)),
                            _ => false,
                        }
            }
            (NITROGEN, false) => {
                self.valence() == 3
                    && !self
                        .sites(|bond, _| is_single(bond))
                        .any(|site| site.is_acyl(|bond| !bond.in_ring))
            }
            (NITROGEN, true) => {
                self.atom.charge == 0 && self.hydrogens() == 0 && self.atom.total_degree == 2
            }
            (OXYGEN | SULFUR, true) => self.atom.charge == 0,
            _ => false,
        }
    }

    /// Bonded by a double bond that fits to an aliphatic oxygen, nitrogen, phosphorus or sulfur.
    fn is_acyl(&self, fits: impl Fn(&Bond) -> bool) -> bool {
        self.any(|bond, atom| {
            bond.order == BondOrder::Double
                && !atom.aromatic
                && matches!(atom.atomic_number, OXYGEN | NITROGEN | PHOSPHORUS | SULFUR)
                && fits(bond)
        })
    }

    /// Sum of bond orders with hydrogens, of an atom without aromatic bonds. A dative bond counts
    /// at its acceptor only.
    fn valence(&self) -> usize {
        let bonds = self.links().map(|(bond, _)| match bond.order {
            BondOrder::Single | BondOrder::Aromatic => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
            BondOrder::Quadruple => 4,
            BondOrder::Dative => usize::from(bond.end as usize == self.index),
        });
        bonds.sum::<usize>() + usize::from(self.atom.total_hydrogens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn donors_and_acceptors_by_both_definitions() {
        for (smiles, expected) in [
            ("CC(=O)Oc1ccccc1C(=O)O", (1, 3, 1, 4)),
            ("NCC(=O)O", (2, 2, 3, 3)),
            ("CC(=O)N(C)C", (0, 1, 0, 2)),
            ("Cn1cccn1", (0, 1, 0, 2)),
            ("c1cc[nH]c1", (1, 0, 1, 1)),
            ("CS", (1, 1, 0, 0)),
            ("O", (0, 0, 2, 1)),
            ("C[NH3+]", (1, 0, 3, 1)),
            ("[2H]OC", (1, 1, 1, 1)),
        ] {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let found = (
                hydrogen_bond_donors(&molecule),
                hydrogen_bond_acceptors(&molecule),
                nhoh_count(&molecule),
                no_count(&molecule),
            );
            assert_eq!(found, expected, "{smiles}");
        }
    }
}
