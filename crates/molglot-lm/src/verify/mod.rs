//! Reference cases of language models, tokenizers and sampling: everything that transformers, PEFT and tokenizers
//! returned, compared.

mod causal;
mod generation;
mod lora;
mod sampling;
mod tokenizer;

use molglot_core::CausalLayout;
use molglot_tensor::{
    Device, Tensor, TensorData,
    golden::{Comparison, Golden, GoldenError, Verdict},
    ops::cross_entropy,
    params,
};

use crate::decoder::Decoder;

/// Runs a case on a device; `None` when the case is not one of language models.
///
/// # Errors
///
/// [`GoldenError`] when the case or its model cannot be read.
pub fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    let mut comparison = Comparison::new(golden);
    match golden.meta()["kind"].as_str() {
        Some("causal_lm") => causal::run(&mut comparison, device)?,
        Some("lora") => lora::run(&mut comparison, device)?,
        Some("sampling") => sampling::run(&mut comparison)?,
        Some("tokenizer") => tokenizer::run(&mut comparison)?,
        _ => return Ok(None),
    }
    comparison.finish().map(Some)
}

/// A label that is none.
const IGNORED: i64 = -100;

/// Token sequences of a case with padding where the reference had it.
struct Input {
    rows: usize,
    length: usize,
    /// `rows * length`, row-major.
    real: Vec<bool>,
    layout: CausalLayout,
}

impl Input {
    /// Reads `{prefix}attention_mask` and `{prefix}position_ids`, where the case has them.
    fn read(golden: &Golden, prefix: &str, shape: &[usize]) -> Self {
        let (rows, length) = (shape[0], shape[1]);
        let real: Vec<bool> = match golden.ints(&format!("{prefix}attention_mask")) {
            Ok((_, mask)) => mask.iter().map(|&bit| bit == 1).collect(),
            Err(_) => vec![true; rows * length],
        };
        let positions: Vec<u32> = match golden.ints(&format!("{prefix}position_ids")) {
            Ok((_, ids)) => ids.iter().map(|&id| id as u32).collect(),
            Err(_) => (0..rows).flat_map(|_| 0..length as u32).collect(),
        };
        let layout = CausalLayout::masked(rows, positions, &real);
        Self {
            rows,
            length,
            real,
            layout,
        }
    }

    /// Where values of the given width are real.
    fn kept(&self, width: usize) -> Vec<bool> {
        self.real
            .iter()
            .flat_map(|&real| std::iter::repeat_n(real, width))
            .collect()
    }

    /// Padding at the left of each row.
    fn padding(&self) -> Vec<usize> {
        let gap = |row: &[bool]| row.iter().take_while(|real| !**real).count();
        self.real.chunks(self.length).map(gap).collect()
    }

    /// `[1]`: mean cross-entropy of the labels under logits `[R, T, V]`, each predicted from the token before it.
    fn loss(&self, logits: Tensor<3>, labels: &[i64]) -> Tensor<1> {
        let [_, _, classes] = logits.dims();
        let (mut predict, mut targets) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            for at in 1..self.length {
                let label = labels[row * self.length + at];
                if label != IGNORED {
                    predict.push((row * self.length + at - 1) as u32);
                    targets.push(label as u32);
                }
            }
        }
        let rows = self.rows * self.length;
        let index = molglot_tensor::RowIndex::new(rows, predict);
        let logits = molglot_tensor::ops::gather_rows(logits.reshape([rows, classes]), &index);
        cross_entropy(logits, &targets.into()).mean()
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn tensor3(shape: &[usize], values: Vec<f32>, device: &Device) -> Tensor<3> {
    Tensor::from_data(
        TensorData::new(values, [shape[0], shape[1], shape[2]]),
        device,
    )
}

/// `[R, T, V]`.
fn logits(model: &Decoder, normed: Tensor<3>) -> Tensor<3> {
    let [rows, length, width] = normed.dims();
    model
        .logits(normed.reshape([rows * length, width]))
        .reshape([rows, length, model.vocab_size()])
}

/// `[R, T, E]`.
fn embed(model: &Decoder, ids: &[i64], shape: &[usize]) -> Tensor<3> {
    let ids: Vec<u32> = ids.iter().map(|&id| id as u32).collect();
    model.embed_ids(&ids, shape[0])
}

/// Compares the gradients `{prefix}{name}` of a loss by the name that `rename` gives a parameter.
fn gradients(
    comparison: &mut Comparison<'_>,
    prefix: &str,
    model: &Decoder,
    loss: &Tensor<1>,
    rename: &dyn Fn(&str) -> String,
) -> Result<(), GoldenError> {
    let found = params::gradients(model, &loss.backward());
    for name in comparison.golden().names()? {
        let Some(wanted) = name.strip_prefix(prefix) else {
            continue;
        };
        match found.iter().find(|(path, _)| rename(path) == wanted) {
            Some((_, grad)) => comparison.all(&name, grad),
            None => comparison.fail(
                &name,
                &GoldenError::new(format!("{name}: no gradient reached this parameter")),
            ),
        }
    }
    Ok(())
}
