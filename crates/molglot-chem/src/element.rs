//! The periodic table as far as valence rules need it: symbols, valences, outer electrons.
//!
//! Valences and electron counts are those of RDKit's `atomic_data.cpp`.

pub(crate) const WILDCARD: u8 = 0;
pub(crate) const HYDROGEN: u8 = 1;
pub(crate) const BORON: u8 = 5;
pub(crate) const CARBON: u8 = 6;
pub(crate) const NITROGEN: u8 = 7;
pub(crate) const OXYGEN: u8 = 8;
pub(crate) const FLUORINE: u8 = 9;
pub(crate) const SILICON: u8 = 14;
pub(crate) const PHOSPHORUS: u8 = 15;
pub(crate) const SULFUR: u8 = 16;
pub(crate) const CHLORINE: u8 = 17;
pub(crate) const ARSENIC: u8 = 33;
pub(crate) const SELENIUM: u8 = 34;
pub(crate) const BROMINE: u8 = 35;
pub(crate) const IODINE: u8 = 53;

/// Element symbols; the index is the atomic number and 0 is the wildcard `*`.
pub const SYMBOLS: [&str; 119] = [
    "*", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge",
    "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd",
    "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd",
    "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg",
    "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn",
    "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

/// The symbol of an element; `"*"` for 0 and for numbers beyond 118.
pub fn symbol(atomic_number: u8) -> &'static str {
    SYMBOLS
        .get(usize::from(atomic_number))
        .copied()
        .unwrap_or("*")
}

/// The atomic number behind a symbol in its usual spelling (`Cl`, not `CL`), if there is one.
pub fn atomic_number(symbol: &str) -> Option<u8> {
    match *symbol.as_bytes() {
        [first] => by_letters(first, None),
        [first, second] => by_letters(first, Some(second)),
        _ => None,
    }
}

/// The element whose symbol has these letters.
pub(crate) fn by_letters(first: u8, second: Option<u8>) -> Option<u8> {
    let row = usize::from(first.checked_sub(b'A').filter(|&row| row < 26)?);
    let column = match second {
        None => 0,
        Some(letter) => usize::from(letter.checked_sub(b'a').filter(|&column| column < 26)?) + 1,
    };
    Some(BY_LETTERS[row][column]).filter(|&number| number > 0)
}

/// Atomic numbers by first letter and second letter (column 0: none).
const BY_LETTERS: [[u8; 27]; 26] = {
    let mut table = [[0; 27]; 26];
    let mut number = 1;
    while number < SYMBOLS.len() {
        let letters = SYMBOLS[number].as_bytes();
        let column = if letters.len() == 1 {
            0
        } else {
            letters[1] - b'a' + 1
        };
        table[(letters[0] - b'A') as usize][column as usize] = number as u8;
        number += 1;
    }
    table
};

/// The last entry of a valence list that has no upper end.
pub(crate) const ANY_VALENCE: i8 = -1;

/// The allowed valences in ascending order. The first is the default one; [`ANY_VALENCE`] at the
/// end lets everything above pass, and alone says that nothing is known.
pub(crate) fn valences(atomic_number: u8) -> &'static [i8] {
    match atomic_number {
        1 | 9 | 17 | 35 | 55 | 87 => &[1],
        2 | 10 | 18 | 36 | 86 => &[0],
        3 | 11 | 19 | 37 => &[1, ANY_VALENCE],
        4 | 8 => &[2],
        5 | 7 | 13 | 31 | 49 => &[3],
        6 | 14 | 32 => &[4],
        12 | 20 | 38 | 56 | 88 => &[2, ANY_VALENCE],
        15 | 33 | 51 | 83 => &[3, 5],
        16 | 34 | 52 | 84 => &[2, 4, 6],
        50 | 82 => &[2, 4],
        53 | 85 => &[1, 3, 5],
        54 => &[0, 2, 4, 6],
        _ => &[ANY_VALENCE],
    }
}

/// The valence that hydrogens fill up; [`ANY_VALENCE`] where none is known.
pub(crate) fn default_valence(atomic_number: u8) -> i8 {
    valences(atomic_number)[0]
}

/// Electrons of the outer shell, by atomic number.
const OUTER_ELECTRONS: [u8; 119] = [
    0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2,
    3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 3, 4, 5,
    6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
];

pub(crate) fn outer_electrons(atomic_number: u8) -> i32 {
    i32::from(OUTER_ELECTRONS[usize::from(atomic_number)])
}

/// By outer electrons, lighter elements first among equals.
pub(crate) fn is_more_electronegative(a: u8, b: u8) -> bool {
    (outer_electrons(a), b) > (outer_electrons(b), a)
}

pub(crate) fn is_metal(atomic_number: u8) -> bool {
    !matches!(atomic_number, 0..=2 | 5..=10 | 14..=18 | 33..=36 | 52..=54 | 85..=86)
}

/// Left of carbon: a positive charge takes a bond away instead of adding one.
pub(crate) fn is_early(atomic_number: u8) -> bool {
    matches!(atomic_number, 3..=5 | 11..=13 | 19..=22 | 30..=32 | 37..=41 | 48..=51 | 55..=61
        | 72..=73 | 80..=83 | 87..=93 | 104..=118)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_numbers_agree() {
        for (number, name) in [(1, "H"), (6, "C"), (17, "Cl"), (79, "Au"), (118, "Og")] {
            assert_eq!(symbol(number), name);
            assert_eq!(atomic_number(name), Some(number));
        }
        assert_eq!(atomic_number("Xx"), None);
        assert_eq!(atomic_number("*"), None);
        assert_eq!(symbol(200), "*");
    }
}
