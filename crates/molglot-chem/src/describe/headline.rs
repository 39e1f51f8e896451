//! What a molecule is called in the first sentence of its caption.

use crate::element::{CARBON, HYDROGEN, NITROGEN, OXYGEN};
use crate::groups::Group;
use crate::molecule::{BondOrder, Molecule};
use crate::rings::RingSystem;
use crate::site::{Site, is_single};

/// Halogen substituents and carbon-carbon multiple bonds say less about a molecule than its ring
/// system does; so do groups that are part of the ring system.
fn is_minor(group: Group) -> bool {
    matches!(
        group,
        Group::RingOxo
            | Group::AromaticCation
            | Group::Trifluoromethyl
            | Group::Fluoro
            | Group::Chloro
            | Group::Bromo
            | Group::Iodo
            | Group::Alkyne
            | Group::Alkene
    )
}

/// The class as a noun phrase without its article.
pub(super) fn class(
    molecule: &Molecule,
    groups: &[(Group, usize)],
    systems: &[RingSystem],
) -> String {
    if let Some(several) = several_fragments(molecule) {
        return several.to_owned();
    }
    if !Site::all_of(molecule).any(|site| site.is(CARBON)) {
        let ion = molecule.net_charge() != 0;
        return if ion {
            "inorganic ion"
        } else {
            "inorganic compound"
        }
        .to_owned();
    }
    if systems.iter().any(|system| system.name == Some("steroid")) {
        return "steroid".to_owned();
    }
    if let Some(acid) = acid(molecule, systems) {
        return acid.to_owned();
    }
    match groups.first() {
        Some(&(group, _)) if !is_minor(group) => group.class().to_owned(),
        _ if is_hydrocarbon(molecule) && has_aromatic_bond(molecule) => plain(molecule).to_owned(),
        first => ring_class(molecule, systems)
            .or_else(|| first.map(|&(group, _)| minor_class(molecule, group).to_owned()))
            .unwrap_or_else(|| plain(molecule).to_owned()),
    }
}

/// A salt has fragments of either sign; hydrochlorides, hydrates and the like are written neutral.
fn several_fragments(molecule: &Molecule) -> Option<&'static str> {
    let count = molecule.fragment_count();
    if count < 2 {
        return None;
    }
    let mut charges = vec![0i32; count];
    for (atom, &fragment) in molecule.atoms().iter().zip(molecule.fragments()) {
        charges[fragment as usize] += i32::from(atom.charge);
    }
    let salt = charges.iter().any(|&charge| charge > 0) && charges.iter().any(|&charge| charge < 0);
    Some(if salt {
        "salt"
    } else {
        "compound of several components"
    })
}

/// Amino acids and benzoic acids, whose class is more than their carboxyl group.
fn acid(molecule: &Molecule, systems: &[RingSystem]) -> Option<&'static str> {
    let carboxyls = || Site::all_of(molecule).filter(|site| is_carboxyl(*site));
    let alpha = |site: Site<'_>| {
        let amine = |nitrogen: Site<'_>| {
            nitrogen.is_aliphatic(NITROGEN)
                && nitrogen.all(|bond, atom| is_single(bond) && matches!(atom.atomic_number, 1 | 6))
                && !nitrogen
                    .singly(CARBON)
                    .any(|carbon| carbon.has_double_bond())
        };
        site.all(|bond, _| is_single(bond)) && site.singly(NITROGEN).any(amine)
    };
    if carboxyls().any(|carboxyl| carboxyl.singly(CARBON).any(alpha)) {
        return Some("alpha-amino acid");
    }
    let on_benzene = |site: Site<'_>| {
        systems.iter().any(|system| {
            system.name == Some("benzene") && system.atoms.contains(&(site.index as u32))
        })
    };
    carboxyls()
        .any(|carboxyl| carboxyl.singly(CARBON).any(on_benzene))
        .then_some("benzoic acid derivative")
}

/// The carbon of a carboxylic acid or a carboxylate.
fn is_carboxyl(site: Site<'_>) -> bool {
    let mut oxygens = site.singly(OXYGEN);
    let ends = oxygens.next().is_some_and(|oxygen| oxygen.degree() == 1);
    site.is_carbonyl() && ends && oxygens.next().is_none() && site.singly(NITROGEN).next().is_none()
}

/// Named after an aromatic ring system other than benzene; `None` if the molecule is that ring
/// system and no derivative of it.
fn ring_class(molecule: &Molecule, systems: &[RingSystem]) -> Option<String> {
    let mut names: Vec<_> = systems
        .iter()
        .filter(|system| system.aromatic_bonds > 0)
        .filter(|system| system.atoms.len() < molecule.atoms().len())
        .filter_map(|system| system.name)
        .filter(|&name| name != "benzene")
        .collect();
    // By name, since the first ring of one spelling is the last of another.
    names.sort_unstable();
    names.first().map(|name| format!("{name} derivative"))
}

fn minor_class(molecule: &Molecule, group: Group) -> &'static str {
    match group {
        Group::Alkene | Group::Alkyne if !is_hydrocarbon(molecule) => plain(molecule),
        _ => group.class(),
    }
}

fn has_aromatic_bond(molecule: &Molecule) -> bool {
    molecule
        .bonds()
        .iter()
        .any(|bond| bond.order == BondOrder::Aromatic)
}

fn is_hydrocarbon(molecule: &Molecule) -> bool {
    Site::all_of(molecule).all(|site| site.is(CARBON) || site.is(HYDROGEN))
}

/// For molecules without a functional group.
fn plain(molecule: &Molecule) -> &'static str {
    if molecule
        .atoms()
        .iter()
        .any(|atom| atom.radical_electrons > 0)
    {
        return "organic radical";
    }
    let ring = molecule.bonds().iter().any(|bond| bond.in_ring);
    match (is_hydrocarbon(molecule), has_aromatic_bond(molecule), ring) {
        (true, true, _) => "aromatic hydrocarbon",
        (true, false, true) => "cycloalkane",
        (true, false, false) if molecule.net_charge() == 0 => "alkane",
        (false, true, _) => "heteroaromatic compound",
        (false, false, true) => "heterocyclic compound",
        _ => "organic compound",
    }
}

#[cfg(test)]
mod tests {
    use crate::Molecule;
    use crate::groups::functional_groups;
    use crate::rings::ring_systems;

    #[test]
    fn classes() {
        for (smiles, class) in [
            ("CC(=O)Oc1ccccc1C(=O)O", "benzoic acid derivative"),
            ("C[C@H](N)C(=O)O", "alpha-amino acid"),
            ("CC(=O)NCC(=O)O", "carboxylic acid"),
            ("CCC(=O)OC", "ester"),
            ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", "purinedione derivative"),
            ("Clc1ccncc1", "pyridine derivative"),
            ("c1ccccc1", "aromatic hydrocarbon"),
            ("C=Cc1ccccc1", "aromatic hydrocarbon"),
            ("c1ccncc1", "heteroaromatic compound"),
            ("c1ccc2ccccc2c1", "aromatic hydrocarbon"),
            ("C[CH2]", "organic radical"),
            ("[2H]OC", "alcohol"),
            ("CCC", "alkane"),
            ("C1CC1", "cycloalkane"),
            ("C=C", "alkene"),
            ("CCl", "organochlorine compound"),
            ("[Na+].[Cl-]", "salt"),
            ("CN.Cl", "compound of several components"),
            ("O", "inorganic compound"),
            ("[NH4+]", "inorganic ion"),
        ] {
            let molecule = Molecule::from_smiles(smiles).unwrap();
            let groups = functional_groups(&molecule);
            let systems = ring_systems(&molecule);
            assert_eq!(
                super::class(&molecule, &groups, &systems),
                class,
                "{smiles}"
            );
        }
    }
}
