//! The reference case of losses: H-SCALE as Prot2Text-V2 computes it, and next-token cross-entropy as PyTorch does.

use molglot_core::{
    Aligned, Batch, Objective, Sequence, SoftTokens, TextBatch, TextOutput, TextRead,
};
use molglot_tensor::{
    Device, Init, RowIndex, Tensor, TensorData,
    golden::{Comparison, Golden, GoldenError, Verdict},
    ops::gather_rows,
};

use crate::{
    hscale::{HScale, HScaleConfig, Halves},
    info_nce::{info_nce, unit_rows},
    next_token::{NextToken, NextTokenConfig},
};

/// Runs a case on a device; `None` when it is not one of losses. Losses that are not here are named as uncovered.
///
/// # Errors
///
/// [`GoldenError`] when the case cannot be read.
pub fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    if golden.meta()["kind"] != "loss" {
        return Ok(None);
    }
    let device = device.clone().autodiff();
    let mut comparison = Comparison::new(golden);
    h_scale(&mut comparison, &device)?;
    next_token(&mut comparison, &device)?;
    comparison.finish().map(Some)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn matrix(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / width.max(1);
    Tensor::from_data(TensorData::new(values, [rows, width]), device)
}

/// The gradient of a loss at a leaf.
fn gradient(loss: &Tensor<1>, leaf: &Tensor<2>) -> Result<Vec<f32>, GoldenError> {
    let found = leaf.grad(&loss.backward());
    found
        .map(values)
        .ok_or_else(|| GoldenError::new("no gradient reached the input"))
}

/// The published code: one way round, every token, nothing standardised, no epsilon.
fn published(halves: Halves, mean_weight: f64, deviation_weight: f64, device: &Device) -> HScale {
    let config = HScaleConfig {
        temperature: 0.05,
        halves,
        mean_weight,
        deviation_weight,
        symmetric: false,
        text_layer: None,
        skip_first_token: false,
        standardise: false,
        epsilon: 0.0,
    };
    config.init(&mut Init::new(0, device))
}

/// Vectors of a padded table, one after the other, and how many each row has.
struct Packed {
    length: usize,
    width: usize,
    rows: Vec<f32>,
    counts: Vec<usize>,
}

impl Packed {
    fn read(golden: &Golden, side: &str) -> Result<Self, GoldenError> {
        let (shape, all) = golden.floats(&format!("in.hscale.{side}_tokens"))?;
        let (_, mask) = golden.ints(&format!("in.hscale.{side}_mask"))?;
        let (length, width) = (shape[1], shape[2]);
        let counts: Vec<usize> = mask
            .chunks(length)
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        for (row, &count) in mask.chunks(length).zip(&counts) {
            if row[..count].iter().any(|&real| real != 1) {
                let what = format!("in.hscale.{side}_mask: padding is not on the right");
                return Err(GoldenError::new(what));
            }
        }
        let of_row =
            |(row, &count): (usize, &usize)| all[row * length * width..][..count * width].to_vec();
        let rows = counts.iter().enumerate().flat_map(of_row).collect();
        Ok(Self {
            length,
            width,
            rows,
            counts,
        })
    }

    /// `tokens` as the soft tokens of molecules.
    fn soft(&self, tokens: Tensor<2>) -> SoftTokens {
        let counts = self.counts.iter().enumerate();
        let owner = counts.flat_map(|(row, &count)| std::iter::repeat_n(row as u32, count));
        SoftTokens {
            tokens,
            owner: RowIndex::new(self.counts.len(), owner.collect()),
        }
    }

    /// Captions of as many tokens.
    fn captions(&self, device: &Device) -> TextBatch {
        let sequence = |&count: &usize| Sequence {
            ids: vec![1; count],
            ..Sequence::default()
        };
        let sequences: Vec<Sequence> = self.counts.iter().map(sequence).collect();
        let sequences: Vec<&Sequence> = sequences.iter().collect();
        TextBatch::new(&sequences, 0, TextRead::Layer(1), device)
    }

    /// Packed rows where the padded table has them, zeros elsewhere.
    fn place(&self, packed: &[f32]) -> Vec<f32> {
        let mut placed = vec![0f32; self.counts.len() * self.length * self.width];
        let mut rest = packed;
        for (row, count) in self.counts.iter().enumerate() {
            let (own, others) = rest.split_at(count * self.width);
            placed[row * self.length * self.width..][..own.len()].copy_from_slice(own);
            rest = others;
        }
        placed
    }
}

/// What is left of each gradient at right angles to its token.
fn tangential(gradients: &[f32], tokens: &[f32], width: usize) -> Vec<f32> {
    let rows = gradients.chunks(width).zip(tokens.chunks(width));
    rows.flat_map(|(gradient, token)| {
        let along: f64 = gradient
            .iter()
            .zip(token)
            .map(|(g, t)| f64::from(*g) * f64::from(*t))
            .sum();
        gradient
            .iter()
            .zip(token)
            .map(move |(g, t)| (f64::from(*g) - along * f64::from(*t)) as f32)
    })
    .collect()
}

fn h_scale(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let protein = Packed::read(golden, "protein")?;
    let caption = Packed::read(golden, "text")?;
    let (pairs, width) = (protein.counts.len(), protein.width);
    let text = caption.captions(device);
    let states = matrix(caption.rows.clone(), width, device);
    let leaf = || matrix(protein.rows.clone(), width, device).require_grad();
    let both = |objective: &HScale, tokens: &Tensor<2>| {
        (
            objective.molecules(&protein.soft(tokens.clone())),
            objective.captions(states.clone(), &text),
        )
    };

    let joined = published(Halves::Joined, 1.0, 1.0, device);
    let tokens = leaf();
    let (molecules, texts) = both(&joined, &tokens);
    for (side, vectors) in [("protein", &molecules), ("text", &texts)] {
        let mut check = |part: &str, vectors: Tensor<2>| {
            comparison.all(&format!("out.hscale.{side}_{part}"), &values(vectors));
        };
        check("mix", vectors.clone());
        check("mean", vectors.clone().slice_dim(1, 0..width));
        check("std", vectors.clone().slice_dim(1, width..2 * width));
    }
    let loss = joined.contrast(molecules, texts).div_scalar(pairs as f64);
    comparison.all("out.hscale.loss_segments_1", &values(loss.clone()));
    comparison.all("out.hscale.loss_batch", &values(loss.clone()));
    tangent(comparison, &protein, &gradient(&loss, &tokens)?)?;

    for segments in 1..=4 {
        let tokens = leaf();
        let (molecules, texts) = both(&joined, &tokens);
        let rows = info_nce(molecules, unit_rows(texts), 0.05);
        let used = pairs / segments * segments;
        let loss = rows.slice_dim(0, 0..used).mean();
        let name = format!("hscale.loss_segments_{segments}");
        with_gradient(comparison, &protein, &name, &loss, &tokens)?;
    }
    for (name, mean, deviation) in [
        ("1_1", 1.0, 1.0),
        ("0.7_0.3", 0.7, 0.3),
        ("mean", 1.0, 0.0),
        ("std", 0.0, 1.0),
    ] {
        let split = published(Halves::Split, mean, deviation, device);
        let tokens = leaf();
        let (molecules, texts) = both(&split, &tokens);
        let loss = split.contrast(molecules, texts).div_scalar(pairs as f64);
        let name = format!("hscale.split.loss_{name}");
        with_gradient(comparison, &protein, &name, &loss, &tokens)?;
    }
    Ok(())
}

/// A loss, and where the case has it the gradient at the protein's tokens.
fn with_gradient(
    comparison: &mut Comparison<'_>,
    protein: &Packed,
    name: &str,
    loss: &Tensor<1>,
    tokens: &Tensor<2>,
) -> Result<(), GoldenError> {
    comparison.all(&format!("out.{name}"), &values(loss.clone()));
    let name = format!("grad.{name}.hscale.protein_tokens");
    if comparison.golden().floats(&name).is_ok() {
        comparison.all(&name, &protein.place(&gradient(loss, tokens)?));
    }
    Ok(())
}

/// The gradient of the objective as it is here. The reference leaves the protein side as it is: made of unit vectors,
/// `[mean; deviation]` has norm 1. The value is the same; gradients differ along the tokens, where a step would take their
/// norm away from 1. So they are compared at right angles to them.
fn tangent(
    comparison: &mut Comparison<'_>,
    protein: &Packed,
    found: &[f32],
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let stored = "grad.hscale.loss_segments_1.hscale.protein_tokens";
    let (_, wanted) = golden.floats(stored)?;
    let rows = wanted
        .chunks(protein.length * protein.width)
        .zip(&protein.counts);
    let wanted: Vec<f32> = rows
        .flat_map(|(row, count)| row[..count * protein.width].to_vec())
        .collect();
    let atol = golden.meta()["tensors"][stored]["atol"]
        .as_f64()
        .unwrap_or_default();
    let sides = [found, &wanted].map(|side| tangential(side, &protein.rows, protein.width));
    let pairs = sides[0].iter().zip(&sides[1]);
    let off = pairs
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, f64::max);
    let name = "objective.grad.hscale.protein_tokens (at right angles to the tokens)";
    if off <= atol {
        comparison.exact(name);
    } else {
        let what = format!("{name}: off by {off:e}, tolerance {atol:e}");
        comparison.fail(name, &GoldenError::new(what));
    }
    Ok(())
}

fn next_token(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let (shape, logits) = golden.floats("in.lm.logits")?;
    let (_, labels) = golden.ints("in.lm.labels")?;
    let (length, classes) = (shape[1], shape[2]);
    let sequences: Vec<Sequence> = labels
        .chunks(length)
        .map(|row| Sequence {
            ids: row.iter().map(|&label| label.max(0) as u32).collect(),
            slots: Vec::new(),
            labels: (1..length as u32)
                .filter(|&at| row[at as usize] >= 0)
                .collect(),
        })
        .collect();
    let text = TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        0,
        TextRead::Labels,
        device,
    );
    let counts: Vec<i64> = text
        .sequence_of_label
        .counts()
        .map(|count| count as i64)
        .collect();
    comparison.ints("out.lm.num_supervised", &counts);
    let leaf = matrix(logits, classes, device).require_grad();
    let output = Some(TextOutput::Logits(gather_rows(leaf.clone(), &text.predict)));
    let aligned = Aligned {
        features: None,
        soft: None,
        output,
    };
    let batch = Batch {
        text: Some(text.clone()),
        ..Batch::default()
    };
    let objective = NextTokenConfig::default().init(&mut Init::new(0, device));
    if let Some(each) = NextToken::per_label(&aligned, &batch) {
        let mut table = vec![0f32; sequences.len() * (length - 1)];
        for (&row, loss) in text.predict.index().iter().zip(values(each)) {
            let (sequence, position) = (row as usize / length, row as usize % length);
            table[sequence * (length - 1) + position] = loss;
        }
        comparison.all("out.lm.token_loss", &table);
    }
    let loss = objective.loss(&aligned, &batch);
    let all = counts.iter().sum::<i64>() as f64;
    comparison.same("number of labels", &loss.weight, &all);
    comparison.all("out.lm.loss_sum", &values(loss.sum.clone()));
    let mean = loss.mean();
    comparison.all("out.lm.loss_mean", &values(mean.clone()));
    comparison.all("grad.lm.loss_mean.lm.logits", &gradient(&mean, &leaf)?);
    Ok(())
}
