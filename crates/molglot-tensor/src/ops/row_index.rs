//! Which rows an operation reads, and who reads which row: the plan of every gather and every segment reduction.

use std::sync::{Arc, OnceLock};

use burn::tensor::TensorData;

/// How many rows a composed reduction may take at once; see [`Level`].
const FANS: [usize; 5] = [2, 4, 8, 16, 32];
/// What one more level costs, in rows moved.
const LEVEL: usize = 4096;

/// A map from output rows to source rows, `index[e] = row`, with its inverse.
///
/// Cheap to clone; what is derived from it once is kept.
#[derive(Clone, Debug)]
pub struct RowIndex(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: usize,
    index: Vec<u32>,
    /// `order[offsets[r]..offsets[r + 1]]` are the positions whose index is `r`.
    offsets: Vec<u32>,
    order: Vec<u32>,
    tree: OnceLock<Vec<Level>>,
}

/// One level of a reduction by segment as a tree: every partial result takes `fan` rows of the level below.
///
/// Parallel over everything, free of atomics, and in one fixed order.
#[derive(Debug)]
pub(super) struct Level {
    /// Rows of the level below, `fan` for each partial result. The row behind the last one fills gaps; the row behind that
    /// stands for an empty segment.
    table: Vec<i32>,
    /// Rows of a partial result.
    pub(super) fan: usize,
}

impl RowIndex {
    /// Builds the plan for `index` into a tensor of `rows` rows.
    ///
    /// # Panics
    ///
    /// When an index is not below `rows`: backends differ in what they do with one (an unchecked read on CUDA), so it
    /// never reaches them.
    pub fn new(rows: usize, index: Vec<u32>) -> Self {
        let mut offsets = vec![0u32; rows + 1];
        for &row in &index {
            assert!(
                (row as usize) < rows,
                "row index {row} is out of range for a tensor of {rows} rows"
            );
            offsets[row as usize + 1] += 1;
        }
        for row in 0..rows {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut order = vec![0u32; index.len()];
        for (position, &row) in index.iter().enumerate() {
            order[next[row as usize] as usize] = position as u32;
            next[row as usize] += 1;
        }
        Self(Arc::new(Inner {
            rows,
            index,
            offsets,
            order,
            tree: OnceLock::new(),
        }))
    }

    /// Number of source rows (segments).
    pub fn rows(&self) -> usize {
        self.0.rows
    }

    /// Number of indices.
    pub fn len(&self) -> usize {
        self.0.index.len()
    }

    /// Whether there are no indices.
    pub fn is_empty(&self) -> bool {
        self.0.index.is_empty()
    }

    /// The indices.
    pub fn index(&self) -> &[u32] {
        &self.0.index
    }

    /// The positions that read `row`, ascending.
    pub fn positions(&self, row: usize) -> &[u32] {
        &self.0.order[self.0.offsets[row] as usize..self.0.offsets[row + 1] as usize]
    }

    /// How many positions read each row.
    pub fn counts(&self) -> impl Iterator<Item = usize> + '_ {
        self.0
            .offsets
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as usize)
    }

    /// The levels of a reduction by segment; none where there is nothing to reduce.
    pub(super) fn tree(&self) -> &[Level] {
        self.0.tree.get_or_init(|| {
            let mut levels = Vec::new();
            if self.is_empty() {
                return levels;
            }
            let mut lengths: Vec<usize> = self.counts().collect();
            // Few rows at once waste no gaps on short segments, many need fewer levels for long ones.
            let fans = FANS.into_iter().min_by_key(|&fan| cost(&lengths, fan));
            let fan = fans.unwrap_or(FANS[0]);
            let mut order: Vec<u32> = self.0.order.clone();
            loop {
                let is_last = lengths.iter().all(|&length| length <= fan);
                let level = Level::over(&order, &mut lengths, fan, is_last);
                order = (0..level.partials() as u32).collect();
                levels.push(level);
                if is_last {
                    return levels;
                }
            }
        })
    }

    pub(super) fn as_data(&self) -> TensorData {
        ints(self.index().iter().map(|&row| row as i32).collect())
    }
}

impl Level {
    /// Reduces segments of the rows `order`, and leaves their lengths in rows of this level.
    fn over(order: &[u32], lengths: &mut [usize], fan: usize, is_last: bool) -> Self {
        let (filler, empty) = (order.len() as i32, order.len() as i32 + 1);
        let mut table = Vec::with_capacity(order.len() + lengths.len() * fan);
        let mut rest = order;
        for length in lengths {
            let (rows, others) = rest.split_at(*length);
            rest = others;
            *length = rows.len().div_ceil(fan);
            table.extend(rows.iter().map(|&row| row as i32));
            table.extend(std::iter::repeat_n(filler, *length * fan - rows.len()));
            if is_last && rows.is_empty() {
                table.extend(std::iter::repeat_n(empty, fan));
            }
        }
        Self { table, fan }
    }

    /// Number of partial results.
    pub(super) fn partials(&self) -> usize {
        self.table.len() / self.fan
    }

    pub(super) fn as_data(&self) -> TensorData {
        ints(self.table.clone())
    }
}

/// Rows that a tree over segments of these lengths moves.
fn cost(lengths: &[usize], fan: usize) -> usize {
    let mut lengths = lengths.to_vec();
    let mut moved = 0;
    loop {
        let is_last = lengths.iter().all(|&length| length <= fan);
        lengths
            .iter_mut()
            .for_each(|length| *length = length.div_ceil(fan).max(usize::from(is_last)));
        moved += lengths.iter().sum::<usize>() * fan + LEVEL;
        if is_last {
            return moved;
        }
    }
}

fn ints(values: Vec<i32>) -> TensorData {
    let count = values.len();
    TensorData::new(values, [count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "row index 3 is out of range for a tensor of 3 rows")]
    fn an_index_out_of_range_never_reaches_a_backend() {
        let _ = RowIndex::new(3, vec![0, 3]);
    }

    #[test]
    fn a_tree_ends_in_one_row_per_segment() {
        let index: Vec<u32> = (0..150).map(|i| if i < 100 { 1 } else { 3 }).collect();
        let plan = RowIndex::new(5, index);
        assert_eq!(plan.tree().last().map(Level::partials), Some(5));
        assert!(std::ptr::eq(plan.tree(), plan.clone().tree()));
        assert!(RowIndex::new(4, Vec::new()).tree().is_empty());
    }

    #[test]
    fn short_segments_leave_no_gaps_and_long_ones_take_few_levels() {
        let pairs = RowIndex::new(50_000, (0..100_000).map(|i| i / 2).collect());
        let [level] = pairs.tree() else {
            panic!("pairs need one level")
        };
        assert_eq!((level.fan, level.table.len()), (2, 100_000));
        let long = RowIndex::new(100, (0..100_000).map(|i| i % 100).collect());
        let fans: Vec<usize> = long.tree().iter().map(|level| level.fan).collect();
        assert_eq!(fans, [32, 32]);
    }
}
