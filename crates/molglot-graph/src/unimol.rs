//! The dictionary of Uni-Mol.

use molglot_chem::element;

/// The tokens in order: specials, elements, mask.
pub const DICTIONARY: [&str; 31] = [
    "[PAD]", "[CLS]", "[SEP]", "[UNK]", "C", "N", "O", "S", "H", "Cl", "F", "Br", "I", "Si", "P",
    "B", "Na", "K", "Al", "Ca", "Sn", "As", "Hg", "Fe", "Zn", "Cr", "Se", "Gd", "Au", "Li",
    "[MASK]",
];
/// Fills a batch.
pub const PAD: u16 = 0;
/// Begins a molecule.
pub const CLS: u16 = 1;
/// Ends a molecule.
pub const SEP: u16 = 2;
/// Any element that is not in the dictionary.
pub const UNK: u16 = 3;
/// The elements.
pub const ELEMENTS: std::ops::Range<u16> = 4..30;
/// An element that pre-training hides.
pub const MASK: u16 = 30;

/// The token of an element by its atomic number.
pub fn token(atomic_number: u8) -> u16 {
    let symbol = element::symbol(atomic_number);
    let place = DICTIONARY.iter().position(|&entry| entry == symbol);
    place.map_or(UNK, |place| place as u16)
}
