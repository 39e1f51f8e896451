//! Loading a Hugging Face directory.

use std::{fs, path::Path};

use molglot_tensor::{
    Device, Init,
    burn::tensor::FloatDType,
    weights::{Weights, WeightsError},
};

use super::{Decoder, DecoderConfig};

/// Why a model directory could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A configuration file is missing or cannot be used.
    #[error("{file}: {reason}")]
    ConfigFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Reads a JSON file of a model directory.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, LoadError> {
    let fail = |reason: String| LoadError::ConfigFile {
        file: file.display().to_string(),
        reason,
    };
    let text = fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| fail(error.to_string()))
}

/// Loads a Hugging Face directory: `config.json` and `model.safetensors` or its shards, strictly, in the given float
/// type. Nothing is loaded twice, and no weight is drawn first.
///
/// Stored rotary frequencies are ignored, as they follow from the configuration; so is a stored output layer of a tied
/// model.
///
/// # Errors
///
/// [`LoadError`] naming the file and the field or tensor.
pub fn load_dir(
    dir: &Path,
    dtype: FloatDType,
    device: &Device,
) -> Result<(Decoder, DecoderConfig), LoadError> {
    let file = dir.join("config.json");
    let config: DecoderConfig = read_json(&file)?;
    let tied = config.tie_word_embeddings;
    let weights = Weights::read_dir(dir)?.without(|name| {
        name.ends_with("rotary_emb.inv_freq") || (tied && name == "lm_head.weight")
    });
    let rename = |path: &str| config.architecture.base_name(path);
    let blank = config.init(&mut Init::unfilled(device));
    let blank = blank.map_err(|error| LoadError::ConfigFile {
        file: file.display().to_string(),
        reason: error.to_string(),
    })?;
    let model = weights.load_as(blank, dtype, &rename)?;
    Ok((model, config))
}
