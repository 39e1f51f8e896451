//! Groups around sulfur, phosphorus and boron.

use super::{Group, Survey};
use crate::element::{
    BORON, BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR,
};
use crate::site::{Site, is_one_of};

pub(super) fn find(survey: &mut Survey<'_>) {
    for site in survey.free_sites() {
        let group = match site.atom.atomic_number {
            _ if site.atom.aromatic => None,
            SULFUR => sulfur(site),
            PHOSPHORUS => phosphorus(site),
            BORON => boron(site),
            _ => None,
        };
        if let Some(group) = group {
            survey.add(group);
            if owns_neighbors(group) {
                let owned = site.sites(is_one_of(&[
                    NITROGEN, OXYGEN, FLUORINE, CHLORINE, BROMINE, IODINE,
                ]));
                owned.for_each(|neighbor| survey.claim(neighbor));
            }
            survey.claim(site);
        }
    }
    disulfides(survey);
    survey.settle();
}

/// Whether the group is more than its central atom and carbon.
fn owns_neighbors(group: Group) -> bool {
    !matches!(
        group,
        Group::Thiol | Group::Thiolate | Group::Thioether | Group::Sulfonium | Group::Phosphine
    )
}

/// Oxygens bonded by a double bond, or by a single bond between opposite charges.
fn oxo(site: Site<'_>) -> usize {
    let split = site
        .singly(OXYGEN)
        .filter(|oxygen| oxygen.atom.charge < 0)
        .count();
    site.doubly(OXYGEN).count() + if site.atom.charge > 0 { split } else { 0 }
}

fn count(site: Site<'_>, element: u8) -> usize {
    site.singly(element).count()
}

/// Oxygens that are bonded singly and do not count as oxo: `-OH`, `-O-` and bridges.
fn bridging_oxygens(site: Site<'_>) -> usize {
    (count(site, OXYGEN) + site.doubly(OXYGEN).count()).saturating_sub(oxo(site))
}

fn sulfur(site: Site<'_>) -> Option<Group> {
    let (carbons, nitrogens) = (count(site, CARBON), count(site, NITROGEN));
    let bridging = bridging_oxygens(site);
    let halogen = site.any(is_one_of(&[FLUORINE, CHLORINE, BROMINE, IODINE]));
    let hydroxyl = site.singly(OXYGEN).any(|oxygen| oxygen.hydrogens() > 0);
    let open = site.singly(OXYGEN).any(|oxygen| oxygen.heavy_degree() == 1);
    match (oxo(site), carbons) {
        (2, _) if halogen => Some(Group::SulfonylHalide),
        (2, _) if bridging >= 2 => Some(Group::Sulfate),
        (2, _) if nitrogens >= 1 && bridging >= 1 => Some(Group::Sulfamate),
        (2, _) if nitrogens >= 1 => Some(Group::Sulfonamide),
        (2, 1) if bridging == 1 && hydroxyl => Some(Group::SulfonicAcid),
        (2, 1) if bridging == 1 && open => Some(Group::Sulfonate),
        (2, 1) if bridging == 1 => Some(Group::SulfonateEster),
        (2, 2) => Some(Group::Sulfone),
        (1, 1) if bridging == 1 && hydroxyl => Some(Group::SulfinicAcid),
        (1, 2) => Some(Group::Sulfoxide),
        (0, _) => sulfide(site, carbons),
        _ => None,
    }
}

/// Sulfur without oxo groups.
fn sulfide(site: Site<'_>, carbons: usize) -> Option<Group> {
    match (site.heavy_degree(), carbons, site.atom.charge) {
        (3, 3, 1) => Some(Group::Sulfonium),
        (2, 2, 0) if !site.has_double_bond() => Some(Group::Thioether),
        (1, 1, 0) if site.hydrogens() == 1 => Some(Group::Thiol),
        (1, 1, -1) => Some(Group::Thiolate),
        _ => None,
    }
}

/// Counted per sulfur-sulfur bond between two-coordinate atoms.
fn disulfides(survey: &mut Survey<'_>) {
    for site in survey.free_sites() {
        let is_bridge = |site: Site<'_>| site.is_aliphatic(SULFUR) && site.heavy_degree() == 2;
        if !is_bridge(site) {
            continue;
        }
        for partner in site.singly(SULFUR) {
            if partner.index > site.index && is_bridge(partner) && survey.is_free(partner) {
                survey.add(Group::Disulfide);
            }
        }
    }
}

fn phosphorus(site: Site<'_>) -> Option<Group> {
    let carbons = count(site, CARBON);
    let nitrogens = count(site, NITROGEN);
    let (oxo, bridging) = (oxo(site), bridging_oxygens(site));
    let sulfurs = site.count(is_one_of(&[SULFUR]));
    match (oxo, carbons) {
        _ if sulfurs >= 1 && sulfurs + bridging + oxo >= 3 => Some(Group::Thiophosphate),
        (1.., _) if nitrogens >= 1 => Some(Group::Phosphoramidate),
        (1.., 0) if bridging >= 3 => Some(Group::Phosphate),
        (1.., 0 | 1) if bridging >= 2 => Some(Group::Phosphonate),
        (1.., 1 | 2) if bridging >= 1 => Some(Group::Phosphinate),
        (1.., 3) => Some(Group::PhosphineOxide),
        (0, 4) if site.atom.charge > 0 => Some(Group::Phosphonium),
        (0, _) if bridging >= 2 => Some(Group::Phosphite),
        (0, 1..=3) if bridging == 0 && site.atom.charge == 0 && !site.has_double_bond() => {
            Some(Group::Phosphine)
        }
        _ => None,
    }
}

fn boron(site: Site<'_>) -> Option<Group> {
    let hydroxyls = site
        .singly(OXYGEN)
        .filter(|oxygen| oxygen.hydrogens() > 0)
        .count();
    match (count(site, CARBON), count(site, OXYGEN)) {
        (1, 2) if hydroxyls == 2 => Some(Group::BoronicAcid),
        (1, 2) => Some(Group::Boronate),
        _ => None,
    }
}
