//! Counts of hashed features.

use super::Bits;

/// How often each feature occurs: pairs of feature and count, by ascending feature, none of them 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SparseCounts {
    pairs: Vec<(u32, u32)>,
}

impl SparseCounts {
    /// Counts features given in any order, each as often as it occurs.
    pub fn from_features(mut features: Vec<u32>) -> Self {
        features.sort_unstable();
        let runs = features.chunk_by(|one, next| one == next);
        Self {
            pairs: runs.map(|run| (run[0], run.len() as u32)).collect(),
        }
    }

    /// Feature and count, by ascending feature.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// The count of one feature.
    pub fn get(&self, feature: u32) -> u32 {
        let found = self.pairs.binary_search_by_key(&feature, |pair| pair.0);
        found.map_or(0, |at| self.pairs[at].1)
    }

    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.pairs.iter().map(|pair| u64::from(pair.1)).sum()
    }

    /// Counts by feature modulo `size`.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn fold(&self, size: u32) -> Self {
        let mut folded: Vec<_> = self
            .pairs
            .iter()
            .map(|&(feature, count)| (feature % size, count))
            .collect();
        folded.sort_unstable();
        folded.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        Self { pairs: folded }
    }

    /// The features that occur, modulo `size`.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn to_bits(&self, size: u32) -> Bits {
        let mut bits = Bits::new(size as usize);
        for &(feature, _) in &self.pairs {
            bits.set((feature % size) as usize);
        }
        bits
    }
}
