//! Blocks and the model.

use molglot_core::{KvCache, LanguageModel, TextBatch, TextOutput, TextRead};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::module::{Module, Param},
    nn::{Embedding, Linear, LinearConfig},
    ops::{RopeTable, gather_rows, rms_norm, swiglu},
};

use super::{
    LlamaConfig,
    attention::{Attention, Remembered},
    config::ConfigError,
};
use crate::lora::{LoraConfig, LoraLinear};

/// Scale of a normalised state.
#[derive(Module, Debug)]
struct RmsNorm {
    weight: Param<Tensor<1>>,
    epsilon: f64,
}

impl RmsNorm {
    fn new(config: &LlamaConfig, init: &mut Init) -> Self {
        Self {
            weight: init.constant([config.hidden_size], 1.0),
            epsilon: config.rms_norm_eps,
        }
    }

    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        rms_norm(x, self.weight.val(), self.epsilon)
    }
}

/// `down(silu(gate(x)) * up(x))`.
#[derive(Module, Debug)]
struct Mlp {
    gate_proj: LoraLinear,
    up_proj: LoraLinear,
    down_proj: LoraLinear,
}

impl Mlp {
    fn new(config: &LlamaConfig, init: &mut Init) -> Self {
        let (width, inner, std) = (
            config.hidden_size,
            config.intermediate_size,
            config.initializer_range,
        );
        let mut linear = |input, output| {
            LoraLinear::new(LinearConfig::new(input, output).without_bias(), std, init)
        };
        Self {
            gate_proj: linear(width, inner),
            up_proj: linear(width, inner),
            down_proj: linear(inner, width),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.down_proj.forward(swiglu(
            self.gate_proj.forward(x.clone()),
            self.up_proj.forward(x),
        ))
    }
}

/// Pre-norm attention and feed-forward parts around a residual stream.
#[derive(Module, Debug)]
struct Block {
    input_layernorm: RmsNorm,
    self_attn: Attention,
    post_attention_layernorm: RmsNorm,
    mlp: Mlp,
}

impl Block {
    fn new(config: &LlamaConfig, init: &mut Init) -> Self {
        Self {
            input_layernorm: RmsNorm::new(config, init),
            self_attn: Attention::new(config, init),
            post_attention_layernorm: RmsNorm::new(config, init),
            mlp: Mlp::new(config, init),
        }
    }

    fn forward(
        &self,
        x: Tensor<3>,
        table: &RopeTable,
        past: Option<&Remembered>,
    ) -> (Tensor<3>, Remembered) {
        let (attended, remembered) =
            self.self_attn
                .forward(self.input_layernorm.forward(x.clone()), table, past);
        let x = x + attended;
        let out = x.clone() + self.mlp.forward(self.post_attention_layernorm.forward(x));
        (out, remembered)
    }

    fn linears(&mut self) -> [(&'static str, &mut LoraLinear); 7] {
        let (attention, mlp) = (&mut self.self_attn, &mut self.mlp);
        [
            ("q_proj", &mut attention.q_proj),
            ("k_proj", &mut attention.k_proj),
            ("v_proj", &mut attention.v_proj),
            ("o_proj", &mut attention.o_proj),
            ("gate_proj", &mut mlp.gate_proj),
            ("up_proj", &mut mlp.up_proj),
            ("down_proj", &mut mlp.down_proj),
        ]
    }
}

/// The part of the model that published checkpoints call `model`.
#[derive(Module, Debug)]
struct Body {
    embed_tokens: Embedding,
    layers: Vec<Block>,
    norm: RmsNorm,
}

/// Rotary angles: derived from the configuration, never stored, never trained.
#[derive(Module, Debug)]
struct Angles {
    #[module(skip)]
    table: RopeTable,
}

/// A Llama with its output layer. Parameter paths are the names of Hugging Face checkpoints, but for LoRA; see
/// [`super::base_name`].
#[derive(Module, Debug)]
pub struct Llama {
    model: Body,
    /// `None` when tied to the embedding table.
    lm_head: Option<Linear>,
    angles: Angles,
}

impl LlamaConfig {
    /// Draws the parameters.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the sizes do not fit each other.
    pub fn init(&self, init: &mut Init) -> Result<Llama, ConfigError> {
        self.check()?;
        let std = self.initializer_range;
        Ok(Llama {
            model: Body {
                embed_tokens: Embedding::normal(self.vocab_size, self.hidden_size, std, init),
                layers: (0..self.num_hidden_layers)
                    .map(|_| Block::new(self, init))
                    .collect(),
                norm: RmsNorm::new(self, init),
            },
            lm_head: (!self.tie_word_embeddings).then(|| {
                LinearConfig::new(self.hidden_size, self.vocab_size)
                    .without_bias()
                    .init_normal(init, std)
            }),
            angles: Angles {
                table: RopeTable::new(&self.inverse_frequencies(), self.max_position_embeddings),
            },
        })
    }
}

impl Llama {
    /// Adds LoRA updates to the layers that the configuration names.
    pub fn attach_lora(&mut self, config: &LoraConfig, init: &mut Init) {
        for block in &mut self.model.layers {
            for (name, linear) in block.linears() {
                if config.target_modules.iter().any(|target| target == name) {
                    linear.attach(config, init);
                }
            }
        }
    }

    /// The model without its LoRA updates: the base that it was trained on. Parameters are shared, not copied.
    #[must_use]
    pub fn without_lora(&self) -> Self {
        let mut base = self.clone();
        for block in &mut base.model.layers {
            for (_, linear) in block.linears() {
                linear.lora = None;
            }
        }
        base
    }

    /// Number of tokens of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.model.embed_tokens.sizes().0
    }

    /// Longest sequence that the model has positions for.
    pub fn max_length(&self) -> usize {
        self.angles.table.len()
    }

    /// The residual stream after the embedding and after every block, the last entry also normed: what Hugging Face
    /// calls `hidden_states`.
    pub fn hidden_states(&self, embeddings: Tensor<3>) -> Vec<Tensor<3>> {
        let mut states = vec![embeddings];
        for (number, block) in self.model.layers.iter().enumerate() {
            let (mut x, _) = block.forward(states[number].clone(), &self.angles.table, None);
            if number + 1 == self.model.layers.len() {
                x = self.model.norm.forward(x);
            }
            states.push(x);
        }
        states
    }

    /// Logits of normed states.
    ///
    /// # Shapes
    ///
    /// - `states`: `[R, E]`
    /// - output: `[R, V]`
    pub fn logits(&self, states: Tensor<2>) -> Tensor<2> {
        match &self.lm_head {
            Some(head) => head.forward(states),
            None => states.matmul(self.model.embed_tokens.weight.val().transpose()),
        }
    }

    fn run(&self, mut x: Tensor<3>, blocks: usize) -> Tensor<3> {
        for block in &self.model.layers[..blocks] {
            x = block.forward(x, &self.angles.table, None).0;
        }
        x
    }
}

impl LanguageModel for Llama {
    fn width(&self) -> usize {
        self.model.embed_tokens.sizes().1
    }

    fn layers(&self) -> usize {
        self.model.layers.len()
    }

    fn embed(&self, text: &TextBatch) -> Tensor<3> {
        let index = RowIndex::new(self.vocab_size(), text.ids.clone());
        self.model
            .embed_tokens
            .forward(&index)
            .reshape([text.sequences, text.length, self.width()])
    }

    fn decode(&self, prompt: Tensor<3>, text: &TextBatch) -> TextOutput {
        let [batch, length, width] = prompt.dims();
        let rows = |x: Tensor<3>| x.reshape([batch * length, width]);
        match text.read {
            TextRead::Labels => {
                let states = rows(self.run(prompt, self.layers()));
                let states = self.model.norm.forward(gather_rows(states, &text.predict));
                TextOutput::Logits(self.logits(states))
            }
            TextRead::Layer(layer) => {
                let states = rows(self.run(prompt, layer.min(self.layers())));
                TextOutput::States(gather_rows(states, &text.tokens))
            }
        }
    }

    fn advance(&self, embeddings: Tensor<3>, cache: &mut KvCache) -> Tensor<2> {
        let mut x = embeddings;
        for (number, block) in self.model.layers.iter().enumerate() {
            let (out, remembered) = block.forward(x, &self.angles.table, cache.blocks.get(number));
            x = out;
            if number < cache.blocks.len() {
                cache.blocks[number] = remembered;
            } else {
                cache.blocks.push(remembered);
            }
        }
        let [batch, length, width] = x.dims();
        let last = x.slice_dim(1, length - 1..length).reshape([batch, width]);
        self.logits(self.model.norm.forward(last))
    }
}
