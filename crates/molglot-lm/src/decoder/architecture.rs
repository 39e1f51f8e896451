//! What the architectures differ in.

use serde::{Deserialize, Serialize};

/// A published architecture, by its `model_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Llama 2 and 3.
    #[default]
    Llama,
    /// Mistral: a sliding window on every layer.
    Mistral,
    /// Qwen2 and 2.5: biases on queries, keys and values.
    Qwen2,
    /// Gemma 2: norms around both parts, capped scores and logits, a sliding window on every other layer.
    Gemma2,
    /// OPT and Galactica: learned positions, layer norm, a feed-forward part without a gate.
    Opt,
}

/// The function between the two halves of a feed-forward part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `x sigmoid(x)`.
    #[default]
    #[serde(rename = "silu", alias = "swish")]
    Silu,
    /// `x Phi(x)`.
    #[serde(rename = "gelu")]
    Gelu,
    /// GELU by its tanh approximation.
    #[serde(rename = "gelu_pytorch_tanh", alias = "gelu_new")]
    GeluTanh,
    /// `max(x, 0)`.
    #[serde(rename = "relu")]
    Relu,
}

impl Architecture {
    /// Every one that can be loaded.
    pub const ALL: [Self; 5] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Gemma2,
        Self::Opt,
    ];

    /// The `model_type` of its `config.json`.
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Gemma2 => "gemma2",
            Self::Opt => "opt",
        }
    }

    /// The class that transformers loads it with.
    pub fn class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Mistral => "MistralForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Gemma2 => "Gemma2ForCausalLM",
            Self::Opt => "OPTForCausalLM",
        }
    }

    /// Whether positions turn queries and keys; otherwise they are learned and added to the embeddings.
    pub(super) fn is_rotary(self) -> bool {
        self != Self::Opt
    }

    /// Whether the feed-forward part is `down(act(gate) * up)`, not `down(act(up))`.
    pub(super) fn is_gated(self) -> bool {
        self != Self::Opt
    }

    /// Whether norms keep the mean (layer norm), not only the root mean square.
    pub(super) fn has_layer_norm(self) -> bool {
        self == Self::Opt
    }

    /// What is added to the stored scale of a norm.
    pub(super) fn norm_offset(self) -> f64 {
        if self == Self::Gemma2 { 1.0 } else { 0.0 }
    }

    /// Whether what attention and the feed-forward part return is normed too.
    pub(super) fn norms_outputs(self) -> bool {
        self == Self::Gemma2
    }
}
