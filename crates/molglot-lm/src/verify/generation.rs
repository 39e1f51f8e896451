//! Generated tokens of every scenario: greedy, by beams, under rules about tokens, from ids and from embeddings.

use molglot_core::{KvCache, LanguageModel};
use molglot_tensor::{
    Device, Tensor,
    golden::{Comparison, GoldenError},
};
use serde_json::{Map, Value};

use super::{Input, tensor3, values};
use crate::{
    decoder::Decoder,
    generate::{
        GenerateConfig, Generated, LogitRows, NextToken, PromptInfo, Prompts, generate,
        processors::Processor, search,
    },
};

pub(super) fn run(
    comparison: &mut Comparison<'_>,
    model: &Decoder,
    device: &Device,
) -> Result<(), GoldenError> {
    let scenarios = comparison.golden().meta()["generate"].as_object().cloned();
    for (scenario, settings) in scenarios.unwrap_or_default() {
        one(comparison, model, device, &scenario, &settings)?;
    }
    Ok(())
}

/// One scenario, as one batch and each prompt by itself.
fn one(
    comparison: &mut Comparison<'_>,
    model: &Decoder,
    device: &Device,
    scenario: &str,
    settings: &Value,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let fields = settings.as_object().into_iter().flatten();
    let known: Map<String, Value> = fields
        .filter(|(key, _)| *key != "inputs")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let config: GenerateConfig =
        serde_json::from_value(Value::Object(known)).map_err(GoldenError::new)?;
    let from_ids = settings["inputs"] == "gen";
    let prompts = if from_ids {
        Given::ids(comparison)?
    } else {
        Given::embeddings(comparison, device)?
    };
    let name = format!("out.{scenario}.sequences");
    let (shape, table) = golden.ints(&name)?;
    let start = if from_ids { prompts.length } else { 0 };
    let wanted: Vec<&[i64]> = table.chunks(shape[1]).map(|row| &row[start..]).collect();
    for together in [true, false] {
        let mut found: Vec<Generated> = Vec::new();
        for prompts in prompts.prompts(model, together, device) {
            let limit = model.max_length();
            let texts = generate(model, &prompts, &config, limit, &mut |_, _, _| {});
            found.extend(texts.map_err(GoldenError::new)?.into_iter().flatten());
        }
        if !from_ids && config.repetition_penalty != 1.0 {
            as_behind_padding(&prompts, model, &config, &mut found)?;
        }
        match difference(&found, &wanted, &config) {
            None => comparison.exact(&name),
            Some(what) => {
                let how = if together { "as a batch" } else { "one by one" };
                comparison.fail(&name, &GoldenError::new(format!("{name}, {how}: {what}")));
            }
        }
        if config.num_beams > 1 {
            let scores: Vec<f32> = found.iter().filter_map(|text| text.score).collect();
            comparison.all(&format!("out.{scenario}.sequences_scores"), &scores);
        }
    }
    Ok(())
}

/// Where texts are not the reference's rows, filled with padding.
fn difference(found: &[Generated], wanted: &[&[i64]], config: &GenerateConfig) -> Option<String> {
    if found.len() != wanted.len() {
        return Some(format!("{} texts instead of {}", found.len(), wanted.len()));
    }
    // Beam search fills with the first stop token where the padding token is 0.
    let fill = [config.pad_token_id, config.eos_token_id.first().copied()];
    for (number, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let tokens: Vec<i64> = found
            .tokens
            .iter()
            .copied()
            .chain(found.stop)
            .map(i64::from)
            .collect();
        let whole = wanted.starts_with(&tokens)
            && wanted[tokens.len()..]
                .iter()
                .all(|&id| fill.contains(&u32::try_from(id).ok()));
        if !whole {
            return Some(format!("text {number} is {tokens:?}, not {wanted:?}"));
        }
    }
    None
}

/// The prompts of a scenario.
struct Given {
    length: usize,
    /// Real tokens of each row: ids, or embeddings `[1, T, E]`.
    rows: Rows,
    /// Padding at the left of each row, in the reference.
    padding: Vec<usize>,
}

enum Rows {
    Ids(Vec<Vec<u32>>),
    Embeddings(Vec<Tensor<3>>),
}

impl Given {
    fn ids(comparison: &Comparison<'_>) -> Result<Self, GoldenError> {
        let golden = comparison.golden();
        let (shape, ids) = golden.ints("in.gen.input_ids")?;
        let input = Input::read(golden, "in.gen.", &shape);
        let row = |(ids, real): (&[i64], &[bool])| {
            let kept = ids.iter().zip(real).filter(|(_, real)| **real);
            kept.map(|(&id, _)| id as u32).collect()
        };
        let rows = ids.chunks(shape[1]).zip(input.real.chunks(shape[1]));
        Ok(Self {
            length: shape[1],
            rows: Rows::Ids(rows.map(row).collect()),
            padding: input.padding(),
        })
    }

    fn embeddings(comparison: &Comparison<'_>, device: &Device) -> Result<Self, GoldenError> {
        let golden = comparison.golden();
        let (shape, values) = golden.floats("in.embeds.inputs_embeds")?;
        let input = Input::read(golden, "in.embeds.", &shape);
        let all = tensor3(&shape, values, device);
        let row = |(row, real): (usize, &[bool])| {
            let first = real.iter().take_while(|real| !**real).count();
            let count = real.iter().filter(|real| **real).count();
            all.clone()
                .slice_dim(0, row..row + 1)
                .slice_dim(1, first..first + count)
        };
        let rows = input.real.chunks(shape[1]).enumerate().map(row).collect();
        Ok(Self {
            length: shape[1],
            rows: Rows::Embeddings(rows),
            padding: input.padding(),
        })
    }

    /// As one batch, or each by itself.
    fn prompts(&self, model: &Decoder, together: bool, device: &Device) -> Vec<Prompts> {
        match &self.rows {
            Rows::Ids(ids) => ids
                .chunks(if together { ids.len() } else { 1 })
                .map(|ids| Prompts::from_ids(model, ids, device))
                .collect(),
            Rows::Embeddings(rows) if !together => rows
                .iter()
                .map(|row| Prompts::from_embeddings(row.clone(), &[row.dims()[1]]))
                .collect(),
            Rows::Embeddings(rows) => {
                let lengths: Vec<usize> = rows.iter().map(|row| row.dims()[1]).collect();
                let longest = lengths.iter().copied().max().unwrap_or(0);
                // What stands in the gaps must never be seen.
                let padded = rows.iter().map(|row| {
                    let [_, length, width] = row.dims();
                    let gap = Tensor::full([1, longest - length, width], 1e9, device);
                    Tensor::cat(vec![row.clone(), gap], 1)
                });
                vec![Prompts::from_embeddings(
                    Tensor::cat(padded.collect(), 0),
                    &lengths,
                )]
            }
        }
    }
}

/// Transformers 5.23 takes the padding of a prompt for that many new tokens when the prompt is embeddings, and does not
/// penalise them when they are repeated. Here they are, whatever the padding; with that one difference undone, the
/// reference's tokens come back.
fn as_behind_padding(
    given: &Given,
    model: &Decoder,
    config: &GenerateConfig,
    found: &mut [Generated],
) -> Result<(), GoldenError> {
    let Rows::Embeddings(rows) = &given.rows else {
        return Ok(());
    };
    let plain = GenerateConfig {
        repetition_penalty: 1.0,
        ..config.clone()
    };
    for (row, &padding) in given
        .padding
        .iter()
        .enumerate()
        .filter(|(_, gap)| **gap > 0)
    {
        let mut lenient = Lenient {
            model,
            prompt: rows[row].clone(),
            cache: KvCache::default(),
            text: Vec::new(),
            ignored: padding,
            penalty: Processor::RepetitionPenalty(config.repetition_penalty),
        };
        let info = PromptInfo {
            room: config.max_new_tokens,
            ..PromptInfo::default()
        };
        let again = search(&mut lenient, &[info], &plain, &mut |_, _, _| {});
        let texts = again.map_err(GoldenError::new)?.into_iter().flatten();
        for (text, found) in texts.zip(&mut found[row..=row]) {
            *found = text;
        }
    }
    Ok(())
}

/// One prompt, whose first new tokens may come again.
struct Lenient<'a> {
    model: &'a Decoder,
    prompt: Tensor<3>,
    cache: KvCache,
    text: Vec<u32>,
    ignored: usize,
    penalty: Processor,
}

impl Lenient<'_> {
    fn advance(&mut self, embeddings: Tensor<3>) -> LogitRows {
        let mut values = values(self.model.advance(embeddings, &mut self.cache));
        let known = &self.text[self.ignored.min(self.text.len())..];
        self.penalty.apply(known, &mut values);
        LogitRows {
            width: values.len(),
            values,
        }
    }
}

impl NextToken for Lenient<'_> {
    fn begin(&mut self) -> LogitRows {
        self.advance(self.prompt.clone())
    }

    fn extend(&mut self, _: &[usize], tokens: &[u32]) -> LogitRows {
        self.text.extend(tokens.first());
        self.advance(self.model.embed_ids(tokens, 1))
    }
}
