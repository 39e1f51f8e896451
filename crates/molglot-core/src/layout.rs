//! Where the tokens of a causal batch stand and how far back each may look.

use std::sync::Arc;

use molglot_tensor::{Device, ops::KeyRanges};

/// Positions and visible keys of `R` rows of `T` new tokens behind `past` earlier ones.
///
/// A token sees the keys from its `first` one to itself; what stands before `first` is padding or another sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausalLayout {
    rows: usize,
    past: usize,
    /// `R * T`: the position of each token, which is what rotary or learned positions see.
    positions: Arc<[u32]>,
    /// `R * T`: the first visible key of each token.
    first: Arc<[u32]>,
}

impl CausalLayout {
    /// Rows that all start at position 0 and are padded on the right, if at all: what stands right of a token cannot
    /// reach it, so one row stands for all (`R = 1`).
    pub fn padded_right(length: usize) -> Self {
        Self::positioned(1, (0..length as u32).collect())
    }

    /// Rows with positions of their own, nothing hidden but the future.
    ///
    /// # Panics
    ///
    /// When `rows` does not divide the number of positions.
    pub fn positioned(rows: usize, positions: Vec<u32>) -> Self {
        assert!(positions.len().is_multiple_of(rows), "rows of one length");
        let first = vec![0; positions.len()].into();
        Self {
            rows,
            past: 0,
            positions: positions.into(),
            first,
        }
    }

    /// Rows padded on either side: token `t` of a row sees the real ones up to itself. `real` says which tokens are real,
    /// row-major; those of a row lie in one piece.
    ///
    /// # Panics
    ///
    /// When `rows` does not divide the number of positions, or `real` has another length.
    pub fn masked(rows: usize, positions: Vec<u32>, real: &[bool]) -> Self {
        assert_eq!(positions.len(), real.len(), "one flag a token");
        let length = positions.len() / rows.max(1);
        let mut layout = Self::positioned(rows, positions);
        let first = |row: &[bool]| row.iter().take_while(|real| !**real).count();
        layout.first = real
            .chunks(length.max(1))
            .flat_map(|row| std::iter::repeat_n(first(row) as u32, length))
            .collect();
        layout
    }

    /// `new` tokens of each row behind `past` ones, of which the first `padding[row]` are padding. Positions count from
    /// the first token that is none.
    pub fn continued(padding: &[usize], past: usize, new: usize) -> Self {
        let alike = padding.iter().all(|&count| count == 0);
        let rows = if alike { &[0][..] } else { padding };
        let tokens = || {
            rows.iter()
                .flat_map(|&pad| (past..past + new).map(move |at| (pad, at)))
        };
        Self {
            rows: rows.len(),
            past,
            positions: tokens()
                .map(|(pad, at)| at.saturating_sub(pad) as u32)
                .collect(),
            first: tokens().map(|(pad, _)| pad as u32).collect(),
        }
    }

    /// Rows of sequences laid end to end, each of which sees itself alone: `segments[row]` are their lengths. What is
    /// left of a row up to `length` is padding on the right.
    ///
    /// # Panics
    ///
    /// When a row is longer than `length`.
    pub fn packed(segments: &[Vec<usize>], length: usize) -> Self {
        let (mut positions, mut first) = (Vec::new(), Vec::new());
        for row in segments {
            let total: usize = row.iter().sum();
            assert!(total <= length, "a row of {total} tokens in {length}");
            let mut start = 0;
            for &segment in row.iter().chain([&(length - total)]) {
                positions.extend(0..segment as u32);
                first.extend(std::iter::repeat_n(start as u32, segment));
                start += segment;
            }
        }
        Self {
            rows: segments.len(),
            past: 0,
            positions: positions.into(),
            first: first.into(),
        }
    }

    /// Number of rows, 1 when all are alike.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of new tokens of a row.
    pub fn length(&self) -> usize {
        self.positions.len() / self.rows.max(1)
    }

    /// `R * T` positions, row-major.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// The keys that each token sees; with a `window`, the last so many of them, itself included.
    pub fn ranges(&self, window: Option<usize>, device: &Device) -> KeyRanges {
        let length = self.length();
        let keys = self.past + length;
        KeyRanges::new([self.rows, length, keys], device, |row, query| {
            let end = self.past + query + 1;
            let oldest = window.map_or(0, |window| end.saturating_sub(window));
            oldest.max(self.first[row * length + query] as usize)..end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_on_the_left_shifts_positions_and_is_never_seen() {
        let layout = CausalLayout::continued(&[0, 2], 0, 4);
        assert_eq!(layout.positions(), [0, 1, 2, 3, 0, 0, 0, 1]);
        assert_eq!(*layout.first, [0, 0, 0, 0, 2, 2, 2, 2]);
        let next = CausalLayout::continued(&[0, 2], 4, 1);
        assert_eq!(next.positions(), [4, 2]);
    }

    #[test]
    fn rows_that_are_alike_are_one_row() {
        assert_eq!(CausalLayout::continued(&[0; 7], 3, 2).rows(), 1);
        assert_eq!(
            CausalLayout::continued(&[0; 7], 0, 5),
            CausalLayout::padded_right(5)
        );
    }

    #[test]
    fn packed_sequences_start_anew() {
        let layout = CausalLayout::packed(&[vec![2, 1], vec![4]], 4);
        assert_eq!(layout.positions(), [0, 1, 0, 0, 0, 1, 2, 3]);
        assert_eq!(*layout.first, [0, 0, 2, 3, 0, 0, 0, 0]);
    }
}
