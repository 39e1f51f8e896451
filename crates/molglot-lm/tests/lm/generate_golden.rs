//! Generation of transformers: every scenario of the language-model cases, token by token.

use molglot_core::{KvCache, LanguageModel};
use molglot_lm::{
    Decoder, GenerateConfig, Prompts,
    decoder::load_dir,
    generate,
    generate::{Generated, LogitRows, NextToken, PromptInfo, processors::Processor, search},
};
use molglot_tensor::{
    Backend, Device, Tensor, TensorData, burn::tensor::FloatDType, golden::Golden,
};
use serde_json::{Map, Value};

use crate::support::{Rows, batch as text_batch, case, values};

fn compare(name: &str) {
    let Some(golden) = case(name) else { return };
    let scenarios = golden.meta()["generate"].as_object().unwrap();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let (model, _) = load_dir(&golden.dir().join("model"), FloatDType::F32, &device).unwrap();
        for (scenario, settings) in scenarios {
            one(&golden, &model, &device, scenario, settings);
        }
        eprintln!("{name}, {backend}: {} scenarios", scenarios.len());
    }
}

fn config(settings: &Value) -> GenerateConfig {
    let fields = settings.as_object().unwrap().iter();
    let known: Map<String, Value> = fields
        .filter(|(key, _)| *key != "inputs")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    serde_json::from_value(Value::Object(known)).unwrap()
}

fn one(golden: &Golden, model: &Decoder, device: &Device, scenario: &str, settings: &Value) {
    let config = config(settings);
    let from_ids = settings["inputs"] == "gen";
    let name = format!("out.{scenario}.sequences");
    let (shape, table) = golden.ints(&name).unwrap();
    let start = if from_ids {
        golden.ints("in.gen.input_ids").unwrap().0[1]
    } else {
        0
    };
    let wanted: Vec<Vec<u32>> = table
        .chunks(shape[1])
        .map(|row| row[start..].iter().map(|&id| id as u32).collect())
        .collect();
    for batch in [false, true] {
        let prompts = if from_ids {
            ids(golden, model, device, batch)
        } else {
            embedded(golden, device, batch)
        };
        let mut found: Vec<Generated> = prompts
            .iter()
            .flat_map(|prompts| {
                generate(
                    model,
                    prompts,
                    &config,
                    model.max_length(),
                    &mut |_, _, _| {},
                )
                .unwrap()
            })
            .flatten()
            .collect();
        if !from_ids && config.repetition_penalty != 1.0 {
            as_behind_padding(golden, model, device, &config, &mut found);
        }
        let place = format!("{scenario}, {}", if batch { "batch" } else { "one by one" });
        assert_eq!(found.len(), wanted.len(), "{place}");
        for (found, wanted) in found.iter().zip(&wanted) {
            let tokens: Vec<u32> = found.tokens.iter().copied().chain(found.stop).collect();
            assert_eq!(tokens, wanted[..tokens.len()], "{place}");
            // Beam search fills with the first stop token where the padding token is 0.
            let fill = [config.pad_token_id, config.eos_token_id.first().copied()];
            let rest = &wanted[tokens.len()..];
            assert!(
                rest.iter().all(|&id| fill.contains(&Some(id))),
                "{place}: {rest:?}"
            );
        }
        if config.num_beams > 1 {
            let scores: Vec<f32> = found.iter().map(|one| one.score.unwrap()).collect();
            golden
                .check(&format!("out.{scenario}.sequences_scores"), &scores)
                .unwrap_or_else(|error| panic!("{place}: {error}"));
        }
    }
}

/// The prompts as one batch, or each by itself.
fn ids(golden: &Golden, model: &Decoder, device: &Device, batch: bool) -> Vec<Prompts> {
    let rows = Rows::new(golden, "in.gen.").pick(golden, "in.gen.input_ids");
    let ids: Vec<Vec<u32>> = rows
        .iter()
        .map(|row| row.iter().map(|&id| id as u32).collect())
        .collect();
    let parts = if batch { ids.len() } else { 1 };
    ids.chunks(parts)
        .map(|ids| Prompts::from_ids(model, ids, device))
        .collect()
}

/// Transformers 5.23 takes the padding of a prompt for that many new tokens when the prompt is embeddings, and does not
/// penalise them when they are repeated. Here they are, whatever the padding; with that one difference undone, the
/// reference's tokens come back.
fn as_behind_padding(
    golden: &Golden,
    model: &Decoder,
    device: &Device,
    config: &GenerateConfig,
    found: &mut [Generated],
) {
    let rows = Rows::new(golden, "in.embeds.");
    let prompts = embeddings(golden, device);
    let plain = GenerateConfig {
        repetition_penalty: 1.0,
        ..config.clone()
    };
    for (row, kept) in rows.kept.iter().enumerate().filter(|(_, kept)| kept[0] > 0) {
        let mut lenient = Lenient {
            model,
            prompt: prompts[row].clone(),
            cache: KvCache::default(),
            text: Vec::new(),
            ignored: kept[0],
            penalty: Processor::RepetitionPenalty(config.repetition_penalty),
        };
        let info = PromptInfo {
            room: config.max_new_tokens,
            ..PromptInfo::default()
        };
        let again = search(&mut lenient, &[info], &plain, &mut |_, _, _| {}).unwrap();
        found[row] = again[0][0].clone();
    }
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
        self.text.push(tokens[0]);
        let next = Rows::unlabelled(&[vec![i64::from(tokens[0])]]);
        let text = text_batch(&next, 0, &self.prompt.device());
        self.advance(self.model.embed(&text))
    }
}

/// The prompts `[1, T, E]` of the scenarios that give embeddings.
fn embeddings(golden: &Golden, device: &Device) -> Vec<Tensor<3>> {
    let rows = Rows::new(golden, "in.embeds.");
    let (shape, all) = golden.floats("in.embeds.inputs_embeds").unwrap();
    let (length, width) = (shape[1], shape[2]);
    let prompt = |(row, kept): (usize, &Vec<usize>)| {
        let own: Vec<f32> = kept
            .iter()
            .flat_map(|&at| all[(row * length + at) * width..][..width].to_vec())
            .collect();
        Tensor::from_data(TensorData::new(own, [1, kept.len(), width]), device)
    };
    rows.kept.iter().enumerate().map(prompt).collect()
}

/// The same as one batch, padded on the right with what must never be seen, or each by itself.
fn embedded(golden: &Golden, device: &Device, batch: bool) -> Vec<Prompts> {
    let prompts = embeddings(golden, device);
    let length = |prompt: &Tensor<3>| prompt.dims()[1];
    if !batch {
        let alone = |prompt: Tensor<3>| {
            let lengths = [length(&prompt)];
            Prompts::from_embeddings(prompt, &lengths)
        };
        return prompts.into_iter().map(alone).collect();
    }
    let lengths: Vec<usize> = prompts.iter().map(length).collect();
    let longest = lengths.iter().copied().max().unwrap();
    let padded = prompts.into_iter().map(|prompt| {
        let [_, length, width] = prompt.dims();
        let gap = Tensor::full([1, longest - length, width], 1e9, device);
        Tensor::cat(vec![prompt, gap], 1)
    });
    let padded = Tensor::cat(padded.collect(), 0);
    vec![Prompts::from_embeddings(padded, &lengths)]
}

#[test]
fn llama2_generates_as_hugging_face() {
    compare("llama2");
}

#[test]
fn llama3_generates_as_hugging_face() {
    compare("llama3");
}

#[test]
fn llama3_tied_generates_as_hugging_face() {
    compare("llama3_tied");
}

#[test]
fn mistral_generates_as_hugging_face() {
    compare("mistral");
}

#[test]
fn qwen2_generates_as_hugging_face() {
    compare("qwen2");
}

#[test]
fn gemma2_generates_as_hugging_face() {
    compare("gemma2");
}

#[test]
fn opt_generates_as_hugging_face() {
    compare("opt");
}

#[test]
fn galactica_generates_as_hugging_face() {
    compare("opt_galactica");
}
