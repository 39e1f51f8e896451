//! Ring bonds: two occurrences of one number join two atoms.

use std::collections::{BTreeMap, HashSet};

use super::scan::BondSymbol;
use crate::error::{SmilesError, SmilesErrorKind};

struct Opening {
    atom: u32,
    bond: Option<BondSymbol>,
    offset: usize,
}

/// The open ring-bond numbers and the ring bonds made so far.
#[derive(Default)]
pub(super) struct RingBonds {
    open: BTreeMap<u32, Opening>,
    made: HashSet<(u32, u32)>,
}

/// A ring-bond number as written.
pub(super) struct RingNumber {
    pub(super) value: u32,
    /// Offset behind the number.
    pub(super) end: usize,
}

/// Reads the ring-bond number at `at`: a digit, `%nn` or `%(n)` with up to five digits.
pub(super) fn number(bytes: &[u8], at: usize) -> Result<RingNumber, SmilesError> {
    let wrong = SmilesError::new(at, SmilesErrorKind::RingNumber);
    let (digits, behind) = match &bytes[at..] {
        [b'%', b'(', rest @ ..] => {
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if rest.get(length) != Some(&b')') {
                return Err(wrong);
            }
            (at + 2..at + 2 + length, 1)
        }
        [b'%', b'1'..=b'9', b'0'..=b'9', ..] => (at + 1..at + 3, 0),
        [b'0'..=b'9', ..] => (at..at + 1, 0),
        _ => return Err(wrong),
    };
    if digits.is_empty() || digits.len() > 5 {
        return Err(wrong);
    }
    let value = bytes[digits.clone()]
        .iter()
        .fold(0, |value, digit| 10 * value + u32::from(digit - b'0'));
    Ok(RingNumber {
        value,
        end: digits.end + behind,
    })
}

impl RingBonds {
    /// Opens the number at `atom`, or closes it and checks the bond. `parent_of` gives the atom
    /// that an atom was attached to when it was read.
    pub(super) fn meet(
        &mut self,
        number: u32,
        atom: u32,
        bond: Option<BondSymbol>,
        offset: usize,
        parent_of: &[Option<u32>],
    ) -> Result<(), SmilesError> {
        let Some(opening) = self.open.remove(&number) else {
            self.open.insert(number, Opening { atom, bond, offset });
            return Ok(());
        };
        let fail = |kind| Err(SmilesError::new(offset, kind));
        if opening.atom == atom {
            return fail(SmilesErrorKind::RingSelf);
        }
        let chained = |a: u32, b: u32| parent_of[a as usize] == Some(b);
        let ends = (opening.atom.min(atom), opening.atom.max(atom));
        if chained(ends.0, ends.1) || chained(ends.1, ends.0) || !self.made.insert(ends) {
            return fail(SmilesErrorKind::DuplicateBond);
        }
        // A mark at the closing digit is read from its atom back to the opening one.
        match (opening.bond, bond.map(BondSymbol::reversed)) {
            (Some(first), Some(second)) if first != second => {
                fail(SmilesErrorKind::RingBondConflict)
            }
            _ => Ok(()),
        }
    }

    /// The first number in the text that was never closed.
    pub(super) fn finish(&self) -> Result<(), SmilesError> {
        match self.open.iter().min_by_key(|(_, opening)| opening.offset) {
            None => Ok(()),
            Some((&number, opening)) => Err(SmilesError::new(
                opening.offset,
                SmilesErrorKind::UnclosedRing(number),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_notations() {
        for (text, value, end) in [("1C", 1, 1), ("%12C", 12, 3), ("%(105)C", 105, 6)] {
            let read = number(text.as_bytes(), 0).unwrap();
            assert_eq!((read.value, read.end), (value, end), "{text}");
        }
        for text in ["%1", "%01", "%()", "%(1", "%(123456)", "%"] {
            assert!(number(text.as_bytes(), 0).is_err(), "{text}");
        }
    }

    #[test]
    fn a_direction_is_read_from_its_own_end() {
        let meet = |first, second| {
            let mut rings = RingBonds::default();
            let parents = [None, Some(0), Some(1)];
            rings.meet(1, 0, first, 1, &parents).unwrap();
            rings
                .meet(1, 2, second, 5, &parents)
                .map_err(|error| error.kind)
        };
        assert_eq!(meet(Some(BondSymbol::Up), Some(BondSymbol::Down)), Ok(()));
        let conflict = Err(SmilesErrorKind::RingBondConflict);
        assert_eq!(meet(Some(BondSymbol::Up), Some(BondSymbol::Up)), conflict);
        assert_eq!(meet(Some(BondSymbol::Plain(b'=')), None), Ok(()));
    }
}
