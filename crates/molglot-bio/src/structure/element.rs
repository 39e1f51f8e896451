//! Chemical elements of atoms.

use std::fmt;

use molglot_chem::element::SYMBOLS;

/// A chemical element, by atomic number; 0 where the file does not say and the name does not tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Element(u8);

/// Atomic number by the two letters of the symbol in upper case, 0 for the second of a one-letter symbol.
const BY_LETTERS: [[u8; 27]; 26] = {
    let mut table = [[0; 27]; 26];
    let mut number = 1;
    while number < SYMBOLS.len() {
        let symbol = SYMBOLS[number].as_bytes();
        let second = if symbol.len() == 2 {
            (symbol[1] - b'a' + 1) as usize
        } else {
            0
        };
        table[(symbol[0] - b'A') as usize][second] = number as u8;
        number += 1;
    }
    // Deuterium is hydrogen.
    table[3][0] = 1;
    table
};

impl Element {
    /// Hydrogen, and deuterium.
    pub const H: Self = Self(1);
    /// Carbon.
    pub const C: Self = Self(6);
    /// Nitrogen.
    pub const N: Self = Self(7);
    /// Oxygen.
    pub const O: Self = Self(8);
    /// Phosphorus.
    pub const P: Self = Self(15);
    /// Sulfur.
    pub const S: Self = Self(16);
    /// Calcium, whose symbol is the name of the alpha carbon.
    pub const CA: Self = Self(20);
    /// Selenium.
    pub const SE: Self = Self(34);

    /// Reads a symbol in any case; `None` for what is no symbol. `D` is hydrogen.
    #[inline]
    #[must_use]
    pub fn from_symbol(symbol: &[u8]) -> Option<Self> {
        let letter = |byte: u8| (byte & 0xDF).wrapping_sub(b'A');
        let (first, second) = match symbol {
            [first] => (letter(*first), 0),
            [first, second] if second.is_ascii_alphabetic() => {
                (letter(*first), letter(*second) + 1)
            }
            _ => return None,
        };
        let number = BY_LETTERS.get(usize::from(first))?[usize::from(second)];
        (number > 0).then_some(Self(number))
    }

    /// The element of an atomic number; `None` above 118.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        (usize::from(number) < SYMBOLS.len()).then_some(Self(number))
    }

    /// Guesses the element from the four columns of a PDB atom name, where the symbol ends in the second column.
    ///
    /// ` CA ` is carbon and `CA  ` calcium. Names that fill all four columns (`HG11`, `1HB2`, `OP1A`) start in the
    /// first column with a one-letter element, except where the residue is the element itself.
    #[must_use]
    pub fn from_padded_name(name: [u8; 4], residue: &[u8]) -> Self {
        let [first, second, third, fourth] = name;
        let symbol = [first, second];
        let full = third != b' ' && fourth != b' ';
        // Long names of these start in the first column too, and HG or HE is more often a hydrogen than a metal.
        let organic = first == b'H' || (full && matches!(first, b'C' | b'N' | b'O'));
        if first.is_ascii_alphabetic()
            && (residue == symbol || !organic)
            && let Some(element) = Self::from_symbol(&symbol)
        {
            return element;
        }
        Self::from_name(&name, residue)
    }

    /// Guesses the element from a name whose columns are lost: the whole name where it is the residue's own name too,
    /// else its first letter.
    #[must_use]
    pub fn from_name(name: &[u8], residue: &[u8]) -> Self {
        let name = name.trim_ascii();
        if name == residue
            && let Some(element) = Self::from_symbol(name)
        {
            return element;
        }
        name.iter()
            .find(|byte| byte.is_ascii_alphabetic())
            .and_then(|&letter| Self::from_symbol(&[letter]))
            .unwrap_or_default()
    }

    /// The atomic number, 0 if unknown.
    #[inline]
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The symbol, as in `Se`; `X` if unknown.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self.0 {
            0 => "X",
            number => SYMBOLS[usize::from(number)],
        }
    }

    /// Whether this is hydrogen or deuterium.
    #[inline]
    #[must_use]
    pub fn is_hydrogen(self) -> bool {
        self == Self::H
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_read_in_any_case() {
        for (number, symbol) in SYMBOLS.iter().enumerate().skip(1) {
            for text in [symbol.to_lowercase(), symbol.to_uppercase()] {
                let element = Element::from_symbol(text.as_bytes()).unwrap();
                assert_eq!(usize::from(element.number()), number);
                assert_eq!(element.symbol(), *symbol);
            }
        }
        assert_eq!(Element::from_symbol(b"D"), Some(Element::H));
        for bad in [&b""[..], b"X", b"?", b"C1", b"Qq", b"Uue", b"\xe9"] {
            assert_eq!(Element::from_symbol(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn columns_tell_calcium_from_the_alpha_carbon() {
        let guess = |name: &[u8; 4], residue: &str| {
            Element::from_padded_name(*name, residue.as_bytes()).symbol()
        };
        assert_eq!(guess(b" CA ", "ALA"), "C");
        assert_eq!(guess(b"CA  ", "CA"), "Ca");
        assert_eq!(guess(b"HG11", "VAL"), "H");
        assert_eq!(guess(b"1HB2", "ALA"), "H");
        assert_eq!(guess(b"HG  ", "HG"), "Hg");
        assert_eq!(guess(b"HG  ", "SER"), "H");
        assert_eq!(guess(b"SE  ", "MSE"), "Se");
        assert_eq!(guess(b"FE  ", "HEM"), "Fe");
        assert_eq!(guess(b" O5'", "DG"), "O");
        assert_eq!(guess(b"ZN  ", "ZN"), "Zn");
        assert_eq!(guess(b"    ", "UNL"), "X");
    }
}
