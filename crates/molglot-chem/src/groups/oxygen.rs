//! Groups around oxygen that nothing else has claimed.

use super::{Group, Survey};
use crate::element::{CARBON, OXYGEN, SILICON};
use crate::site::{Site, is_single};

pub(super) fn find(survey: &mut Survey<'_>) {
    acetals(survey);
    survey.settle();
    for site in survey.free_sites() {
        if !site.is_aliphatic(OXYGEN) {
            continue;
        }
        if let Some(group) = oxygen(survey, site) {
            survey.add(group);
        }
    }
}

/// Saturated carbons with two or more ether or hydroxyl oxygens, at least one of them an ether.
fn acetals(survey: &mut Survey<'_>) {
    for carbon in Site::all_of(survey.molecule).filter(|site| site.is_aliphatic(CARBON)) {
        if !carbon.all(|bond, _| is_single(bond)) {
            continue;
        }
        let oxygens: Vec<_> = carbon
            .singly(OXYGEN)
            .filter(|&oxygen| survey.is_free(oxygen))
            .collect();
        let ethers = oxygens
            .iter()
            .filter(|oxygen| oxygen.singly(CARBON).count() == 2)
            .count();
        let hydroxyls = oxygens
            .iter()
            .filter(|oxygen| is_hydroxyl(**oxygen))
            .count();
        let group = match (ethers, hydroxyls) {
            (3.., _) => Group::Orthoester,
            (2, 0) => Group::Acetal,
            (1.., 1..) => Group::Hemiacetal,
            _ => continue,
        };
        survey.add(group);
        for oxygen in oxygens {
            survey.claim(oxygen);
        }
    }
}

fn is_hydroxyl(site: Site<'_>) -> bool {
    site.heavy_degree() == 1 && site.hydrogens() == 1
}

fn oxygen(survey: &Survey<'_>, site: Site<'_>) -> Option<Group> {
    let neighbors: Vec<_> = site.heavy_sites().collect();
    match *neighbors {
        [carbon] if carbon.is(CARBON) && site.doubly(CARBON).next().is_some() => {
            carbon.atom.aromatic.then_some(Group::RingOxo)
        }
        [carbon] if carbon.is(CARBON) => hydroxyl_on(site, carbon),
        [oxygen] if oxygen.is(OXYGEN) && is_hydroxyl(site) => Some(Group::Hydroperoxide),
        [silicon] if silicon.is(SILICON) && is_hydroxyl(site) => Some(Group::Silanol),
        [one, other] => bridge(survey, site, one, other),
        _ => None,
    }
}

fn hydroxyl_on(site: Site<'_>, carbon: Site<'_>) -> Option<Group> {
    let (aromatic, vinylic) = (carbon.atom.aromatic, carbon.doubly(CARBON).next().is_some());
    match (site.atom.charge, site.hydrogens()) {
        (0, 1) if aromatic => Some(Group::Phenol),
        (0, 1) if vinylic => Some(Group::Enol),
        (0, 1) => Some(Group::Alcohol),
        (-1, 0) if aromatic => Some(Group::Phenolate),
        (-1, 0) => Some(Group::Alkoxide),
        _ => None,
    }
}

fn bridge(survey: &Survey<'_>, site: Site<'_>, one: Site<'_>, other: Site<'_>) -> Option<Group> {
    let count = |element| {
        [one, other]
            .into_iter()
            .filter(|end| end.is(element))
            .count()
    };
    match (count(CARBON), count(SILICON), count(OXYGEN)) {
        (2, ..)
            if one
                .molecule
                .bond_between(one.index as u32, other.index as u32)
                .is_some() =>
        {
            Some(Group::Epoxide)
        }
        (2, ..) => Some(Group::Ether),
        (1, 1, _) => Some(Group::SilylEther),
        (0, 2, _) => Some(Group::Siloxane),
        (1, 0, 1) => {
            let partner = if one.is(OXYGEN) { one } else { other };
            // The bond is counted once, at the end that is read first.
            let counts_here = site.index < partner.index && survey.is_free(partner);
            (counts_here && partner.heavy_degree() == 2).then_some(Group::Peroxide)
        }
        _ => None,
    }
}
