//! The hash that RDKit's fingerprints are made of: `hash_combine` of Boost, at 32 bits on every
//! platform.

use crate::molecule::{Bond, BondOrder};

pub(super) fn combine(seed: u32, value: u32) -> u32 {
    seed ^ value
        .wrapping_add(0x9e37_79b9)
        .wrapping_add(seed << 6)
        .wrapping_add(seed >> 2)
}

pub(super) fn combine_all(seed: u32, values: impl IntoIterator<Item = u32>) -> u32 {
    values.into_iter().fold(seed, combine)
}

/// The number that stands for a bond order.
pub(super) fn bond_code(bond: &Bond) -> u32 {
    match bond.order {
        BondOrder::Single => 1,
        BondOrder::Double => 2,
        BondOrder::Triple => 3,
        BondOrder::Quadruple => 4,
        BondOrder::Aromatic => 12,
        BondOrder::Dative => 17,
    }
}
