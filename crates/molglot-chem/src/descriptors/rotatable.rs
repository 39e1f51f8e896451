//! Rotatable bonds.

use crate::element::{BROMINE, CARBON, CHLORINE, FLUORINE, NITROGEN, OXYGEN, SULFUR};
use crate::molecule::{Atom, Bond, BondOrder, Molecule};
use crate::site::{Site, is_single, is_single_or_aromatic};

/// Rotatable bonds in the strict sense: single bonds outside rings between atoms that are no chain
/// ends, have no triple bond, are no methyl, trihalomethyl or tert-butyl group, and are not both
/// part of an amide, ester, amidine or the like. RDKit's default `CalcNumRotatableBonds`.
pub fn rotatable_bonds(molecule: &Molecule) -> usize {
    chain_bonds(molecule)
        .filter(|ends| {
            ends.iter()
                .all(|end| end.turns() && !end.is_symmetric_top())
                && !ends.iter().all(Site::is_in_amide_like_group)
        })
        .count()
}

/// Rotatable bonds in the loose sense: single bonds outside rings between atoms that are no chain
/// ends and have no triple bond; amide bonds count. RDKit's `CalcNumRotatableBonds` in its
/// non-strict form.
pub fn rotatable_bonds_with_amides(molecule: &Molecule) -> usize {
    chain_bonds(molecule)
        .filter(|ends| ends.iter().all(Site::turns))
        .count()
}

/// Both ends of every single bond outside rings.
fn chain_bonds(molecule: &Molecule) -> impl Iterator<Item = [Site<'_>; 2]> {
    molecule
        .bonds()
        .iter()
        .filter(|bond| is_single(bond) && !bond.in_ring)
        .map(|bond| [bond.begin, bond.end].map(|end| Site::new(molecule, end as usize)))
}

fn is_single_in_chain(bond: &Bond) -> bool {
    is_single(bond) && !bond.in_ring
}

impl Site<'_> {
    fn turns(&self) -> bool {
        self.degree() > 1 && !self.any(|bond, _| bond.order == BondOrder::Triple)
    }

    /// A methyl group, or a carbon with three equal halogens or methyl groups.
    fn is_symmetric_top(&self) -> bool {
        if !self.is_aliphatic(CARBON) {
            return false;
        }
        let halogens = |element| {
            self.count(|bond, atom| {
                is_single_or_aromatic(bond) && atom.atomic_number == element && !atom.aromatic
            })
        };
        self.is_methyl()
            || [FLUORINE, CHLORINE, BROMINE]
                .into_iter()
                .any(|element| halogens(element) >= 3)
            || self
                .sites(|bond, _| is_single_or_aromatic(bond))
                .filter(Site::is_methyl)
                .count()
                >= 3
    }

    fn is_methyl(&self) -> bool {
        self.is_aliphatic(CARBON) && self.hydrogens() == 3
    }

    /// Either side of the chain bond in `X=C-Y`, where X and Y are nitrogen, oxygen or sulfur.
    fn is_in_amide_like_group(&self) -> bool {
        let has_partner = |fits: fn(&Self) -> bool| {
            self.sites(|bond, _| is_single_in_chain(bond))
                .any(|site| fits(&site))
        };
        self.is_acyl_carbon() && has_partner(Self::is_acylated)
            || self.is_acylated() && has_partner(Self::is_acyl_carbon)
    }

    /// A trigonal carbon with a double bond to nitrogen, oxygen or sulfur.
    fn is_acyl_carbon(&self) -> bool {
        let hetero = |bond: &Bond, atom: &Atom| {
            bond.order == BondOrder::Double
                && !atom.aromatic
                && matches!(atom.atomic_number, NITROGEN | OXYGEN | SULFUR)
        };
        self.is_aliphatic(CARBON) && self.degree() == 3 && self.any(hetero)
    }

    /// An atom that makes an amide, ester or thioester of an acyl group.
    fn is_acylated(&self) -> bool {
        self.is(NITROGEN)
            || self.is_aliphatic(OXYGEN)
            || self.is_aliphatic(SULFUR) && self.degree() != 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_and_loose() {
        for (smiles, strict, loose) in [
            ("CC(=O)Oc1ccccc1C(=O)O", 2, 3),
            ("CCC#CCC", 0, 0),
            ("CCCC", 1, 1),
            ("NCC(=O)O", 1, 1),
            ("CCNC(C)=O", 1, 2),
            ("FC(F)(F)CCC", 1, 2),
            ("CC(C)(C)CCC", 1, 2),
            ("c1ccccc1-c1ccccc1", 1, 1),
            ("C1CCC1C(=O)N1CC1", 1, 2),
        ] {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let found = (
                rotatable_bonds(&molecule),
                rotatable_bonds_with_amides(&molecule),
            );
            assert_eq!(found, (strict, loose), "{smiles}");
        }
    }
}
