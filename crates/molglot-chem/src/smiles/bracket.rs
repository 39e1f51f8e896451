//! Bracket atoms: `[` isotope? symbol chirality? hydrogens? charge? `:`map? `]`.

use super::{MAX_CHARGE, MAX_HYDROGENS};
use crate::element;
use crate::error::{SmilesError, SmilesErrorKind, SyntaxProblem};

/// A bracket atom that obeys the grammar.
pub(super) struct Bracket {
    /// Offset behind `]`.
    pub(super) end: usize,
    /// The same atom in the narrower notation that the parser behind the scanner reads, if the
    /// written one is wider: `[#6]`, `[Fe+++]`.
    pub(super) rewritten: Option<String>,
}

/// Elements that may be written in lower case inside brackets;
/// the two-letter ones first, as `s` begins `se` and `si`.
const AROMATIC: [&str; 10] = ["se", "as", "te", "si", "b", "c", "n", "o", "p", "s"];

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Reads the bracket atom that opens at `open`.
pub(super) fn read(bytes: &[u8], open: usize) -> Result<Bracket, SmilesError> {
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

    reader.isotope()?;
    let symbol_at = reader.at;
    let symbol = reader.symbol()?;
    let numbered = reader.bytes[symbol_at] == b'#';
    let tail_at = reader.at;
    reader.chirality()?;
    reader.hydrogens()?;
    let charge_at = reader.at;
    let repeated = reader.charge()?;
    let behind_charge = reader.at;
    reader.atom_map()?;
    if reader.at != close {
        return Err(reader.stray());
    }
    let rewritten = (numbered || repeated.is_some()).then(|| {
        let text = |from: usize, to: usize| String::from_utf8_lossy(&bytes[from..to]).into_owned();
        let charge = repeated.unwrap_or_else(|| text(charge_at, behind_charge));
        let isotope = text(open, symbol_at);
        format!(
            "{isotope}{symbol}{}{charge}{}",
            text(tail_at, charge_at),
            text(behind_charge, close + 1)
        )
    });
    Ok(Bracket {
        end: close + 1,
        rewritten,
    })
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

    /// A number of at most 16 bits without leading zeros.
    fn bounded(&mut self) -> Result<(), SmilesError> {
        let start = self.at;
        let value = self.number().unwrap_or(u32::MAX);
        let leading_zero = self.at - start > 1 && self.bytes[start] == b'0';
        if value > u32::from(u16::MAX) || leading_zero {
            return Err(SmilesError::new(start, SmilesErrorKind::NumberRange));
        }
        Ok(())
    }

    fn isotope(&mut self) -> Result<(), SmilesError> {
        match self.peek() {
            Some(b'0'..=b'9') => self.bounded(),
            _ => Ok(()),
        }
    }

    fn symbol(&mut self) -> Result<&'static str, SmilesError> {
        let start = self.at;
        let unknown = SmilesError::new(start, SmilesErrorKind::Element);
        let rest = &self.bytes[start..];
        match rest {
            [b'*', ..] => {
                self.at += 1;
                Ok("*")
            }
            [b'#', ..] => {
                self.at += 1;
                let number = self.number().and_then(|number| u8::try_from(number).ok());
                match number {
                    Some(number @ 1..=118) => Ok(element::symbol(number)),
                    _ => Err(unknown),
                }
            }
            [first, ..] if first.is_ascii_uppercase() => {
                // The longer symbol wins: [Sc] is scandium, not sulfur and a stray c.
                for length in [2, 1] {
                    let known = rest
                        .get(..length)
                        .and_then(|name| std::str::from_utf8(name).ok())
                        .and_then(element::atomic_number);
                    if let Some(number) = known {
                        self.at += length;
                        return Ok(element::symbol(number));
                    }
                }
                Err(unknown)
            }
            _ => {
                let found = AROMATIC
                    .into_iter()
                    .find(|name| rest.starts_with(name.as_bytes()))
                    .ok_or(unknown)?;
                self.at += found.len();
                Ok(found)
            }
        }
    }

    fn chirality(&mut self) -> Result<(), SmilesError> {
        let start = self.at;
        if !self.take(b'@') || self.take(b'@') {
            return Ok(());
        }
        let largest = match self.bytes.get(self.at..self.at + 2) {
            Some(b"TH" | b"AL") => 2,
            Some(b"SP") => 3,
            Some(b"TB") => 20,
            Some(b"OH") => 30,
            _ => return Ok(()),
        };
        self.at += 2;
        match self.number() {
            None => Ok(()),
            Some(number) if (1..=largest).contains(&number) => Ok(()),
            Some(_) => Err(SmilesError::new(start, SmilesErrorKind::ChiralClass)),
        }
    }

    fn hydrogens(&mut self) -> Result<(), SmilesError> {
        let start = self.at;
        if !self.take(b'H') {
            return Ok(());
        }
        let digits = self.at;
        let count = self.number().unwrap_or(1);
        if count > MAX_HYDROGENS || self.at - digits > 1 {
            return Err(SmilesError::new(start, SmilesErrorKind::HCount));
        }
        Ok(())
    }

    /// Returns the charge as a sign and a number if it was written as three or more signs.
    fn charge(&mut self) -> Result<Option<String>, SmilesError> {
        let start = self.at;
        let wrong = SmilesError::new(start, SmilesErrorKind::Charge);
        let Some(sign @ (b'+' | b'-')) = self.peek() else {
            return Ok(None);
        };
        while self.take(sign) {}
        let signs = self.at - start;
        let digits = self.at;
        let amount = self.number();
        let leading_zero = self.at - digits > 1 && self.bytes[digits] == b'0';
        let too_much = amount.is_some_and(|amount| amount > MAX_CHARGE)
            || signs > MAX_CHARGE as usize
            || (signs > 1 && amount.is_some());
        if too_much || leading_zero || matches!(self.peek(), Some(b'+' | b'-')) {
            return Err(wrong);
        }
        Ok((signs > 2).then(|| format!("{}{signs}", char::from(sign))))
    }

    fn atom_map(&mut self) -> Result<(), SmilesError> {
        if !self.take(b':') {
            return Ok(());
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

    fn rewritten(text: &str) -> Option<String> {
        read(text.as_bytes(), 0).unwrap().rewritten
    }

    #[test]
    fn wide_notation_is_rewritten() {
        assert_eq!(rewritten("[Fe+++]").as_deref(), Some("[Fe+3]"));
        assert_eq!(rewritten("[13#6@@H-:7]").as_deref(), Some("[13C@@H-:7]"));
        assert_eq!(rewritten("[nH]"), None);
        assert_eq!(rewritten("[Fe++]"), None);
    }

    #[test]
    fn lower_case_is_for_the_aromatic_elements() {
        for text in ["[se]", "[s]", "[Sc]", "[nH]"] {
            assert!(read(text.as_bytes(), 0).is_ok(), "{text}");
        }
        for text in ["[sc]", "[cl]", "[cn]", "[f]"] {
            assert!(read(text.as_bytes(), 0).is_err(), "{text}");
        }
    }
}
