//! Counts that rules of thumb for drug-likeness use.

use crate::element::{NITROGEN, OXYGEN};
use crate::molecule::{BondOrder, Molecule};
use crate::site::{Site, is_single};

/// Hydrogen-bond donors after Lipinski et al. (1997, Adv. Drug Deliv. Rev. 23:3): hydrogens on
/// nitrogen and oxygen. RDKit calls this number `NHOHCount`.
pub fn hydrogen_bond_donors(molecule: &Molecule) -> usize {
    polar_sites(molecule).map(|site| site.hydrogens()).sum()
}

/// Hydrogen-bond acceptors after Lipinski et al. (1997): nitrogen and oxygen atoms. RDKit calls
/// this number `NOCount`.
pub fn hydrogen_bond_acceptors(molecule: &Molecule) -> usize {
    polar_sites(molecule).count()
}

/// Rotatable bonds: single bonds outside rings between two atoms that each have a further
/// neighbour in the graph and no triple bond. RDKit's `CalcNumRotatableBonds` in its non-strict
/// form; amide and ester bonds count.
pub fn rotatable_bonds(molecule: &Molecule) -> usize {
    let turns = |end: u32| {
        let site = Site::new(molecule, end as usize);
        site.degree() > 1 && !site.any(|bond, _| bond.order == BondOrder::Triple)
    };
    molecule
        .bonds()
        .iter()
        .filter(|bond| is_single(bond) && !bond.in_ring && turns(bond.begin) && turns(bond.end))
        .count()
}

fn polar_sites(molecule: &Molecule) -> impl Iterator<Item = Site<'_>> {
    Site::all_of(molecule).filter(|site| site.is(NITROGEN) || site.is(OXYGEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aspirin_and_friends() {
        for (smiles, expected) in [
            ("CC(=O)Oc1ccccc1C(=O)O", (1, 4, 3)),
            ("NCC(=O)O", (3, 3, 1)),
            ("CCC#CCC", (0, 0, 0)),
            ("CCCC", (0, 0, 1)),
            ("[2H]OC", (1, 1, 0)),
        ] {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let found = (
                hydrogen_bond_donors(&molecule),
                hydrogen_bond_acceptors(&molecule),
                rotatable_bonds(&molecule),
            );
            assert_eq!(found, expected, "{smiles}");
        }
    }
}
