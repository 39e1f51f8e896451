//! Keys about single atoms.

use super::graph::{CH3, Graph, N, O, QH, S};
use super::set_reached;
use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, HYDROGEN, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SILICON,
    SULFUR,
};
use crate::fingerprint::Bits;

pub(super) fn set_keys(graph: &Graph<'_>, bits: &mut Bits) {
    let (mut nitrogens, mut oxygens, mut methyls, mut methanes) = (0, 0, 0, 0);
    let (mut hetero_in_ring, mut hetero_with_hydrogen) = (0, 0);
    for (at, atom) in graph.molecule.atoms().iter().enumerate() {
        for &bit in element_bits(atom.atomic_number) {
            bits.set(bit);
        }
        let class = graph.class(at as u32);
        let hydrogens = graph.hydrogens(at);
        let is = |mask: u16| class & mask != 0;
        nitrogens += usize::from(is(N));
        oxygens += usize::from(is(O));
        methyls += usize::from(is(CH3));
        methanes += usize::from(atom.atomic_number == CARBON && !atom.aromatic && hydrogens == 4);
        hetero_in_ring += usize::from(atom.atomic_number != CARBON && atom.in_ring);
        hetero_with_hydrogen += usize::from(is(QH));
        for (holds, bit) in [
            (is(S) && atom.in_ring, 36),
            (atom.charge != 0, 49),
            (is(O) && atom.in_ring, 57),
            (is(N) && !atom.aromatic && hydrogens == 2, 84),
            (is(N) && atom.in_ring, 121),
            (is(O) && !atom.aromatic && hydrogens > 0, 139),
            (is(N) && hydrogens > 0, 151),
            (atom.aromatic, 162),
            (atom.in_ring, 165),
        ] {
            if holds {
                bits.set(bit);
            }
        }
    }
    set_reached(bits, hetero_in_ring, [(1, 137), (2, 120)]);
    set_reached(bits, hetero_with_hydrogen, [(2, 131)]);
    set_reached(bits, oxygens, [(1, 164), (2, 159), (3, 146), (4, 140)]);
    set_reached(bits, nitrogens, [(1, 161), (2, 142)]);
    set_reached(bits, methyls, [(3, 141)]);
    set_reached(bits, methyls + methanes, [(1, 160), (2, 149)]);
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
