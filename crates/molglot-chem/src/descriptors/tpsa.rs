//! Topological polar surface area.

use crate::element::{HYDROGEN, NITROGEN, OXYGEN};
use crate::molecule::{BondOrder, Molecule};
use crate::site::Site;

/// What a polar atom is like: element, charge, hydrogens, then its single, double, triple and
/// aromatic bonds to heavy atoms.
type Kind = (u8, i8, usize, [u8; 4]);

/// Areas in square ångström by kind of atom (Ertl, Rohde & Selzer 2000, J. Med. Chem. 43:3714,
/// table 1; nitrogen and oxygen).
#[rustfmt::skip]
const AREAS: [(Kind, f64); 29] = [
    ((NITROGEN, 0, 0, [3, 0, 0, 0]), 3.24),
    ((NITROGEN, 0, 0, [1, 1, 0, 0]), 12.36),
    ((NITROGEN, 0, 0, [0, 0, 1, 0]), 23.79),
    ((NITROGEN, 0, 0, [1, 2, 0, 0]), 11.68),
    ((NITROGEN, 0, 0, [0, 1, 1, 0]), 13.60),
    ((NITROGEN, 0, 1, [2, 0, 0, 0]), 12.03),
    ((NITROGEN, 0, 1, [0, 1, 0, 0]), 23.85),
    ((NITROGEN, 0, 2, [1, 0, 0, 0]), 26.02),
    ((NITROGEN, 1, 0, [4, 0, 0, 0]), 0.0),
    ((NITROGEN, 1, 0, [2, 1, 0, 0]), 3.01),
    ((NITROGEN, 1, 0, [1, 0, 1, 0]), 4.36),
    ((NITROGEN, 1, 1, [3, 0, 0, 0]), 4.44),
    ((NITROGEN, 1, 1, [1, 1, 0, 0]), 13.97),
    ((NITROGEN, 1, 2, [2, 0, 0, 0]), 16.61),
    ((NITROGEN, 1, 2, [0, 1, 0, 0]), 25.59),
    ((NITROGEN, 1, 3, [1, 0, 0, 0]), 27.64),
    ((NITROGEN, 0, 0, [0, 0, 0, 2]), 12.89),
    ((NITROGEN, 0, 0, [0, 0, 0, 3]), 4.41),
    ((NITROGEN, 0, 0, [1, 0, 0, 2]), 4.93),
    ((NITROGEN, 0, 0, [0, 1, 0, 2]), 8.39),
    ((NITROGEN, 0, 1, [0, 0, 0, 2]), 15.79),
    ((NITROGEN, 1, 0, [0, 0, 0, 3]), 4.10),
    ((NITROGEN, 1, 0, [1, 0, 0, 2]), 3.88),
    ((NITROGEN, 1, 1, [0, 0, 0, 2]), 14.14),
    ((OXYGEN, 0, 0, [2, 0, 0, 0]), 9.23),
    ((OXYGEN, 0, 0, [0, 1, 0, 0]), 17.07),
    ((OXYGEN, 0, 1, [1, 0, 0, 0]), 20.23),
    ((OXYGEN, -1, 0, [1, 0, 0, 0]), 23.06),
    ((OXYGEN, 0, 0, [0, 0, 0, 2]), 13.14),
];

/// The kinds whose area differs in a three-membered ring.
const IN_THREE_RING: [(Kind, f64); 3] = [
    ((NITROGEN, 0, 0, [3, 0, 0, 0]), 3.01),
    ((NITROGEN, 0, 1, [2, 0, 0, 0]), 21.94),
    ((OXYGEN, 0, 0, [2, 0, 0, 0]), 12.53),
];

/// The polar surface area in square ångström, by the contributions of nitrogen and oxygen: sulfur
/// and phosphorus count nothing, as in RDKit's `Descriptors.TPSA`. Atoms of no tabulated kind
/// take an estimate from their neighbours and hydrogens.
pub fn topological_polar_surface_area(molecule: &Molecule) -> f64 {
    Site::all_of(molecule)
        .filter(|site| site.is(NITROGEN) || site.is(OXYGEN))
        .map(area)
        .sum()
}

fn area(site: Site<'_>) -> f64 {
    let mut bonds = [0u8; 4];
    for (bond, neighbor) in site.links() {
        let order = match bond.order {
            _ if neighbor.is(HYDROGEN) => continue,
            BondOrder::Single => 0,
            BondOrder::Double => 1,
            BondOrder::Triple => 2,
            BondOrder::Aromatic => 3,
            BondOrder::Quadruple | BondOrder::Dative => continue,
        };
        bonds[order] = bonds[order].saturating_add(1);
    }
    let neighbors = site.heavy_degree();
    let hydrogens = site.hydrogens();
    let kind = (site.atom.atomic_number, site.atom.charge, hydrogens, bonds);
    let find = |table: &[(Kind, f64)]| table.iter().find(|row| row.0 == kind).map(|row| row.1);
    let tabulated = bonds.iter().map(|&count| usize::from(count)).sum::<usize>() == neighbors;
    let known = tabulated.then(|| {
        find(&IN_THREE_RING)
            .filter(|_| is_in_three_ring(site))
            .or_else(|| find(&AREAS))
    });
    known
        .flatten()
        .unwrap_or_else(|| estimate(site.is(NITROGEN), neighbors as f64, hydrogens as f64))
}

/// The linear fit that the authors of the method use for unusual atoms.
fn estimate(nitrogen: bool, neighbors: f64, hydrogens: f64) -> f64 {
    let (base, per_neighbor) = if nitrogen { (30.5, 8.2) } else { (28.5, 8.6) };
    (base - per_neighbor * neighbors + 1.5 * hydrogens).max(0.0)
}

fn is_in_three_ring(site: Site<'_>) -> bool {
    site.atom.in_ring
        && site
            .molecule
            .rings()
            .iter()
            .any(|ring| ring.len() == 3 && ring.contains(&(site.index as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_areas() {
        for (smiles, expected) in [
            ("CC(=O)Oc1ccccc1C(=O)O", 63.60),
            ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", 61.82),
            ("C1CN1", 21.94),
            ("C1CO1", 12.53),
            ("C1CCN1", 12.03),
            ("CS(C)=O", 17.07),
            ("[2H]O[2H]", 31.5),
            ("N->[Fe]", 26.8),
            ("CCC", 0.0),
        ] {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let found = topological_polar_surface_area(&molecule);
            assert!((found - expected).abs() < 1e-6, "{smiles}: {found}");
        }
    }
}
