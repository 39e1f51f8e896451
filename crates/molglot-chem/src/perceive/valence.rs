//! Valences, implicit hydrogens and unpaired electrons.
//!
//! An ion has the valences of the neutral element with as many electrons; so does `[N+]` those of
//! carbon.

use super::draft::Draft;
use super::{Problem, ProblemKind};
use crate::element::{ANY_VALENCE, HYDROGEN, WILDCARD, outer_electrons, valences};

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

/// The valences that an element allows at a charge.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    /// Those of the neutral element.
    own: &'static [i8],
    /// Those of the isoelectronic element; empty for a bare nucleus.
    list: &'static [i8],
    /// Anions of P, S, As and Se expand their octet although the isoelectronic elements do not.
    hypervalent_anion: bool,
}

impl Allowed {
    pub(super) fn new(atomic_number: u8, charge: i8) -> Self {
        let own = valences(atomic_number);
        if charge == 0 || own[0] == ANY_VALENCE {
            return Self {
                own,
                list: if atomic_number == WILDCARD { &[] } else { own },
                hypervalent_anion: false,
            };
        }
        let electrons = (i16::from(atomic_number) - i16::from(charge)).clamp(0, 118) as u8;
        Self {
            own,
            list: if electrons == 0 {
                &[]
            } else {
                valences(electrons)
            },
            hypervalent_anion: (electrons > 16 && matches!(atomic_number, 15 | 16))
                || (electrons > 34 && matches!(atomic_number, 33 | 34)),
        }
    }

    /// The valence that hydrogens fill up, if one is known.
    pub(super) fn default(&self) -> Option<i32> {
        self.list
            .first()
            .map(|&valence| i32::from(valence))
            .filter(|&valence| valence >= 0)
    }

    /// The largest valence, if there is a bound.
    fn largest(list: &[i8]) -> Option<i32> {
        list.last()
            .map(|&valence| i32::from(valence))
            .filter(|&valence| valence >= 0)
    }
}

fn known(list: &'static [i8]) -> impl Iterator<Item = i32> {
    let all = list.iter().map(|&valence| i32::from(valence));
    all.take_while(|&valence| valence >= 0)
}

fn allowed(draft: &Draft, atom: usize) -> Allowed {
    let raw = &draft.atoms[atom];
    Allowed::new(raw.atomic_number, raw.charge)
}

/// The valence that bonds and written hydrogens use up, rounded for aromatic atoms.
pub(super) fn explicit(draft: &Draft, atom: usize) -> i32 {
    explicit_within(draft, atom, &allowed(draft, atom))
}

fn explicit_within(draft: &Draft, atom: usize, allowed: &Allowed) -> i32 {
    let hydrogens = i32::from(draft.atoms[atom].explicit_hydrogens);
    let mut twice = draft.twice_order_sum(atom) + 2 * hydrogens;
    let beyond = allowed.default().filter(|default| twice > 2 * default);
    if let Some(default) = beyond.filter(|_| draft.is_aromatic(atom)) {
        // Half of the bonds of a Kekulé structure are single: n in c1cccn1C has a sum of 4 and a
        // valence of 3.
        let fitting = known(allowed.list).take_while(|valence| 2 * valence <= twice);
        let reached = 2 * fitting.last().unwrap_or(default);
        if twice - reached <= 3 {
            twice = reached;
        }
    }
    (twice + 1) / 2
}

fn is_allowed(draft: &Draft, atom: usize, allowed: &Allowed, explicit: i32) -> bool {
    let raw = &draft.atoms[atom];
    let Some(own) = Allowed::largest(allowed.own) else {
        return true;
    };
    if raw.atomic_number == HYDROGEN && raw.charge == -1 {
        return explicit <= 2;
    }
    if allowed.hypervalent_anion {
        return explicit - i32::from(raw.charge) <= own;
    }
    Allowed::largest(allowed.list).is_none_or(|largest| explicit <= largest)
}

/// Hydrogens that fill the next allowed valence; `None` if the atom is beyond all of them.
fn implicit(draft: &Draft, atom: usize, allowed: &Allowed, explicit: i32) -> Option<i32> {
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
    let Some(default) = allowed.default() else {
        return Some(0);
    };
    let mut used = explicit + i32::from(raw.radical_electrons);
    let mut list = allowed.list;
    if allowed.hypervalent_anion {
        list = allowed.own;
        used -= i32::from(raw.charge);
    }
    if draft.is_aromatic(atom) {
        // Beyond its default valence an aromatic atom takes no hydrogens.
        if used <= default {
            return Some(default - used);
        }
        return known(list)
            .any(|valence| valence > 0 && valence == used)
            .then_some(0);
    }
    let unbounded = Allowed::largest(list).is_none()
        || Allowed::largest(allowed.own).is_none_or(|own| own == 0);
    known(list)
        .find(|&valence| used <= valence)
        .map(|valence| valence - used)
        .or(unbounded.then_some(0))
}

/// Determines an atom's valence, whether it is allowed or not.
pub(super) fn determine(draft: &mut Draft, atom: usize) {
    let allowed = allowed(draft, atom);
    let explicit = explicit_within(draft, atom, &allowed);
    let implicit = implicit(draft, atom, &allowed, explicit).unwrap_or(0);
    draft.valences[atom] = Valence { explicit, implicit };
}

/// Determines an atom's valence.
///
/// # Errors
///
/// If it is beyond what its element and charge allow.
pub(super) fn require(draft: &mut Draft, atom: usize) -> Result<(), Problem> {
    let allowed = allowed(draft, atom);
    let explicit = explicit_within(draft, atom, &allowed);
    match implicit(draft, atom, &allowed, explicit) {
        Some(implicit) if is_allowed(draft, atom, &allowed, explicit) => {
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

#[cfg(test)]
mod tests {
    use crate::molecule::Molecule;

    fn first(smiles: &str) -> crate::Atom {
        Molecule::from_smiles(smiles).unwrap().atoms()[0].clone()
    }

    #[test]
    fn hydrogens_fill_the_next_valence() {
        for (smiles, hydrogens) in [
            ("C", 4),
            ("N", 3),
            ("O", 2),
            ("B", 3),
            ("P", 3),
            ("P(C)(C)(C)C", 1),
            ("S", 2),
            ("S(C)(C)C", 1),
            ("S(=O)(C)C", 0),
            ("Cl", 1),
            ("I(C)C", 1),
            ("[C]", 0),
            ("*", 0),
            ("c1cc[nH]c1", 1),
            ("n1ccccc1", 0),
        ] {
            assert_eq!(first(smiles).total_hydrogens, hydrogens, "{smiles}");
        }
    }

    #[test]
    fn an_ion_has_the_valences_of_the_isoelectronic_element() {
        for smiles in [
            "[NH4+]",
            "[BH4-]",
            "F[P-](F)(F)(F)(F)F",
            "[OH3+]",
            "[H-]",
            "[Fe](C)(C)(C)(C)(C)C",
        ] {
            assert!(Molecule::from_smiles(smiles).is_ok(), "{smiles}");
        }
        for smiles in ["[NH4]", "[NH5+]", "[BH5-]", "FCl(F)F", "[CH5]", "[OH4+]"] {
            assert!(Molecule::from_smiles(smiles).is_err(), "{smiles}");
        }
    }

    #[test]
    fn what_is_missing_in_a_bracket_is_unpaired() {
        for (smiles, radicals) in [
            ("[C]", 4),
            ("[CH3]", 1),
            ("[CH2]", 2),
            ("[O]", 2),
            ("[Cl]", 1),
            ("[Cl-]", 0),
            ("[H]", 1),
            ("[Na]", 1),
            ("[Na+]", 0),
            ("[Fe]", 0),
            ("[Cu]", 1),
            ("[Cu]C", 0),
            ("[SH3]", 1),
            ("[N+]C", 3),
        ] {
            assert_eq!(first(smiles).radical_electrons, radicals, "{smiles}");
        }
    }
}
