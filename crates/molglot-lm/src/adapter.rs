//! A LoRA adapter as a PEFT directory: `adapter_config.json` and `adapter_model.safetensors`.

use serde::{Deserialize, Serialize};

use crate::lora::LoraConfig;

/// The fields of `adapter_config.json` that PEFT needs to load an adapter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdapterConfig {
    /// Always `LORA`.
    pub peft_type: String,
    /// Always `CAUSAL_LM`.
    pub task_type: String,
    /// Where the base model lies, relative to the adapter.
    pub base_model_name_or_path: String,
    /// Always `none`: biases are not trained.
    pub bias: String,
    /// Whether base weights are stored transposed; never here.
    pub fan_in_fan_out: bool,
    /// The adapter is loaded frozen.
    pub inference_mode: bool,
    /// Rank, scale, dropout and targets.
    #[serde(flatten)]
    pub lora: LoraConfig,
}

impl AdapterConfig {
    /// The configuration of an adapter trained with `lora` on the model at `base`.
    pub fn new(lora: &LoraConfig, base: &str) -> Self {
        Self {
            peft_type: "LORA".to_owned(),
            task_type: "CAUSAL_LM".to_owned(),
            base_model_name_or_path: base.to_owned(),
            bias: "none".to_owned(),
            fan_in_fan_out: false,
            inference_mode: true,
            lora: lora.clone(),
        }
    }
}
