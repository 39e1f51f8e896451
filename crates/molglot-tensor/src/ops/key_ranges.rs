//! Which keys a query may see.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

/// One contiguous range of keys for every (row, query): enough for causal masks, sliding windows, padding on either
/// side and packed sequences, and far smaller than a mask.
///
/// A query whose range is empty sees nothing; its attention is zero.
#[derive(Clone, Debug)]
pub struct KeyRanges {
    /// `[R, Q, 2]`: first visible key and the one after the last, whole numbers. `R` is the batch size, or 1 when every
    /// row has the same ranges.
    bounds: Tensor<3>,
}

impl KeyRanges {
    /// Ranges computed for every (row, query), ends above `keys` cut.
    pub fn new(
        [rows, queries, keys]: [usize; 3],
        device: &Device,
        range: impl Fn(usize, usize) -> Range<usize>,
    ) -> Self {
        let mut bounds = Vec::with_capacity(rows * queries * 2);
        for row in 0..rows {
            for query in 0..queries {
                let Range { start, end } = range(row, query);
                bounds.extend([start.min(keys) as f32, end.min(keys) as f32]);
            }
        }
        Self {
            bounds: Tensor::from_data(
                TensorData::new(bounds, [rows, queries, 2]),
                &device.clone().inner(),
            ),
        }
    }

    /// Query `i` of `queries` sees the keys `0..=i + keys - queries`: the last query sees every key.
    pub fn causal(queries: usize, keys: usize, device: &Device) -> Self {
        Self::new([1, queries, keys], device, |_, query| {
            0..(query + 1 + keys).saturating_sub(queries)
        })
    }

    /// Every query of row `b` sees the first `lengths[b]` of `keys` keys: attention in both directions over sequences
    /// padded on the right.
    pub fn padded(lengths: &[usize], queries: usize, keys: usize, device: &Device) -> Self {
        Self::new([lengths.len(), queries, keys], device, |row, _| {
            0..lengths[row]
        })
    }

    /// Number of rows, 1 when all are alike.
    pub fn rows(&self) -> usize {
        self.bounds.dims()[0]
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.bounds.dims()[1]
    }

    /// # Panics
    ///
    /// When these are not the ranges of so many queries in every row of a batch.
    pub(super) fn check(&self, batch: usize, queries: usize) {
        let [rows, own, _] = self.bounds.dims();
        assert_eq!(queries, own, "ranges of another number of queries");
        assert!(
            rows == 1 || rows == batch,
            "ranges of {rows} rows for a batch of {batch}"
        );
    }

    /// `[R, Q, 2]`.
    pub(super) fn bounds(&self) -> Tensor<3> {
        self.bounds.clone()
    }
}
