//! What single atoms give to a π system.

use crate::element::{CARBON, OXYGEN, SULFUR, WILDCARD, default_valence, is_more_electronegative};
use crate::molecule::{Bond, BondOrder};
use crate::perceive::draft::{Draft, twice_order};
use crate::perceive::electrons::pi_electrons;
use crate::perceive::valence::Allowed;

/// From this size on a ring is a macrocycle, in which ethers and thioethers are mere bridges.
const MACROCYCLE: usize = 9;

/// What an atom gives to the π system of its ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Donor {
    /// It has no place in one.
    Barred,
    Vacant,
    One,
    Two,
    /// A wildcard gives one or two.
    Any,
}

/// What an atom gives, seen first in a ring of a certain size.
pub(super) fn classify(draft: &Draft, atom: usize, ring_size: usize) -> Donor {
    let donor = donor(draft, atom);
    let raw = &draft.atoms[atom];
    let bridge = donor == Donor::Two
        && ring_size >= MACROCYCLE
        && matches!(raw.atomic_number, OXYGEN | SULFUR)
        && draft.degree(atom) == 2
        && raw.charge == 0
        && !draft
            .links(atom)
            .any(|(bond, _)| matches!(bond.order, BondOrder::Double | BondOrder::Triple));
    if bridge || !can_be_aromatic(draft, atom) {
        Donor::Barred
    } else {
        donor
    }
}

fn donor(draft: &Draft, atom: usize) -> Donor {
    let is_multiple = |bond: &Bond| twice_order(bond, atom) >= 4;
    let in_ring = draft
        .links(atom)
        .any(|(bond, _)| bond.in_ring && is_multiple(bond));
    if draft.atoms[atom].atomic_number == WILDCARD {
        return if in_ring { Donor::One } else { Donor::Any };
    }
    let exocyclic = draft
        .links(atom)
        .find(|(bond, _)| !bond.in_ring && is_multiple(bond))
        .map(|(_, other)| other);
    let loses = exocyclic.is_some_and(|other| {
        is_more_electronegative(
            draft.atoms[other].atomic_number,
            draft.atoms[atom].atomic_number,
        )
    });
    match pi_electrons(draft, atom) {
        ..0 => Donor::Barred,
        0 if exocyclic.is_some() => Donor::Vacant,
        0 if in_ring => Donor::One,
        0 => Donor::Barred,
        1 if loses => Donor::Vacant,
        1 if exocyclic.is_some() || is_unsaturated(draft, atom) => Donor::One,
        1 if draft.atoms[atom].charge == 1 => Donor::Vacant,
        1 => Donor::Barred,
        electrons if (electrons - i32::from(loses)) % 2 == 1 => Donor::One,
        _ => Donor::Two,
    }
}

fn is_unsaturated(draft: &Draft, atom: usize) -> bool {
    let hydrogens = i32::from(draft.atoms[atom].explicit_hydrogens);
    draft.valences[atom].explicit != draft.degree(atom) + hydrogens - draft.donated(atom)
}

fn can_be_aromatic(draft: &Draft, atom: usize) -> bool {
    let raw = &draft.atoms[atom];
    if raw.atomic_number > 18 && !matches!(raw.atomic_number, 34 | 52) {
        return false;
    }
    let valence = draft.valences[atom];
    let default = Allowed::new(raw.atomic_number, raw.charge).default();
    if default_valence(raw.atomic_number) > 0 && valence.total() > default.unwrap_or(-1) {
        return false;
    }
    if raw.radical_electrons > 0 && (raw.atomic_number != CARBON || raw.charge != 0) {
        return false;
    }
    let is_multiple =
        |(bond, _): &(&Bond, usize)| matches!(bond.order, BondOrder::Double | BondOrder::Triple);
    valence.explicit - draft.degree(atom) <= 1 || draft.links(atom).filter(is_multiple).count() <= 1
}
