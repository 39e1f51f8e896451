//! Token sequences as one batch.

use std::sync::Arc;

use molglot_tensor::{Device, RowIndex, Tensor, ops::gather_rows};

use crate::CausalLayout;

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
    /// The loss of each label: its logits never exist all at once.
    Losses,
    /// The residual stream after this many blocks at every real token, without the final norm.
    Layer(usize),
}

/// Sequences in rows of one length `T`, padded on the right.
///
/// A causal model never looks right, so padding needs no mask: whatever stands there cannot reach a real token.
#[derive(Clone, Debug)]
pub struct TextBatch {
    /// Where tensors are made.
    pub device: Device,
    /// Number of sequences.
    pub sequences: usize,
    /// Number of rows, `B`: as many as sequences, or fewer when short ones share a row.
    pub rows: usize,
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
    /// Where the tokens stand and what each may look at.
    pub layout: CausalLayout,
    /// Decides what dropout drops in this pass; every pass of a training run has another.
    pub seed: u64,
    /// What the model is asked for.
    pub read: TextRead,
}

impl TextBatch {
    /// One sequence a row; `pad` fills the gaps.
    pub fn new(sequences: &[&Sequence], pad: u32, read: TextRead, device: &Device) -> Self {
        let rows: Vec<Vec<usize>> = (0..sequences.len()).map(|number| vec![number]).collect();
        Self::arrange(sequences, &rows, pad, read, device)
    }

    /// Short sequences share rows, which are as long as the longest sequence; each sees itself alone. The losses are those
    /// of [`TextBatch::new`], with less padding.
    pub fn packed(sequences: &[&Sequence], pad: u32, read: TextRead, device: &Device) -> Self {
        let length = longest(sequences);
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&number| std::cmp::Reverse(sequences[number].ids.len()));
        let mut rows: Vec<(usize, Vec<usize>)> = Vec::new();
        for number in order {
            let size = sequences[number].ids.len();
            match rows.iter_mut().find(|(used, _)| used + size <= length) {
                Some((used, row)) => {
                    *used += size;
                    row.push(number);
                }
                None => rows.push((size, vec![number])),
            }
        }
        let rows: Vec<Vec<usize>> = rows.into_iter().map(|(_, row)| row).collect();
        Self::arrange(sequences, &rows, pad, read, device)
    }

    /// Lays the sequences of each row end to end.
    fn arrange(
        sequences: &[&Sequence],
        rows: &[Vec<usize>],
        pad: u32,
        read: TextRead,
        device: &Device,
    ) -> Self {
        let length = longest(sequences);
        let count = rows.len() * length;
        let mut first = vec![0; sequences.len()];
        for (row, numbers) in rows.iter().enumerate() {
            let mut at = row * length;
            for &number in numbers {
                first[number] = at;
                at += sequences[number].ids.len();
            }
        }
        let mut ids = vec![pad; count];
        let (mut slots, mut predict, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        let (mut of_label, mut tokens, mut of_token) = (Vec::new(), Vec::new(), Vec::new());
        for (number, sequence) in sequences.iter().enumerate() {
            let first = first[number];
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
        let layout = if rows.iter().all(|row| row.len() == 1) {
            CausalLayout::padded_right(length)
        } else {
            let size = |&number: &usize| sequences[number].ids.len();
            let segments: Vec<Vec<usize>> = rows
                .iter()
                .map(|row| row.iter().map(size).collect())
                .collect();
            CausalLayout::packed(&segments, length)
        };
        Self {
            device: device.clone(),
            sequences: sequences.len(),
            rows: rows.len(),
            length,
            ids,
            slots,
            predict: RowIndex::new(count, predict),
            targets: targets.into(),
            sequence_of_label: RowIndex::new(sequences.len(), of_label),
            tokens: RowIndex::new(count, tokens),
            sequence_of_token: RowIndex::new(sequences.len(), of_token),
            layout,
            seed: 0,
            read,
        }
    }
}

/// Length of the longest sequence, at least 1.
fn longest(sequences: &[&Sequence]) -> usize {
    let lengths = sequences.iter().map(|sequence| sequence.ids.len());
    lengths.max().unwrap_or(0).max(1)
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
    /// `[L]`: the negative log-likelihood of each label.
    Losses(Tensor<1>),
    /// `[K, E]`: states of the `K` real tokens, in the order of [`TextBatch::tokens`].
    States(Tensor<2>),
}

/// Keys and values of the tokens that a model has read, per block: each `[B, T, H_kv, D]`.
#[derive(Clone, Debug, Default)]
pub struct KvCache {
    /// Keys and values of each block; empty before the first token.
    pub blocks: Vec<(Tensor<4>, Tensor<4>)>,
    /// Tokens of padding at the left of each row; empty when there are none.
    padding: Vec<usize>,
}

impl KvCache {
    /// A cache for rows whose first `padding[row]` tokens are padding.
    pub fn new(padding: &[usize]) -> Self {
        Self {
            blocks: Vec::new(),
            padding: padding.to_vec(),
        }
    }

    /// Number of tokens read, padding included, `T`.
    pub fn len(&self) -> usize {
        self.blocks.first().map_or(0, |(keys, _)| keys.dims()[1])
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where `new` tokens of each row stand behind what was read.
    pub fn layout(&self, new: usize) -> CausalLayout {
        let padding = if self.padding.is_empty() {
            &[0]
        } else {
            &self.padding[..]
        };
        CausalLayout::continued(padding, self.len(), new)
    }

    /// Row `i` continues what was row `rows[i]`: beams that fork or end, prompts that are read once for several answers.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn reorder(&mut self, rows: &[usize]) {
        let same = |count: usize| rows.iter().copied().eq(0..count);
        for (keys, values) in &mut self.blocks {
            let [batch, length, heads, size] = keys.dims();
            if same(batch) {
                return;
            }
            let index = RowIndex::new(batch, rows.iter().map(|&row| row as u32).collect());
            let pick =
                |x: &Tensor<4>| {
                    gather_rows(x.clone().reshape([batch, length * heads * size]), &index)
                        .reshape([rows.len(), length, heads, size])
                };
            (*keys, *values) = (pick(keys), pick(values));
        }
        if !self.padding.is_empty() {
            self.padding = rows.iter().map(|&row| self.padding[row]).collect();
        }
    }
}
