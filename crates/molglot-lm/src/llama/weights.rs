//! Names of Llama weights in Hugging Face and PEFT files.

use std::{fs, path::Path};

use molglot_tensor::{
    Init,
    weights::{Weights, WeightsError},
};

use super::{Llama, LlamaConfig, config::ConfigError};

/// Prefix of a PEFT adapter's tensor names.
const PEFT_PREFIX: &str = "base_model.model.";

/// Whether a parameter path belongs to a LoRA update.
pub fn is_adapter(path: &str) -> bool {
    path.contains(".lora.")
}

/// The Hugging Face name of a base parameter: `model.layers.0.self_attn.q_proj.weight`.
pub fn base_name(path: &str) -> String {
    path.replace(".base.", ".")
}

/// The PEFT name of a LoRA parameter: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
pub fn adapter_name(path: &str) -> String {
    let named = path
        .replace(".lora.a", ".lora_A.weight")
        .replace(".lora.b", ".lora_B.weight");
    format!("{PEFT_PREFIX}{named}")
}

/// Why a model directory could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// `config.json` is missing or is no configuration.
    #[error("{file}: {reason}")]
    ConfigFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration describes no model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Loads a Hugging Face directory: `config.json` and `model.safetensors` or its shards, strictly.
///
/// Stored rotary frequencies are ignored, as they follow from the configuration; so is a stored output layer of a tied
/// model.
///
/// # Errors
///
/// [`LoadError`] naming the file and the field or tensor.
pub fn load_dir(dir: &Path, init: &mut Init) -> Result<(Llama, LlamaConfig), LoadError> {
    let file = dir.join("config.json");
    let fail = |reason: String| LoadError::ConfigFile {
        file: file.display().to_string(),
        reason,
    };
    let text = fs::read_to_string(&file).map_err(|error| fail(error.to_string()))?;
    let config: LlamaConfig =
        serde_json::from_str(&text).map_err(|error| fail(error.to_string()))?;
    let tied = config.tie_word_embeddings;
    let weights = Weights::read_dir(dir)?.without(|name| {
        name.ends_with("rotary_emb.inv_freq") || (tied && name == "lm_head.weight")
    });
    let model = weights.load_into(config.init(init)?, &base_name)?;
    Ok((model, config))
}
