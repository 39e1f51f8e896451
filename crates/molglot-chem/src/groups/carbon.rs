//! Groups around a carbon atom: carbonyls, thiocarbonyls, imines, nitriles, halides and
//! carbon-carbon multiple bonds.

use super::{Group, Survey};
use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SILICON, SULFUR,
};
use crate::molecule::BondOrder;
use crate::site::{Site, is_one_of, is_single};

const HALOGENS: [u8; 4] = [FLUORINE, CHLORINE, BROMINE, IODINE];

/// The singly bonded hetero neighbours that decide which derivative a carbonyl is.
struct Partners<'a> {
    nitrogen: Vec<Site<'a>>,
    oxygen: Vec<Site<'a>>,
    sulfur: Vec<Site<'a>>,
    halogen: Vec<Site<'a>>,
}

impl<'a> Partners<'a> {
    fn of(carbon: Site<'a>) -> Self {
        Self {
            nitrogen: carbon.singly(NITROGEN).collect(),
            oxygen: carbon.singly(OXYGEN).collect(),
            sulfur: carbon.singly(SULFUR).collect(),
            halogen: carbon
                .sites(|bond, atom| is_single(bond) && is_one_of(&HALOGENS)(bond, atom))
                .collect(),
        }
    }

    /// Counts of nitrogen, oxygen and sulfur, and whether there is a halogen.
    fn counts(&self) -> (usize, usize, usize, bool) {
        (
            self.nitrogen.len(),
            self.oxygen.len(),
            self.sulfur.len(),
            !self.halogen.is_empty(),
        )
    }

    fn all(self) -> impl Iterator<Item = Site<'a>> {
        [self.nitrogen, self.oxygen, self.sulfur, self.halogen]
            .into_iter()
            .flatten()
    }
}

/// The first phase: it sees no claims.
pub(super) fn find(survey: &mut Survey<'_>) {
    for site in Site::all_of(survey.molecule) {
        if site.is_aliphatic(CARBON) {
            classify(survey, site);
        }
        if site.is_aliphatic(NITROGEN) && amide_carbons(site) >= 2 {
            survey.add(Group::Imide);
        }
        if site.is_aliphatic(OXYGEN) && anhydride_carbons(site) == 2 {
            survey.add(Group::AcidAnhydride);
        }
    }
    survey.settle();
}

fn classify(survey: &mut Survey<'_>, carbon: Site<'_>) {
    let oxo = carbon.doubly(OXYGEN).count();
    let thioxo = carbon.doubly(SULFUR).count();
    let imino: Vec<_> = carbon.doubly(NITROGEN).collect();
    let ylidene = carbon.doubly(CARBON).count();
    match (oxo, thioxo, imino.as_slice(), ylidene) {
        (1, 0, [], 0) => carbonyl(survey, carbon),
        (1, 0, [], 1) => survey.add(Group::Ketene),
        (1, 0, [nitrogen], 0) => claim_as(survey, Group::Isocyanate, [*nitrogen]),
        (0, 1, [nitrogen], 0) => claim_as(survey, Group::Isothiocyanate, [*nitrogen]),
        (0, 0, &[one, other], 0) => claim_as(survey, Group::Carbodiimide, [one, other]),
        (0, 1, [], 0) => thiocarbonyl(survey, carbon),
        (0, 0, [nitrogen], 0) => imine(survey, carbon, *nitrogen),
        _ => {}
    }
    let triply_bonded = carbon
        .sites(|bond, atom| bond.order == BondOrder::Triple && atom.atomic_number == NITROGEN);
    for nitrogen in triply_bonded {
        let group = if nitrogen.heavy_degree() > 1 {
            Group::Isocyanide
        } else if carbon.singly(SULFUR).next().is_some() {
            Group::Thiocyanate
        } else {
            Group::Nitrile
        };
        claim_as(survey, group, carbon.singly(SULFUR).chain([nitrogen]));
    }
}

fn claim_as<'a>(survey: &mut Survey<'_>, group: Group, sites: impl IntoIterator<Item = Site<'a>>) {
    survey.add(group);
    for site in sites {
        survey.claim(site);
    }
}

fn carbonyl(survey: &mut Survey<'_>, carbon: Site<'_>) {
    let partners = Partners::of(carbon);
    let group = match partners.counts() {
        (0, 0, 0, false) => aldehyde_or_ketone(carbon),
        (_, _, _, true) => Some(Group::AcylHalide),
        (1, 0, 0, _) => amide(carbon, partners.nitrogen[0]),
        (0, 1, 0, _) => acid_or_ester(carbon, partners.oxygen[0]),
        (0, 0, 1, _) => Some(Group::Thioester),
        (2, 0, 0, _) => Some(Group::Urea),
        (1, 1, 0, _) => Some(Group::Carbamate),
        (0, 2, 0, _) => Some(Group::Carbonate),
        (1, 0, 1, _) => Some(Group::Thiocarbamate),
        _ => Some(Group::Thiocarbonate),
    };
    if let Some(group) = group {
        survey.add(group);
    }
    for site in partners.all() {
        survey.claim(site);
    }
}

fn aldehyde_or_ketone(carbon: Site<'_>) -> Option<Group> {
    let carbons = carbon.singly(CARBON).count();
    match (carbons, carbon.hydrogens()) {
        (2, _) => Some(Group::Ketone),
        (0 | 1, 1..) => Some(Group::Aldehyde),
        _ => None,
    }
}

/// `None` for an imide, which is counted at its nitrogen.
fn amide(carbon: Site<'_>, nitrogen: Site<'_>) -> Option<Group> {
    if amide_carbons(nitrogen) >= 2 && !nitrogen.atom.aromatic {
        None
    } else if nitrogen.singly(OXYGEN).next().is_some() {
        Some(Group::HydroxamicAcid)
    } else if nitrogen.singly(NITROGEN).next().is_some() {
        Some(Group::Hydrazide)
    } else if carbon.is_ring_bonded_to(nitrogen) {
        Some(Group::Lactam)
    } else {
        Some(Group::Amide)
    }
}

/// `None` for an anhydride, which is counted at its oxygen.
fn acid_or_ester(carbon: Site<'_>, oxygen: Site<'_>) -> Option<Group> {
    const ESTER_PARTNERS: [u8; 6] = [CARBON, NITROGEN, OXYGEN, SILICON, PHOSPHORUS, SULFUR];
    let partner = oxygen.heavy_sites().find(|site| site.index != carbon.index);
    match partner {
        _ if anhydride_carbons(oxygen) == 2 => None,
        None if oxygen.hydrogens() > 0 => Some(Group::CarboxylicAcid),
        None => Some(Group::Carboxylate),
        Some(_) if carbon.is_ring_bonded_to(oxygen) => Some(Group::Lactone),
        Some(site) if ESTER_PARTNERS.contains(&site.atom.atomic_number) => Some(Group::Ester),
        Some(_) => Some(Group::Carboxylate),
    }
}

/// Carbonyl carbons whose only hetero partner is this nitrogen.
fn amide_carbons(nitrogen: Site<'_>) -> usize {
    nitrogen
        .singly(CARBON)
        .filter(|site| site.is_carbonyl() && Partners::of(*site).counts() == (1, 0, 0, false))
        .count()
}

/// Carbonyl carbons whose only hetero partner is this oxygen.
fn anhydride_carbons(oxygen: Site<'_>) -> usize {
    oxygen
        .singly(CARBON)
        .filter(|site| site.is_carbonyl() && Partners::of(*site).counts() == (0, 1, 0, false))
        .count()
}

fn thiocarbonyl(survey: &mut Survey<'_>, carbon: Site<'_>) {
    let partners = Partners::of(carbon);
    let group = match partners.counts() {
        (2, 0, 0, false) => Group::Thiourea,
        (1, 0, 0, false) => Group::Thioamide,
        (1, _, _, false) => Group::Thiocarbamate,
        _ => Group::Thiocarbonyl,
    };
    claim_as(survey, group, partners.all());
}

fn imine(survey: &mut Survey<'_>, carbon: Site<'_>, nitrogen: Site<'_>) {
    let partners = Partners::of(carbon);
    // C=[N+]=[N-] is a diazo group, which the nitrogen phase counts.
    if nitrogen.doubly(NITROGEN).next().is_some() {
        return;
    }
    let group = match partners.counts() {
        (2.., ..) => Group::Guanidine,
        (1, 0, 1, _) => Group::Isothiourea,
        (1, ..) => Group::Amidine,
        (0, 1.., ..) => Group::Imidate,
        _ if nitrogen.atom.aromatic => return,
        _ if nitrogen
            .singly(OXYGEN)
            .any(|oxygen| oxygen.atom.charge == 0) =>
        {
            Group::Oxime
        }
        _ if nitrogen.singly(NITROGEN).next().is_some() => Group::Hydrazone,
        // A nitrone is an N-oxide, which the nitrogen phase counts.
        _ if nitrogen.singly(OXYGEN).next().is_some() => return,
        _ if nitrogen.atom.charge > 0 => Group::Iminium,
        _ => Group::Imine,
    };
    let tail: Vec<_> = match group {
        Group::Oxime => nitrogen.singly(OXYGEN).collect(),
        Group::Hydrazone => nitrogen.singly(NITROGEN).collect(),
        _ => Vec::new(),
    };
    claim_as(survey, group, partners.all().chain(tail).chain([nitrogen]));
}

/// Halides and carbon-carbon multiple bonds, after every other phase.
pub(super) fn find_substituents(survey: &mut Survey<'_>) {
    for carbon in Site::all_of(survey.molecule).filter(|site| site.is(CARBON)) {
        let fluorines = carbon
            .singly(FLUORINE)
            .filter(|site| survey.is_free(*site))
            .count();
        if fluorines == 3 && carbon.heavy_degree() == 4 {
            survey.add(Group::Trifluoromethyl);
        } else {
            survey.counts[Group::Fluoro as usize] += fluorines;
        }
        for (element, group) in [
            (CHLORINE, Group::Chloro),
            (BROMINE, Group::Bromo),
            (IODINE, Group::Iodo),
        ] {
            let count = carbon
                .singly(element)
                .filter(|site| survey.is_free(*site))
                .count();
            survey.counts[group as usize] += count;
        }
    }
    for bond in survey.molecule.bonds() {
        let joins_carbons = [bond.begin, bond.end]
            .iter()
            .all(|&end| Site::new(survey.molecule, end as usize).is(CARBON));
        match bond.order {
            BondOrder::Double if joins_carbons => survey.add(Group::Alkene),
            BondOrder::Triple if joins_carbons => survey.add(Group::Alkyne),
            _ => {}
        }
    }
}
