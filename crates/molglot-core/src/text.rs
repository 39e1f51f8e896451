//! Token sequences as one batch.

use std::sync::Arc;

use molglot_tensor::{Device, RowIndex, Tensor};

/// One token sequence before batching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids. Positions that soft tokens will fill hold the placeholder id.
    pub ids: Vec<u32>,
    /// Positions that soft tokens fill, ascending.
    pub slots: Vec<u32>,
    /// Positions whose token is to be predicted (from the position before), ascending; never 0.
    pub labels: Vec<u32>,
}

/// What the language model is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextRead {
    /// Logits for the labelled positions.
    #[default]
    Labels,
    /// The residual stream after this many blocks at every real token, without the final norm.
    Layer(usize),
}

/// Sequences padded on the right to one length `T`.
///
/// A causal model never looks right, so padding needs no mask: whatever stands there cannot reach a real token.
#[derive(Clone, Debug)]
pub struct TextBatch {
    /// Where tensors are made.
    pub device: Device,
    /// Number of sequences, `B`.
    pub sequences: usize,
    /// Padded length, `T`.
    pub length: usize,
    /// `B * T` token ids, row-major.
    pub ids: Vec<u32>,
    /// Per sequence, the rows of `B * T` that soft tokens fill.
    pub slots: Vec<Vec<u32>>,
    /// The rows of `B * T` whose logits predict a label.
    pub predict: RowIndex,
    /// The label of each of those rows.
    pub targets: Arc<[u32]>,
    /// The sequence of each label.
    pub sequence_of_label: RowIndex,
    /// The rows of `B * T` that hold real tokens.
    pub tokens: RowIndex,
    /// The sequence of each real token.
    pub sequence_of_token: RowIndex,
    /// What the model is asked for.
    pub read: TextRead,
}

impl TextBatch {
    /// Pads and joins sequences; `pad` fills the gaps.
    pub fn new(sequences: &[&Sequence], pad: u32, read: TextRead, device: &Device) -> Self {
        let length = sequences
            .iter()
            .map(|sequence| sequence.ids.len())
            .max()
            .unwrap_or(0)
            .max(1);
        let rows = sequences.len() * length;
        let mut ids = vec![pad; rows];
        let (mut slots, mut predict, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        let (mut of_label, mut tokens, mut of_token) = (Vec::new(), Vec::new(), Vec::new());
        for (number, sequence) in sequences.iter().enumerate() {
            let first = number * length;
            ids[first..first + sequence.ids.len()].copy_from_slice(&sequence.ids);
            slots.push(
                sequence
                    .slots
                    .iter()
                    .map(|slot| first as u32 + slot)
                    .collect(),
            );
            for &label in &sequence.labels {
                predict.push(first as u32 + label - 1);
                targets.push(sequence.ids[label as usize]);
                of_label.push(number as u32);
            }
            for position in 0..sequence.ids.len() {
                tokens.push((first + position) as u32);
                of_token.push(number as u32);
            }
        }
        Self {
            device: device.clone(),
            sequences: sequences.len(),
            length,
            ids,
            slots,
            predict: RowIndex::new(rows, predict),
            targets: targets.into(),
            sequence_of_label: RowIndex::new(sequences.len(), of_label),
            tokens: RowIndex::new(rows, tokens),
            sequence_of_token: RowIndex::new(sequences.len(), of_token),
            read,
        }
    }
}

impl TextBatch {
    /// Whether any soft token goes in.
    pub fn has_slots(&self) -> bool {
        self.slots.iter().any(|slots| !slots.is_empty())
    }
}

/// What the language model gives back.
#[derive(Clone, Debug)]
pub enum TextOutput {
    /// `[L, V]`: logits of the `L` labelled positions.
    Logits(Tensor<2>),
    /// `[K, E]`: states of the `K` real tokens, in the order of [`TextBatch::tokens`].
    States(Tensor<2>),
}

/// Keys and values of the tokens that a model has read, per block: each `[B, H_kv, T, D]`.
#[derive(Clone, Debug, Default)]
pub struct KvCache {
    /// Keys and values of each block; empty before the first token.
    pub blocks: Vec<(Tensor<4>, Tensor<4>)>,
}

impl KvCache {
    /// Number of tokens read, `T`.
    pub fn len(&self) -> usize {
        self.blocks.first().map_or(0, |(keys, _)| keys.dims()[2])
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
