//! How well a similarity matrix finds each query's true match.
//!
//! A similarity matrix has `n x n` scores, row-major, larger is more alike: row `i` and column `i` belong together, so
//! the true matches are on the diagonal. With molecules as rows and their texts as columns, [`Direction::RowToColumn`]
//! is molecule to text and [`Direction::ColumnToRow`] text to molecule.
//!
//! **Rank.** A query's rank is `1 + g + t`: `g` candidates score more than its true match, and `t` other candidates
//! score the same. Ties count against the query, so a model that gives every pair one score is not called perfect.
//! A score that is NaN is below every other, and equal to another NaN.
//!
//! **Full set or in-batch.** [`recall`] ranks among all `n` candidates. [`in_batch`] ranks among the few of a batch, as
//! MoleculeSTM, MolCA and 3D-MoLM report it with 64; the two are not comparable, and neither are in-batch numbers of
//! different batch sizes.

use std::error::Error;
use std::fmt;

use crate::permutation::SplitMix64;

/// Which side of the similarity matrix asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Each row is a query, and the columns are its candidates.
    RowToColumn,
    /// Each column is a query, and the rows are its candidates.
    ColumnToRow,
}

/// Retrieval quality over a set of queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// Share of queries with rank 1, in `0..=1`.
    pub at_1: f64,
    /// Share of queries with a rank up to 5; 1 by definition where there are no more than 5 candidates.
    pub at_5: f64,
    /// Share of queries with a rank up to 10; 1 by definition where there are no more than 10 candidates.
    pub at_10: f64,
    /// Median of the ranks; the mean of the middle two for an even number of queries.
    pub median_rank: f64,
    /// Mean reciprocal rank: the mean of `1 / rank`, in `0..=1` (Voorhees, TREC-8 1999).
    pub mrr: f64,
}

/// How batches are drawn for [`in_batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InBatch {
    /// Items per batch; published numbers use 64.
    pub batch: usize,
    /// How many permutations of the items are cut into batches.
    pub permutations: usize,
    /// Seed of the permutations.
    pub seed: u64,
}

/// What [`in_batch`] found, and on what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InBatchRecall {
    /// Over every query of every batch of every permutation, with equal weight.
    pub recall: Recall,
    /// Items per batch as used: less than asked for where there are fewer items.
    pub batch: usize,
    /// How many of the `n` items were a query at least once. Less than `n` says that more permutations are needed.
    pub items: usize,
}

/// Why there is no retrieval number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetrievalError {
    /// There are no items.
    Empty,
    /// The similarity matrix has not `n x n` scores.
    NotSquare {
        /// Scores given.
        scores: usize,
        /// Items stated.
        n: usize,
    },
    /// A batch of no items was asked for.
    EmptyBatch,
    /// No permutation was asked for.
    NoPermutation,
}

impl fmt::Display for RetrievalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("retrieval needs at least one item"),
            Self::NotSquare { scores, n } => {
                write!(
                    f,
                    "the similarity matrix of {n} items needs {n} x {n} scores, not {scores}"
                )
            }
            Self::EmptyBatch => f.write_str("the batch size must be at least 1"),
            Self::NoPermutation => f.write_str("the number of permutations must be at least 1"),
        }
    }
}

impl Error for RetrievalError {}

/// The rank of each query's true match among all `n` candidates, from 1 (best) to `n`; see the [module](self) for ties
/// and NaN.
///
/// # Shapes
/// - `similarity`: `[n, n]`, row-major
/// - output: `[n]`
///
/// # Errors
/// [`RetrievalError::Empty`] or [`RetrievalError::NotSquare`].
pub fn ranks(
    similarity: &[f32],
    n: usize,
    direction: Direction,
) -> Result<Vec<usize>, RetrievalError> {
    let scores = Scores::new(similarity, n, direction)?;
    let all: Vec<usize> = (0..n).collect();
    Ok(all.iter().map(|&query| scores.rank(query, &all)).collect())
}

/// Retrieval among all `n` candidates.
///
/// # Shapes
/// - `similarity`: `[n, n]`, row-major
///
/// # Errors
/// [`RetrievalError::Empty`] or [`RetrievalError::NotSquare`].
pub fn recall(
    similarity: &[f32],
    n: usize,
    direction: Direction,
) -> Result<Recall, RetrievalError> {
    let ranks = ranks(similarity, n, direction)?;
    let mut histogram = RankHistogram::new(n);
    ranks.into_iter().for_each(|rank| histogram.add(rank));
    Ok(histogram.recall())
}

/// Retrieval among the items of a batch, over batches that seeded permutations of the items are cut into.
///
/// Every batch is full: what remains of a permutation is dropped, because a short batch is easier and would raise the
/// number. Items dropped from one permutation come up in another. With fewer items than `batch` there is one batch of
/// all items, which the result says; its permutations all give the same number.
///
/// The permutations depend on nothing but `n` and `seed` (SplitMix64, Fisher-Yates), so both directions and two models
/// are compared on the same batches. With `n` a multiple of `batch` and random scores, `at_k` is near `k / batch`.
///
/// # Shapes
/// - `similarity`: `[n, n]`, row-major
///
/// # Errors
/// [`RetrievalError`]: no items, not `n x n` scores, a batch of none, or no permutation.
pub fn in_batch(
    similarity: &[f32],
    n: usize,
    direction: Direction,
    options: InBatch,
) -> Result<InBatchRecall, RetrievalError> {
    let scores = Scores::new(similarity, n, direction)?;
    if options.batch == 0 {
        return Err(RetrievalError::EmptyBatch);
    }
    if options.permutations == 0 {
        return Err(RetrievalError::NoPermutation);
    }
    let batch = options.batch.min(n);
    let mut generator = SplitMix64::new(options.seed);
    let mut order: Vec<usize> = (0..n).collect();
    let mut used = vec![false; n];
    let mut histogram = RankHistogram::new(batch);
    for _ in 0..options.permutations {
        generator.shuffle(&mut order);
        for members in order.chunks_exact(batch) {
            for &query in members {
                used[query] = true;
                histogram.add(scores.rank(query, members));
            }
        }
    }
    let items = used.iter().filter(|&&used| used).count();
    Ok(InBatchRecall {
        recall: histogram.recall(),
        batch,
        items,
    })
}

/// A checked similarity matrix, seen from the side that asks.
struct Scores<'a> {
    similarity: &'a [f32],
    n: usize,
    direction: Direction,
}

impl<'a> Scores<'a> {
    fn new(similarity: &'a [f32], n: usize, direction: Direction) -> Result<Self, RetrievalError> {
        if n.checked_mul(n) != Some(similarity.len()) {
            return Err(RetrievalError::NotSquare {
                scores: similarity.len(),
                n,
            });
        }
        if n == 0 {
            return Err(RetrievalError::Empty);
        }
        Ok(Self {
            similarity,
            n,
            direction,
        })
    }

    fn score(&self, query: usize, candidate: usize) -> f32 {
        match self.direction {
            Direction::RowToColumn => self.similarity[query * self.n + candidate],
            Direction::ColumnToRow => self.similarity[candidate * self.n + query],
        }
    }

    /// The rank of `query`'s own match among `candidates`, which hold it.
    fn rank(&self, query: usize, candidates: &[usize]) -> usize {
        let own = self.score(query, query);
        // Its own match is as good as itself, so it counts once and ranks start at 1.
        candidates
            .iter()
            .filter(|&&candidate| own.is_nan() || self.score(query, candidate) >= own)
            .count()
    }
}

/// How many queries have each rank: all that [`Recall`] needs, in memory that does not grow with the queries.
struct RankHistogram {
    /// `counts[rank - 1]`.
    counts: Vec<u64>,
}

impl RankHistogram {
    fn new(candidates: usize) -> Self {
        Self {
            counts: vec![0; candidates],
        }
    }

    fn add(&mut self, rank: usize) {
        self.counts[rank - 1] += 1;
    }

    fn recall(&self) -> Recall {
        let total: u64 = self.counts.iter().sum();
        let at = |k: usize| self.counts.iter().take(k).sum::<u64>() as f64 / total as f64;
        let reciprocal: f64 = self
            .counts
            .iter()
            .zip(1_u64..)
            .map(|(&count, rank)| count as f64 / rank as f64)
            .sum();
        // With an odd number of queries both are the middle one.
        let (lower, upper) = (self.nth_rank((total - 1) / 2), self.nth_rank(total / 2));
        Recall {
            at_1: at(1),
            at_5: at(5),
            at_10: at(10),
            median_rank: (lower + upper) as f64 / 2.0,
            mrr: reciprocal / total as f64,
        }
    }

    /// The rank at `index`, from 0, when all ranks are sorted.
    fn nth_rank(&self, index: u64) -> usize {
        let mut seen = 0;
        self.counts
            .iter()
            .take_while(|&&count| {
                seen += count;
                seen <= index
            })
            .count()
            + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hand-ranked: row 0 is right; row 1 is tied with one other; row 2 is beaten by two; row 3 is beaten by one.
    const SIMILARITY: [f32; 16] = [
        0.9, 0.1, 0.2, 0.3, //
        0.5, 0.5, 0.4, 0.1, //
        0.8, 0.7, 0.1, 0.0, //
        0.0, 0.6, 0.2, 0.4, //
    ];

    #[test]
    fn ranks_and_recall_by_hand() {
        assert_eq!(
            ranks(&SIMILARITY, 4, Direction::RowToColumn),
            Ok(vec![1, 2, 3, 2])
        );
        // Columns: 0.9 is best; 0.5 is below 0.7 and 0.6; 0.1 is below 0.2, 0.4 and 0.2; 0.4 is best.
        assert_eq!(
            ranks(&SIMILARITY, 4, Direction::ColumnToRow),
            Ok(vec![1, 3, 4, 1])
        );
        let rows = recall(&SIMILARITY, 4, Direction::RowToColumn).unwrap();
        let mrr = (1.0 + 0.5 + 1.0 / 3.0 + 0.5) / 4.0;
        assert_eq!(
            (rows.at_1, rows.at_5, rows.at_10, rows.median_rank),
            (0.25, 1.0, 1.0, 2.0)
        );
        assert!((rows.mrr - mrr).abs() < 1e-15);
        let columns = recall(&SIMILARITY, 4, Direction::ColumnToRow).unwrap();
        assert_eq!((columns.at_1, columns.median_rank), (0.5, 2.0));
    }

    #[test]
    fn recall_counts_ranks_up_to_k() {
        let mut histogram = RankHistogram::new(20);
        for rank in [1, 1, 2, 5, 6, 10, 11, 20] {
            histogram.add(rank);
        }
        let recall = histogram.recall();
        assert_eq!((recall.at_1, recall.at_5, recall.at_10), (0.25, 0.5, 0.75));
        assert_eq!(recall.median_rank, 5.5);
        histogram.add(7);
        assert_eq!(histogram.recall().median_rank, 6.0);
    }

    #[test]
    fn equal_scores_are_never_a_hit() {
        assert_eq!(
            ranks(&[0.5; 9], 3, Direction::RowToColumn),
            Ok(vec![3, 3, 3])
        );
        assert_eq!(
            ranks(&[0.0, -0.0, -0.0, 0.0], 2, Direction::RowToColumn),
            Ok(vec![2, 2])
        );
        assert_eq!(
            ranks(&[f32::INFINITY; 4], 2, Direction::ColumnToRow),
            Ok(vec![2, 2])
        );
    }

    #[test]
    fn nan_is_last() {
        let nan = f32::NAN;
        let similarity = [
            nan,
            0.1,
            f32::NEG_INFINITY, // own NaN: below everything
            nan,
            0.1,
            nan, // only the own score is a number
            nan,
            0.1,
            nan, // a tie of NaN counts against the query
        ];
        assert_eq!(
            ranks(&similarity, 3, Direction::RowToColumn),
            Ok(vec![3, 1, 3])
        );
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let options = InBatch {
            batch: 2,
            permutations: 1,
            seed: 0,
        };
        let rows = Direction::RowToColumn;
        assert_eq!(recall(&[], 0, rows), Err(RetrievalError::Empty));
        assert_eq!(in_batch(&[], 0, rows, options), Err(RetrievalError::Empty));
        assert_eq!(
            recall(&[1.0; 6], 2, rows),
            Err(RetrievalError::NotSquare { scores: 6, n: 2 })
        );
        assert_eq!(
            recall(&[], 1 << 40, rows),
            Err(RetrievalError::NotSquare {
                scores: 0,
                n: 1 << 40
            })
        );
        assert_eq!(
            in_batch(
                &[1.0],
                1,
                rows,
                InBatch {
                    batch: 0,
                    ..options
                }
            ),
            Err(RetrievalError::EmptyBatch)
        );
        assert_eq!(
            in_batch(
                &[1.0],
                1,
                rows,
                InBatch {
                    permutations: 0,
                    ..options
                }
            ),
            Err(RetrievalError::NoPermutation)
        );
        assert_eq!(
            RetrievalError::NotSquare { scores: 6, n: 2 }.to_string(),
            "the similarity matrix of 2 items needs 2 x 2 scores, not 6"
        );
    }

    #[test]
    fn a_large_batch_is_the_full_set_and_says_so() {
        let found = in_batch(
            &SIMILARITY,
            4,
            Direction::RowToColumn,
            InBatch {
                batch: 64,
                permutations: 3,
                seed: 1,
            },
        )
        .unwrap();
        assert_eq!((found.batch, found.items), (4, 4));
        let full = recall(&SIMILARITY, 4, Direction::RowToColumn).unwrap();
        assert_eq!(
            (found.recall.at_1, found.recall.median_rank),
            (full.at_1, full.median_rank)
        );
        assert!((found.recall.mrr - full.mrr).abs() < 1e-15);
    }

    /// Of five items in batches of two, one is left out of each permutation.
    #[test]
    fn a_remainder_is_dropped_and_comes_up_later() {
        let similarity: Vec<f32> = (0..25).map(|i| f32::from(u8::from(i % 6 == 0))).collect();
        let used = |permutations| {
            let options = InBatch {
                batch: 2,
                permutations,
                seed: 3,
            };
            in_batch(&similarity, 5, Direction::RowToColumn, options)
                .unwrap()
                .items
        };
        assert_eq!(used(1), 4);
        assert_eq!(used(20), 5);
    }
}
