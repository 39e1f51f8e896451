//! Groups around nitrogen that no carbonyl, sulfonyl or phosphoryl group has claimed.

use super::{Group, Survey};
use crate::element::{CARBON, NITROGEN, OXYGEN};
use crate::molecule::BondOrder;
use crate::site::{Site, is_one_of, is_single};

pub(super) fn find(survey: &mut Survey<'_>) {
    multiple_bonds(survey);
    survey.settle();
    nitrogen_bonds(survey);
    survey.settle();
    for site in survey.free_sites() {
        if let Some(group) = amine(site) {
            survey.add(group);
        }
    }
}

/// Nitro, nitroso, azide, diazo, azo and N-oxide.
fn multiple_bonds(survey: &mut Survey<'_>) {
    for site in Site::all_of(survey.molecule).filter(|site| site.is(NITROGEN)) {
        let oxo = site.doubly(OXYGEN).count();
        let oxide = site
            .singly(OXYGEN)
            .filter(|o| o.atom.charge < 0 && o.heavy_degree() == 1)
            .count();
        let group = match (oxo, oxide) {
            (1, 1..) if site.singly(OXYGEN).count() > 1 => Some(Group::Nitrate),
            (1, 1) => Some(Group::Nitro),
            (1, 0) if site.heavy_degree() == 2 => Some(Group::Nitroso),
            (0, 1) if site.atom.charge > 0 => Some(Group::NOxide),
            (0, 0) => unsaturated(site),
            _ => None,
        };
        let Some(group) = group else { continue };
        survey.add(group);
        survey.claim(site);
        let owned = site.sites(|bond, atom| match group {
            // The azo group ends at its double bond: the third nitrogen of a triazene is an amine.
            Group::Azo => bond.order == BondOrder::Double,
            Group::Azide | Group::Diazo | Group::Diazonium => atom.atomic_number == NITROGEN,
            _ => atom.atomic_number == OXYGEN,
        });
        owned.for_each(|neighbor| survey.claim(neighbor));
    }
}

fn unsaturated(site: Site<'_>) -> Option<Group> {
    if site.atom.aromatic {
        return None;
    }
    let doubly: Vec<_> = site.doubly(NITROGEN).collect();
    let triply =
        site.count(|bond, atom| bond.order == BondOrder::Triple && atom.atomic_number == NITROGEN);
    match (doubly.as_slice(), site.doubly(CARBON).count(), triply) {
        ([_, _], ..) => Some(Group::Azide),
        ([_], 1, _) => Some(Group::Diazo),
        ([partner], 0, _) if site.index < partner.index && is_azo(site) && is_azo(*partner) => {
            Some(Group::Azo)
        }
        ([], 0, 1) if site.singly(NITROGEN).next().is_some() => Some(Group::Azide),
        ([], 0, 1) if site.singly(CARBON).next().is_some() => Some(Group::Diazonium),
        _ => None,
    }
}

/// One end of a plain N=N bond.
fn is_azo(site: Site<'_>) -> bool {
    let plain = site.all(|bond, _| is_single(bond) || bond.order == BondOrder::Double);
    site.doubly(NITROGEN).count() == 1 && plain && site.heavy_degree() == 2
}

/// Hydrazines and hydroxylamines.
fn nitrogen_bonds(survey: &mut Survey<'_>) {
    for site in survey.free_sites() {
        let is_saturated =
            |site: Site<'_>| site.is_aliphatic(NITROGEN) && site.all(|bond, _| is_single(bond));
        if !is_saturated(site) {
            continue;
        }
        for partner in site.singly(NITROGEN) {
            if site.index < partner.index && is_saturated(partner) && survey.is_free(partner) {
                survey.add(Group::Hydrazine);
                survey.claim(site);
                survey.claim(partner);
            }
        }
        for oxygen in site
            .singly(OXYGEN)
            .filter(|oxygen| oxygen.is_aliphatic(OXYGEN))
        {
            survey.add(Group::Hydroxylamine);
            survey.claim(site);
            survey.claim(oxygen);
        }
    }
}

fn amine(site: Site<'_>) -> Option<Group> {
    if !site.is(NITROGEN) {
        return None;
    }
    if site.atom.aromatic {
        return (site.atom.charge > 0).then_some(Group::AromaticCation);
    }
    let hydrogens = site.hydrogens();
    let only_single = site.all(|bond, atom| is_single(bond) && !is_one_of(&[OXYGEN])(bond, atom));
    match (site.atom.charge, hydrogens) {
        _ if !only_single => None,
        (1, 0) if site.heavy_degree() == 4 => Some(Group::QuaternaryAmmonium),
        (1, 1..) => Some(Group::Ammonium),
        _ if site.atom.charge != 0 || site.singly(CARBON).next().is_none() => None,
        (_, 2) => Some(Group::PrimaryAmine),
        (_, 1) => Some(Group::SecondaryAmine),
        (_, 0) => Some(Group::TertiaryAmine),
        _ => None,
    }
}
