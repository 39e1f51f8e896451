//! Which sequences share enough words to be worth aligning.

use super::cluster::{ClusterOptions, Prefilter};
use super::{Identity, Kmers};
use crate::Sequence;

/// So that rounding never asks for one more.
pub(super) const SLACK: f64 = 1e-6;

/// The words of all sequences, each with the sequences that hold it.
pub(super) struct Index {
    kmers: Vec<Kmers>,
    /// Per sequence, how many words it must share with a longer one.
    needed: Vec<u32>,
    /// Distinct words, ascending.
    words: Vec<u32>,
    /// Per word, where its sequences begin; one more at the end.
    starts: Vec<usize>,
    /// Sequence, and how often it holds the word.
    holders: Vec<(u32, u32)>,
}

/// The length of words, and what a sequence of so many residues needs to share with a longer one to join it.
type Rule = (usize, Box<dyn Fn(usize) -> f64>);

/// What two sequences that are as alike as `options` ask must share.
///
/// *k-mers, identity over the alignment.* Of `C` columns at least `tC` are matches. Each of the at most `(1-t)C` others
/// stands in at most `k` of the `C-k+1` windows of `k` columns. The windows that are left hold matches only, and each is
/// a word of both sequences at places of its own: they share at least `C(1-k(1-t)) - k + 1` words. `C` is at least the
/// length `L` of the shorter sequence, so where `k(1-t) <= 1` they share at least `L(1-k(1-t)) - k + 1`.
///
/// *Letters, any identity.* A match is a letter of both, so they share at least `tL`.
fn rule(options: &ClusterOptions) -> Option<Rule> {
    /// Shorter words are found in any two proteins, longer ones leave no room for mutations.
    const WORDS: std::ops::RangeInclusive<usize> = 3..=5;
    let t = options.identity;
    match options.prefilter {
        Prefilter::Off => None,
        Prefilter::Containment { k, least } => Some((
            k,
            Box::new(move |residues| least * (residues + 1).saturating_sub(k) as f64),
        )),
        Prefilter::Exact => {
            let k = WORDS
                .rev()
                .find(|&k| k as f64 * (1.0 - t) <= 0.9)
                .filter(|_| options.definition == Identity::OverAlignment);
            Some(match k {
                Some(k) => {
                    let share = 1.0 - k as f64 * (1.0 - t);
                    (
                        k,
                        Box::new(move |residues| share * residues as f64 - (k - 1) as f64),
                    )
                }
                None => (1, Box::new(move |residues| t * residues as f64)),
            })
        }
    }
}

impl Index {
    /// The index of sequences; `None` where all are to be aligned.
    pub(super) fn new(sequences: &[&Sequence], options: &ClusterOptions) -> Option<Self> {
        let (k, needed) = rule(options)?;
        let kmers: Vec<Kmers> = sequences.iter().map(|text| Kmers::of(text, k)).collect();
        let needed = sequences
            .iter()
            .map(|text| (needed(text.as_str().len()) - SLACK).ceil().max(0.0) as u32)
            .collect();
        let mut postings: Vec<(u32, u32, u32)> = Vec::new();
        for (kmers, row) in kmers.iter().zip(0..) {
            let words = kmers.words().iter();
            postings.extend(words.map(|&(word, count)| (word, row, count)));
        }
        postings.sort_unstable();
        let (mut words, mut starts) = (Vec::new(), vec![0]);
        for same in postings.chunk_by(|a, b| a.0 == b.0) {
            words.push(same[0].0);
            starts.push(starts[words.len() - 1] + same.len());
        }
        let holders = postings.into_iter().map(|(_, row, count)| (row, count));
        Some(Self {
            holders: holders.collect(),
            kmers,
            needed,
            words,
            starts,
        })
    }

    /// Counts, per sequence, the words that it shares with one of them.
    pub(super) fn count(&self, with: usize, shared: &mut Vec<u32>) {
        shared.clear();
        shared.resize(self.needed.len(), 0);
        for &(word, times) in self.kmers[with].words() {
            if let Ok(at) = self.words.binary_search(&word) {
                for &(row, count) in &self.holders[self.starts[at]..self.starts[at + 1]] {
                    shared[row as usize] += count.min(times);
                }
            }
        }
    }

    /// Whether a sequence shares as many words as it needs to.
    pub(super) fn is_enough(&self, row: usize, shared: &[u32]) -> bool {
        shared[row] >= self.needed[row]
    }
}
