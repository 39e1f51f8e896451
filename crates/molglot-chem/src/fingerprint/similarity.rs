//! Similarity of fingerprints, from 0 to 1. Two empty fingerprints have similarity 0, as in RDKit.

use super::{Bits, SparseCounts};

/// Tanimoto (Jaccard) similarity: common bits / bits in either.
///
/// # Panics
///
/// If the fingerprints differ in size.
pub fn tanimoto(a: &Bits, b: &Bits) -> f64 {
    let common = common(a, b);
    ratio(common, a.count_ones() + b.count_ones() - common)
}

/// Dice similarity: 2 * common bits / (bits of one + bits of the other).
///
/// # Panics
///
/// If the fingerprints differ in size.
pub fn dice(a: &Bits, b: &Bits) -> f64 {
    ratio(2 * common(a, b), a.count_ones() + b.count_ones())
}

/// [`tanimoto`] of one fingerprint with many, in their order.
///
/// # Panics
///
/// If the fingerprints differ in size.
pub fn bulk_tanimoto(query: &Bits, others: &[Bits]) -> Vec<f64> {
    let ones = query.count_ones();
    let similarity = |other| {
        let common = common(query, other);
        ratio(common, ones + other.count_ones() - common)
    };
    others.iter().map(similarity).collect()
}

/// Tanimoto similarity of counts: sum of minima / sum of maxima.
pub fn tanimoto_counts(a: &SparseCounts, b: &SparseCounts) -> f64 {
    let common = common_counts(a, b);
    ratio(common, a.total() + b.total() - common)
}

/// Dice similarity of counts: 2 * sum of minima / sum of all counts.
pub fn dice_counts(a: &SparseCounts, b: &SparseCounts) -> f64 {
    ratio(2 * common_counts(a, b), a.total() + b.total())
}

fn common(a: &Bits, b: &Bits) -> u32 {
    assert_eq!(a.size(), b.size(), "fingerprints of different sizes");
    let words = a.words().iter().zip(b.words());
    words.map(|(one, other)| (one & other).count_ones()).sum()
}

fn common_counts(a: &SparseCounts, b: &SparseCounts) -> u64 {
    let (mut left, mut right) = (a.pairs(), b.pairs());
    let mut sum = 0;
    while let ([one, behind_one @ ..], [other, behind_other @ ..]) = (left, right) {
        if one.0 == other.0 {
            sum += u64::from(one.1.min(other.1));
        }
        if one.0 <= other.0 {
            left = behind_one;
        }
        if other.0 <= one.0 {
            right = behind_other;
        }
    }
    sum
}

fn ratio(part: impl Into<u64>, whole: impl Into<u64>) -> f64 {
    match (part.into(), whole.into()) {
        (_, 0) => 0.0,
        (part, whole) => part as f64 / whole as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let one = SparseCounts::from_features(vec![1, 1, 1]);
        let other = SparseCounts::from_features(vec![5, 1, 1]);
        assert!((tanimoto_counts(&one, &other) - 0.5).abs() < 1e-12);
        assert!((dice_counts(&one, &other) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_not_similar_to_nothing() {
        let (bits, counts) = (Bits::new(64), SparseCounts::default());
        assert_eq!([tanimoto(&bits, &bits), dice(&bits, &bits)], [0.0; 2]);
        assert_eq!(
            [
                tanimoto_counts(&counts, &counts),
                dice_counts(&counts, &counts)
            ],
            [0.0; 2]
        );
    }
}
