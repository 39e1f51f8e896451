//! How many bonds an atom may have.

use std::collections::{BTreeMap, BTreeSet};

use super::error::ConstraintsError;
use super::{atom, index};
use crate::element::{self, SYMBOLS};

/// The semantic constraints: the sum of bond orders that each atom may have, by element and charge.
///
/// A capacity counts the atom's explicit hydrogens. [`decode`](super::decode) never exceeds one,
/// and [`encode`](super::encode) refuses a molecule that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// By atomic number and charge.
    listed: BTreeMap<(u8, i32), u8>,
    /// Of uncharged atoms by atomic number, to look up quickly.
    neutral: [u8; SYMBOLS.len()],
    other: u8,
}

const DEFAULT: [(&str, u8); 23] = [
    ("H", 1),
    ("F", 1),
    ("Cl", 1),
    ("Br", 1),
    ("I", 1),
    ("B", 3),
    ("B+1", 2),
    ("B-1", 4),
    ("O", 2),
    ("O+1", 3),
    ("O-1", 1),
    ("N", 3),
    ("N+1", 4),
    ("N-1", 2),
    ("C", 4),
    ("C+1", 3),
    ("C-1", 3),
    ("P", 5),
    ("P+1", 4),
    ("P-1", 6),
    ("S", 6),
    ("S+1", 5),
    ("S-1", 5),
];
const OCTET_RULE: [(&str, u8); 6] = [
    ("S", 2),
    ("S+1", 3),
    ("S-1", 1),
    ("P", 3),
    ("P+1", 4),
    ("P-1", 2),
];
const HYPERVALENT: [(&str, u8); 4] = [("Cl", 7), ("Br", 7), ("I", 7), ("N", 5)];

impl Default for Constraints {
    /// The preset `default`: halogens 1, N 3, P 5, S 6, and 8 for what is not listed.
    fn default() -> Self {
        Self::empty(8).with_known(&DEFAULT)
    }
}

impl Constraints {
    /// The preset `octet_rule`: as the default, with P 3 and S 2.
    pub fn octet_rule() -> Self {
        Self::default().with_known(&OCTET_RULE)
    }

    /// The preset `hypervalent`: as the default, with Cl, Br and I 7 and N 5.
    pub fn hypervalent() -> Self {
        Self::default().with_known(&HYPERVALENT)
    }

    /// Constraints of one's own. Keys are elements (`"I"`), elements with a charge (`"I-1"`) and
    /// `"?"` for every atom that is not listed; of a key given twice the last one counts.
    ///
    /// # Errors
    ///
    /// [`ConstraintsError::Key`] for a key that names no atom, [`ConstraintsError::MissingDefault`]
    /// without `"?"`.
    ///
    /// ```
    /// use molglot_chem::selfies::{Constraints, decode};
    ///
    /// let divalent = Constraints::new([("?", 4), ("C", 2)])?;
    /// assert_eq!(decode("[C][#C][C]", &divalent)?, "C=C");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new<K: AsRef<str>>(
        capacities: impl IntoIterator<Item = (K, u8)>,
    ) -> Result<Self, ConstraintsError> {
        let mut other = None;
        let mut listed = BTreeMap::new();
        for (key, capacity) in capacities {
            match key.as_ref() {
                "?" => other = Some(capacity),
                key => {
                    let atom = atom_of(key).ok_or_else(|| ConstraintsError::Key(key.to_owned()))?;
                    listed.insert(atom, capacity);
                }
            }
        }
        Ok(Self::empty(other.ok_or(ConstraintsError::MissingDefault)?).with(listed))
    }

    fn empty(other: u8) -> Self {
        Self {
            listed: BTreeMap::new(),
            neutral: [other; SYMBOLS.len()],
            other,
        }
    }

    fn with(mut self, capacities: impl IntoIterator<Item = ((u8, i32), u8)>) -> Self {
        for (atom, capacity) in capacities {
            self.listed.insert(atom, capacity);
            if let (element, 0) = atom {
                self.neutral[usize::from(element)] = capacity;
            }
        }
        self
    }

    fn with_known(self, capacities: &[(&str, u8)]) -> Self {
        self.with(
            capacities
                .iter()
                .filter_map(|&(key, capacity)| Some((atom_of(key)?, capacity))),
        )
    }

    /// The capacity of every listed atom, written as [`Constraints::new`] takes it, without `"?"`.
    pub fn listed(&self) -> impl Iterator<Item = (String, u8)> {
        self.listed.iter().map(|(&(element, charge), &capacity)| {
            let symbol = element::symbol(element);
            match charge {
                0 => (symbol.to_owned(), capacity),
                _ => (format!("{symbol}{charge:+}"), capacity),
            }
        })
    }

    /// The capacity of an atom that is not listed.
    pub fn unlisted(&self) -> u8 {
        self.other
    }

    /// Bonds of an atom by atomic number and charge.
    pub(super) fn capacity(&self, element: u8, charge: i32) -> i32 {
        let capacity = match charge {
            0 => self.neutral.get(usize::from(element)),
            _ => self.listed.get(&(element, charge)),
        };
        i32::from(capacity.copied().unwrap_or(self.other))
    }

    /// The symbols any sequence of which obeys these constraints: every listed atom with the bonds
    /// it may have, branches, rings, and the symbols that count.
    pub fn robust_alphabet(&self) -> BTreeSet<String> {
        let atoms = self.listed().flat_map(|(atom, capacity)| {
            let bonds = ["", "=", "#"].into_iter().take(usize::from(capacity));
            bonds.map(move |bond| format!("[{bond}{atom}]"))
        });
        let structure = (1..=3).flat_map(|digits| {
            ["Ring", "=Ring", "Branch", "=Branch", "#Branch"]
                .map(|name| format!("[{name}{digits}]"))
        });
        let counting = index::ALPHABET.iter().map(|symbol| format!("[{symbol}]"));
        atoms.chain(structure).chain(counting).collect()
    }
}

/// Atomic number and charge behind a key such as `"N+1"`.
fn atom_of(key: &str) -> Option<(u8, i32)> {
    let (symbol, charge) = key.split_at(key.find(['+', '-']).unwrap_or(key.len()));
    let charge = match charge.as_bytes() {
        [] => 0,
        [_, b'1'..=b'9', ..] => charge.parse().ok()?,
        _ => return None,
    };
    let element = match *symbol.as_bytes() {
        [first] => atom::atomic_number(first, None),
        [first, second] => atom::atomic_number(first, Some(second)),
        _ => None,
    };
    Some((element?, charge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_atoms() {
        for key in [
            "",
            "Xx",
            "c",
            "C+",
            "C+0",
            "C+-1",
            "C-+1",
            "+1",
            "C+1.",
            "Og",
            "C+99999999999",
        ] {
            assert_eq!(
                Constraints::new([("?", 1), (key, 1)]),
                Err(ConstraintsError::Key(key.to_owned()))
            );
        }
        assert_eq!(
            Constraints::new([("C", 4)]),
            Err(ConstraintsError::MissingDefault)
        );
    }

    #[test]
    fn presets_know_every_key() {
        for preset in [&DEFAULT[..], &OCTET_RULE, &HYPERVALENT] {
            assert!(preset.iter().all(|(key, _)| atom_of(key).is_some()));
        }
        let default = Constraints::default();
        let copy = default
            .listed()
            .chain([("?".to_owned(), default.unlisted())]);
        assert_eq!(Constraints::new(copy), Ok(default.clone()));
    }

    #[test]
    fn what_is_not_listed_has_the_capacity_of_the_question_mark() {
        let constraints = Constraints::new([("?", 3), ("C", 4), ("N-1", 2)]).unwrap();
        let capacity = |element, charge| constraints.capacity(element, charge);
        assert_eq!(
            (
                capacity(6, 0),
                capacity(6, 1),
                capacity(7, -1),
                capacity(7, 0)
            ),
            (4, 3, 2, 3)
        );
    }
}
