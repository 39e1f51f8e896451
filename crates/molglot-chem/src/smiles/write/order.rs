//! The number by which atoms are ordered, for every style.

use super::rank::{Ranker, Scheme};
use super::ring_stereo::RingStereo;
use super::{AtomMaps, AtomOrder, SmilesStyle};
use crate::molecule::Molecule;

/// A rank for every atom, unique within its fragment.
pub(super) fn ranks(
    molecule: &Molecule,
    style: &SmilesStyle,
    ring_stereo: &RingStereo,
    fragments: &[Vec<u32>],
) -> Vec<u32> {
    match style.order {
        AtomOrder::AsIs => (0u32..).take(molecule.atoms().len()).collect(),
        AtomOrder::Random { seed } => shuffled(molecule.atoms().len(), seed),
        AtomOrder::Canonical => {
            let scheme = Scheme::Output {
                isomeric: style.isomeric,
                maps: style.maps == AtomMaps::Ranked,
            };
            let mut ranker = Ranker::new(molecule, scheme, ring_stereo);
            for atoms in fragments {
                ranker.rank(atoms);
            }
            ranker.into_classes()
        }
    }
}

/// The numbers below `count` in random order (Fisher and Yates; Durstenfeld 1964).
fn shuffled(count: usize, seed: u64) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0u32..).take(count).collect();
    let mut state = seed;
    for last in (1..count).rev() {
        // The bias of the remainder, below 2^-32, is of no concern here.
        let other = splitmix64(&mut state) % (last as u64 + 1);
        numbers.swap(last, other as usize);
    }
    numbers
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_sequence() {
        let mut state = 1_234_567;
        assert_eq!(splitmix64(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(splitmix64(&mut state), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_shuffle_keeps_every_number() {
        let mut numbers = shuffled(100, 3);
        assert_ne!(numbers, shuffled(100, 4));
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..100));
    }
}
