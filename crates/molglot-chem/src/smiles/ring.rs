//! Ring bonds: two occurrences of one number join two atoms.

use std::collections::{HashMap, HashSet};

use super::bond::BondSymbol;
use crate::error::{SmilesError, SmilesErrorKind};
use crate::graph::{Direction, RawAtom, RawBond};

/// Numbers below this have a place of their own.
const SHORT: usize = 100;

/// From this many ring bonds on a set finds duplicates faster than a look at each.
const FEW: usize = 32;

/// One occurrence of a ring-bond number.
#[derive(Clone, Copy)]
pub(super) struct RingEnd {
    pub(super) atom: u32,
    pub(super) bond: Option<BondSymbol>,
    pub(super) offset: usize,
}

/// A ring bond with the places of its number in the text.
pub(super) struct Closure {
    number: u32,
    pub(super) bond: RawBond,
    /// Offset of the number at `bond.begin`.
    pub(super) begin_offset: u32,
    /// Offset of the number at `bond.end`.
    pub(super) end_offset: u32,
}

/// The open ring-bond numbers and the ring bonds made so far.
#[derive(Default)]
pub(super) struct RingBonds {
    short: Vec<Option<RingEnd>>,
    long: HashMap<u32, RingEnd>,
    made: Vec<Closure>,
    seen: HashSet<(u32, u32)>,
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
    /// Takes the open occurrence of a number, or leaves this one open.
    fn pair(&mut self, number: u32, end: RingEnd) -> Option<RingEnd> {
        if number as usize >= SHORT {
            let opening = self.long.remove(&number);
            if opening.is_none() {
                self.long.insert(number, end);
            }
            return opening;
        }
        if number as usize >= self.short.len() {
            self.short.resize(number as usize + 1, None);
        }
        let place = &mut self.short[number as usize];
        let opening = place.take();
        if opening.is_none() {
            *place = Some(end);
        }
        opening
    }

    /// Opens the number, or closes it and makes the bond. `parents` gives the atom that an atom was
    /// attached to when it was read.
    pub(super) fn meet(
        &mut self,
        number: u32,
        end: RingEnd,
        atoms: &[RawAtom],
        parents: &[u32],
    ) -> Result<(), SmilesError> {
        let Some(opening) = self.pair(number, end) else {
            return Ok(());
        };
        let fail = |kind| Err(SmilesError::new(end.offset, kind));
        if opening.atom == end.atom {
            return fail(SmilesErrorKind::RingSelf);
        }
        let pair = (opening.atom.min(end.atom), opening.atom.max(end.atom));
        if parents[pair.1 as usize] == pair.0 || self.is_made(pair) {
            return fail(SmilesErrorKind::DuplicateBond);
        }
        // A symbol at the closing number is read from its atom back to the opening one.
        let closing = end.bond.map(BondSymbol::reversed);
        let conflict = opening
            .bond
            .is_some_and(|first| closing.is_some_and(|second| !first.agrees_with(second)));
        if conflict {
            return fail(SmilesErrorKind::RingBondConflict);
        }
        let aromatic = [pair.0, pair.1]
            .iter()
            .all(|&atom| atoms[atom as usize].aromatic);
        // RDKit lets the bond begin where its order is written.
        let forward = opening.bond.is_some_and(|bond| !bond.is_mark());
        let backward = opening.bond.map(BondSymbol::reversed);
        let (mut bond, other) = if forward {
            let bond = BondSymbol::bond(opening.bond, opening.atom, end.atom, aromatic);
            (bond, closing)
        } else {
            let symbol = end.bond.or(backward);
            let bond = BondSymbol::bond(symbol, end.atom, opening.atom, aromatic);
            (bond, backward)
        };
        if bond.direction == Direction::None {
            bond.direction = other.map_or(Direction::None, BondSymbol::direction);
        }
        let (begin, other) = if bond.begin == end.atom {
            (end, opening)
        } else {
            (opening, end)
        };
        self.made.push(Closure {
            number,
            bond,
            begin_offset: u32::try_from(begin.offset).unwrap_or(u32::MAX),
            end_offset: u32::try_from(other.offset).unwrap_or(u32::MAX),
        });
        Ok(())
    }

    /// Whether two atoms have a ring bond already; if not, they will have.
    fn is_made(&mut self, pair: (u32, u32)) -> bool {
        let ends = |closure: &Closure| {
            let RawBond { begin, end, .. } = closure.bond;
            (begin.min(end), begin.max(end))
        };
        if self.made.len() < FEW {
            return self.made.iter().any(|closure| ends(closure) == pair);
        }
        if self.seen.is_empty() {
            self.seen.extend(self.made.iter().map(ends));
        }
        !self.seen.insert(pair)
    }

    /// The ring bonds in RDKit's order, by number and then as closed.
    ///
    /// # Errors
    ///
    /// The first number in the text that was never closed.
    pub(super) fn finish(mut self) -> Result<Vec<Closure>, SmilesError> {
        let short = (0u32..).zip(&self.short);
        let open = short
            .filter_map(|(number, end)| Some((number, end.as_ref()?)))
            .chain(self.long.iter().map(|(&number, end)| (number, end)))
            .min_by_key(|(_, end)| end.offset);
        if let Some((number, end)) = open {
            let kind = SmilesErrorKind::UnclosedRing(number);
            return Err(SmilesError::new(end.offset, kind));
        }
        self.made.sort_by_key(|closure| closure.number);
        Ok(self.made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::molecule::BondOrder;

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

    fn close(
        first: Option<BondSymbol>,
        second: Option<BondSymbol>,
    ) -> Result<RawBond, SmilesErrorKind> {
        let mut rings = RingBonds::default();
        let atoms = vec![RawAtom::default(); 3];
        let parents = [u32::MAX, 0, 1];
        for (atom, bond, offset) in [(0, first, 1), (2, second, 5)] {
            rings
                .meet(1, RingEnd { atom, bond, offset }, &atoms, &parents)
                .map_err(|error| error.kind)?;
        }
        Ok(rings.finish().unwrap()[0].bond)
    }

    #[test]
    fn a_direction_is_read_from_its_own_end() {
        let bond = close(Some(BondSymbol::Up), Some(BondSymbol::Down)).unwrap();
        assert_eq!((bond.begin, bond.direction), (2, Direction::Down));
        assert_eq!(close(Some(BondSymbol::Up), None).unwrap(), bond);
        assert_eq!(
            close(Some(BondSymbol::Up), Some(BondSymbol::Up)),
            Err(SmilesErrorKind::RingBondConflict)
        );
    }

    #[test]
    fn a_direction_goes_with_a_single_bond() {
        let single = Some(BondSymbol::Order(BondOrder::Single));
        let bond = close(single, Some(BondSymbol::Down)).unwrap();
        assert_eq!((bond.begin, bond.direction), (0, Direction::Up));
        let bond = close(Some(BondSymbol::Up), single).unwrap();
        assert_eq!((bond.begin, bond.direction), (2, Direction::Down));
    }

    #[test]
    fn the_bond_begins_where_its_order_is_written() {
        let double = Some(BondSymbol::Order(BondOrder::Double));
        assert_eq!(close(double, None).unwrap().begin, 0);
        assert_eq!(close(None, double).unwrap().begin, 2);
        // A dative bond begins at its donor whichever end names it.
        assert_eq!(
            close(Some(BondSymbol::DativeForward), None).unwrap().begin,
            0
        );
        assert_eq!(
            close(None, Some(BondSymbol::DativeBackward)).unwrap().begin,
            0
        );
    }
}
