//! Valences, implicit hydrogens and unpaired electrons.
//!
//! An ion has the valences of the neutral element with as many electrons; so does `[N+]` those of
//! carbon.

use super::draft::Draft;
use super::{Problem, ProblemKind};
use crate::element::{ANY_VALENCE, HYDROGEN, WILDCARD, default_valence, outer_electrons, valences};

/// What an atom's bonds use up and what hydrogens fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Valence {
    /// Bonds and written hydrogens.
    pub(super) explicit: i32,
    /// Hydrogens that nobody wrote.
    pub(super) implicit: i32,
}

impl Valence {
    pub(super) fn total(self) -> i32 {
        self.explicit + self.implicit
    }
}

/// The element whose valences an atom has.
pub(super) fn isoelectronic(draft: &Draft, atom: usize) -> u8 {
    let raw = &draft.atoms[atom];
    if default_valence(raw.atomic_number) == ANY_VALENCE {
        return raw.atomic_number;
    }
    (i16::from(raw.atomic_number) - i16::from(raw.charge)).clamp(0, 118) as u8
}

/// Anions of P, S, As and Se expand their octet although the isoelectronic elements do not.
fn keeps_own_valences(atomic_number: u8, isoelectronic: u8) -> bool {
    (isoelectronic > 16 && matches!(atomic_number, 15 | 16))
        || (isoelectronic > 34 && matches!(atomic_number, 33 | 34))
}

/// The valence that bonds and written hydrogens use up, rounded for aromatic atoms.
pub(super) fn explicit(draft: &Draft, atom: usize) -> i32 {
    let hydrogens = i32::from(draft.atoms[atom].explicit_hydrogens);
    let mut twice = draft.twice_order_sum(atom) + 2 * hydrogens;
    let list = valences(isoelectronic(draft, atom));
    let default = i32::from(list[0]);
    if default >= 0 && twice > 2 * default && draft.is_aromatic(atom) {
        // Half of the bonds of a Kekulé structure are single: n in c1cccn1C has a sum of 4 and a
        // valence of 3.
        let reached = list
            .iter()
            .map(|&valence| 2 * i32::from(valence))
            .take_while(|&valence| (0..=twice).contains(&valence))
            .last()
            .unwrap_or(2 * default);
        if twice - reached <= 3 {
            twice = reached;
        }
    }
    (twice + 1) / 2
}

fn is_allowed(draft: &Draft, atom: usize, explicit: i32) -> bool {
    let raw = &draft.atoms[atom];
    let isoelectronic = isoelectronic(draft, atom);
    let own = last(valences(raw.atomic_number));
    let (largest, used) = if raw.atomic_number == HYDROGEN && raw.charge == -1 {
        (2, explicit)
    } else if keeps_own_valences(raw.atomic_number, isoelectronic) {
        (own, explicit - i32::from(raw.charge))
    } else {
        (last(valences(isoelectronic)), explicit)
    };
    largest < 0 || own < 0 || used <= largest
}

fn last(list: &[i8]) -> i32 {
    list.last().map_or(-1, |&valence| i32::from(valence))
}

/// Hydrogens that fill the next allowed valence; `None` if the atom is beyond all of them.
pub(super) fn implicit(draft: &Draft, atom: usize, explicit: i32) -> Option<i32> {
    let raw = &draft.atoms[atom];
    if raw.no_implicit || raw.atomic_number == WILDCARD {
        return Some(0);
    }
    if raw.atomic_number == HYDROGEN && explicit == 0 && raw.radical_electrons == 0 {
        return match raw.charge {
            0 => Some(1),
            1 | -1 => Some(0),
            _ => None,
        };
    }
    let isoelectronic = isoelectronic(draft, atom);
    let default = i32::from(default_valence(isoelectronic));
    if isoelectronic == WILDCARD || default < 0 {
        return Some(0);
    }
    let mut used = explicit + i32::from(raw.radical_electrons);
    let mut list = valences(isoelectronic);
    if keeps_own_valences(raw.atomic_number, isoelectronic) {
        list = valences(raw.atomic_number);
        used -= i32::from(raw.charge);
    }
    let mut known = list
        .iter()
        .map(|&valence| i32::from(valence))
        .take_while(|&valence| valence >= 0);
    if draft.is_aromatic(atom) {
        // Beyond its default valence an aromatic atom takes no hydrogens.
        if used <= default {
            return Some(default - used);
        }
        return known.any(|valence| valence > 0 && valence == used).then_some(0);
    }
    let open_ended = last(list) < 0 || last(valences(raw.atomic_number)) <= 0;
    known
        .find(|&valence| used <= valence)
        .map(|valence| valence - used)
        .or(open_ended.then_some(0))
}

/// Determines an atom's valence, whether it is allowed or not.
pub(super) fn determine(draft: &mut Draft, atom: usize) {
    let explicit = explicit(draft, atom);
    let implicit = implicit(draft, atom, explicit).unwrap_or(0);
    draft.valences[atom] = Valence { explicit, implicit };
}

/// Determines an atom's valence.
///
/// # Errors
///
/// If it is beyond what its element and charge allow.
pub(super) fn require(draft: &mut Draft, atom: usize) -> Result<(), Problem> {
    let explicit = explicit(draft, atom);
    match implicit(draft, atom, explicit) {
        Some(implicit) if is_allowed(draft, atom, explicit) => {
            draft.valences[atom] = Valence { explicit, implicit };
            Ok(())
        }
        _ => Err(Problem {
            atom,
            kind: ProblemKind::Valence,
        }),
    }
}

/// Unpaired electrons of the atoms that take no hydrogens: what is missing to a full shell, or what
/// is left of the outer electrons, whichever is less.
pub(super) fn assign_radicals(draft: &mut Draft) {
    for atom in 0..draft.atoms.len() {
        let raw = &draft.atoms[atom];
        if raw.no_implicit && raw.atomic_number != WILDCARD {
            draft.atoms[atom].radical_electrons = radicals(draft, atom);
        }
    }
}

fn radicals(draft: &Draft, atom: usize) -> u8 {
    let raw = &draft.atoms[atom];
    let charge = i32::from(raw.charge);
    let outer = outer_electrons(raw.atomic_number);
    let list = valences(raw.atomic_number);
    if list == [ANY_VALENCE] {
        let lone = draft.degree(atom) == 0;
        return u8::from(lone && (outer - charge).max(0) % 2 == 1);
    }
    let used = draft.twice_order_sum(atom) / 2 + i32::from(raw.explicit_hydrogens);
    let shell = if raw.atomic_number <= 2 { 2 } else { 8 };
    let mut missing = shell - outer - used + charge;
    if missing < 0 {
        // Beyond the octet the next allowed valence counts.
        let next = list
            .iter()
            .map(|&valence| i32::from(valence) - used + charge)
            .find(|&missing| missing >= 0);
        missing = next.filter(|_| list.len() > 1).unwrap_or(0);
    }
    let left = outer - used - charge;
    if left >= 0 {
        missing = missing.min(left);
    }
    u8::try_from(missing).unwrap_or(u8::MAX)
}
