//! Names of parameters in Hugging Face and PEFT files.

use super::Architecture;
use crate::lora::COPIES;

/// Prefix of a PEFT adapter's tensor names.
const PEFT_PREFIX: &str = "base_model.model.";

/// Parts of a path that OPT names otherwise, in the order in which they are replaced.
const OPT: [(&str, &str); 7] = [
    (".input_layernorm.", ".self_attn_layer_norm."),
    (".post_attention_layernorm.", ".final_layer_norm."),
    (".self_attn.o_proj", ".self_attn.out_proj"),
    (".mlp.up_proj", ".fc1"),
    (".mlp.down_proj", ".fc2"),
    ("model.norm.", "model.final_layer_norm."),
    ("model.", "model.decoder."),
];

impl Architecture {
    /// The Hugging Face name of a parameter of the base: `model.layers.0.self_attn.q_proj.weight`.
    pub fn base_name(self, path: &str) -> String {
        let path = path.replace(".base.", ".");
        match self {
            Self::Opt => OPT
                .iter()
                .fold(path, |path, (ours, theirs)| path.replacen(ours, theirs, 1)),
            _ => path,
        }
    }

    /// The PEFT name of a parameter of an adapter: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`; the copy
    /// of a part that is trained whole has the name of that part behind the prefix.
    pub fn adapter_name(self, path: &str) -> String {
        let path = path
            .replace(
                &format!("{COPIES}.embed_tokens"),
                "model.embed_tokens.weight",
            )
            .replace(&format!("{COPIES}.lm_head"), "lm_head.weight");
        let named = self
            .base_name(&path)
            .replace(".lora.a", ".lora_A.weight")
            .replace(".lora.b", ".lora_B.weight")
            .replace(".lora.magnitude", ".lora_magnitude_vector");
        format!("{PEFT_PREFIX}{named}")
    }
}
