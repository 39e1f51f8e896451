//! Splits of a data set that keep molecules with equal scaffolds together.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

/// Row indices of the three parts of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows to choose a model by.
    pub valid: Vec<usize>,
    /// Rows to report on.
    pub test: Vec<usize>,
}

/// Splits rows by their scaffold keys as DeepChem does for MoleculeNet (Wu et al. 2018, Chem. Sci.
/// 9:513). Equal keys stay together, so molecules without a scaffold make one group if they share
/// a key.
///
/// The largest groups come first; of two groups of one size, the one whose first row comes later.
/// A group goes to `train` if that then holds at most its share of all rows, else to `valid` if
/// the two together hold at most theirs, else to `test`. Small groups may still fill up `train`
/// after a large one did not fit.
///
/// `train` and `valid` are shares from 0 to 1; `test` takes the rest.
pub fn scaffold_split<K: Eq + Hash>(keys: &[K], train: f64, valid: f64) -> Split {
    let rows = keys.len() as f64;
    let (train_rows, seen_rows) = (train * rows, (train + valid) * rows);
    let mut groups = groups(keys);
    groups.sort_by_key(|group| Reverse((group.len(), group[0])));
    let mut split = Split::default();
    for group in groups {
        let train_size = split.train.len() + group.len();
        let part = if train_size as f64 <= train_rows {
            &mut split.train
        } else if (train_size + split.valid.len()) as f64 <= seen_rows {
            &mut split.valid
        } else {
            &mut split.test
        };
        part.extend(group);
    }
    split
}

/// Splits rows by their scaffold keys as chemprop does with `scaffold_balanced` (Yang et al. 2019,
/// J. Chem. Inf. Model. 59:3370): groups that would fill more than half of `valid` or `test` come
/// first, then the others, each kind in an order that `seed` shuffles. A group goes to the first
/// part of `train`, `valid` and `test` whose share of all rows still holds it, and to `test` if
/// none does. Equal seeds give equal splits; they are not those of Python's generator.
///
/// `train` and `valid` are shares from 0 to 1; `test` takes the rest.
pub fn balanced_scaffold_split<K: Eq + Hash>(
    keys: &[K],
    train: f64,
    valid: f64,
    seed: u64,
) -> Split {
    let rows = keys.len() as f64;
    let (train_rows, valid_rows) = (train * rows, valid * rows);
    let half = valid_rows.min(rows - train_rows - valid_rows) / 2.0;
    let (mut large, mut small): (Vec<_>, Vec<_>) = groups(keys)
        .into_iter()
        .partition(|group| group.len() as f64 > half);
    let mut random = SplitMix(seed);
    random.shuffle(&mut large);
    random.shuffle(&mut small);
    let mut split = Split::default();
    for group in large.into_iter().chain(small) {
        let fits = |part: &[usize], share: f64| (part.len() + group.len()) as f64 <= share;
        let part = if fits(&split.train, train_rows) {
            &mut split.train
        } else if fits(&split.valid, valid_rows) {
            &mut split.valid
        } else {
            &mut split.test
        };
        part.extend(group);
    }
    split
}

/// The rows of each key, by first row.
fn groups<K: Eq + Hash>(keys: &[K]) -> Vec<Vec<usize>> {
    let mut number = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (row, key) in keys.iter().enumerate() {
        let group = *number.entry(key).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(row);
    }
    groups
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, and the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Fisher and Yates' shuffle; the bias of the multiplication is below 2^-32.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let at = (u128::from(self.next()) * (last as u128 + 1)) >> 64;
            items.swap(last, at as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_groups_first_and_ties_by_the_later_first_row() {
        // Groups: a = 0 1 2 3, b = 4 5, c = 6 7, d = 8, e = 9.
        let split = scaffold_split(
            &["a", "a", "a", "a", "b", "b", "c", "c", "d", "e"],
            0.7,
            0.2,
        );
        assert_eq!(split.train, [0, 1, 2, 3, 6, 7, 9]);
        assert_eq!(split.valid, [4, 5]);
        assert_eq!(split.test, [8]);
    }

    #[test]
    fn a_group_that_fits_nowhere_goes_to_test() {
        let split = scaffold_split(&[1; 10], 0.8, 0.1);
        assert_eq!(
            (split.train.len(), split.valid.len(), split.test.len()),
            (0, 0, 10)
        );
        assert_eq!(scaffold_split::<u8>(&[], 0.8, 0.1), Split::default());
    }

    #[test]
    fn a_seed_decides_a_balanced_split() {
        let keys: Vec<usize> = (0..1000).map(|row| row % 211).collect();
        let split = |seed| balanced_scaffold_split(&keys, 0.8, 0.1, seed);
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        let Split { train, valid, test } = split(1);
        assert!(train.len() >= 790 && valid.len() >= 90 && test.len() >= 90);
    }
}
