//! The letters of an atom, with a bracket where it needs one.

use super::{AtomMaps, SmilesStyle};
use crate::element::{
    BORON, BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SILICON,
    SULFUR, WILDCARD, symbol,
};
use crate::molecule::{Atom, Chirality, Molecule};

const ARSENIC: u8 = 33;
const SELENIUM: u8 = 34;
const TELLURIUM: u8 = 52;

/// The elements that are no metals: the wildcard, H, He, B to Ne, Si to Ar, As to Kr, Te to Xe,
/// At and Rn.
const NONMETALS: u128 = bits(&[
    0, 1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54, 85, 86,
]);

const fn bits(numbers: &[u8]) -> u128 {
    let mut set = 0;
    let mut at = 0;
    while at < numbers.len() {
        set |= 1 << numbers[at];
        at += 1;
    }
    set
}

pub(super) fn is_metal(atomic_number: u8) -> bool {
    NONMETALS >> atomic_number.min(127) & 1 == 0
}

/// Writes an atom with the given chirality tag.
pub(super) fn push(
    molecule: &Molecule,
    style: &SmilesStyle,
    has_metals: bool,
    index: u32,
    tag: Chirality,
    text: &mut String,
) {
    let atom = &molecule.atoms()[index as usize];
    let isotope = atom.isotope.filter(|_| style.isomeric);
    let map = atom.map.filter(|_| style.maps != AtomMaps::Omitted);
    let plain = isotope.is_none()
        && map.is_none()
        && tag == Chirality::Unspecified
        && atom.charge == 0
        && is_plain(molecule, style, index)
        && !(has_metals && has_metal_neighbor(molecule, index));
    if plain {
        push_symbol(atom, style, text);
        return;
    }
    text.push('[');
    if let Some(isotope) = isotope {
        push_number(isotope.into(), text);
    }
    push_symbol(atom, style, text);
    push_tag(tag, text);
    if atom.total_hydrogens > 0 {
        text.push('H');
        push_amount(atom.total_hydrogens.into(), text);
    }
    if atom.charge != 0 {
        text.push(if atom.charge > 0 { '+' } else { '-' });
        push_amount(atom.charge.unsigned_abs().into(), text);
    }
    if let Some(map) = map {
        text.push(':');
        push_number(map.into(), text);
    }
    text.push(']');
}

/// Whether a reader gives the bare symbol the hydrogens that this atom has.
fn is_plain(molecule: &Molecule, style: &SmilesStyle, index: u32) -> bool {
    let atom = &molecule.atoms()[index as usize];
    let valence = match atom.atomic_number {
        WILDCARD => 0,
        FLUORINE | CHLORINE | BROMINE | IODINE => 1,
        OXYGEN | SULFUR => 2,
        BORON | NITROGEN | PHOSPHORUS => 3,
        CARBON => 4,
        _ => return false,
    };
    if atom.radical_electrons > 0 {
        return false;
    }
    if atom.total_hydrogens == 0 {
        return true;
    }
    let lower_case = atom.aromatic && !style.kekule;
    if lower_case && matches!(atom.atomic_number, NITROGEN | PHOSPHORUS) {
        return false;
    }
    valence > 0 && molecule.valence(index) == valence
}

fn has_metal_neighbor(molecule: &Molecule, index: u32) -> bool {
    molecule
        .neighbors(index as usize)
        .iter()
        .any(|link| is_metal(molecule.atoms()[link.atom as usize].atomic_number))
}

fn push_symbol(atom: &Atom, style: &SmilesStyle, text: &mut String) {
    let symbol = symbol(atom.atomic_number);
    let lower_case = atom.aromatic
        && !style.kekule
        && matches!(
            atom.atomic_number,
            BORON
                | CARBON
                | NITROGEN
                | OXYGEN
                | SILICON
                | PHOSPHORUS
                | SULFUR
                | ARSENIC
                | SELENIUM
                | TELLURIUM
        );
    if lower_case {
        text.extend(symbol.chars().map(|letter| letter.to_ascii_lowercase()));
    } else {
        text.push_str(symbol);
    }
}

fn push_tag(tag: Chirality, text: &mut String) {
    let (class, number) = match tag {
        Chirality::Unspecified => return,
        Chirality::Clockwise => return text.push_str("@@"),
        Chirality::CounterClockwise => return text.push('@'),
        Chirality::SquarePlanar(number) => ("@SP", number),
        Chirality::TrigonalBipyramidal(number) => ("@TB", number),
        Chirality::Octahedral(number) => ("@OH", number),
    };
    text.push_str(class);
    if number > 0 {
        push_number(number.into(), text);
    }
}

/// A number that is left out where it is one.
fn push_amount(amount: u32, text: &mut String) {
    if amount > 1 {
        push_number(amount, text);
    }
}

pub(super) fn push_number(number: u32, text: &mut String) {
    if number >= 10 {
        push_number(number / 10, text);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}
