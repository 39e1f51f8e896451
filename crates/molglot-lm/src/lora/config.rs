//! Settings of LoRA, by the names that PEFT uses, and which layers they reach.

use std::fmt;

use regex::Regex;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};

use super::COPIES;

/// Settings of LoRA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Rank of the update.
    pub r: usize,
    /// The update is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Probability with which an input of the update is dropped while training.
    pub lora_dropout: f64,
    /// Which layers get one.
    pub target_modules: Targets,
    /// Ranks of single layers: the first pattern that matches counts.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub rank_pattern: Patterns<usize>,
    /// Alphas of single layers: the first pattern that matches counts.
    #[serde(skip_serializing_if = "Patterns::is_empty")]
    pub alpha_pattern: Patterns<f64>,
    /// Scale by `lora_alpha / sqrt(r)` (Kalajdzievski, 2023, arXiv 2312.03732).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_rslora: bool,
    /// Train the lengths of the weight rows apart from their directions (Liu et al., 2024, arXiv 2402.09353).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub use_dora: bool,
    /// Parts of the base of which a copy is trained whole, in f32, and saved with the update: `lm_head`, `embed_tokens`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules_to_save: Vec<String>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        let all = [
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ];
        Self {
            r: 8,
            lora_alpha: 16.0,
            lora_dropout: 0.0,
            target_modules: Targets::Names(all.map(str::to_owned).to_vec()),
            rank_pattern: Patterns::default(),
            alpha_pattern: Patterns::default(),
            use_rslora: false,
            use_dora: false,
            modules_to_save: Vec::new(),
        }
    }
}

/// Names of layers, or a regular expression over their whole paths; `all-linear` is every layer of every block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Targets {
    /// A layer is meant when its path is a name or ends with `.` and a name.
    Names(Vec<String>),
    /// A layer is meant when the expression matches its whole path.
    Pattern(String),
}

/// Values by pattern, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Patterns<T>(pub Vec<(String, T)>);

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Patterns<T> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Patterns<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (pattern, value) in &self.0 {
            map.serialize_entry(pattern, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patterns<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Patterns<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of patterns and values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Patterns(entries))
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

/// Settings that reach no layer or cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoraError {
    /// A name of `target_modules` is no layer of the model.
    #[error("target_modules: `{name}` is no linear layer of this model; the layers are {layers}")]
    NoSuchLayer {
        /// The name or expression.
        name: String,
        /// Paths of the layers of one block.
        layers: String,
    },
    /// A regular expression is wrong.
    #[error("{field}: `{pattern}` is no regular expression: {reason}")]
    Pattern {
        /// The field it stands in.
        field: &'static str,
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A part of `modules_to_save` does not exist.
    #[error(
        "modules_to_save: `{name}` is no part that can be trained whole; `lm_head` and `embed_tokens` can"
    )]
    NoSuchModule {
        /// The name.
        name: String,
    },
    /// A setting without meaning.
    #[error("{0}")]
    Value(String),
}

/// The settings of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSettings {
    /// Rank of the update.
    pub rank: usize,
    /// What the update is multiplied by.
    pub scale: f64,
    /// Probability with which an input of the update is dropped while training.
    pub dropout: f64,
    /// Whether the lengths of the weight rows are trained apart.
    pub dora: bool,
}

/// Whether a parameter path belongs to an adapter: to an update, or to a copy that is trained whole.
pub fn is_lora(path: &str) -> bool {
    path.contains(".lora.") || path.split('.').any(|part| part == COPIES)
}

/// A configuration with its patterns compiled, remembering what they have met.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    config: &'a LoraConfig,
    targets: Matcher<'a>,
    ranks: Vec<(Regex, usize)>,
    alphas: Vec<(Regex, f64)>,
    paths: Vec<String>,
}

#[derive(Debug)]
enum Matcher<'a> {
    All,
    Names(Vec<(&'a str, bool)>),
    Pattern(&'a str, Regex, bool),
}

impl LoraConfig {
    /// # Errors
    ///
    /// [`LoraError::Pattern`] and [`LoraError::Value`].
    pub(crate) fn plan(&self) -> Result<Plan<'_>, LoraError> {
        if self.r == 0 {
            return Err(LoraError::Value("r: a rank of 0 updates nothing".into()));
        }
        if !(0.0..1.0).contains(&self.lora_dropout) {
            return Err(LoraError::Value(format!(
                "lora_dropout: {} is no probability below 1",
                self.lora_dropout
            )));
        }
        let targets = match &self.target_modules {
            Targets::Names(names) => {
                Matcher::Names(names.iter().map(|name| (name.as_str(), false)).collect())
            }
            Targets::Pattern(all) if all == "all-linear" => Matcher::All,
            Targets::Pattern(pattern) => {
                let whole = compile("target_modules", pattern, &format!("^(?:{pattern})$"))?;
                Matcher::Pattern(pattern, whole, false)
            }
        };
        Ok(Plan {
            config: self,
            targets,
            ranks: suffixes("rank_pattern", &self.rank_pattern)?,
            alphas: suffixes("alpha_pattern", &self.alpha_pattern)?,
            paths: Vec::new(),
        })
    }
}

fn compile(field: &'static str, pattern: &str, whole: &str) -> Result<Regex, LoraError> {
    Regex::new(whole).map_err(|error| LoraError::Pattern {
        field,
        pattern: pattern.to_owned(),
        reason: error.to_string(),
    })
}

/// PEFT's rule: a pattern matches a path, or the end of one behind a dot.
fn suffixes<T: Copy>(
    field: &'static str,
    patterns: &Patterns<T>,
) -> Result<Vec<(Regex, T)>, LoraError> {
    let one = |(pattern, value): &(String, T)| {
        let whole = format!(r"^(?:.*\.)?(?:{pattern})$");
        Ok((compile(field, pattern, &whole)?, *value))
    };
    patterns.0.iter().map(one).collect()
}

fn first<T: Copy>(patterns: &[(Regex, T)], path: &str) -> Option<T> {
    let found = patterns.iter().find(|(pattern, _)| pattern.is_match(path));
    found.map(|(_, value)| *value)
}

impl Plan<'_> {
    /// The settings of the layer at `path`, when it is meant.
    pub(crate) fn settings(&mut self, path: &str) -> Option<LayerSettings> {
        self.paths.push(path.to_owned());
        let meant = match &mut self.targets {
            Matcher::All => true,
            Matcher::Pattern(_, pattern, met) => {
                let meant = pattern.is_match(path);
                *met |= meant;
                meant
            }
            Matcher::Names(names) => {
                let mut meant = false;
                for (name, met) in names {
                    let ends = path
                        .strip_suffix(*name)
                        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                    *met |= ends;
                    meant |= ends;
                }
                meant
            }
        };
        if !meant {
            return None;
        }
        let rank = first(&self.ranks, path).unwrap_or(self.config.r).max(1);
        let alpha = first(&self.alphas, path).unwrap_or(self.config.lora_alpha);
        let by = if self.config.use_rslora {
            (rank as f64).sqrt()
        } else {
            rank as f64
        };
        Some(LayerSettings {
            rank,
            scale: alpha / by,
            dropout: self.config.lora_dropout,
            dora: self.config.use_dora,
        })
    }

    /// # Errors
    ///
    /// [`LoraError::NoSuchLayer`] when a name or expression met no layer.
    pub(crate) fn finish(self) -> Result<(), LoraError> {
        let unmet = match &self.targets {
            Matcher::All => None,
            Matcher::Names(names) => names.iter().find(|(_, met)| !met).map(|(name, _)| *name),
            Matcher::Pattern(pattern, _, met) => (!met).then_some(*pattern),
        };
        let Some(name) = unmet else { return Ok(()) };
        let mut layers: Vec<&str> = self
            .paths
            .iter()
            .filter_map(|path| path.rsplit('.').next())
            .collect();
        layers.sort_unstable();
        layers.dedup();
        Err(LoraError::NoSuchLayer {
            name: name.to_owned(),
            layers: layers.join(", "),
        })
    }
}
