//! A published language model whole: decoder, tokenizer and the check that they belong together.

use std::path::Path;

use molglot_tensor::{Device, device::is_cpu};

use crate::{
    decoder::{Decoder, DecoderConfig, LoadError, load_dir, read_json},
    settings::Precision,
    tokenizer::{PretrainedTokenizerError, Tokenizer},
};

/// A language model with its tokenizer.
#[derive(Debug)]
pub struct Pretrained {
    /// The network.
    pub lm: Decoder,
    /// Its sizes.
    pub config: DecoderConfig,
    /// Text to ids.
    pub tokenizer: Tokenizer,
}

/// Why a directory is no language model that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainedError {
    /// Configuration or weights.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The tokenizer or its chat template.
    #[error(transparent)]
    Tokenizer(#[from] PretrainedTokenizerError),
    /// The tokenizer has ids that the model has no embedding for.
    #[error(
        "{file}: its ids go up to {largest} and vocab_size in config.json beside it is {rows}; they are of two models"
    )]
    Vocabulary {
        /// The file of the tokenizer.
        file: String,
        /// Its largest id.
        largest: usize,
        /// Rows of the table of embeddings.
        rows: usize,
    },
    /// bf16 on a CPU.
    #[error(
        "{dir}: dtype = \"bf16\" is for CUDA devices; a CPU computes in f32: set dtype = \"f32\" (lm.dtype of a recipe, \
         base.dtype in the model.toml of a trained model), or --device cuda"
    )]
    Precision {
        /// The directory.
        dir: String,
    },
}

/// Loads a Hugging Face directory as it is, strictly; any [`Architecture`](crate::decoder::Architecture).
///
/// # Errors
///
/// [`PretrainedError`] naming the file and what does not fit.
pub fn load_pretrained(
    dir: &Path,
    precision: Precision,
    device: &Device,
) -> Result<Pretrained, PretrainedError> {
    if precision == Precision::Bf16 && is_cpu(device) {
        return Err(PretrainedError::Precision {
            dir: dir.display().to_string(),
        });
    }
    // The tokenizer first: weights take long.
    let tokenizer = Tokenizer::pretrained(dir)?;
    let config: DecoderConfig = read_json(&dir.join("config.json"))?;
    check_vocabulary(&dir.join("tokenizer.json"), &tokenizer, &config)?;
    let (lm, config) = load_dir(dir, precision.dtype(), device)?;
    Ok(Pretrained {
        lm,
        config,
        tokenizer,
    })
}

/// Whether a model has an embedding for every token; more embeddings than tokens are usual.
///
/// # Errors
///
/// [`PretrainedError::Vocabulary`].
pub fn check_vocabulary(
    file: &Path,
    tokenizer: &Tokenizer,
    config: &DecoderConfig,
) -> Result<(), PretrainedError> {
    let (ids, rows) = (tokenizer.vocab_size(), config.vocab_size);
    if ids <= rows {
        return Ok(());
    }
    Err(PretrainedError::Vocabulary {
        file: file.display().to_string(),
        largest: ids - 1,
        rows,
    })
}
