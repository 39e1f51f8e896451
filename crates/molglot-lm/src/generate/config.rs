//! How a text is continued.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GenerateError, processors::Processor};

/// When a beam search is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum EarlyStopping {
    /// When the best running beam, if it ended here, would not be among the finished ones.
    #[default]
    Heuristic,
    /// As soon as there are as many finished beams as beams.
    WhenFull,
    /// When no running beam can become better than the finished ones, however long it gets.
    Never,
}

/// `false`, `true` or `"never"`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Flag(bool),
    Word(String),
}

impl TryFrom<Written> for EarlyStopping {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Flag(false) => Ok(Self::Heuristic),
            Written::Flag(true) => Ok(Self::WhenFull),
            Written::Word(word) if word == "never" => Ok(Self::Never),
            Written::Word(word) => Err(format!("`{word}` is none of false, true and \"never\"")),
        }
    }
}

impl From<EarlyStopping> for Written {
    fn from(early: EarlyStopping) -> Self {
        match early {
            EarlyStopping::Heuristic => Self::Flag(false),
            EarlyStopping::WhenFull => Self::Flag(true),
            EarlyStopping::Never => Self::Word("never".to_owned()),
        }
    }
}

/// How a text is continued, by the names and with the defaults of Hugging Face.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenerateConfig {
    /// Most tokens that are generated.
    pub max_new_tokens: usize,
    /// No stop token comes before so many.
    pub min_new_tokens: usize,
    /// Number of beams; 1 is no beam search.
    pub num_beams: usize,
    /// How many continuations of each prompt are returned, best first.
    pub num_return_sequences: usize,
    /// Finished beams are compared by their log-probability over their length to this power.
    pub length_penalty: f64,
    /// When a beam search is over.
    pub early_stopping: EarlyStopping,
    /// Whether tokens are drawn; otherwise the likeliest is taken.
    pub do_sample: bool,
    /// Logits are divided by this before a draw.
    pub temperature: f64,
    /// A draw is among so many of the likeliest tokens; 0 for all.
    pub top_k: usize,
    /// A draw is among the likeliest tokens that have this probability together.
    pub top_p: f64,
    /// A draw is among tokens with at least this part of the likeliest one's probability; 0 for all.
    pub min_p: f64,
    /// A draw is among the most typical tokens that have this probability together (Meister et al., 2023).
    pub typical_p: f64,
    /// Logits of tokens that the text has already are divided by this, or multiplied when negative.
    pub repetition_penalty: f64,
    /// No run of so many tokens comes twice; 0 for no such rule.
    pub no_repeat_ngram_size: usize,
    /// Tokens that end a text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eos_token_id: Vec<u32>,
    /// The token that fills gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<u32>,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for GenerateConfig {
    fn default() -> Self {
        Self {
            max_new_tokens: 160,
            min_new_tokens: 0,
            num_beams: 1,
            num_return_sequences: 1,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::default(),
            do_sample: false,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            min_p: 0.0,
            typical_p: 1.0,
            repetition_penalty: 1.0,
            no_repeat_ngram_size: 0,
            eos_token_id: Vec::new(),
            pad_token_id: None,
            seed: 0,
        }
    }
}

impl GenerateConfig {
    /// Reads a Hugging Face `generation_config.json`. Fields that this program does not know are ignored, and so are
    /// those that are null.
    ///
    /// # Errors
    ///
    /// [`GenerateError::File`] when the file is no JSON object, [`GenerateError::Key`] for a value that cannot be used.
    pub fn read(file: &Path) -> Result<Self, GenerateError> {
        let name = || file.display().to_string();
        let bad = |reason: String| GenerateError::File {
            file: name(),
            reason,
        };
        let text = fs::read_to_string(file).map_err(|error| bad(error.to_string()))?;
        let all: Map<String, Value> =
            serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let known = serde_json::to_value(Self {
            eos_token_id: vec![0],
            pad_token_id: Some(0),
            ..Self::default()
        })
        .map_err(|error| bad(error.to_string()))?;
        let mut fields = Map::new();
        for (key, mut value) in all {
            if value.is_null() || known.get(&key).is_none() {
                continue;
            }
            if key == "eos_token_id" && value.is_number() {
                value = Value::Array(vec![value]);
            }
            // One at a time, so that the error has a name.
            let alone = Map::from_iter([(key.clone(), value.clone())]);
            if let Err(error) = Self::deserialize(Value::Object(alone)) {
                return Err(GenerateError::Key {
                    place: name(),
                    key,
                    reason: error.to_string(),
                });
            }
            fields.insert(key, value);
        }
        let config =
            Self::deserialize(Value::Object(fields)).map_err(|error| bad(error.to_string()))?;
        config.check_in(&name())?;
        Ok(config)
    }

    /// Whether every value can be used, and all of them together.
    ///
    /// # Errors
    ///
    /// [`GenerateError::Key`] for the first that cannot.
    pub fn check(&self) -> Result<(), GenerateError> {
        self.check_in("generate")
    }

    fn check_in(&self, place: &str) -> Result<(), GenerateError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let part = |value: f64| (0.0..=1.0).contains(&value);
        let rules = [
            (
                "max_new_tokens",
                self.max_new_tokens > 0,
                "at least one token must be allowed",
            ),
            (
                "min_new_tokens",
                self.min_new_tokens <= self.max_new_tokens,
                "it must not be more than max_new_tokens",
            ),
            (
                "num_beams",
                self.num_beams > 0,
                "there is at least one beam",
            ),
            (
                "num_return_sequences",
                self.num_return_sequences > 0,
                "at least one continuation must be returned",
            ),
            (
                "num_return_sequences",
                self.do_sample || self.num_return_sequences <= self.num_beams,
                "without sampling there are no more continuations than num_beams",
            ),
            (
                "do_sample",
                !self.do_sample || self.num_beams == 1,
                "beams are not sampled; set num_beams = 1 or do_sample = false",
            ),
            (
                "length_penalty",
                self.length_penalty.is_finite(),
                "it must be a number",
            ),
            (
                "temperature",
                positive(self.temperature),
                "it must be above 0; for the likeliest tokens set do_sample = false",
            ),
            (
                "top_p",
                part(self.top_p) && self.top_p > 0.0,
                "it must be above 0 and at most 1",
            ),
            ("min_p", part(self.min_p), "it must be from 0 to 1"),
            (
                "typical_p",
                part(self.typical_p) && self.typical_p > 0.0,
                "it must be above 0 and at most 1",
            ),
            (
                "repetition_penalty",
                positive(self.repetition_penalty),
                "it must be above 0",
            ),
        ];
        match rules.iter().find(|(_, holds, _)| !holds) {
            None => Ok(()),
            Some((key, _, reason)) => Err(GenerateError::Key {
                place: place.to_owned(),
                key: (*key).to_owned(),
                reason: (*reason).to_owned(),
            }),
        }
    }

    /// What is done to logits after a prompt of so many known tokens, in Hugging Face's order.
    pub fn processors(&self, prompt_length: usize) -> Vec<Processor> {
        let mut chain = Vec::new();
        let mut add = |wanted: bool, processor: Processor| {
            if wanted {
                chain.push(processor);
            }
        };
        add(
            self.repetition_penalty != 1.0,
            Processor::RepetitionPenalty(self.repetition_penalty),
        );
        add(
            self.no_repeat_ngram_size > 0,
            Processor::NoRepeatNgram(self.no_repeat_ngram_size),
        );
        add(
            self.min_new_tokens > 0 && !self.eos_token_id.is_empty(),
            Processor::MinLength {
                length: prompt_length + self.min_new_tokens,
                eos: self.eos_token_id.clone(),
            },
        );
        if self.do_sample {
            add(
                self.temperature != 1.0,
                Processor::Temperature(self.temperature),
            );
            add(self.top_k > 0, Processor::TopK(self.top_k));
            add(self.top_p < 1.0, Processor::TopP(self.top_p));
            add(self.min_p > 0.0, Processor::MinP(self.min_p));
            add(self.typical_p < 1.0, Processor::TypicalP(self.typical_p));
        }
        chain
    }
}
