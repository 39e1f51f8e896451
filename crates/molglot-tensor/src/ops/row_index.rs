//! Which rows an operation reads, and who reads which row: the plan of every gather and every segment reduction.

use std::sync::{Arc, OnceLock};

use burn::tensor::TensorData;

/// Positions that are reduced at once by the composed segment reductions; see [`Level`].
pub(super) const FAN_IN: usize = 8;

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

/// One level of a reduction by segment as a tree: every partial result takes [`FAN_IN`] rows of the level below.
///
/// Parallel over everything, free of atomics, and in one fixed order.
#[derive(Debug)]
pub(super) struct Level {
    /// Rows of the level below, `FAN_IN` for each partial result. The row behind the last one fills gaps; the row behind
    /// that stands for an empty segment.
    pub(super) table: Vec<i32>,
    /// Number of partial results.
    pub(super) partials: usize,
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
            let mut segments: Vec<Vec<u32>> = (0..self.rows())
                .map(|row| self.positions(row).to_vec())
                .collect();
            let mut below = self.len();
            while !self.is_empty() {
                let last = segments.iter().all(|segment| segment.len() <= FAN_IN);
                let level = Level::over(&mut segments, below, last);
                below = level.partials;
                levels.push(level);
                if last {
                    break;
                }
            }
            levels
        })
    }

    pub(super) fn as_data(&self) -> TensorData {
        ints(self.index().iter().map(|&row| row as i32).collect())
    }
}

impl Level {
    /// Reduces segments of rows of a level, and replaces them by segments of rows of this one.
    fn over(segments: &mut [Vec<u32>], below: usize, last: bool) -> Self {
        let (filler, empty) = (below as i32, below as i32 + 1);
        let mut table = Vec::new();
        let mut partials = 0u32;
        for segment in segments {
            let first = partials;
            for chunk in segment.chunks(FAN_IN) {
                table.extend(chunk.iter().map(|&row| row as i32));
                table.extend(std::iter::repeat_n(filler, FAN_IN - chunk.len()));
                partials += 1;
            }
            if last && segment.is_empty() {
                table.extend([empty; FAN_IN]);
                partials += 1;
            }
            *segment = (first..partials).collect();
        }
        Self {
            table,
            partials: partials as usize,
        }
    }

    pub(super) fn as_data(&self) -> TensorData {
        ints(self.table.clone())
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
        let partials: Vec<usize> = plan.tree().iter().map(|level| level.partials).collect();
        assert_eq!(partials, [13 + 7, 2 + 1, 5]);
        assert!(std::ptr::eq(plan.tree(), plan.clone().tree()));
        assert!(RowIndex::new(4, Vec::new()).tree().is_empty());
    }
}
