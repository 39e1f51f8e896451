//! Types of nitrogens, oxygens and sulfurs.

use super::{
    is_aliphatic, is_aliphatic_carbon, is_aliphatic_one_of, is_aromatic, is_aromatic_carbon,
    is_heavy,
};
use crate::element::{CARBON, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR};
use crate::molecule::{Atom, BondOrder};
use crate::site::{Site, is_single_or_aromatic};

fn is_anion(atom: &Atom) -> bool {
    (-3..=-1).contains(&atom.charge)
}

/// The number of the type; 0 for NS.
pub(super) fn nitrogen(site: &Site<'_>) -> usize {
    match (site.atom.aromatic, site.atom.charge) {
        (true, 0) => 11,
        (true, 1..=3) => 12,
        (false, 0) => neutral_nitrogen(site),
        (false, 1..=3) => nitrogen_cation(site),
        (false, -3..=-1) => 14,
        _ => 0,
    }
}

fn neutral_nitrogen(site: &Site<'_>) -> usize {
    let chain = site.near(is_aliphatic);
    let arenes = site.near(is_aromatic);
    let heavy = chain + arenes;
    let imine = site.over(BondOrder::Double, is_heavy) >= 1;
    match site.hydrogens() {
        2 if chain >= 1 => 1,
        1 if chain >= 2 => 2,
        2 if arenes >= 1 => 3,
        1 if arenes >= 1 && heavy >= 2 => 4,
        1 if imine => 5,
        _ if imine && heavy >= 1 => 6,
        _ if chain >= 3 => 7,
        _ if arenes >= 1 && heavy >= 3 => 8,
        _ if site.over(BondOrder::Triple, is_aliphatic) >= 1 => 9,
        _ => 0,
    }
}

fn nitrogen_cation(site: &Site<'_>) -> usize {
    if (1..=3).contains(&site.hydrogens()) {
        return 10;
    }
    let doubly = |fits: fn(&Atom) -> bool| site.over(BondOrder::Double, fits);
    let is_nitrogen = |atom: &Atom| atom.atomic_number == NITROGEN;
    let is_imide = |atom: &Atom| is_aliphatic_one_of(atom, &[NITROGEN]) && is_anion(atom);
    let chain = site.near(is_aliphatic);
    let iminium = doubly(is_aliphatic) >= 1 && chain >= 1 && site.near(is_heavy) >= 2;
    let cumulated = doubly(|atom| atom.atomic_number == CARBON) >= 1 && doubly(is_nitrogen) >= 1;
    if site.hydrogens() == 0 && (chain >= 4 || iminium || cumulated) {
        return 13;
    }
    let azide = doubly(is_imide) >= 1 && doubly(|atom| is_aliphatic_one_of(atom, &[NITROGEN])) >= 2;
    if site.over(BondOrder::Triple, is_aliphatic) >= 1 || azide {
        return 14;
    }
    0
}

/// The number of the type; 0 for OS.
pub(super) fn oxygen(site: &Site<'_>) -> usize {
    if site.atom.aromatic {
        return 1;
    }
    if matches!(site.hydrogens(), 1 | 2) {
        return 2;
    }
    let chain = site.near(is_aliphatic);
    let arenes = site.near(is_aromatic);
    if chain >= 2 {
        return 3;
    }
    if arenes >= 1 && chain + arenes >= 2 {
        return 4;
    }
    let ends_anionic = site.atom.total_degree == 1 && is_anion(site.atom);
    let on = |element: u8| move |atom: &Atom| atom.atomic_number == element;
    let is_oxide = site.over(BondOrder::Double, |atom| {
        matches!(atom.atomic_number, NITROGEN | OXYGEN)
    }) >= 1;
    if is_oxide || ends_anionic && site.near(on(NITROGEN)) >= 1 {
        return 5;
    }
    let is_neutral_sulfur = |atom: &Atom| atom.atomic_number == SULFUR && atom.charge == 0;
    if ends_anionic && site.atom.charge >= -2 && site.near(on(SULFUR)) >= 1
        || site.atom.charge == 0 && site.over(BondOrder::Double, is_neutral_sulfur) >= 1
    {
        return 6;
    }
    let is_carboxylate = || {
        let mut carbons =
            site.sites(|bond, atom| is_single_or_aromatic(bond) && is_aliphatic_carbon(atom));
        carbons.any(|carbon| {
            carbon.over(BondOrder::Double, |atom| {
                is_aliphatic_one_of(atom, &[OXYGEN])
            }) >= 1
        })
    };
    if site.atom.charge == -1 && is_carboxylate() {
        return 12;
    }
    if ends_anionic
        && site.near(|atom| is_heavy(atom) && !is_aliphatic_one_of(atom, &[NITROGEN, SULFUR])) >= 1
    {
        return 7;
    }
    if site.over(BondOrder::Double, is_aromatic_carbon) >= 1 {
        return 8;
    }
    site.sites(|bond, atom| bond.order == BondOrder::Double && is_aliphatic_carbon(atom))
        .map(|carbon| carbonyl_oxygen(&carbon))
        .filter(|&number| number > 0)
        .min()
        .unwrap_or(0)
}

/// The type of an oxygen by its carbonyl carbon.
fn carbonyl_oxygen(carbon: &Site<'_>) -> usize {
    let chain = carbon.near(is_aliphatic);
    let carbons = carbon.near(is_aliphatic_carbon);
    let arenes = carbon.near(is_aromatic);
    let aryls = carbon.near(is_aromatic_carbon);
    let polar = carbon.near(|atom| is_heavy(atom) && atom.atomic_number != CARBON);
    let is_chain_hetero = |atom: &Atom| is_aliphatic_one_of(atom, &[NITROGEN, OXYGEN]);
    let dioxide = || {
        carbon.over(BondOrder::Double, |atom| {
            is_aliphatic_one_of(atom, &[OXYGEN])
        }) >= 2
    };
    match carbon.hydrogens() {
        1 if carbons >= 1 => 9,
        _ if carbons >= 1 && chain >= 2 => 9,
        1 if carbon.near(is_chain_hetero) >= 1 => 9,
        2 => 9,
        _ if carbon.atom.total_degree == 2 && dioxide() => 9,
        1 if aryls >= 1 => 10,
        _ if arenes >= 1 && carbons + aryls >= 1 && carbons + arenes >= 2 => 10,
        _ if aryls >= 1 && chain >= 1 => 10,
        _ if polar >= 2 => 11,
        _ => 0,
    }
}

/// The index of the type among S1 to S3.
pub(super) fn sulfur(site: &Site<'_>) -> usize {
    const PARTNERS: [u8; 4] = [NITROGEN, OXYGEN, PHOSPHORUS, SULFUR];
    let oxide = || {
        site.over(BondOrder::Double, |atom| {
            is_aliphatic_one_of(atom, &PARTNERS)
        }) >= 1
    };
    match site.atom.charge {
        _ if site.atom.aromatic => 2,
        -4..=-1 | 1..=3 | 5..=6 => 1,
        0 if oxide() => 1,
        _ => 0,
    }
}
