//! Searches against brute force on small tables, and the configuration.

use std::fs;

use molglot_lm::generate::{
    EarlyStopping, GenerateConfig, GenerateError, Generated, LogitRows, NextToken, PromptInfo,
    search,
};
use proptest::prelude::*;

/// A model whose logits are numbers drawn from the whole text before.
struct Table {
    vocabulary: usize,
    seed: u64,
    texts: Vec<Vec<u32>>,
    calls: usize,
}

impl Table {
    fn new(vocabulary: usize, seed: u64, prompts: &[PromptInfo]) -> Self {
        Self {
            vocabulary,
            seed,
            texts: prompts.iter().map(|prompt| prompt.ids.clone()).collect(),
            calls: 0,
        }
    }

    fn logits(&self, text: &[u32]) -> Vec<f32> {
        let mut state = self.seed;
        let mut mix = |word: u64| {
            // SplitMix64.
            state = (state ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
            state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            state ^= state >> 31;
            state
        };
        for &token in text {
            mix(u64::from(token) + 1);
        }
        (0..self.vocabulary)
            .map(|token| (mix(token as u64) >> 40) as f32 / (1 << 22) as f32 - 2.0)
            .collect()
    }

    fn rows(&mut self) -> LogitRows {
        self.calls += 1;
        LogitRows {
            values: self
                .texts
                .iter()
                .flat_map(|text| self.logits(text))
                .collect(),
            width: self.vocabulary,
        }
    }
}

impl NextToken for Table {
    fn begin(&mut self) -> LogitRows {
        self.rows()
    }

    fn extend(&mut self, parents: &[usize], tokens: &[u32]) -> LogitRows {
        self.texts = parents
            .iter()
            .zip(tokens)
            .map(|(&parent, &token)| {
                let mut text = self.texts[parent].clone();
                text.push(token);
                text
            })
            .collect();
        self.rows()
    }
}

fn prompt(ids: &[u32], room: usize, stream: u64) -> PromptInfo {
    PromptInfo {
        ids: ids.to_vec(),
        room,
        stream,
    }
}

fn run(
    vocabulary: usize,
    seed: u64,
    prompts: &[PromptInfo],
    config: &GenerateConfig,
) -> Vec<Vec<Generated>> {
    let mut table = Table::new(vocabulary, seed, prompts);
    search(&mut table, prompts, config, &mut |_, _, _| {}).unwrap()
}

/// Every text that ends with the stop token 0 or at the limit, best first.
fn all_texts(table: &Table, prompt: &PromptInfo, penalty: f64) -> Vec<(Vec<u32>, f64)> {
    let mut open = vec![(Vec::new(), 0.0)];
    let mut found = Vec::new();
    for length in 1..=prompt.room {
        let mut longer = Vec::new();
        for (new, score) in &open {
            let text: Vec<u32> = prompt.ids.iter().chain(new).copied().collect();
            let logits = table.logits(&text);
            let sum: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
            for (token, &logit) in logits.iter().enumerate() {
                let score = score + f64::from(logit) - sum.ln();
                let mut new = new.clone();
                new.push(token as u32);
                if token == 0 || length == prompt.room {
                    found.push((new, score / (length as f64).powf(penalty)));
                } else {
                    longer.push((new, score));
                }
            }
        }
        open = longer;
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// New tokens with the stop token.
fn with_stop(found: &Generated) -> Vec<u32> {
    found.tokens.iter().copied().chain(found.stop).collect()
}

fn configs() -> impl Strategy<Value = GenerateConfig> {
    let kind = prop_oneof![
        Just((1, 1, false)),
        (1usize..4).prop_map(|returned| (1, returned, true)),
        (2usize..5).prop_map(|beams| (beams, 2, false)),
    ];
    let early = prop_oneof![
        Just(EarlyStopping::Heuristic),
        Just(EarlyStopping::WhenFull),
        Just(EarlyStopping::Never)
    ];
    (
        (kind, early, -1.0f64..2.0, any::<u64>()),
        (0.5f64..2.0, 0usize..4, 0.5f64..1.0, 0usize..3),
        (
            0usize..3,
            prop_oneof![Just(1.0), 0.8f64..1.5],
            prop_oneof![Just(vec![]), Just(vec![0]), Just(vec![0, 2])],
        ),
    )
        .prop_map(|(search, draws, rules)| {
            let (
                (num_beams, num_return_sequences, do_sample),
                early_stopping,
                length_penalty,
                seed,
            ) = search;
            let (temperature, top_k, top_p, no_repeat_ngram_size) = draws;
            let (min_new_tokens, repetition_penalty, eos_token_id) = rules;
            GenerateConfig {
                max_new_tokens: 6,
                min_new_tokens,
                num_beams,
                num_return_sequences,
                length_penalty,
                early_stopping,
                do_sample,
                temperature,
                top_k,
                top_p,
                repetition_penalty,
                no_repeat_ngram_size,
                eos_token_id,
                seed,
                ..GenerateConfig::default()
            }
        })
}

fn prompts() -> impl Strategy<Value = Vec<PromptInfo>> {
    let one = (
        prop::collection::vec(0u32..5, 0..4),
        0usize..7,
        any::<u64>(),
    );
    prop::collection::vec(
        one.prop_map(|(ids, room, stream)| prompt(&ids, room, stream)),
        0..5,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// As many beams as there are texts: nothing is ever cut, so the search is exhaustive.
    #[test]
    fn beams_enough_for_every_text_find_the_best(
        vocabulary in 2usize..4, room in 1usize..4, seed: u64, penalty in -1.0f64..2.0,
        early in prop_oneof![Just(EarlyStopping::Heuristic), Just(EarlyStopping::WhenFull), Just(EarlyStopping::Never)],
    ) {
        let prompts = [prompt(&[1], room, 0)];
        let beams = vocabulary.pow(room as u32);
        let config = GenerateConfig {
            num_beams: beams,
            num_return_sequences: beams,
            length_penalty: penalty,
            early_stopping: early,
            eos_token_id: vec![0],
            ..GenerateConfig::default()
        };
        let found = run(vocabulary, seed, &prompts, &config).remove(0);
        let wanted = all_texts(&Table::new(vocabulary, seed, &prompts), &prompts[0], penalty);
        prop_assert_eq!(found.len(), wanted.len());
        for (found, (_, score)) in found.iter().zip(&wanted) {
            prop_assert!((f64::from(found.score.unwrap()) - score).abs() < 1e-5 * score.abs().max(1.0));
        }
        prop_assert_eq!(with_stop(&found[0]), wanted[0].0.clone());
    }

    /// A batch is continued as its prompts are one at a time.
    #[test]
    fn batches_change_nothing(prompts in prompts(), config in configs(), seed: u64) {
        let together = run(5, seed, &prompts, &config);
        prop_assert_eq!(together.len(), prompts.len());
        for (prompt, together) in prompts.iter().zip(&together) {
            let alone = run(5, seed, std::slice::from_ref(prompt), &config);
            prop_assert_eq!(together, &alone[0]);
        }
    }

    #[test]
    fn what_is_asked_for_holds(prompts in prompts(), config in configs(), seed: u64) {
        let mut table = Table::new(5, seed, &prompts);
        let mut told = vec![vec![Vec::new(); config.num_return_sequences]; prompts.len()];
        let found = search(&mut table, &prompts, &config, &mut |prompt, number, token| {
            told[prompt][number].push(token);
        }).unwrap();
        for ((prompt, found), told) in prompts.iter().zip(&found).zip(&told) {
            prop_assert!(found.len() <= config.num_return_sequences && !found.is_empty());
            for (one, told) in found.iter().zip(told) {
                prop_assert_eq!(&one.tokens, told);
                let length = with_stop(one).len();
                prop_assert!(length <= prompt.room);
                prop_assert!(!one.tokens.iter().any(|token| config.eos_token_id.contains(token)));
                if let Some(stop) = one.stop {
                    prop_assert!(config.eos_token_id.contains(&stop));
                    prop_assert!(one.tokens.len() >= config.min_new_tokens);
                }
                let size = config.no_repeat_ngram_size;
                if size > 0 {
                    let text: Vec<u32> = prompt.ids.iter().chain(&one.tokens).copied().collect();
                    let runs: Vec<&[u32]> = text.windows(size).collect();
                    let new = prompt.ids.len().saturating_sub(size - 1)..runs.len();
                    for at in new {
                        prop_assert!(!runs[..at].contains(&runs[at]), "{:?}", text);
                    }
                }
            }
            let scores: Vec<f32> = found.iter().filter_map(|one| one.score).collect();
            prop_assert!(scores.is_sorted_by(|a, b| a >= b));
        }
        // One call for the prompts and one for every further token of the longest text.
        let longest = prompts.iter().map(|prompt| prompt.room).max().unwrap_or(0);
        prop_assert!(table.calls <= longest.max(1));
    }

    #[test]
    fn a_draw_among_one_token_is_the_likeliest(prompts in prompts(), seed: u64) {
        let greedy = GenerateConfig { eos_token_id: vec![0], ..GenerateConfig::default() };
        let drawn = GenerateConfig { do_sample: true, top_k: 1, temperature: 3.0, ..greedy.clone() };
        let narrow = GenerateConfig { do_sample: true, top_p: 1e-9, ..greedy.clone() };
        let wanted = run(5, seed, &prompts, &greedy);
        prop_assert_eq!(&run(5, seed, &prompts, &drawn), &wanted);
        prop_assert_eq!(&run(5, seed, &prompts, &narrow), &wanted);
    }
}

#[test]
fn logits_that_are_no_numbers_are_an_error() {
    struct Broken;
    impl NextToken for Broken {
        fn begin(&mut self) -> LogitRows {
            LogitRows {
                values: vec![0.0, 1.0, f32::NAN, 0.0],
                width: 2,
            }
        }
        fn extend(&mut self, _: &[usize], _: &[u32]) -> LogitRows {
            unreachable!()
        }
    }
    let prompts = [prompt(&[], 1, 0), prompt(&[], 1, 1)];
    for num_beams in [1, 2] {
        let config = GenerateConfig {
            num_beams,
            ..GenerateConfig::default()
        };
        let error = search(&mut Broken, &prompts, &config, &mut |_, _, _| {}).unwrap_err();
        assert!(
            matches!(error, GenerateError::NotANumber { prompt: 1 }),
            "{error}"
        );
    }
}

fn read(json: &str) -> Result<GenerateConfig, GenerateError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("generation_config.json");
    fs::write(&file, json).unwrap();
    GenerateConfig::read(&file)
}

#[test]
fn published_configurations_are_read() {
    let config = read(
        r#"{"_from_model_config": true, "bos_token_id": 1, "eos_token_id": [0, 126], "pad_token_id": null,
            "do_sample": true, "temperature": 0.6, "top_p": 0.9, "max_length": 4096, "early_stopping": "never",
            "transformers_version": "4.42.3"}"#,
    )
    .unwrap();
    let wanted = GenerateConfig {
        eos_token_id: vec![0, 126],
        do_sample: true,
        temperature: 0.6,
        top_p: 0.9,
        early_stopping: EarlyStopping::Never,
        ..GenerateConfig::default()
    };
    assert_eq!(config, wanted);
    assert_eq!(read(r#"{"eos_token_id": 2}"#).unwrap().eos_token_id, [2]);
    let again: GenerateConfig =
        serde_json::from_str(&serde_json::to_string(&wanted).unwrap()).unwrap();
    assert_eq!(again, wanted);
}

#[test]
fn wrong_values_name_file_and_key() {
    for (json, key) in [
        (r#"{"temperature": "hot"}"#, "temperature"),
        (r#"{"temperature": 0.0, "do_sample": true}"#, "temperature"),
        (r#"{"eos_token_id": "</s>"}"#, "eos_token_id"),
        (r#"{"early_stopping": "always"}"#, "early_stopping"),
        (r#"{"num_beams": 0}"#, "num_beams"),
        (r#"{"num_beams": 2, "do_sample": true}"#, "do_sample"),
        (r#"{"num_return_sequences": 2}"#, "num_return_sequences"),
        (r#"{"top_p": 1.5}"#, "top_p"),
        (r#"{"min_p": -0.5}"#, "min_p"),
        (r#"{"typical_p": 0.0}"#, "typical_p"),
        (r#"{"repetition_penalty": -1.0}"#, "repetition_penalty"),
        (r#"{"min_new_tokens": 200}"#, "min_new_tokens"),
        (r#"{"max_new_tokens": 0}"#, "max_new_tokens"),
    ] {
        let error = read(json).unwrap_err().to_string();
        assert!(
            error.contains("generation_config.json") && error.contains(&format!("`{key}`")),
            "{json}: {error}"
        );
    }
    assert!(matches!(read("[]"), Err(GenerateError::File { .. })));
}
