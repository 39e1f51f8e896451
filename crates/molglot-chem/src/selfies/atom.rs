//! What stands in the symbol of an atom, in SMILES and in SELFIES.

use super::constraints::Constraints;
use super::cursor::{Cursor, Overflow};
use crate::element::{self, SYMBOLS};
use crate::error::{SmilesErrorKind, SyntaxProblem};

/// An atom as written, its aromaticity aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AtomSymbol {
    pub(super) element: u8,
    pub(super) chirality: Chirality,
    /// Written hydrogens; `None` for an atom without brackets, whose hydrogens follow from its
    /// bonds.
    pub(super) hydrogens: Option<u8>,
    pub(super) charge: i32,
    pub(super) isotope: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chirality {
    None,
    Anticlockwise,
    Clockwise,
}

impl Chirality {
    pub(super) fn inverted(self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Anticlockwise => Self::Clockwise,
            Self::Clockwise => Self::Anticlockwise,
        }
    }
}

/// Atomic numbers by first and second letter, 0 for none. Nh, Mc, Ts and Og are not SELFIES.
static ELEMENTS: [[u8; 27]; 26] = {
    let mut table = [[0; 27]; 26];
    let mut number = 1;
    while number < SYMBOLS.len() {
        let symbol = SYMBOLS[number].as_bytes();
        let second = if symbol.len() == 2 {
            symbol[1] - b'a' + 1
        } else {
            0
        };
        if !matches!(number, 113 | 115 | 117 | 118) {
            table[(symbol[0] - b'A') as usize][second as usize] = number as u8;
        }
        number += 1;
    }
    table
};

/// The atomic number behind an upper-case letter and perhaps a lower-case one.
pub(super) fn atomic_number(first: u8, second: Option<u8>) -> Option<u8> {
    let row = ELEMENTS.get(usize::from(first.wrapping_sub(b'A')))?;
    let column = second.map_or(0, |letter| usize::from(letter.wrapping_sub(b'a')) + 1);
    row.get(column).copied().filter(|&number| number != 0)
}

impl AtomSymbol {
    /// An atom without brackets.
    pub(super) fn bare(element: u8) -> Self {
        Self {
            element,
            chirality: Chirality::None,
            hydrogens: None,
            charge: 0,
            isotope: None,
        }
    }

    /// Bonds that the atom may have beside its written hydrogens.
    pub(super) fn capacity(&self, constraints: &Constraints) -> i32 {
        constraints.capacity(self.element, self.charge) - i32::from(self.hydrogens.unwrap_or(0))
    }

    /// Reads what stands in the brackets of a SMILES atom; true for a lower-case one.
    pub(super) fn from_bracket(text: &[u8]) -> Result<(Self, bool), SmilesErrorKind> {
        let mut cursor = Cursor(text);
        let isotope = cursor.number().map_err(|Overflow| too_large())?;
        let (first, second) = (cursor.letter(), cursor.lower());
        let Some(element) =
            first.and_then(|letter| atomic_number(letter.to_ascii_uppercase(), second))
        else {
            return Err(match first {
                None if cursor.0.starts_with(b"*") => unsupported("the wildcard '*'"),
                _ => SmilesErrorKind::Element,
            });
        };
        let aromatic = first.is_some_and(|letter| letter.is_ascii_lowercase())
            && super::kekulize::shell(element).is_some();
        let chirality = cursor.chirality();
        let hydrogens = match cursor.eat(b'H') {
            true => cursor.digit().unwrap_or(1),
            false => 0,
        };
        let charge = cursor.charge().map_err(|Overflow| too_large())?;
        if cursor.eat(b':') && matches!(cursor.number(), Ok(None)) {
            return Err(SmilesErrorKind::Syntax(SyntaxProblem::InBracket));
        }
        match cursor.0.first() {
            None => {}
            Some(b'0'..=b'9') if hydrogens > 0 => return Err(SmilesErrorKind::HCount),
            Some(b'+' | b'-') => return Err(SmilesErrorKind::Charge),
            Some(_) if chirality != Chirality::None && hydrogens == 0 => {
                return Err(unsupported("chirality other than '@' and '@@'"));
            }
            Some(_) => return Err(SmilesErrorKind::Syntax(SyntaxProblem::InBracket)),
        }
        let symbol = Self {
            element,
            chirality,
            hydrogens: Some(hydrogens),
            charge,
            isotope,
        };
        Ok((symbol, aromatic))
    }

    /// Reads what stands behind the bond in the symbol of a SELFIES atom.
    pub(super) fn from_selfies(text: &[u8]) -> Option<Self> {
        if let Some(element) = organic(text) {
            return Some(Self::bare(element));
        }
        let mut cursor = Cursor(text);
        let isotope = cursor.number().ok()?;
        let first = cursor.letter().filter(u8::is_ascii_uppercase)?;
        let element = atomic_number(first, cursor.lower())?;
        let chirality = cursor.chirality();
        let hydrogens = match cursor.eat(b'H') {
            true => cursor.digit()?,
            false => 0,
        };
        let charge = match cursor.0 {
            [] => 0,
            [sign @ (b'+' | b'-'), digits @ ..]
                if digits.iter().all(|digit| matches!(digit, b'1'..=b'9')) =>
            {
                cursor.0 = digits;
                let amount = i32::try_from(cursor.number().ok()??).ok()?;
                if *sign == b'+' { amount } else { -amount }
            }
            _ => return None,
        };
        Some(Self {
            element,
            chirality,
            hydrogens: Some(hydrogens),
            charge,
            isotope,
        })
    }

    /// Writes the atom without brackets, in the one form that both notations share.
    pub(super) fn write(&self, out: &mut String) {
        if let Some(isotope) = self.isotope {
            push_number(out, isotope);
        }
        out.push_str(element::symbol(self.element));
        let Some(hydrogens) = self.hydrogens else {
            return;
        };
        out.push_str(match self.chirality {
            Chirality::None => "",
            Chirality::Anticlockwise => "@",
            Chirality::Clockwise => "@@",
        });
        let bare = self.isotope.is_none() && self.chirality == Chirality::None && self.charge == 0;
        if hydrogens > 0 || (bare && organic(element::symbol(self.element).as_bytes()).is_some()) {
            out.push('H');
            push_number(out, u32::from(hydrogens));
        }
        if self.charge != 0 {
            out.push(if self.charge > 0 { '+' } else { '-' });
            push_number(out, self.charge.unsigned_abs());
        }
    }
}

/// The elements that SMILES writes without brackets.
pub(super) fn organic(symbol: &[u8]) -> Option<u8> {
    match symbol {
        b"C" => Some(element::CARBON),
        b"N" => Some(element::NITROGEN),
        b"O" => Some(element::OXYGEN),
        b"S" => Some(element::SULFUR),
        b"F" => Some(element::FLUORINE),
        b"Cl" => Some(element::CHLORINE),
        b"P" => Some(element::PHOSPHORUS),
        b"Br" => Some(element::BROMINE),
        b"I" => Some(element::IODINE),
        b"B" => Some(element::BORON),
        _ => None,
    }
}

/// Appends a decimal number.
pub(super) fn push_number(out: &mut String, number: u32) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

pub(super) fn unsupported(what: &str) -> SmilesErrorKind {
    SmilesErrorKind::Unsupported(format!("{what} in SELFIES"))
}

fn too_large() -> SmilesErrorKind {
    unsupported("a number this large")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(bracket: &str) -> Option<String> {
        let (symbol, _) = AtomSymbol::from_bracket(bracket.as_bytes()).ok()?;
        let mut out = String::new();
        symbol.write(&mut out);
        Some(out)
    }

    #[test]
    fn brackets_have_one_form() {
        for (bracket, form) in [
            ("CH4", "CH4"),
            ("C", "CH0"),
            ("Fe", "Fe"),
            ("013C@@H-", "13C@@H1-1"),
            ("nH", "NH1"),
            ("cl+++", "Cl+3"),
            ("C+0", "CH0"),
            ("CH3:12", "CH3"),
            ("0C", "0C"),
            ("HH", "HH1"),
        ] {
            assert_eq!(respelled(bracket).as_deref(), Some(form), "{bracket}");
        }
        for bracket in [
            "",
            "*",
            "Xx",
            "D",
            "Nh",
            "CH10",
            "C+-",
            "C++2",
            "C@@@",
            "C@TH1",
            "CL",
            "C:",
            "4294967296C",
        ] {
            assert_eq!(respelled(bracket), None, "{bracket}");
        }
    }

    #[test]
    fn charges_of_selfies_have_no_zero() {
        for symbol in ["C+10", "C+", "C++1", "CH", "c", "13", "Og", "C@@@", ""] {
            assert_eq!(
                AtomSymbol::from_selfies(symbol.as_bytes()),
                None,
                "{symbol}"
            );
        }
        let ion = AtomSymbol::from_selfies(b"Fe+3").unwrap();
        assert_eq!((ion.element, ion.charge, ion.hydrogens), (26, 3, Some(0)));
    }
}
