//! Longest common subsequences, a bound on how many residues any alignment can match.

use crate::Sequence;

/// Finds longest common subsequences, 64 cells of the table in four instructions (Crochemore et al. 2001, Inf. Process.
/// Lett. 80:279), and keeps its memory for the next pair.
#[derive(Default)]
pub(super) struct Subsequences {
    words: usize,
    /// Per letter, a bit for each place where it stands in the shorter sequence.
    masks: Vec<u64>,
    row: Vec<u64>,
}

impl Subsequences {
    /// At least the length of the longest common subsequence of the shorter sequence and any `window` residues of the
    /// longer one; exactly that where the window is the whole.
    pub(super) fn bound(&mut self, shorter: &Sequence, longer: &Sequence, window: usize) -> usize {
        self.set(shorter.as_str().as_bytes());
        let longer = longer.as_str().as_bytes();
        // Blocks that overlap by a window hold every window.
        let step = (window / 4).max(1);
        let block = window.saturating_add(step);
        let mut most = 0;
        let mut start = 0usize;
        loop {
            let end = start.saturating_add(block).min(longer.len());
            most = most.max(self.length(&longer[start..end]));
            if end == longer.len() {
                return most;
            }
            start += step;
        }
    }

    fn set(&mut self, residues: &[u8]) {
        self.words = residues.len().div_ceil(64);
        self.masks.clear();
        self.masks.resize(32 * self.words, 0);
        for (place, letter) in residues.iter().enumerate() {
            self.masks[usize::from(letter & 31) * self.words + place / 64] |= 1 << (place % 64);
        }
    }

    fn length(&mut self, other: &[u8]) -> usize {
        self.row.clear();
        self.row.resize(self.words, u64::MAX);
        for letter in other {
            let first = usize::from(letter & 31) * self.words;
            let mut carry = false;
            for (bits, mask) in self.row.iter_mut().zip(&self.masks[first..]) {
                let (sum, over) = bits.overflowing_add(*bits & mask);
                let (sum, more) = sum.overflowing_add(u64::from(carry));
                carry = over || more;
                *bits = sum | (*bits & !mask);
            }
        }
        let places = self.row.iter().map(|bits| bits.count_zeros() as usize);
        places.sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_table(a: &[u8], b: &[u8]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (at, y) in b.iter().enumerate() {
                let above = row[at + 1];
                let longer = if x == y { diagonal + 1 } else { 0 };
                row[at + 1] = longer.max(above).max(row[at]);
                diagonal = above;
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn bits_find_what_the_table_does(a in "[ACDX]{1,200}", b in "[ACDEX]{1,200}") {
            let (one, other): (Sequence, Sequence) = (a.parse().unwrap(), b.parse().unwrap());
            let (found, back) = (Subsequences::default().bound(&one, &other, 200), Subsequences::default().bound(&other, &one, 200));
            let expected = by_table(a.as_bytes(), b.as_bytes());
            prop_assert_eq!((found, back), (expected, expected));
            let mut finder = Subsequences::default();
            for window in [1, 7, 40, 150] {
                let windows = b.as_bytes().windows(window.min(b.len()));
                let most = windows.map(|part| by_table(a.as_bytes(), part)).max().unwrap();
                let bound = finder.bound(&one, &other, window);
                prop_assert!(bound >= most && bound <= expected);
            }
        }
    }
}
