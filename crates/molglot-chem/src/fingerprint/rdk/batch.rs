//! Hashes of many subgraphs of one length at a time, in lanes that the compiler can vectorise.

use super::MAX_LENGTH;
use crate::fingerprint::Bits;
use crate::fingerprint::hash::combine;

const LANES: usize = 32;

type Lanes = [u32; LANES];

pub(super) struct Batch {
    /// The bond hashes of each subgraph, one row for each bond.
    rows: Vec<Lanes>,
    atoms: Lanes,
    filled: usize,
}

impl Batch {
    pub(super) fn new(length: usize) -> Self {
        debug_assert!(length <= MAX_LENGTH);
        Self {
            rows: vec![[0; LANES]; length],
            atoms: [0; LANES],
            filled: 0,
        }
    }

    /// Takes in a subgraph; `true` when the batch is full and must be flushed.
    pub(super) fn push(&mut self, hashes: impl Iterator<Item = u32>, atoms: u32) -> bool {
        for (row, hash) in self.rows.iter_mut().zip(hashes) {
            row[self.filled] = hash;
        }
        self.atoms[self.filled] = atoms;
        self.filled += 1;
        self.filled == LANES
    }

    /// Turns on the bits of the subgraphs taken in.
    pub(super) fn flush(&mut self, bits: &mut Bits, size: u32) {
        if self.filled == 0 {
            return;
        }
        let seeds = if let [only] = self.rows[..] {
            only
        } else {
            sort(&mut self.rows);
            let rows = self.rows.iter().chain([&self.atoms]);
            rows.fold([0; LANES], |seeds, row| {
                std::array::from_fn(|lane| combine(seeds[lane], row[lane]))
            })
        };
        let second = seeds.map(twist);
        // A division costs more than the rest of a lane.
        let fold = |hash: u32| match size.is_power_of_two() {
            true => hash & (size - 1),
            false => hash % size,
        };
        for (seed, second) in seeds.iter().zip(&second).take(self.filled) {
            bits.set(fold(*seed) as usize);
            bits.set(fold(*second) as usize);
        }
        self.filled = 0;
    }
}

/// Sorts every lane by Batcher's odd-even merging (1968).
fn sort(rows: &mut [Lanes]) {
    let count = rows.len();
    let mut width = 1;
    while width < count {
        let mut step = width;
        while step >= 1 {
            for first in (step % width..count.saturating_sub(step)).step_by(2 * step) {
                for low in first..(first + step).min(count - step) {
                    if low / (2 * width) == (low + step) / (2 * width) {
                        exchange(rows, low, low + step);
                    }
                }
            }
            step /= 2;
        }
        width *= 2;
    }
}

fn exchange(rows: &mut [Lanes], low: usize, high: usize) {
    let (head, tail) = rows.split_at_mut(high);
    for (one, other) in head[low].iter_mut().zip(&mut tail[0]) {
        (*one, *other) = ((*one).min(*other), (*one).max(*other));
    }
}

/// The first output of a Mersenne Twister with 4 words of state, as an integer from 0 to 2^31 - 1.
fn twist(seed: u32) -> u32 {
    let fill = |word: u32, at: u32| {
        (word ^ word >> 30)
            .wrapping_mul(1_812_433_253)
            .wrapping_add(at)
    };
    let first = fill(seed, 1);
    let second = fill(first, 2);
    let joined = seed & 0x8000_0000 | first & 0x7fff_ffff;
    let mut word = second ^ (joined >> 1) ^ ((joined & 1) * 0x9908_b0df);
    word ^= word >> 11;
    word ^= word << 7 & 0x9d2c_5680;
    word ^= word << 15 & 0xefc6_0000;
    word ^= word >> 18;
    word >> 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_sorted_at_every_length() {
        for length in 0..=MAX_LENGTH {
            // By the zero-one principle (Knuth 5.3.4) rows of zeros and ones suffice.
            for pattern in 0..1u32 << length.min(12) {
                let mut rows: Vec<Lanes> = (0..length)
                    .map(|row| [pattern.rotate_left(3) >> row & 1; LANES])
                    .collect();
                sort(&mut rows);
                assert!(rows.is_sorted(), "{length} {pattern:b}");
            }
        }
    }
}
