//! Blocks, the model, and its head for hidden residues.

use molglot_tensor::burn;
use molglot_tensor::{
    Device, Init, RowIndex, Tensor, TensorData,
    burn::module::{Module, Param},
    nn::{Embedding, LayerNorm, Linear, LinearConfig},
    ops::{KeyRanges, RopeAngles, RopeTable, gelu},
};

use super::Esm2Config;
use crate::{Activation, Attention, AttentionConfig, ConfigError, FeedForward, SequenceBatch};

/// Part of the tokens that were hidden in training: 15 % chosen, 80 % of these replaced by `<mask>`.
const HIDDEN: f32 = 0.15 * 0.8;

/// Pre-norm attention and feed-forward parts around a residual stream.
#[derive(Module, Debug)]
struct Block {
    attention_norm: LayerNorm,
    attention: Attention,
    feed_forward_norm: LayerNorm,
    feed_forward: FeedForward,
}

impl Block {
    fn new(config: &Esm2Config, init: &mut Init) -> Self {
        let (width, std) = (config.hidden_size, config.initializer_range);
        let attention = AttentionConfig {
            width,
            context: width,
            heads: config.num_attention_heads,
            std,
        };
        Self {
            attention_norm: LayerNorm::new(width, config.layer_norm_eps, init),
            attention: attention.init(init),
            feed_forward_norm: LayerNorm::new(width, config.layer_norm_eps, init),
            feed_forward: FeedForward::new(
                width,
                config.intermediate_size,
                Activation::Gelu,
                std,
                init,
            ),
        }
    }

    fn forward(&self, x: Tensor<3>, sight: &Sight) -> Tensor<3> {
        let y = self.attention_norm.forward(x.clone());
        let attended = self
            .attention
            .forward(y.clone(), y, &sight.visible, Some(&sight.angles));
        let x = x + attended;
        let fed = self
            .feed_forward
            .forward(self.feed_forward_norm.forward(x.clone()));
        x + fed
    }
}

/// What every block needs to know of a batch.
struct Sight {
    visible: KeyRanges,
    angles: RopeAngles,
}

/// Rotary frequencies: of the configuration, or those that a checkpoint stores. Never trained.
#[derive(Clone, Debug)]
struct Rotation {
    frequencies: Vec<f32>,
    table: RopeTable,
}

impl Rotation {
    fn new(frequencies: Vec<f32>, length: usize) -> Self {
        Self {
            table: RopeTable::new(&frequencies, length),
            frequencies,
        }
    }

    fn angles(&self, length: usize, device: &Device) -> RopeAngles {
        let positions: Vec<u32> = (0..length as u32).collect();
        if length <= self.table.len() {
            self.table.at(1, &positions, device)
        } else {
            RopeTable::new(&self.frequencies, length).at(1, &positions, device)
        }
    }
}

/// An ESM-2. [`super::published_name`] gives the names of its parameters in files.
#[derive(Module, Debug)]
pub struct Esm2 {
    embeddings: Embedding,
    layers: Vec<Block>,
    final_norm: LayerNorm,
    #[module(skip)]
    rotation: Rotation,
    /// The token of a hidden residue, where embeddings are scaled for hidden ones.
    #[module(skip)]
    mask: Option<u32>,
}

impl Esm2Config {
    /// Draws the parameters.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the sizes do not fit each other.
    pub fn init(&self, init: &mut Init) -> Result<Esm2, ConfigError> {
        self.check()?;
        let (width, std) = (self.hidden_size, self.initializer_range);
        Ok(Esm2 {
            embeddings: Embedding::normal(self.vocab_size, width, std, init),
            layers: (0..self.num_hidden_layers)
                .map(|_| Block::new(self, init))
                .collect(),
            final_norm: LayerNorm::new(width, self.layer_norm_eps, init),
            rotation: Rotation::new(self.inverse_frequencies(), self.max_position_embeddings),
            mask: self.token_dropout.then_some(self.mask_token_id),
        })
    }

    /// Draws the parameters of an encoder and its head.
    ///
    /// # Errors
    ///
    /// As [`Esm2Config::init`].
    pub fn init_masked_lm(&self, init: &mut Init) -> Result<MaskedLm, ConfigError> {
        let esm = self.init(init)?;
        let width = self.hidden_size;
        Ok(MaskedLm {
            esm,
            lm_head: Head {
                dense: LinearConfig::new(width, width).init_normal(init, self.initializer_range),
                layer_norm: LayerNorm::new(width, self.layer_norm_eps, init),
                bias: init.constant([self.vocab_size], 0.0),
            },
        })
    }
}

impl Esm2 {
    /// Width of the residual stream.
    pub fn width(&self) -> usize {
        self.embeddings.sizes().1
    }

    /// Number of blocks.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Number of tokens of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.embeddings.sizes().0
    }

    /// Rotary frequencies.
    pub(super) fn frequencies(&self) -> &[f32] {
        &self.rotation.frequencies
    }

    /// Takes rotary frequencies that a checkpoint stores instead of those of the configuration.
    pub(super) fn set_frequencies(&mut self, frequencies: Vec<f32>) {
        self.rotation = Rotation::new(frequencies, self.rotation.table.len());
    }

    /// Vectors of the tokens, 0 at padding.
    ///
    /// Training hid tokens behind `<mask>`, whose vector is 0 here, so that sums over a sequence shrank; the other vectors
    /// are scaled to what they would sum to then, whether anything is hidden or not.
    ///
    /// # Shapes
    ///
    /// - output: `[B, T, E]`
    ///
    /// # Panics
    ///
    /// When a token is not in the vocabulary.
    pub fn embed(&self, batch: &SequenceBatch) -> Tensor<3> {
        let (sequences, length) = (batch.sequences(), batch.length());
        let vectors = self
            .embeddings
            .forward(&RowIndex::new(self.vocab_size(), batch.ids().to_vec()));
        let mut scales = vec![0f32; sequences * length];
        for sequence in 0..sequences {
            let tokens = batch.tokens(sequence);
            let scales = &mut scales[sequence * length..];
            match self.mask {
                Some(mask) => scale(tokens, mask, scales),
                None => scales[..tokens.len()].fill(1.0),
            }
        }
        let scales = TensorData::new(scales, [sequences * length, 1]);
        let scales = Tensor::<2>::from_data(scales, &vectors.device()).cast(vectors.dtype());
        (vectors * scales).reshape([sequences, length, self.width()])
    }

    /// The normed states after the last block. Those at padding are finite and mean nothing.
    ///
    /// # Shapes
    ///
    /// - output: `[B, T, E]`
    ///
    /// # Panics
    ///
    /// As [`Esm2::embed`].
    pub fn forward(&self, batch: &SequenceBatch) -> Tensor<3> {
        let x = self.embed(batch);
        let sight = self.sight(batch, &x.device());
        let x = self
            .layers
            .iter()
            .fold(x, |x, block| block.forward(x, &sight));
        self.final_norm.forward(x)
    }

    /// The states of the embedding and after every block, the last of them normed: `hidden_states` of Hugging Face.
    ///
    /// # Shapes
    ///
    /// - output: one more than blocks, each `[B, T, E]`
    ///
    /// # Panics
    ///
    /// As [`Esm2::embed`].
    pub fn hidden_states(&self, batch: &SequenceBatch) -> Vec<Tensor<3>> {
        let mut x = self.embed(batch);
        let sight = self.sight(batch, &x.device());
        let mut states = vec![x.clone()];
        for (number, block) in self.layers.iter().enumerate() {
            x = block.forward(x, &sight);
            states.push(if number + 1 == self.layers.len() {
                self.final_norm.forward(x.clone())
            } else {
                x.clone()
            });
        }
        states
    }

    fn sight(&self, batch: &SequenceBatch, device: &Device) -> Sight {
        Sight {
            visible: batch.visible(device),
            angles: self.rotation.angles(batch.length(), device),
        }
    }
}

/// Scales of the vectors of one sequence.
fn scale(tokens: &[u32], mask: u32, scales: &mut [f32]) {
    let hidden = tokens.iter().filter(|&&token| token == mask).count();
    let seen = 1.0 - hidden as f32 / tokens.len() as f32;
    for (scale, &token) in scales.iter_mut().zip(tokens) {
        *scale = if token == mask {
            0.0
        } else {
            (1.0 - HIDDEN) / seen
        };
    }
}

/// What turns states into logits, with the embedding table as its last layer.
#[derive(Module, Debug)]
struct Head {
    dense: Linear,
    layer_norm: LayerNorm,
    bias: Param<Tensor<1>>,
}

/// An ESM-2 that says which residue each token is: `EsmForMaskedLM`.
#[derive(Module, Debug)]
pub struct MaskedLm {
    /// The encoder.
    pub esm: Esm2,
    lm_head: Head,
}

impl MaskedLm {
    /// Logits of normed states.
    ///
    /// # Shapes
    ///
    /// - `states`: `[R, E]`
    /// - output: `[R, V]`
    pub fn logits(&self, states: Tensor<2>) -> Tensor<2> {
        let x = gelu(self.lm_head.dense.forward(states));
        let x = self.lm_head.layer_norm.forward(x);
        let table = self.esm.embeddings.weight.val();
        let bias = self.lm_head.bias.val();
        x.matmul(table.transpose()) + bias.reshape([1, self.esm.vocab_size()])
    }
}
