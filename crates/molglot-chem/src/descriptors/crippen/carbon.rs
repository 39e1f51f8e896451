//! Types of carbons.

use super::{
    is_aliphatic, is_aliphatic_carbon, is_aliphatic_one_of, is_aromatic, is_aromatic_carbon,
};
use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR,
};
use crate::molecule::{Atom, BondOrder};
use crate::site::Site;

const HETERO: [u8; 8] = [
    NITROGEN, OXYGEN, PHOSPHORUS, SULFUR, FLUORINE, CHLORINE, BROMINE, IODINE,
];

/// The number of the type; 0 for CS.
pub(super) fn type_of(site: &Site<'_>) -> usize {
    if site.atom.aromatic {
        aromatic(site)
    } else {
        aliphatic(site)
    }
}

fn aliphatic(site: &Site<'_>) -> usize {
    let hydrogens = site.hydrogens();
    let tetrahedral = site.atom.total_degree == 4;
    let carbons = site.near(is_aliphatic_carbon);
    let chain = site.near(is_aliphatic);
    let hetero = site.near(|atom| is_aliphatic_one_of(atom, &HETERO));
    let arenes = site.near(is_aromatic);
    let alkenes = site.over(BondOrder::Double, is_aliphatic_carbon);
    match hydrogens {
        4 => 1,
        3 if carbons >= 1 => 1,
        2 if carbons >= 2 => 1,
        1 if carbons >= 3 => 2,
        _ if carbons >= 4 => 2,
        3 if hetero >= 1 => 3,
        2 if tetrahedral && hetero >= 1 && chain >= 2 => 3,
        1 if tetrahedral && hetero >= 1 && chain >= 3 => 4,
        0 if tetrahedral && hetero >= 1 && chain >= 4 => 4,
        _ if site.over(BondOrder::Double, is_aliphatic_hetero) >= 1 => 5,
        2 if alkenes >= 1 => 6,
        1 if alkenes >= 1 && chain >= 1 => 6,
        0 if alkenes >= 1 && chain >= 2 => 6,
        _ if alkenes >= 2 => 6,
        _ if site.atom.total_degree == 2 && site.over(BondOrder::Triple, is_aliphatic) >= 1 => 7,
        3 if site.near(is_aromatic_carbon) >= 1 => 8,
        3 if arenes >= 1 => 9,
        2 if tetrahedral && arenes >= 1 => 10,
        1 if tetrahedral && arenes >= 1 => 11,
        0 if tetrahedral && arenes >= 1 => 12,
        _ if alkenes >= 1 && arenes >= 1 && chain >= 1 => 26,
        _ if alkenes >= 1 && arenes >= 2 && site.near(is_aromatic_carbon) >= 1 => 26,
        1 if alkenes >= 1 && arenes >= 1 => 26,
        _ if site.over(BondOrder::Double, is_aromatic_carbon) >= 1 => 26,
        _ if tetrahedral && site.near(is_exotic) >= 1 => 27,
        _ => 0,
    }
}

fn aromatic(site: &Site<'_>) -> usize {
    let hydrogens = site.hydrogens();
    let is_exotic_substituent = |atom: &Atom| is_exotic(atom) || atom.atomic_number == PHOSPHORUS;
    if hydrogens == 0
        && site.over(BondOrder::Single, |atom| {
            !atom.aromatic && is_exotic_substituent(atom)
        }) >= 1
    {
        return 13;
    }
    for (number, halogen) in [(14, FLUORINE), (15, CHLORINE), (16, BROMINE), (17, IODINE)] {
        if site.near(|atom| atom.atomic_number == halogen) >= 1 {
            return number;
        }
    }
    if hydrogens == 1 {
        return 18;
    }
    let ring_bonds = site.over(BondOrder::Aromatic, is_aromatic);
    if ring_bonds >= 3 {
        return 19;
    }
    if ring_bonds < 2 {
        return 0;
    }
    if site.over(BondOrder::Single, is_aromatic) >= 1 {
        return 20;
    }
    for (number, element) in [(21, CARBON), (22, NITROGEN), (23, OXYGEN), (24, SULFUR)] {
        if site.over(BondOrder::Single, |atom| {
            is_aliphatic_one_of(atom, &[element])
        }) >= 1
        {
            return number;
        }
    }
    let exocyclic = |atom: &Atom| is_aliphatic_one_of(atom, &[CARBON, NITROGEN, OXYGEN]);
    if site.over(BondOrder::Double, exocyclic) >= 1 {
        return 25;
    }
    0
}

fn is_aliphatic_hetero(atom: &Atom) -> bool {
    is_aliphatic(atom) && atom.atomic_number != CARBON
}

/// Aliphatic and none of the elements of [`HETERO`], carbon or hydrogen.
fn is_exotic(atom: &Atom) -> bool {
    is_aliphatic(atom) && atom.atomic_number != CARBON && !HETERO.contains(&atom.atomic_number)
}
