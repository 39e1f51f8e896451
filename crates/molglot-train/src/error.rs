//! Everything that can go wrong with a run, in words for the person who started it.

use std::{fmt, io, path::Path};

use molglot_core::SpliceError;
use molglot_lm::{
    PretrainedError,
    decoder::{ConfigError, LoadError},
    generate::GenerateError,
    lora::{AdapterError, LoraError},
    prompt::PromptError,
    tokenizer::{PretrainedTokenizerError, TokenizerError},
};
use molglot_metrics::retrieval::RetrievalError;
use molglot_tensor::{device::DeviceError, weights::WeightsError};

use crate::{data::DataError, recipe::RecipeError, report::DrawError, run::RunError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The recipe is wrong.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The run folder cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The device is not there.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A model folder cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A published language model cannot be used.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// A published tokenizer cannot be used.
    #[error(transparent)]
    PretrainedTokenizer(#[from] PretrainedTokenizerError),
    /// A language model cannot be made.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The adapter's settings do not fit the language model.
    #[error("lora: {0}")]
    Lora(#[from] LoraError),
    /// An adapter cannot be loaded.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// The tokenizer refused.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The prompt cannot be made.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// Nothing can be generated.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A molecule does not fit its prompt.
    #[error(transparent)]
    Splice(#[from] SpliceError),
    /// Retrieval cannot be measured.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),
    /// The report cannot be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// A file cannot be read, written or understood.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Training produced a value that is no number.
    #[error(
        "stage `{stage}`, step {step}: {what} is {value}; the model was left as it was before this step\n  \
         rows of the batch: {rows}\n  remedy: a lower learning_rate or clip; look at these rows first"
    )]
    NotFinite {
        /// The stage.
        stage: String,
        /// The step of the stage.
        step: u64,
        /// Loss or gradient norm.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Ids of the rows.
        rows: String,
    },
    /// A command was given something that it cannot work with.
    #[error("{0}")]
    Usage(String),
    /// A mistake of this program.
    #[error("this is a mistake of this program, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// An I/O error on a path.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let file = path.display().to_string();
        move |error| Self::File {
            file,
            reason: error.to_string(),
        }
    }

    /// Something else that is wrong with a file.
    pub fn file(path: &Path, reason: impl fmt::Display) -> Self {
        Self::File {
            file: path.display().to_string(),
            reason: reason.to_string(),
        }
    }

    /// What should never happen.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Whether the person who started the run can mend it (exit code 2) or something failed on the way (1).
    pub fn is_usage(&self) -> bool {
        !matches!(
            self,
            Self::NotFinite { .. } | Self::Internal(_) | Self::Splice(_) | Self::Draw(_)
        )
    }
}
