//! H-SCALE as Prot2Text-V2 computes it, and next-token cross-entropy as PyTorch does.

use molglot_align::{
    hscale::{HScale, HScaleConfig, Halves},
    info_nce::{info_nce, unit_rows},
    next_token::{NextToken, NextTokenConfig},
};
use molglot_core::{Aligned, Batch, Objective, Sequence, TextBatch, TextOutput, TextRead};
use molglot_tensor::{Backend, Device, Init, Tensor, golden::Golden, ops::gather_rows};

use crate::support::{captions, matrix, soft, values};

fn case() -> Option<Golden> {
    let found = Golden::find("losses").unwrap();
    if found.is_none() {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case is not run");
    }
    found
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
    fn read(golden: &Golden, side: &str) -> Self {
        let (shape, all) = golden.floats(&format!("in.hscale.{side}_tokens")).unwrap();
        let (_, mask) = golden.ints(&format!("in.hscale.{side}_mask")).unwrap();
        let (length, width) = (shape[1], shape[2]);
        let counts: Vec<usize> = mask
            .chunks(length)
            .map(|row| row.iter().sum::<i64>() as usize)
            .collect();
        for (row, &count) in mask.chunks(length).zip(&counts) {
            assert!(
                row[..count].iter().all(|&real| real == 1),
                "padding is on the right"
            );
        }
        let of_row =
            |(row, &count): (usize, &usize)| all[row * length * width..][..count * width].to_vec();
        let rows = counts.iter().enumerate().flat_map(of_row).collect();
        Self {
            length,
            width,
            rows,
            counts,
        }
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

#[test]
fn h_scale_equals_prot2text_v2() {
    let Some(golden) = case() else { return };
    let (protein, caption) = (
        Packed::read(&golden, "protein"),
        Packed::read(&golden, "text"),
    );
    let (pairs, width) = (protein.counts.len(), protein.width);
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut worst = 0f64;
        let mut check = |name: &str, actual: &[f32]| {
            let part = golden
                .check(name, actual)
                .unwrap_or_else(|error| panic!("{backend}: {error}"));
            worst = worst.max(part);
        };
        let text = captions(&caption.counts, &device);
        let states = matrix(caption.rows.clone(), width, &device);
        let leaf = || matrix(protein.rows.clone(), width, &device).require_grad();
        let both = |objective: &HScale, tokens: &Tensor<2>| {
            (
                objective.molecules(&soft(tokens.clone(), &protein.counts)),
                objective.captions(states.clone(), &text),
            )
        };

        let joined = published(Halves::Joined, 1.0, 1.0, &device);
        let tokens = leaf();
        let (molecules, texts) = both(&joined, &tokens);
        for (side, vectors) in [("protein", &molecules), ("text", &texts)] {
            check(&format!("out.hscale.{side}_mix"), &values(vectors.clone()));
            check(
                &format!("out.hscale.{side}_mean"),
                &values(vectors.clone().slice_dim(1, 0..width)),
            );
            check(
                &format!("out.hscale.{side}_std"),
                &values(vectors.clone().slice_dim(1, width..2 * width)),
            );
        }
        let loss = joined
            .contrast(molecules.clone(), texts.clone())
            .div_scalar(pairs as f64);
        check("out.hscale.loss_segments_1", &values(loss.clone()));
        check("out.hscale.loss_batch", &values(loss.clone()));

        // The reference leaves the protein side as it is: made of unit vectors, [mean; deviation]
        // has norm 1. The value is the same; gradients differ along the tokens, where a step would
        // take their norm away from 1.
        let ours = values(tokens.grad(&loss.backward()).unwrap());
        let wanted = golden
            .floats("grad.hscale.loss_segments_1.hscale.protein_tokens")
            .unwrap()
            .1;
        let wanted_rows: Vec<f32> = wanted
            .chunks(protein.length * width)
            .zip(&protein.counts)
            .flat_map(|(row, count)| row[..count * width].to_vec())
            .collect();
        let atol =
            golden.meta()["tensors"]["grad.hscale.loss_segments_1.hscale.protein_tokens"]["atol"]
                .as_f64()
                .unwrap();
        let sides = [&ours, &wanted_rows].map(|side| tangential(side, &protein.rows, width));
        let off = sides[0]
            .iter()
            .zip(&sides[1])
            .map(|(a, b)| f64::from((a - b).abs()))
            .fold(0.0, f64::max);
        assert!(off <= atol, "{backend}: off by {off:e}, tolerance {atol:e}");
        eprintln!(
            "losses, {backend}: gradient at right angles to tokens: {:.2} of its tolerance",
            off / atol
        );

        for segments in 1..=4 {
            let tokens = leaf();
            let (molecules, texts) = both(&joined, &tokens);
            let rows = info_nce(molecules, unit_rows(texts), 0.05);
            let used = pairs / segments * segments;
            let loss = rows.slice_dim(0, 0..used).mean();
            check(
                &format!("out.hscale.loss_segments_{segments}"),
                &values(loss.clone()),
            );
            let name = format!("grad.hscale.loss_segments_{segments}.hscale.protein_tokens");
            if golden.floats(&name).is_ok() {
                check(
                    &name,
                    &protein.place(&values(tokens.grad(&loss.backward()).unwrap())),
                );
            }
        }

        for (name, mean, deviation) in [
            ("1_1", 1.0, 1.0),
            ("0.7_0.3", 0.7, 0.3),
            ("mean", 1.0, 0.0),
            ("std", 0.0, 1.0),
        ] {
            let split = published(Halves::Split, mean, deviation, &device);
            let tokens = leaf();
            let (molecules, texts) = both(&split, &tokens);
            let loss = split.contrast(molecules, texts).div_scalar(pairs as f64);
            check(
                &format!("out.hscale.split.loss_{name}"),
                &values(loss.clone()),
            );
            let name = format!("grad.hscale.split.loss_{name}.hscale.protein_tokens");
            if golden.floats(&name).is_ok() {
                check(
                    &name,
                    &protein.place(&values(tokens.grad(&loss.backward()).unwrap())),
                );
            }
        }
        eprintln!("losses, {backend}, hscale: worst difference is {worst:.2} of its tolerance");
    }
}

#[test]
fn next_token_equals_pytorch() {
    let Some(golden) = case() else { return };
    let (shape, logits) = golden.floats("in.lm.logits").unwrap();
    let (_, labels) = golden.ints("in.lm.labels").unwrap();
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
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut worst = 0f64;
        let mut check = |name: &str, actual: &[f32]| {
            let part = golden
                .check(name, actual)
                .unwrap_or_else(|error| panic!("{backend}: {error}"));
            worst = worst.max(part);
        };
        let text = TextBatch::new(
            &sequences.iter().collect::<Vec<_>>(),
            0,
            TextRead::Labels,
            &device,
        );
        let counts: Vec<i64> = text
            .sequence_of_label
            .counts()
            .map(|count| count as i64)
            .collect();
        assert_eq!(counts, golden.ints("out.lm.num_supervised").unwrap().1);
        let leaf = matrix(logits.clone(), classes, &device).require_grad();
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
        let objective = NextTokenConfig::default().init(&mut Init::new(0, &device));

        let each = values(NextToken::per_label(&aligned, &batch).unwrap());
        let mut table = vec![0f32; sequences.len() * (length - 1)];
        for (&row, loss) in text.predict.index().iter().zip(each) {
            let (sequence, position) = (row as usize / length, row as usize % length);
            table[sequence * (length - 1) + position] = loss;
        }
        check("out.lm.token_loss", &table);
        let loss = objective.loss(&aligned, &batch);
        assert_eq!(loss.weight, counts.iter().sum::<i64>() as f64);
        check("out.lm.loss_sum", &values(loss.sum.clone()));
        check("out.lm.loss_mean", &values(loss.mean()));
        let grads = loss.mean().backward();
        check(
            "grad.lm.loss_mean.lm.logits",
            &values(leaf.grad(&grads).unwrap()),
        );
        eprintln!("losses, {backend}, lm: worst difference is {worst:.2} of its tolerance");
    }
    eprintln!(
        "losses: not compared: clip, itc, itm, llmgdm, m3llm, stm; label smoothing, accuracy, \
         mean of row means"
    );
}
