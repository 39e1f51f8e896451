//! Random numbers that are a pure function of what they are for.
//!
//! The generator lives here and not in a crate because saved runs depend on its every bit: a new version of a dependency
//! must never change the order in which a resumed run sees its data.

use sha2::{Digest, Sha256};

/// A stream of random numbers, xoshiro256** (Blackman and Vigna, 2021, doi:10.1145/3460772), seeded by a hash of words.
///
/// Not for secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomStream {
    state: [u64; 4],
}

impl RandomStream {
    /// The stream for `purpose` (what it is for, for example `"epoch order"`) and `words` (for example seed, stage, epoch).
    ///
    /// Streams that differ in any of them are independent.
    #[must_use]
    pub fn new(purpose: &str, words: &[u64]) -> Self {
        let mut hash = Sha256::new();
        hash.update((purpose.len() as u64).to_le_bytes());
        hash.update(purpose.as_bytes());
        for word in words {
            hash.update(word.to_le_bytes());
        }
        let digest = hash.finalize();
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(digest.chunks_exact(8)) {
            *word = bytes
                .iter()
                .rev()
                .fold(0, |word, &byte| (word << 8) | u64::from(byte));
        }
        // The one state the generator cannot leave; no hash is known that is all zeros.
        state[0] |= u64::from(state == [0; 4]);
        Self { state }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let state = &mut self.state;
        let result = state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// A number in `0..bound`, every one equally likely; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers past the last whole multiple of `bound` would favour the small results.
        let excess = (u64::MAX % bound + 1) % bound;
        loop {
            let number = self.next_u64();
            if number <= u64::MAX - excess {
                return number % bound;
            }
        }
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts `items` into a random order, every one equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RandomStream;

    #[test]
    fn the_bits_never_change() {
        // Reference output of xoshiro256** for the state 1, 2, 3, 4.
        let mut stream = RandomStream {
            state: [1, 2, 3, 4],
        };
        let first: Vec<u64> = (0..4).map(|_| stream.next_u64()).collect();
        assert_eq!(first, [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
        // And of the seeding, so that saved runs keep their order.
        assert_eq!(
            RandomStream::new("test", &[1, 2, 3]).next_u64(),
            10_274_017_691_119_337_711
        );
    }

    #[test]
    fn every_word_counts() {
        let first = |purpose: &str, words: &[u64]| RandomStream::new(purpose, words).next_u64();
        let base = first("order", &[1, 2, 3]);
        assert_eq!(base, first("order", &[1, 2, 3]));
        for other in [
            first("orders", &[1, 2, 3]),
            first("order", &[1, 2, 4]),
            first("order", &[1, 3, 2]),
            first("order", &[1, 2]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn bounds_hold_and_results_are_even() {
        let mut stream = RandomStream::new("even", &[]);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[stream.below(3) as usize] += 1;
            let unit = stream.unit();
            assert!((0.0..1.0).contains(&unit));
        }
        for count in counts {
            assert!((9_700..10_300).contains(&count), "{counts:?}");
        }
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut stream = RandomStream::new("orders", &[]);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..12_000 {
            let mut items = [0, 1, 2];
            stream.shuffle(&mut items);
            *counts.entry(items).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(
            counts.values().all(|count| (1_850..2_150).contains(count)),
            "{counts:?}"
        );
    }
}
