//! Types of hydrogens, by what they are bonded to.

use crate::element::{CARBON, HYDROGEN, NITROGEN, OXYGEN, SULFUR};
use crate::molecule::BondOrder;
use crate::site::{Site, is_single_or_aromatic};

/// The supplemental type HS, for hydrogens of no other kind.
const OTHER: usize = 0;
const HYDROCARBON: usize = 1;
const ALCOHOL: usize = 2;
const AMINE: usize = 3;
const ACID: usize = 4;

/// The type of a hydrogen that is an atom of the graph: the first type that one of its neighbours
/// gives it.
pub(super) fn type_of(hydrogen: Site<'_>) -> usize {
    if hydrogen.atom.total_hydrogens > 0 {
        return HYDROCARBON;
    }
    hydrogen
        .sites(|bond, _| is_single_or_aromatic(bond))
        .map(|parent| type_on(parent, Some(hydrogen.index)))
        .filter(|&kind| kind != OTHER)
        .min()
        .unwrap_or(OTHER)
}

/// The type that an atom gives a hydrogen; `own` is that hydrogen if it is an atom of the graph.
pub(super) fn type_on(parent: Site<'_>, own: Option<usize>) -> usize {
    match parent.atom.atomic_number {
        HYDROGEN | CARBON => HYDROCARBON,
        NITROGEN => AMINE,
        OXYGEN if parent.atom.aromatic => OTHER,
        OXYGEN => type_on_oxygen(parent, own),
        _ => ALCOHOL,
    }
}

fn type_on_oxygen(oxygen: Site<'_>, own: Option<usize>) -> usize {
    let has_second_implicit = oxygen.atom.total_hydrogens > u8::from(own.is_none());
    let neighbor_types = oxygen
        .sites(|bond, _| is_single_or_aromatic(bond))
        .filter(|site| Some(site.index) != own)
        .map(|site| match (site.atom.atomic_number, site.atom.aromatic) {
            (CARBON, true) => ALCOHOL,
            (CARBON, false) if site.atom.total_degree == 4 => ALCOHOL,
            (CARBON, false) if is_acyl(site) => ACID,
            (CARBON, false) => OTHER,
            (NITROGEN, _) => AMINE,
            (OXYGEN | SULFUR, false) => ACID,
            (OXYGEN | SULFUR, true) => OTHER,
            _ => ALCOHOL,
        });
    neighbor_types
        .chain(has_second_implicit.then_some(ALCOHOL))
        .filter(|&kind| kind != OTHER)
        .min()
        .unwrap_or(OTHER)
}

/// Bonded by a double bond to carbon, nitrogen, oxygen or sulfur, as in acids and enols.
fn is_acyl(carbon: Site<'_>) -> bool {
    carbon.any(|bond, atom| {
        bond.order == BondOrder::Double
            && match atom.atomic_number {
                CARBON | NITROGEN => true,
                OXYGEN | SULFUR => !atom.aromatic,
                _ => false,
            }
    })
}
