//! Words of residues, a quick measure of likeness.

use super::RedundancyError;
use crate::Sequence;

/// The longest words: six letters of five bits each.
pub const MAX_K: usize = 6;

/// The words of `k` residues that a sequence holds, each with how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kmers {
    /// Ascending by word.
    words: Vec<(u32, u32)>,
    total: usize,
}

impl Kmers {
    /// The words of `k` residues; none where the sequence is shorter.
    ///
    /// # Errors
    /// [`RedundancyError::Option`] where `k` is not from 1 to [`MAX_K`].
    pub fn new(sequence: &Sequence, k: usize) -> Result<Self, RedundancyError> {
        if !(1..=MAX_K).contains(&k) {
            return Err(RedundancyError::Option {
                option: "k",
                value: k as f64,
                range: "from 1 to 6",
            });
        }
        Ok(Self::of(sequence, k))
    }

    /// The same for a `k` that is known to be right.
    pub(super) fn of(sequence: &Sequence, k: usize) -> Self {
        let code = |word: &[u8]| {
            let letters = word.iter().map(|&letter| u32::from(letter & 31));
            letters.fold(0, |code, letter| code << 5 | letter)
        };
        let residues = sequence.as_str().as_bytes();
        let mut codes: Vec<u32> = residues.windows(k).map(code).collect();
        codes.sort_unstable();
        let total = codes.len();
        let words = codes
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], same.len() as u32))
            .collect();
        Self { words, total }
    }

    /// Each word and how often it stands in the sequence, ascending.
    pub(super) fn words(&self) -> &[(u32, u32)] {
        &self.words
    }

    /// Number of words, repeated ones each time.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many words two sequences have in common; one that stands twice in both counts twice.
    #[must_use]
    pub fn shared(&self, other: &Self) -> usize {
        let mut others = other.words.iter().peekable();
        let mut shared = 0;
        for &(word, count) in &self.words {
            while others.next_if(|(other, _)| *other < word).is_some() {}
            if let Some(&(_, times)) = others.next_if(|(other, _)| *other == word) {
                shared += count.min(times) as usize;
            }
        }
        shared
    }

    /// The share of this sequence's words that the other one has too, from 0 to 1; 0 where this has none.
    #[must_use]
    pub fn containment(&self, other: &Self) -> f64 {
        self.shared(other) as f64 / self.total.max(1) as f64
    }

    /// The words in common as a share of all words of the two, from 0 to 1; 0 where neither has any.
    #[must_use]
    pub fn jaccard(&self, other: &Self) -> f64 {
        let shared = self.shared(other);
        let all = self.total + other.total - shared;
        shared as f64 / all.max(1) as f64
    }
}
