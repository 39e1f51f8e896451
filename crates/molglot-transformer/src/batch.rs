//! Sequences of token ids of different lengths.

use molglot_tensor::{
    Device, RowIndex, Tensor,
    ops::{KeyRanges, gather_rows, segment_mean},
};

/// Token ids of `B` sequences, padded on the right to `T`, the length of the longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceBatch {
    /// `[B, T]` row-major.
    ids: Vec<u32>,
    /// `[B, T]` row-major; all 0 unless given.
    types: Vec<u32>,
    lengths: Vec<usize>,
    length: usize,
}

impl SequenceBatch {
    /// Pads with the token `pad`.
    ///
    /// # Panics
    ///
    /// When there is no sequence, or one is empty.
    pub fn new<S: AsRef<[u32]>>(sequences: &[S], pad: u32) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|ids| ids.as_ref().len()).collect();
        assert!(
            lengths.iter().all(|&length| length > 0),
            "a sequence is empty"
        );
        let length = lengths.iter().copied().max();
        assert!(length.is_some(), "there is no sequence");
        let length = length.unwrap_or_default();
        let mut ids = Vec::with_capacity(lengths.len() * length);
        for (row, sequence) in sequences.iter().enumerate() {
            ids.extend_from_slice(sequence.as_ref());
            ids.resize((row + 1) * length, pad);
        }
        Self {
            types: vec![0; ids.len()],
            ids,
            lengths,
            length,
        }
    }

    /// With token types: which of two texts a token belongs to. Without them every token is of type 0.
    ///
    /// # Panics
    ///
    /// When they are not as many as the tokens.
    #[must_use]
    pub fn with_types<S: AsRef<[u32]>>(mut self, types: &[S]) -> Self {
        assert_eq!(types.len(), self.sequences(), "types of other sequences");
        for (row, types) in types.iter().enumerate() {
            let (types, length) = (types.as_ref(), self.lengths[row]);
            assert_eq!(types.len(), length, "types of sequence {row}");
            self.types[row * self.length..][..length].copy_from_slice(types);
        }
        self
    }

    /// Number of sequences, `B`.
    pub fn sequences(&self) -> usize {
        self.lengths.len()
    }

    /// Length of the longest sequence, `T`.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Lengths of the sequences.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// `[B, T]` row-major, padding included.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// `[B, T]` row-major: token types, padding included.
    pub fn types(&self) -> &[u32] {
        &self.types
    }

    /// The tokens of one sequence.
    pub fn tokens(&self, sequence: usize) -> &[u32] {
        &self.ids[sequence * self.length..][..self.lengths[sequence]]
    }

    /// Every token sees every token of its sequence, and no padding.
    pub fn visible(&self, device: &Device) -> KeyRanges {
        KeyRanges::padded(&self.lengths, self.length, self.length, device)
    }

    /// Places of the tokens among `B * T`, padding left out.
    pub fn places(&self) -> RowIndex {
        let row = |(row, &length): (usize, &usize)| {
            let start = row * self.length;
            start..start + length
        };
        let places = self.lengths.iter().enumerate().flat_map(row);
        RowIndex::new(self.ids.len(), places.map(|place| place as u32).collect())
    }

    /// The states of the tokens one after the other, padding left out.
    ///
    /// # Shapes
    ///
    /// - `states`: `[B, T, E]`
    /// - output: `[N, E]`, `N` the sum of the lengths
    ///
    /// # Panics
    ///
    /// When the states are of another batch.
    pub fn packed(&self, states: Tensor<3>) -> Tensor<2> {
        let [batch, length, width] = states.dims();
        gather_rows(states.reshape([batch * length, width]), &self.places())
    }

    /// Mean of the states of every sequence, special tokens included, padding left out.
    ///
    /// # Shapes
    ///
    /// - `states`: `[B, T, E]`
    /// - output: `[B, E]`
    ///
    /// # Panics
    ///
    /// When the states are of another batch.
    pub fn mean(&self, states: Tensor<3>) -> Tensor<2> {
        let owner = |(row, &length): (usize, &usize)| std::iter::repeat_n(row as u32, length);
        let owners = self.lengths.iter().enumerate().flat_map(owner).collect();
        segment_mean(
            self.packed(states),
            &RowIndex::new(self.lengths.len(), owners),
        )
    }
}
