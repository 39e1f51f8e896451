//! Bracket atoms: `[` isotope? symbol chirality? hydrogens? charge? `:`map? `]`.

use super::{MAX_CHARGE, MAX_HYDROGENS};
use crate::element;
use crate::error::{SmilesError, SmilesErrorKind, SyntaxProblem};
use crate::graph::RawAtom;
use crate::molecule::Chirality;

/// Elements that may be written in lower case inside brackets;
/// the two-letter ones first, as `s` begins `se` and `si`.
const AROMATIC: [(&[u8], u8); 10] = [
    (b"se", 34),
    (b"as", 33),
    (b"te", 52),
    (b"si", element::SILICON),
    (b"b", element::BORON),
    (b"c", element::CARBON),
    (b"n", element::NITROGEN),
    (b"o", element::OXYGEN),
    (b"p", element::PHOSPHORUS),
    (b"s", element::SULFUR),
];

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Reads the bracket atom that opens at `open`; returns it with the offset behind `]`. Its chirality
/// is still relative to the order of the text.
pub(super) fn read(bytes: &[u8], open: usize) -> Result<(RawAtom, usize), SmilesError> {
    // The offset of a missing bracket is where it was opened, whatever else the rest holds.
    let close = bytes[open..]
        .iter()
        .skip(1)
        .position(|&byte| matches!(byte, b']' | b'['))
        .map(|at| open + 1 + at)
        .filter(|&at| bytes[at] == b']')
        .ok_or(SmilesError::new(open, SmilesErrorKind::UnclosedBracket))?;
    let mut reader = Reader {
        bytes: &bytes[..close],
        at: open + 1,
    };
    let isotope = reader.isotope()?;
    let (atomic_number, aromatic) = reader.symbol()?;
    let atom = RawAtom {
        atomic_number,
        isotope,
        aromatic,
        no_implicit: true,
        chirality: reader.chirality()?,
        explicit_hydrogens: reader.hydrogens()?,
        charge: reader.charge()?,
        map: reader.atom_map()?,
        ..RawAtom::default()
    };
    if reader.at != close {
        return Err(reader.stray());
    }
    Ok((atom, close + 1))
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Decimal digits; `None` if there are none. Saturates, as every caller has an upper bound.
    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            value = value
                .saturating_mul(10)
                .saturating_add(u32::from(digit - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    /// A number of at most 16 bits without leading zeros; 0 stands for none.
    fn bounded(&mut self) -> Result<Option<u16>, SmilesError> {
        let start = self.at;
        let value = self.number().and_then(|value| u16::try_from(value).ok());
        let leading_zero = self.at - start > 1 && self.bytes[start] == b'0';
        match value {
            Some(value) if !leading_zero => Ok(Some(value).filter(|&value| value > 0)),
            _ => Err(SmilesError::new(start, SmilesErrorKind::NumberRange)),
        }
    }

    fn isotope(&mut self) -> Result<Option<u16>, SmilesError> {
        match self.peek() {
            Some(b'0'..=b'9') => self.bounded(),
            _ => Ok(None),
        }
    }

    /// The atomic number, and whether it is written in lower case.
    fn symbol(&mut self) -> Result<(u8, bool), SmilesError> {
        let start = self.at;
        let unknown = SmilesError::new(start, SmilesErrorKind::Element);
        match self.bytes[start..] {
            [b'*', ..] => {
                self.at += 1;
                Ok((element::WILDCARD, false))
            }
            [b'#', ..] => {
                self.at += 1;
                let number = self.number().and_then(|number| u8::try_from(number).ok());
                match number {
                    Some(number @ 1..=118) => Ok((number, false)),
                    _ => Err(unknown),
                }
            }
            [first @ b'A'..=b'Z', ref rest @ ..] => {
                // The longer symbol wins: [Sc] is scandium, not sulfur and a stray c.
                let two = rest
                    .first()
                    .and_then(|&second| element::by_letters(first, Some(second)));
                self.at += 1 + usize::from(two.is_some());
                two.or_else(|| element::by_letters(first, None))
                    .map(|number| (number, false))
                    .ok_or(unknown)
            }
            ref rest => {
                let (name, number) = AROMATIC
                    .into_iter()
                    .find(|(name, _)| rest.starts_with(name))
                    .ok_or(unknown)?;
                self.at += name.len();
                Ok((number, true))
            }
        }
    }

    fn chirality(&mut self) -> Result<Chirality, SmilesError> {
        let start = self.at;
        if !self.take(b'@') {
            return Ok(Chirality::Unspecified);
        }
        if self.take(b'@') {
            return Ok(Chirality::Clockwise);
        }
        let class = self.bytes.get(self.at..self.at + 2);
        let largest = match class {
            Some(b"TH" | b"AL") => 2,
            Some(b"SP") => 3,
            Some(b"TB") => 20,
            Some(b"OH") => 30,
            _ => return Ok(Chirality::CounterClockwise),
        };
        self.at += 2;
        let number = match self.number() {
            None => 0,
            Some(number) if (1..=largest).contains(&number) => number as u8,
            Some(_) => return Err(SmilesError::new(start, SmilesErrorKind::ChiralClass)),
        };
        Ok(match class {
            Some(b"TH") if number == 2 => Chirality::Clockwise,
            Some(b"TH") => Chirality::CounterClockwise,
            Some(b"SP") => Chirality::SquarePlanar(number),
            Some(b"TB") => Chirality::TrigonalBipyramidal(number),
            Some(b"OH") => Chirality::Octahedral(number),
            _ => Chirality::Unspecified,
        })
    }

    fn hydrogens(&mut self) -> Result<u8, SmilesError> {
        let start = self.at;
        if !self.take(b'H') {
            return Ok(0);
        }
        let digits = self.at;
        let count = self.number().unwrap_or(1);
        if count > MAX_HYDROGENS || self.at - digits > 1 {
            return Err(SmilesError::new(start, SmilesErrorKind::HCount));
        }
        Ok(count as u8)
    }

    fn charge(&mut self) -> Result<i8, SmilesError> {
        let start = self.at;
        let wrong = SmilesError::new(start, SmilesErrorKind::Charge);
        let Some(sign @ (b'+' | b'-')) = self.peek() else {
            return Ok(0);
        };
        while self.take(sign) {}
        let signs = self.at - start;
        let digits = self.at;
        let number = self.number();
        let leading_zero = self.at - digits > 1 && self.bytes[digits] == b'0';
        let amount = match number {
            Some(number) if signs == 1 => number as usize,
            Some(_) => return Err(wrong),
            None => signs,
        };
        if amount > MAX_CHARGE || leading_zero || matches!(self.peek(), Some(b'+' | b'-')) {
            return Err(wrong);
        }
        Ok(if sign == b'+' {
            amount as i8
        } else {
            -(amount as i8)
        })
    }

    fn atom_map(&mut self) -> Result<Option<u16>, SmilesError> {
        if !self.take(b':') {
            return Ok(None);
        }
        match self.peek() {
            Some(b'0'..=b'9') => self.bounded(),
            _ => Err(self.stray()),
        }
    }

    fn stray(&self) -> SmilesError {
        let kind = match self.peek() {
            Some(byte) if !byte.is_ascii_graphic() => SmilesErrorKind::BadByte(byte),
            _ => SmilesErrorKind::Syntax(SyntaxProblem::InBracket),
        };
        SmilesError::new(self.at, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read() {
        let (atom, end) = read(b"C[13#6@@H2-3:7]C", 1).unwrap();
        let expected = RawAtom {
            atomic_number: 6,
            isotope: Some(13),
            charge: -3,
            explicit_hydrogens: 2,
            no_implicit: true,
            chirality: Chirality::Clockwise,
            map: Some(7),
            ..RawAtom::default()
        };
        assert_eq!((atom, end), (expected, 15));
    }

    #[test]
    fn repeated_signs_count() {
        for (text, charge) in [("[Fe+++]", 3), ("[O--]", -2), ("[Fe+0]", 0), ("[Mn+7]", 7)] {
            assert_eq!(read(text.as_bytes(), 0).unwrap().0.charge, charge, "{text}");
        }
    }

    #[test]
    fn zero_stands_for_no_isotope_and_no_map() {
        let (atom, _) = read(b"[0CH4:0]", 0).unwrap();
        assert_eq!((atom.isotope, atom.map), (None, None));
    }

    #[test]
    fn lower_case_is_for_the_aromatic_elements() {
        for (text, number, aromatic) in [
            ("[se]", 34, true),
            ("[s]", 16, true),
            ("[Sc]", 21, false),
            ("[nH]", 7, true),
        ] {
            let (atom, _) = read(text.as_bytes(), 0).unwrap();
            assert_eq!(
                (atom.atomic_number, atom.aromatic),
                (number, aromatic),
                "{text}"
            );
        }
        for text in ["[sc]", "[cl]", "[cn]", "[f]"] {
            assert!(read(text.as_bytes(), 0).is_err(), "{text}");
        }
    }
}
