//! The stack with its embeddings and its output layer.

use molglot_core::{CausalLayout, KvCache, LanguageModel, TextBatch, TextOutput, TextRead};
use molglot_tensor::burn;
use molglot_tensor::{
    Device, Init, RowIndex, Tensor,
    burn::{
        module::{Module, Param, ParamId},
        tensor::DType,
    },
    nn::{Embedding, Linear, LinearConfig},
    ops::{KeyRanges, RopeAngles, RopeTable, gather_rows, head_loss, linear, recompute, soft_cap},
};

use super::{Architecture, ConfigError, DecoderConfig, attention::Place, block::Block, norm::Norm};
use crate::lora::{LoraConfig, LoraError, Whole};

/// Rows that OPT's table of positions has before the first.
const OPT_OFFSET: u32 = 2;

/// The part of the model that published checkpoints call `model`.
#[derive(Module, Debug)]
struct Body {
    embed_tokens: Embedding,
    embed_positions: Option<Embedding>,
    layers: Vec<Block>,
    norm: Norm,
}

/// What follows from the configuration alone: never stored, never trained.
#[derive(Clone, Debug)]
struct Rules {
    architecture: Architecture,
    table: Option<RopeTable>,
    frequencies: Vec<f32>,
    windows: Vec<Option<usize>>,
    max_length: usize,
    /// Whether training computes each block again in the backward pass.
    recompute: bool,
    /// Embeddings are multiplied by it.
    embedding_scale: Option<f64>,
    logit_cap: Option<f64>,
}

/// A decoder with its output layer. Parameter paths are the names of Hugging Face checkpoints of Llama, but for LoRA; see
/// [`Architecture::base_name`].
#[derive(Module, Debug)]
pub struct Decoder {
    model: Body,
    /// `None` when tied to the embedding table.
    lm_head: Option<Linear>,
    /// What an adapter trains whole; see [`Whole`].
    modules_to_save: Whole,
    #[module(skip)]
    rules: Rules,
}

impl DecoderConfig {
    /// Draws the parameters.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the sizes do not fit each other.
    pub fn init(&self, init: &mut Init) -> Result<Decoder, ConfigError> {
        self.check()?;
        let frequencies = self.inverse_frequencies();
        let std = self.initializer_range;
        let rotary = self.architecture.is_rotary();
        let (width, positions) = (self.hidden_size, self.max_position_embeddings);
        Ok(Decoder {
            model: Body {
                embed_tokens: Embedding::normal(self.vocab_size, width, std, init),
                embed_positions: (!rotary)
                    .then(|| Embedding::normal(positions + OPT_OFFSET as usize, width, std, init)),
                layers: (0..self.num_hidden_layers)
                    .map(|_| Block::new(self, init))
                    .collect(),
                norm: Norm::new(self, init),
            },
            lm_head: (!self.tie_word_embeddings).then(|| {
                LinearConfig::new(width, self.vocab_size)
                    .without_bias()
                    .init_normal(init, std)
            }),
            modules_to_save: Whole::default(),
            rules: Rules {
                architecture: self.architecture,
                table: rotary.then(|| RopeTable::new(&frequencies, positions)),
                frequencies,
                windows: self.windows.clone(),
                max_length: positions,
                recompute: false,
                embedding_scale: (self.architecture == Architecture::Gemma2)
                    .then(|| (width as f64).sqrt()),
                logit_cap: self.logit_cap,
            },
        })
    }
}

/// Where the tokens of a pass stand, made once for all blocks.
struct Pass {
    angles: Option<RopeAngles>,
    /// One set of ranges for each window that occurs.
    ranges: Vec<(Option<usize>, KeyRanges)>,
    seed: u64,
}

/// Draws of dropout that one block may make.
const DRAWS: u64 = 7;

impl Pass {
    fn place(&self, block: usize, window: Option<usize>) -> Option<Place> {
        let (_, ranges) = self.ranges.iter().find(|(known, _)| *known == window)?;
        Some(Place {
            angles: self.angles.clone(),
            ranges: ranges.clone(),
            seed: self.seed.wrapping_add(block as u64 * DRAWS),
        })
    }
}

impl Decoder {
    /// Adds LoRA updates to the layers that the configuration names, and copies of the parts that are trained whole.
    ///
    /// # Errors
    ///
    /// [`LoraError`] when a name matches no layer or part.
    pub fn attach_lora(&mut self, config: &LoraConfig, init: &mut Init) -> Result<(), LoraError> {
        let architecture = self.rules.architecture;
        let mut plan = config.plan()?;
        for (number, block) in self.model.layers.iter_mut().enumerate() {
            for (name, linear) in block.linears() {
                let path = architecture.base_name(&format!("model.layers.{number}.{name}"));
                if let Some(settings) = plan.settings(&path) {
                    linear.attach(&settings, init);
                }
            }
        }
        plan.finish()?;
        let (table, names) = (&self.model.embed_tokens.weight, &config.modules_to_save);
        let head = self.lm_head.as_ref().map_or(table, |head| &head.weight);
        self.modules_to_save.attach(names, table, head, init)
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
        base.modules_to_save = Whole::default();
        base
    }

    /// The model with its LoRA updates added into the weights, and copies in the place of what they were copied from. A tied
    /// model with a copy is no longer tied.
    #[must_use]
    pub fn merged(&self) -> Self {
        let mut merged = self.clone();
        for block in &mut merged.model.layers {
            for (_, linear) in block.linears() {
                linear.merge();
            }
        }
        let Whole {
            embed_tokens,
            lm_head,
        } = std::mem::take(&mut merged.modules_to_save);
        let table = &mut merged.model.embed_tokens.weight;
        if merged.lm_head.is_none() && (embed_tokens.is_some() || lm_head.is_some()) {
            merged.lm_head = Some(Linear {
                weight: Param::initialized(ParamId::new(), table.val()),
                bias: None,
            });
        }
        let put = |original: &mut Param<Tensor<2>>, copy: Option<Param<Tensor<2>>>| {
            if let Some(copy) = copy {
                let value = copy.val().detach().cast(original.val().dtype());
                *original = Param::initialized(original.id, value);
            }
        };
        put(table, embed_tokens);
        if let Some(head) = &mut merged.lm_head {
            put(&mut head.weight, lm_head);
        }
        merged
    }

    /// Whether the output layer is the table of embeddings.
    pub fn is_tied(&self) -> bool {
        self.lm_head.is_none()
    }

    /// Computes each block again in the backward pass, or keeps what it computed: the same gradients, the memory of one
    /// block instead of all, a third more time.
    #[must_use]
    pub fn recomputing(mut self, recompute: bool) -> Self {
        self.rules.recompute = recompute;
        self
    }

    /// The family.
    pub fn architecture(&self) -> Architecture {
        self.rules.architecture
    }

    /// Number of tokens of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.model.embed_tokens.sizes().0
    }

    /// Longest sequence that the model has positions for.
    pub fn max_length(&self) -> usize {
        self.rules.max_length
    }

    /// The rotary frequencies, empty where positions are learned.
    pub fn inverse_frequencies(&self) -> &[f32] {
        &self.rules.frequencies
    }

    /// `[R, T, E]`: the embeddings of `rows` rows of tokens.
    ///
    /// # Panics
    ///
    /// When an id is not below the size of the vocabulary.
    pub fn embed_ids(&self, ids: &[u32], rows: usize) -> Tensor<3> {
        let index = RowIndex::new(self.vocab_size(), ids.to_vec());
        let table = &self.model.embed_tokens;
        let embedded = match &self.modules_to_save.embed_tokens {
            Some(copy) => gather_rows(copy.val(), &index).cast(table.weight.val().dtype()),
            None => table.forward(&index),
        };
        let embedded = match self.rules.embedding_scale {
            Some(scale) => embedded.mul_scalar(scale),
            None => embedded,
        };
        embedded.reshape([rows, ids.len() / rows.max(1), self.width()])
    }

    /// The residual stream after the embedding and after every block, the last entry also normed: what Hugging Face
    /// calls `hidden_states`.
    pub fn hidden_states(&self, embeddings: Tensor<3>, layout: &CausalLayout) -> Vec<Tensor<3>> {
        let pass = self.pass(layout, 0, &embeddings.device());
        let mut states = vec![self.add_positions(embeddings, layout)];
        for number in 0..self.model.layers.len() {
            let mut x = self.block(number, states[number].clone(), &pass);
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
        let weight = self.output_weight(states.dtype());
        let logits = linear(states, weight, None);
        match self.rules.logit_cap {
            Some(cap) => soft_cap(logits, 1.0, cap as f32),
            None => logits,
        }
    }

    /// `[V, E]`: what turns normed states into logits, in their type.
    fn output_weight(&self, dtype: DType) -> Tensor<2> {
        match (&self.modules_to_save.lm_head, &self.lm_head) {
            (Some(copy), _) => copy.val().cast(dtype),
            (None, Some(head)) => head.weight.val(),
            (None, None) => self.model.embed_tokens.weight.val(),
        }
    }

    fn pass(&self, layout: &CausalLayout, seed: u64, device: &Device) -> Pass {
        let angles = self.rules.table.as_ref();
        let mut ranges: Vec<(Option<usize>, KeyRanges)> = Vec::new();
        for &window in &self.rules.windows {
            if !ranges.iter().any(|(known, _)| *known == window) {
                ranges.push((window, layout.ranges(window, device)));
            }
        }
        Pass {
            angles: angles.map(|table| table.at(layout.rows(), layout.positions(), device)),
            ranges,
            seed,
        }
    }

    /// Learned positions, where the family has them.
    fn add_positions(&self, embeddings: Tensor<3>, layout: &CausalLayout) -> Tensor<3> {
        let Some(table) = &self.model.embed_positions else {
            return embeddings;
        };
        let rows = layout
            .positions()
            .iter()
            .map(|position| position + OPT_OFFSET);
        let index = RowIndex::new(table.sizes().0, rows.collect());
        let shape = [layout.rows(), layout.length(), table.sizes().1];
        embeddings + table.forward(&index).reshape(shape)
    }

    fn block(&self, number: usize, x: Tensor<3>, pass: &Pass) -> Tensor<3> {
        match pass.place(number, self.rules.windows[number]) {
            Some(place) if self.rules.recompute => {
                recompute(&self.model.layers[number], x, move |block, x| {
                    block.forward(x, &place, None).0
                })
            }
            Some(place) => self.model.layers[number].forward(x, &place, None).0,
            None => x,
        }
    }

    fn run(&self, embeddings: Tensor<3>, text: &TextBatch, blocks: usize) -> Tensor<3> {
        let pass = self.pass(&text.layout, text.seed, &embeddings.device());
        let mut x = self.add_positions(embeddings, &text.layout);
        for number in 0..blocks {
            x = self.block(number, x, &pass);
        }
        x
    }
}

impl LanguageModel for Decoder {
    fn width(&self) -> usize {
        self.model.embed_tokens.sizes().1
    }

    fn layers(&self) -> usize {
        self.model.layers.len()
    }

    fn embed(&self, text: &TextBatch) -> Tensor<3> {
        self.embed_ids(&text.ids, text.rows)
    }

    fn decode(&self, prompt: Tensor<3>, text: &TextBatch) -> TextOutput {
        let [batch, length, width] = prompt.dims();
        let rows = |x: Tensor<3>| x.reshape([batch * length, width]);
        match text.read {
            TextRead::Labels => {
                let states = rows(self.run(prompt, text, self.layers()));
                let states = self.model.norm.forward(gather_rows(states, &text.predict));
                TextOutput::Logits(self.logits(states))
            }
            TextRead::Losses => {
                let states = rows(self.run(prompt, text, self.layers()));
                let states = self.model.norm.forward(gather_rows(states, &text.predict));
                let weight = self.output_weight(states.dtype());
                let cap = self.rules.logit_cap.map(|cap| cap as f32);
                TextOutput::Losses(head_loss(states, weight, &text.targets, cap))
            }
            TextRead::Layer(layer) => {
                let states = rows(self.run(prompt, text, layer.min(self.layers())));
                TextOutput::States(gather_rows(states, &text.tokens))
            }
        }
    }

    fn advance(&self, embeddings: Tensor<3>, cache: &mut KvCache) -> Tensor<2> {
        let layout = cache.layout(embeddings.dims()[1]);
        let pass = self.pass(&layout, 0, &embeddings.device());
        let mut x = self.add_positions(embeddings, &layout);
        let mut past = std::mem::take(&mut cache.blocks).into_iter();
        let blocks = self.model.layers.iter().zip(&self.rules.windows);
        for (number, (block, &window)) in blocks.enumerate() {
            let Some(place) = pass.place(number, window) else {
                break;
            };
            let (out, remembered) = block.forward(x, &place, past.next());
            x = out;
            cache.blocks.push(remembered);
        }
        let [batch, length, width] = x.dims();
        let last = x.slice_dim(1, length - 1..length).reshape([batch, width]);
        self.logits(self.model.norm.forward(last))
    }
}
