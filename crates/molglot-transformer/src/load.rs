//! Reading Hugging Face directories: what BERT and ESM-2 share.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use molglot_tensor::weights::{Weights, WeightsError};
use serde::de::DeserializeOwned;

/// A configuration that describes no model of this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` {problem}")]
pub struct ConfigError {
    /// The key of `config.json`.
    pub key: &'static str,
    /// What is wrong with its value, and what it may be.
    pub problem: String,
}

impl ConfigError {
    /// A value that a key must not have.
    pub(crate) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        Self {
            key,
            problem: problem.into(),
        }
    }
}

/// Why a model directory could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file is missing or is not what it should be.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration describes no model of this crate.
    #[error("{}: {source}", file.display())]
    Config {
        /// The file.
        file: PathBuf,
        /// The key and its problem.
        source: ConfigError,
    },
    /// The weights could not be read or do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// `config.json` of a directory.
pub(crate) fn config<C: DeserializeOwned>(dir: &Path) -> Result<C, LoadError> {
    let file = dir.join("config.json");
    let fail = |reason: String| LoadError::File {
        file: file.clone(),
        reason,
    };
    let text = fs::read_to_string(&file).map_err(|error| fail(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fail(error.to_string()))
}

/// Says which file a configuration stands in.
pub(crate) fn in_file(dir: &Path) -> impl Fn(ConfigError) -> LoadError + '_ {
    move |source| LoadError::Config {
        file: dir.join("config.json"),
        source,
    }
}

/// Published names of the parts that BERT and ESM-2 share, relative to a block.
pub(crate) const BLOCK: &[(&str, &str)] = &[
    ("attention.query.", "attention.self.query."),
    ("attention.key.", "attention.self.key."),
    ("attention.value.", "attention.self.value."),
    ("attention.output.", "attention.output.dense."),
    ("feed_forward.expand.", "intermediate.dense."),
    ("feed_forward.contract.", "output.dense."),
];

/// Replaces the beginning of a path by the first row of a table that fits it.
pub(crate) fn renamed(path: &str, tables: &[&[(&str, &str)]]) -> String {
    tables
        .iter()
        .flat_map(|table| table.iter())
        .find_map(|(here, there)| path.strip_prefix(here).map(|rest| format!("{there}{rest}")))
        .unwrap_or_else(|| path.to_owned())
}

/// The published name of a path of a model of blocks: `layers.L.*` by `block`, the rest by `top`.
pub(crate) fn published(path: &str, top: &[(&str, &str)], block: &[(&str, &str)]) -> String {
    match path
        .strip_prefix("layers.")
        .and_then(|rest| rest.split_once('.'))
    {
        Some((layer, rest)) => format!("encoder.layer.{layer}.{}", renamed(rest, &[block, BLOCK])),
        None => renamed(path, &[top]),
    }
}

/// The names of a file, whose model stands below a prefix such as `bert.` or below none.
pub(crate) struct Names {
    all: BTreeSet<String>,
    prefix: &'static str,
}

impl Names {
    /// Takes the first of the prefixes that a name of the file begins with, else none.
    pub(crate) fn new(weights: &Weights, prefixes: &[&'static str]) -> Self {
        let all: BTreeSet<String> = weights.names().map(str::to_owned).collect();
        let begins = |prefix: &&str| all.iter().any(|name| name.starts_with(prefix));
        let prefix = prefixes.iter().copied().find(|prefix| begins(prefix));
        Self {
            prefix: prefix.unwrap_or_default(),
            all,
        }
    }

    /// Whether the file has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.contains(name)
    }

    /// The full names that end so.
    pub(crate) fn ending(&self, end: &str) -> impl Iterator<Item = &str> {
        self.all
            .iter()
            .map(String::as_str)
            .filter(move |name| name.ends_with(end))
    }

    /// A name with the prefix.
    pub(crate) fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A name without the prefix, if it has it.
    pub(crate) fn bare<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.prefix).unwrap_or(name)
    }

    /// How the file spells a name: older files call the parameters of a layer norm `gamma` and `beta`.
    pub(crate) fn spelt(&self, name: String) -> String {
        if self.has(&name) {
            return name;
        }
        [("weight", "gamma"), ("bias", "beta")]
            .iter()
            .find_map(|(new, old)| {
                let norm = name.strip_suffix(new)?;
                norm.ends_with("LayerNorm.").then(|| format!("{norm}{old}"))
            })
            .filter(|older| self.has(older))
            .unwrap_or(name)
    }
}
