//! Blocks and the model.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::module::Module,
    nn::{Embedding, LayerNorm, Linear, LinearConfig},
    ops::KeyRanges,
};

use super::BertConfig;
use crate::{Attention, AttentionConfig, ConfigError, FeedForward, SequenceBatch};

/// Vectors of tokens, positions and token types, added and normed.
#[derive(Module, Debug)]
struct Embeddings {
    word: Embedding,
    position: Embedding,
    token_type: Embedding,
    norm: LayerNorm,
    first_position: usize,
}

impl Embeddings {
    fn new(config: &BertConfig, init: &mut Init) -> Self {
        let mut table =
            |rows| Embedding::normal(rows, config.hidden_size, config.initializer_range, init);
        Self {
            word: table(config.vocab_size),
            position: table(config.max_position_embeddings),
            token_type: table(config.type_vocab_size),
            norm: LayerNorm::new(config.hidden_size, config.layer_norm_eps, init),
            first_position: config.first_position(),
        }
    }

    fn forward(&self, batch: &SequenceBatch) -> Tensor<3> {
        let (sequences, length) = (batch.sequences(), batch.length());
        let look = |table: &Embedding, index: Vec<u32>| {
            let (rows, width) = table.sizes();
            table
                .forward(&RowIndex::new(rows, index))
                .reshape([sequences, length, width])
        };
        let positions =
            (0..sequences * length).map(|at| (self.first_position + at % length) as u32);
        let sum = look(&self.word, batch.ids().to_vec())
            + look(&self.token_type, batch.types().to_vec())
            + look(&self.position, positions.collect());
        self.norm.forward(sum)
    }
}

/// Attention and feed-forward parts, each normed together with what went into it.
#[derive(Module, Debug)]
struct Block {
    attention: Attention,
    attention_norm: LayerNorm,
    feed_forward: FeedForward,
    feed_forward_norm: LayerNorm,
}

impl Block {
    fn new(config: &BertConfig, init: &mut Init) -> Self {
        let (width, std) = (config.hidden_size, config.initializer_range);
        let attention = AttentionConfig {
            width,
            context: width,
            heads: config.num_attention_heads,
            std,
        };
        Self {
            attention: attention.init(init),
            attention_norm: LayerNorm::new(width, config.layer_norm_eps, init),
            feed_forward: FeedForward::new(
                width,
                config.intermediate_size,
                config.hidden_act,
                std,
                init,
            ),
            feed_forward_norm: LayerNorm::new(width, config.layer_norm_eps, init),
        }
    }

    fn forward(&self, x: Tensor<3>, visible: &KeyRanges) -> Tensor<3> {
        let attended = self.attention.forward(x.clone(), x.clone(), visible, None);
        let x = self.attention_norm.forward(x + attended);
        let fed = self.feed_forward.forward(x.clone());
        self.feed_forward_norm.forward(x + fed)
    }
}

/// A BERT. [`super::published_name`] gives the names of its parameters in files.
#[derive(Module, Debug)]
pub struct Bert {
    embeddings: Embeddings,
    layers: Vec<Block>,
    /// `None` where a checkpoint has none.
    pub(super) pooler: Option<Linear>,
}

impl BertConfig {
    /// Draws the parameters.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the sizes do not fit each other.
    pub fn init(&self, init: &mut Init) -> Result<Bert, ConfigError> {
        self.check()?;
        let width = self.hidden_size;
        Ok(Bert {
            embeddings: Embeddings::new(self, init),
            layers: (0..self.num_hidden_layers)
                .map(|_| Block::new(self, init))
                .collect(),
            pooler: Some(LinearConfig::new(width, width).init_normal(init, self.initializer_range)),
        })
    }
}

impl Bert {
    /// Width of the states.
    pub fn width(&self) -> usize {
        self.embeddings.word.sizes().1
    }

    /// Number of tokens of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.embeddings.word.sizes().0
    }

    /// Longest sequence that the model has positions for.
    pub fn max_length(&self) -> usize {
        self.embeddings.position.sizes().0 - self.embeddings.first_position
    }

    /// The states after the last block. Those at padding are finite and mean nothing.
    ///
    /// # Shapes
    ///
    /// - output: `[B, T, E]`
    ///
    /// # Panics
    ///
    /// When a sequence is longer than [`Bert::max_length`], or a token or its type is not in its table.
    pub fn forward(&self, batch: &SequenceBatch) -> Tensor<3> {
        let x = self.embeddings.forward(batch);
        let visible = batch.visible(&x.device());
        self.layers
            .iter()
            .fold(x, |x, block| block.forward(x, &visible))
    }

    /// The states of the embedding and after every block: `hidden_states` of Hugging Face.
    ///
    /// # Shapes
    ///
    /// - output: one more than blocks, each `[B, T, E]`
    ///
    /// # Panics
    ///
    /// As [`Bert::forward`].
    pub fn hidden_states(&self, batch: &SequenceBatch) -> Vec<Tensor<3>> {
        let mut x = self.embeddings.forward(batch);
        let visible = batch.visible(&x.device());
        let mut states = vec![x.clone()];
        for block in &self.layers {
            x = block.forward(x, &visible);
            states.push(x.clone());
        }
        states
    }

    /// `tanh` of a layer on the first token's state; `None` where the checkpoint has no such layer.
    ///
    /// # Shapes
    ///
    /// - `states`: `[B, T, E]`
    /// - output: `[B, E]`
    pub fn pool(&self, states: Tensor<3>) -> Option<Tensor<2>> {
        let [batch, _, width] = states.dims();
        let first = states.slice_dim(1, 0..1).reshape([batch, width]);
        self.pooler
            .as_ref()
            .map(|pooler| pooler.forward(first).tanh())
    }
}
