//! What several tests need: rows of a reference case without their padding, and a count of what
//! was compared.

use std::collections::BTreeSet;

use molglot_core::{LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_lm::Decoder;
use molglot_tensor::{Device, Tensor, golden::Golden, ops::cross_entropy};

/// Marks a position without a label.
const IGNORED: i64 = -100;

/// The case, or a note that it is not run.
pub(crate) fn case(name: &str) -> Option<Golden> {
    let found = Golden::find(name).unwrap();
    if found.is_none() {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case {name} is not run");
    }
    found
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The rows of a scenario: which positions of the reference are real tokens.
pub(crate) struct Rows {
    length: usize,
    pub(crate) kept: Vec<Vec<usize>>,
}

impl Rows {
    /// From the mask `{prefix}attention_mask`; without one, every position of `{prefix}input_ids`
    /// is real.
    pub(crate) fn new(golden: &Golden, prefix: &str) -> Self {
        let (shape, mask) = golden
            .ints(&format!("{prefix}attention_mask"))
            .unwrap_or_else(|_| {
                let (shape, ids) = golden.ints(&format!("{prefix}input_ids")).unwrap();
                (shape, vec![1; ids.len()])
            });
        let real = |row: &[i64]| {
            (0..row.len())
                .filter(|&position| row[position] == 1)
                .collect()
        };
        Self {
            length: shape[1],
            kept: mask.chunks(shape[1]).map(real).collect(),
        }
    }

    /// The real positions of a table `[B, T]` of the case.
    pub(crate) fn pick(&self, golden: &Golden, name: &str) -> Vec<Vec<i64>> {
        let (_, table) = golden.ints(name).unwrap();
        let rows = self.kept.iter().zip(table.chunks(self.length));
        rows.map(|(kept, row)| kept.iter().map(|&position| row[position]).collect())
            .collect()
    }

    /// Sequences of `ids` with every label but the first position's.
    pub(crate) fn sequences(ids: &[Vec<i64>], labels: &[Vec<i64>]) -> Vec<Sequence> {
        let sequence = |(ids, labels): (&Vec<i64>, &Vec<i64>)| Sequence {
            ids: ids.iter().map(|&id| id as u32).collect(),
            slots: Vec::new(),
            labels: (1..labels.len() as u32)
                .filter(|&at| labels[at as usize] != IGNORED)
                .collect(),
        };
        ids.iter().zip(labels).map(sequence).collect()
    }

    /// Sequences without labels.
    pub(crate) fn unlabelled(ids: &[Vec<i64>]) -> Vec<Sequence> {
        let labels: Vec<Vec<i64>> = ids.iter().map(|row| vec![IGNORED; row.len()]).collect();
        Self::sequences(ids, &labels)
    }

    /// Values `[B, T', W]` of rows without padding on the left, at the places where the reference
    /// has them.
    pub(crate) fn place(&self, tensor: Tensor<3>) -> (Vec<f32>, Vec<bool>) {
        let [batch, length, width] = tensor.dims();
        let actual = values(tensor);
        let mut placed = vec![0f32; batch * self.length * width];
        let mut kept = vec![false; placed.len()];
        for (row, positions) in self.kept.iter().enumerate() {
            for (at, &position) in positions.iter().enumerate() {
                let (from, to) = (
                    (row * length + at) * width,
                    (row * self.length + position) * width,
                );
                placed[to..to + width].copy_from_slice(&actual[from..from + width]);
                kept[to..to + width].fill(true);
            }
        }
        (placed, kept)
    }
}

pub(crate) fn batch(sequences: &[Sequence], pad: u32, device: &Device) -> TextBatch {
    TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        pad,
        TextRead::Labels,
        device,
    )
}

/// Logits at the labels.
pub(crate) fn label_logits(model: &Decoder, embeddings: Tensor<3>, text: &TextBatch) -> Tensor<2> {
    match model.decode(embeddings, text) {
        TextOutput::Logits(logits) => logits,
        TextOutput::States(_) => panic!("states instead of logits"),
    }
}

/// `[1]`: mean cross-entropy over the labels.
pub(crate) fn loss(model: &Decoder, embeddings: Tensor<3>, text: &TextBatch) -> Tensor<1> {
    cross_entropy(label_logits(model, embeddings, text), &text.targets).mean()
}

/// `[B, T, V]`: logits everywhere.
#[allow(dead_code)]
pub(crate) fn all_logits(model: &Decoder, normed: Tensor<3>) -> Tensor<3> {
    let [batch, length, width] = normed.dims();
    model
        .logits(normed.reshape([batch * length, width]))
        .reshape([batch, length, model.vocab_size()])
}

/// Compares with a case and remembers the worst and what was compared.
pub(crate) struct Checker<'a> {
    golden: &'a Golden,
    place: String,
    worst: (f64, String),
    seen: &'a mut BTreeSet<String>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(golden: &'a Golden, place: String, seen: &'a mut BTreeSet<String>) -> Self {
        Self {
            golden,
            place,
            worst: (0.0, "nothing".to_owned()),
            seen,
        }
    }

    pub(crate) fn all(&mut self, name: &str, actual: &[f32]) {
        self.at(name, (actual.to_vec(), vec![true; actual.len()]));
    }

    pub(crate) fn at(&mut self, name: &str, (actual, kept): (Vec<f32>, Vec<bool>)) {
        let checked = self.golden.check_where(name, &actual, &kept);
        let part = checked.unwrap_or_else(|error| panic!("{}: {error}", self.place));
        if part >= self.worst.0 {
            self.worst = (part, name.to_owned());
        }
        self.seen.insert(name.to_owned());
    }

    /// A tensor that must be equal and was.
    pub(crate) fn exact(&mut self, name: &str) {
        self.seen.insert(name.to_owned());
    }

    pub(crate) fn report(&self) {
        let (part, name) = &self.worst;
        eprintln!(
            "{}: worst difference is {part:.2} of its tolerance ({name})",
            self.place
        );
    }
}

/// Prints the outputs and gradients that nothing was compared with.
pub(crate) fn print_unseen(golden: &Golden, seen: &BTreeSet<String>) {
    let names = golden.names().unwrap().into_iter();
    let unseen: Vec<String> = names
        .filter(|name| {
            (name.starts_with("out.") || name.starts_with("grad.")) && !seen.contains(name)
        })
        .collect();
    eprintln!(
        "{}: not compared: {}",
        golden.dir().file_name().unwrap().to_string_lossy(),
        unseen.join(", ")
    );
}
