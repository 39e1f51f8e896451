//! How good a model is on rows that it has not seen.

use molglot_align::{AnyObjective, hscale::HScale, next_token::NextToken};
use molglot_core::{Batch, LanguageModel, Objective, TextOutput, TextRead};
use molglot_lm::Decoder;
use molglot_metrics::retrieval::{Direction, InBatch, InBatchRecall, in_batch};
use molglot_tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{
    aligner::Aligner,
    alignment::Alignment,
    collate::{Collator, Item},
    config::{EvaluateConfig, Input},
    data::{RandomStream, Sample},
    error::Error,
    model::Model,
    report::{Better, MetricRow},
};

/// What was measured. Loss is in nats per token, recall in parts of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Rows that were looked at.
    pub rows: usize,
    /// Finding captions and molecules by each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<Retrieval>,
    /// Loss of the captions given their molecules.
    pub caption_loss: f64,
    /// Loss of the same captions given each other's molecules.
    pub caption_loss_shuffled: f64,
}

/// Retrieval among batches of a fixed size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// Candidates per query.
    pub batch: usize,
    /// The right caption first.
    pub molecule_to_text_at_1: f64,
    /// The right caption among the first five.
    pub molecule_to_text_at_5: f64,
    /// The right molecule first.
    pub text_to_molecule_at_1: f64,
    /// The right molecule among the first five.
    pub text_to_molecule_at_5: f64,
}

impl Evaluation {
    /// How much lower the caption loss is with the right molecule than with another, as a part of the latter.
    pub fn gain(&self) -> f64 {
        1.0 - self.caption_loss / self.caption_loss_shuffled
    }

    /// A table of this evaluation and of an earlier one.
    pub fn rows(before: Option<&Self>, after: &Self) -> Vec<MetricRow> {
        let row = |name: String,
                   get: &dyn Fn(&Self) -> Option<f64>,
                   chance: Option<f64>,
                   better: Better| MetricRow {
            name,
            before: before.and_then(get),
            after: get(after),
            chance,
            better,
        };
        let mut rows = Vec::new();
        if let Some(retrieval) = &after.retrieval {
            let chance =
                |k: usize| Some(100.0 * k.min(retrieval.batch) as f64 / retrieval.batch as f64);
            for (name, k, get) in [
                (
                    "molecule to text",
                    1,
                    (|r: &Retrieval| r.molecule_to_text_at_1) as fn(&Retrieval) -> f64,
                ),
                ("molecule to text", 5, |r| r.molecule_to_text_at_5),
                ("text to molecule", 1, |r| r.text_to_molecule_at_1),
                ("text to molecule", 5, |r| r.text_to_molecule_at_5),
            ] {
                let name = format!("{name} R@{k} among {} (%)", retrieval.batch);
                let get = |e: &Self| e.retrieval.as_ref().map(|r| 100.0 * get(r));
                rows.push(row(name, &get, chance(k), Better::Higher));
            }
        }
        let loss = Better::Lower;
        rows.push(row(
            "caption loss (nats/token)".into(),
            &|e| Some(e.caption_loss),
            None,
            loss,
        ));
        let shuffled = "caption loss, molecules shuffled (nats/token)".to_owned();
        rows.push(row(
            shuffled,
            &|e| Some(e.caption_loss_shuffled),
            None,
            loss,
        ));
        let gain = "loss saved by seeing the molecule (%)".to_owned();
        rows.push(row(
            gain,
            &|e| Some(100.0 * e.gain()),
            Some(0.0),
            Better::Higher,
        ));
        rows
    }
}

/// Evaluates a model (made [`Model::valid`]) on samples; `seed` fixes the batches of retrieval and the shuffling.
///
/// # Errors
///
/// [`Error`] when a prompt cannot be made or there is nothing to evaluate.
pub fn evaluate(
    model: &Model,
    samples: &[&Sample],
    config: &EvaluateConfig,
    seed: u64,
    device: &Device,
) -> Result<Evaluation, Error> {
    if samples.len() < 2 {
        let message = format!(
            "evaluation needs at least 2 rows and has {}: hold out more",
            samples.len()
        );
        return Err(Error::Usage(message));
    }
    let retrieval = match &model.alignment {
        None => None,
        Some(alignment) => Some(retrieval(model, alignment, samples, config, seed, device)?),
    };
    let prompts = items(&model.collator, &model.aligner, samples, Input::Prompts)?;
    let others = derangement(samples.len(), seed);
    let strangers = others.iter().zip(samples).map(|(&other, sample)| Sample {
        graph: samples[other].graph.clone(),
        smiles: samples[other].smiles.clone(),
        ..(*sample).clone()
    });
    let strangers: Vec<Sample> = strangers.collect();
    let strangers: Vec<&Sample> = strangers.iter().collect();
    let shuffled = items(&model.collator, &model.aligner, &strangers, Input::Prompts)?;
    Ok(Evaluation {
        rows: samples.len(),
        retrieval,
        caption_loss: token_loss(model, &prompts, config.batch_size, device)?,
        caption_loss_shuffled: token_loss(model, &shuffled, config.batch_size, device)?,
    })
}

/// Prepares samples for one input.
///
/// # Errors
///
/// [`Error::Prompt`].
pub fn items(
    collator: &Collator,
    aligner: &Aligner,
    samples: &[&Sample],
    input: Input,
) -> Result<Vec<Item>, Error> {
    samples
        .iter()
        .map(|sample| Ok(collator.item(sample, input, &aligner.projector)?))
        .collect()
}

/// Mean loss per labelled token.
fn token_loss(
    model: &Model,
    items: &[Item],
    batch_size: usize,
    device: &Device,
) -> Result<f64, Error> {
    let objective = AnyObjective::NextToken(NextToken::default());
    mean_loss(
        &model.aligner,
        &objective,
        &model.collator,
        items,
        None,
        Input::Prompts,
        batch_size,
        device,
    )
}

/// Mean of an objective over items in order, weighted by what each batch contains. `anchors` are the caption vectors of
/// the items, when they are known.
///
/// # Errors
///
/// [`Error::Splice`].
#[allow(clippy::too_many_arguments)]
pub fn mean_loss(
    aligner: &Aligner,
    objective: &AnyObjective,
    collator: &Collator,
    items: &[Item],
    anchors: Option<&Vectors>,
    input: Input,
    batch_size: usize,
    device: &Device,
) -> Result<f64, Error> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    if anchors.is_none() {
        // Like lengths together: less padding, the same mean.
        order.sort_by_key(|&item| items[item].text.ids.len());
    }
    let (mut sum, mut weight) = (0.0, 0.0);
    for chunk in order.chunks(batch_size.max(1)) {
        let chosen: Vec<&Item> = chunk.iter().map(|&item| &items[item]).collect();
        let batch = match anchors {
            Some(vectors) => Batch {
                graph: Some(collator.graphs(&chosen, device)),
                text: None,
                anchors: Some(vectors.pick(chunk, device)),
            },
            None => collator.batch(&chosen, input, objective.reads(), false, device),
        };
        let loss = objective.loss(&aligner.forward(&batch)?, &batch);
        sum += f64::from(loss.sum.into_scalar::<f32>());
        weight += loss.weight;
    }
    Ok(sum / f64::max(weight, 1.0))
}

/// Rows of numbers on the host.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    values: Vec<f32>,
    width: usize,
}

impl Vectors {
    /// Appends the rows of a tensor.
    pub fn push(&mut self, rows: Tensor<2>) {
        self.width = rows.dims()[1];
        self.values.extend(rows.into_data().iter::<f32>());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// `[R, W]`: the rows of these numbers.
    pub fn pick(&self, rows: &[usize], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = rows
            .iter()
            .flat_map(|&row| &self.values[row * self.width..(row + 1) * self.width])
            .copied()
            .collect();
        Tensor::from_data(TensorData::new(values, [rows.len(), self.width]), device)
    }

    /// `[N, W]`: all rows.
    pub fn all(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(self.values.clone(), [self.len(), self.width]),
            device,
        )
    }
}

/// The captions of items as a language model reads them, before standardisation: `[N, 2E]`.
///
/// A frozen model sees a caption the same way every time, so this is done once, not at every step.
///
/// # Errors
///
/// [`Error::Internal`] when the language model answers something else than states.
pub fn caption_vectors(
    lm: &Decoder,
    alignment: &HScale,
    collator: &Collator,
    items: &[Item],
    batch_size: usize,
    device: &Device,
) -> Result<Vectors, Error> {
    let TextRead::Layer(layer) = alignment.reads() else {
        return Err(Error::internal("H-SCALE reads a layer"));
    };
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&item| items[item].text.ids.len());
    let mut rows: Vec<(usize, Vec<f32>)> = Vec::with_capacity(items.len());
    let mut width = 0;
    for chunk in order.chunks(batch_size.max(1)) {
        let chosen: Vec<&Item> = chunk.iter().map(|&item| &items[item]).collect();
        let batch = collator.batch(
            &chosen,
            Input::Captions,
            TextRead::Layer(layer),
            false,
            device,
        );
        let Some(text) = &batch.text else { continue };
        let TextOutput::States(states) = lm.decode(lm.embed(text), text) else {
            return Err(Error::internal("a layer was asked for"));
        };
        let vectors = alignment.captions(states, text);
        width = vectors.dims()[1];
        let values: Vec<f32> = vectors.into_data().iter::<f32>().collect();
        rows.extend(
            chunk
                .iter()
                .copied()
                .zip(values.chunks(width).map(<[f32]>::to_vec)),
        );
    }
    rows.sort_by_key(|(item, _)| *item);
    Ok(Vectors {
        values: rows.into_iter().flat_map(|(_, values)| values).collect(),
        width,
    })
}

/// The molecules of items as the alignment sees them: `[N, 2E]`.
pub fn molecule_vectors(
    alignment: &Alignment,
    collator: &Collator,
    items: &[Item],
    batch_size: usize,
    device: &Device,
) -> Vectors {
    let mut vectors = Vectors::default();
    for chunk in items.chunks(batch_size.max(1)) {
        let chosen: Vec<&Item> = chunk.iter().collect();
        vectors.push(alignment.molecules(&collator.graphs(&chosen, device)));
    }
    vectors
}

fn retrieval(
    model: &Model,
    alignment: &Alignment,
    samples: &[&Sample],
    config: &EvaluateConfig,
    seed: u64,
    device: &Device,
) -> Result<Retrieval, Error> {
    let Model {
        aligner, collator, ..
    } = model;
    let items = items(collator, aligner, samples, Input::Pairs)?;
    let batch = config.batch_size;
    let objective = &alignment.objective;
    let reader = alignment.reader(aligner);
    let captions = caption_vectors(&reader, objective, collator, &items, batch, device)?;
    let molecules = molecule_vectors(alignment, collator, &items, batch, device);
    let captions = objective.standardised(captions.all(device));
    let scores = objective.similarity(molecules.all(device), captions);
    let scores: Vec<f32> = scores.into_data().iter::<f32>().collect();
    let options = InBatch {
        batch: config.retrieval_batch,
        permutations: config.retrieval_permutations,
        seed,
    };
    let forth: InBatchRecall = in_batch(&scores, samples.len(), Direction::RowToColumn, options)?;
    let back = in_batch(&scores, samples.len(), Direction::ColumnToRow, options)?;
    Ok(Retrieval {
        batch: forth.batch,
        molecule_to_text_at_1: forth.recall.at_1,
        molecule_to_text_at_5: forth.recall.at_5,
        text_to_molecule_at_1: back.recall.at_1,
        text_to_molecule_at_5: back.recall.at_5,
    })
}

/// A permutation without a fixed point: one random cycle through everything (Sattolo's algorithm).
fn derangement(count: usize, seed: u64) -> Vec<usize> {
    let mut stream = RandomStream::new("shuffled molecules", &[seed]);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, stream.below(last as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::derangement;

    #[test]
    fn nobody_keeps_their_molecule() {
        for count in 2..50 {
            let order = derangement(count, 3);
            assert!(order.iter().enumerate().all(|(i, &j)| i != j));
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count).collect::<Vec<_>>());
        }
    }
}
