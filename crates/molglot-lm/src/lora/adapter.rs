//! A LoRA adapter as a PEFT directory: `adapter_config.json` and `adapter_model.safetensors`.

use std::path::Path;

use molglot_tensor::{
    Init,
    weights::{self, Weights, WeightsError},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LoraConfig, LoraError, Patterns, Targets, is_lora};
use crate::decoder::{Decoder, LoadError, read_json};

/// An adapter that was read: its settings, to be put on a model.
#[derive(Debug)]
pub struct Adapter {
    /// The settings.
    pub config: LoraConfig,
    /// Where the file says that the base model lies.
    pub base: Option<String>,
    weights: Weights,
}

/// Why an adapter could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// A file is missing or cannot be used.
    #[error(transparent)]
    File(#[from] LoadError),
    /// A kind of adapter that is not supported.
    #[error("{file}: {field} is {value}: {remedy}")]
    Unsupported {
        /// The file.
        file: String,
        /// The field.
        field: String,
        /// What it says.
        value: String,
        /// What can be done.
        remedy: &'static str,
    },
    /// The settings reach no layer of this model.
    #[error("{file}: the adapter is for another model: {reason}")]
    Layers {
        /// The file.
        file: String,
        /// What does not fit.
        reason: LoraError,
    },
    /// The weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// `adapter_config.json`. Fields that this program does not know are ignored unless they change the numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    peft_type: String,
    #[serde(default)]
    task_type: Option<String>,
    #[serde(default)]
    base_model_name_or_path: Option<String>,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    target_modules: Targets,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
    #[serde(default)]
    rank_pattern: Patterns<usize>,
    #[serde(default)]
    alpha_pattern: Patterns<f64>,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    bias: String,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default = "yes")]
    init_lora_weights: Value,
}

fn yes() -> Value {
    Value::Bool(true)
}

/// Fields that must be empty, because what they ask for is not done here.
const REFUSED: [&str; 10] = [
    "layer_replication",
    "layers_to_transform",
    "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "lora_bias",
    "use_bdlora",
    "use_qalora",
    "kasa_config",
    "exclude_modules",
];

impl Adapter {
    /// Reads a PEFT directory.
    ///
    /// # Errors
    ///
    /// [`AdapterError`] naming the file and the field.
    pub fn read(dir: &Path) -> Result<Self, AdapterError> {
        let file = dir.join("adapter_config.json");
        let raw: Value = read_json(&file)?;
        let unsupported = |field: &str, value: &Value, remedy| AdapterError::Unsupported {
            file: file.display().to_string(),
            field: field.to_owned(),
            value: value.to_string(),
            remedy,
        };
        for field in REFUSED {
            let value = &raw[field];
            let empty = match value {
                Value::Null | Value::Bool(false) => true,
                Value::Array(list) => list.is_empty(),
                Value::Object(map) => map.is_empty(),
                _ => false,
            };
            if !empty {
                let remedy =
                    "merge the adapter with PEFT (`merge_and_unload`) and load the merged model";
                return Err(unsupported(field, value, remedy));
            }
        }
        let stored: Stored =
            serde_json::from_value(raw.clone()).map_err(|error| LoadError::ConfigFile {
                file: file.display().to_string(),
                reason: error.to_string(),
            })?;
        if stored.peft_type != "LORA" {
            return Err(unsupported(
                "peft_type",
                &raw["peft_type"],
                "only LORA adapters are read",
            ));
        }
        if stored.bias != "none" {
            return Err(unsupported(
                "bias",
                &raw["bias"],
                "adapters that train biases are not read; use `none`",
            ));
        }
        if stored.fan_in_fan_out {
            return Err(unsupported(
                "fan_in_fan_out",
                &raw["fan_in_fan_out"],
                "the weights of this model are not transposed; use `false`",
            ));
        }
        let config = LoraConfig {
            r: stored.r,
            lora_alpha: stored.lora_alpha,
            lora_dropout: stored.lora_dropout,
            target_modules: stored.target_modules,
            rank_pattern: stored.rank_pattern,
            alpha_pattern: stored.alpha_pattern,
            use_rslora: stored.use_rslora,
            use_dora: stored.use_dora,
            modules_to_save: stored.modules_to_save.unwrap_or_default(),
        };
        let weights = Weights::read(&dir.join("adapter_model.safetensors"))?;
        Ok(Self {
            config,
            base: stored.base_model_name_or_path,
            weights,
        })
    }

    /// Puts the adapter on a model, strictly: every tensor of the file is used and every parameter is in the file.
    ///
    /// # Errors
    ///
    /// [`AdapterError`] naming the layers or tensors that do not fit.
    pub fn attach(&self, mut model: Decoder, init: &mut Init) -> Result<Decoder, AdapterError> {
        let file = || self.weights.file().display().to_string();
        model
            .attach_lora(&self.config, init)
            .map_err(|reason| AdapterError::Layers {
                file: file(),
                reason,
            })?;
        let architecture = model.architecture();
        let name = |path: &str| architecture.adapter_name(path);
        Ok(self.weights.load_where(model, &is_lora, &name)?)
    }
}

/// The two files of a PEFT directory.
///
/// # Errors
///
/// [`WeightsError`] when a weight cannot be read back, and a message when the settings cannot be written.
pub fn save_adapter(
    model: &Decoder,
    config: &LoraConfig,
    base: &str,
) -> Result<[(&'static str, Vec<u8>); 2], WeightsError> {
    let stored = Stored {
        peft_type: "LORA".to_owned(),
        task_type: Some("CAUSAL_LM".to_owned()),
        base_model_name_or_path: Some(base.to_owned()),
        r: config.r,
        lora_alpha: config.lora_alpha,
        lora_dropout: config.lora_dropout,
        target_modules: config.target_modules.clone(),
        modules_to_save: (!config.modules_to_save.is_empty())
            .then(|| config.modules_to_save.clone()),
        rank_pattern: config.rank_pattern.clone(),
        alpha_pattern: config.alpha_pattern.clone(),
        use_rslora: config.use_rslora,
        use_dora: config.use_dora,
        bias: "none".to_owned(),
        fan_in_fan_out: false,
        inference_mode: true,
        init_lora_weights: yes(),
    };
    let mut json = serde_json::to_vec_pretty(&stored).unwrap_or_default();
    json.push(b'\n');
    let architecture = model.architecture();
    let tensors = weights::to_bytes(model, &is_lora, &|path| architecture.adapter_name(path))?;
    Ok([
        ("adapter_config.json", json),
        ("adapter_model.safetensors", tensors),
    ])
}
