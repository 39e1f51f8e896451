//! The 166 public MACCS keys (Durant et al. 2002) in RDKit's reading.
//!
//! Keys about single atoms and whole rings are counted; the others are patterns, in
//! [`patterns`](mod@patterns).

mod patterns;

use super::Bits;
use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, HYDROGEN, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SILICON,
    SULFUR,
};
use crate::molecule::{Atom, Molecule};
use crate::smarts::Search;

/// Bits of the fingerprint: the keys keep their numbers from 1 to 166, bit 0 is never on.
pub const SIZE: usize = 167;

/// The MACCS keys of a molecule: RDKit's `GetMACCSKeysFingerprint`. Key 1 is never on, as there.
pub fn bits(molecule: &Molecule) -> Bits {
    let mut bits = Bits::new(SIZE);
    atom_keys(molecule, &mut bits);
    ring_keys(molecule, &mut bits);
    let mut search = Search::new(molecule);
    for key in patterns::table() {
        let most = key.bits[key.bits.len() - 1].0;
        let count = search.count_unique(&key.pattern, most);
        for &(least, bit) in key.bits {
            if count >= least {
                bits.set(bit);
            }
        }
    }
    bits
}

/// Turns on the bits whose count is reached.
fn set_counted<const N: usize>(bits: &mut Bits, count: usize, thresholds: [(usize, usize); N]) {
    for (least, bit) in thresholds {
        if count >= least {
            bits.set(bit);
        }
    }
}

/// Keys about single atoms.
fn atom_keys(molecule: &Molecule, bits: &mut Bits) {
    let (mut nitrogens, mut oxygens, mut methyls, mut methyls_or_methanes) = (0, 0, 0, 0);
    let (mut hetero_in_ring, mut hetero_with_hydrogen) = (0, 0);
    for (at, atom) in molecule.atoms().iter().enumerate() {
        for &bit in element_bits(atom.atomic_number) {
            bits.set(bit);
        }
        let hydrogens = usize::from(atom.total_hydrogens)
            + molecule
                .neighbors(at)
                .iter()
                .filter(|link| molecule.atoms()[link.atom as usize].atomic_number == HYDROGEN)
                .count();
        let is = |element: u8| atom.atomic_number == element;
        let methyl = is(CARBON) && !atom.aromatic;
        nitrogens += usize::from(is(NITROGEN));
        oxygens += usize::from(is(OXYGEN));
        methyls += usize::from(methyl && hydrogens == 3);
        methyls_or_methanes += usize::from(methyl && matches!(hydrogens, 3 | 4));
        hetero_in_ring += usize::from(!is(CARBON) && atom.in_ring);
        hetero_with_hydrogen += usize::from(is_hetero(atom) && hydrogens > 0);
        for (holds, bit) in [
            (is(SULFUR) && atom.in_ring, 36),
            (atom.charge != 0, 49),
            (is(OXYGEN) && atom.in_ring, 57),
            (is(NITROGEN) && !atom.aromatic && hydrogens == 2, 84),
            (is(NITROGEN) && atom.in_ring, 121),
            (is(OXYGEN) && !atom.aromatic && hydrogens > 0, 139),
            (is(NITROGEN) && hydrogens > 0, 151),
            (atom.aromatic, 162),
            (atom.in_ring, 165),
        ] {
            if holds {
                bits.set(bit);
            }
        }
    }
    set_counted(bits, hetero_in_ring, [(2, 120), (1, 137)]);
    set_counted(bits, hetero_with_hydrogen, [(2, 131)]);
    set_counted(bits, oxygens, [(4, 140), (3, 146), (2, 159), (1, 164)]);
    set_counted(bits, methyls, [(3, 141)]);
    set_counted(bits, nitrogens, [(2, 142), (1, 161)]);
    set_counted(bits, methyls_or_methanes, [(2, 149), (1, 160)]);
}

/// Neither carbon nor hydrogen; wildcards count.
fn is_hetero(atom: &Atom) -> bool {
    !matches!(atom.atomic_number, HYDROGEN | CARBON)
}

/// The keys that an element alone decides.
fn element_bits(element: u8) -> &'static [usize] {
    match element {
        HYDROGEN | CARBON | NITROGEN | OXYGEN => &[],
        FLUORINE => &[42, 134],
        SILICON => &[20],
        PHOSPHORUS => &[29],
        SULFUR => &[88],
        CHLORINE => &[103, 134],
        BROMINE => &[46, 134],
        IODINE => &[27, 134],
        // Everything else is also key 44.
        3 | 11 | 19 | 37 | 55 | 87 => &[35, 44],
        4 | 12 | 20 | 38 | 56 | 88 => &[10, 44],
        5 | 13 | 31 | 49 | 81 => &[18, 44],
        21 | 22 | 39 | 40 | 72 => &[5, 44],
        23..=25 | 41..=43 | 73..=75 => &[7, 44],
        26..=28 | 44..=46 | 76..=78 => &[9, 44],
        29 | 30 | 47 | 48 | 79 | 80 => &[12, 44],
        32..=34 | 50..=52 | 82..=84 => &[3, 44],
        57..=71 => &[6, 44],
        89..=103 => &[4, 44],
        104 => &[2, 44],
        _ => &[44],
    }
}

/// Keys about whole rings and fragments.
fn ring_keys(molecule: &Molecule, bits: &mut Bits) {
    let aromatic = |ring: &&Vec<u32>| {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next).all(|(&a, &b)| {
            molecule
                .bond_between(a, b)
                .is_some_and(|bond| bond.aromatic)
        })
    };
    if molecule.rings().iter().filter(aromatic).nth(1).is_some() {
        bits.set(125);
    }
    if molecule.fragment_count() > 1 {
        bits.set(166);
    }
}
