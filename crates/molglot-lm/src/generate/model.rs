//! The search over a language model.

use molglot_core::{KvCache, LanguageModel, Sequence, TextBatch, TextRead};
use molglot_tensor::{RowIndex, Tensor, ops::gather_rows};

use super::{
    GenerateConfig, GenerateError,
    search::{Generated, LogitRows, NextToken, OnToken, PromptInfo, search},
};

/// Prompts as a language model reads them, padded on the left so that all of them end together.
#[derive(Clone, Debug)]
pub struct Prompts {
    embeddings: Tensor<3>,
    padding: Vec<usize>,
    ids: Vec<Vec<u32>>,
    streams: Vec<u64>,
}

impl Prompts {
    /// From the embeddings of a batch that is padded on the right, soft tokens spliced in. The rules about repeated
    /// tokens see the new tokens alone.
    ///
    /// # Shapes
    ///
    /// - `embeddings`: `[B, T, E]`
    /// - `lengths`: `B` numbers of at most `T`, how much of each row is prompt
    ///
    /// # Panics
    ///
    /// When the lengths are not `B`, or one of them is 0 or more than `T`.
    pub fn from_embeddings(embeddings: Tensor<3>, lengths: &[usize]) -> Self {
        let [batch, length, width] = embeddings.dims();
        assert_eq!(lengths.len(), batch, "one length for each row");
        assert!(
            lengths.iter().all(|&own| (1..=length).contains(&own)),
            "lengths {lengths:?} of rows of {length}"
        );
        let padding: Vec<usize> = lengths.iter().map(|own| length - own).collect();
        let streams = (0..batch as u64).collect();
        let ids = vec![Vec::new(); batch];
        if padding.iter().all(|&gap| gap == 0) {
            return Self {
                embeddings,
                padding,
                ids,
                streams,
            };
        }
        // What stands in the gaps is never seen; a copy of the row's first position does as well as anything.
        let index = padding.iter().enumerate().flat_map(|(row, &gap)| {
            (0..length).map(move |at| (row * length + at.saturating_sub(gap)) as u32)
        });
        let index = RowIndex::new(batch * length, index.collect());
        let rows = gather_rows(embeddings.reshape([batch * length, width]), &index);
        Self {
            embeddings: rows.reshape([batch, length, width]),
            padding,
            ids,
            streams,
        }
    }

    /// From the embeddings of a batch of text, soft tokens spliced in or not.
    ///
    /// # Shapes
    ///
    /// - `embeddings`: `[B, T, E]`, as [`LanguageModel::embed`] gives them for `text`
    pub fn from_text(embeddings: Tensor<3>, text: &TextBatch) -> Self {
        let lengths: Vec<usize> = text.sequence_of_token.counts().collect();
        Self::from_embeddings(embeddings, &lengths)
    }

    /// From tokens, which the rules about repeated tokens then see.
    ///
    /// # Panics
    ///
    /// When a prompt has no token.
    pub fn from_ids<M: LanguageModel>(
        model: &M,
        ids: &[Vec<u32>],
        device: &molglot_tensor::Device,
    ) -> Self {
        let sequences: Vec<Sequence> = ids
            .iter()
            .map(|ids| Sequence {
                ids: ids.clone(),
                ..Sequence::default()
            })
            .collect();
        let text = TextBatch::new(
            &sequences.iter().collect::<Vec<_>>(),
            0,
            TextRead::Labels,
            device,
        );
        let mut prompts = Self::from_text(model.embed(&text), &text);
        prompts.ids = ids.to_vec();
        prompts
    }

    /// With numbers that say which draws each prompt gets, so that they do not depend on how prompts are dealt into
    /// batches. By itself a prompt has its row's number.
    ///
    /// # Panics
    ///
    /// When there are not as many numbers as prompts.
    #[must_use]
    pub fn with_streams(mut self, streams: Vec<u64>) -> Self {
        assert_eq!(
            streams.len(),
            self.padding.len(),
            "one number for each prompt"
        );
        self.streams = streams;
        self
    }
}

/// Continues prompts as `config` says, see [`search()`].
///
/// `limit` is the most positions that the model has; no continuation goes beyond.
///
/// # Errors
///
/// [`GenerateError`].
pub fn generate<M: LanguageModel>(
    model: &M,
    prompts: &Prompts,
    config: &GenerateConfig,
    limit: usize,
    on_token: &mut OnToken<'_>,
) -> Result<Vec<Vec<Generated>>, GenerateError> {
    let length = prompts.embeddings.dims()[1];
    let info = |row: usize| PromptInfo {
        ids: prompts.ids[row].clone(),
        room: limit
            .saturating_sub(length - prompts.padding[row])
            .min(config.max_new_tokens),
        stream: prompts.streams[row],
    };
    let info: Vec<PromptInfo> = (0..prompts.padding.len()).map(info).collect();
    let mut reading = Reading {
        model,
        prompts,
        cache: KvCache::new(&prompts.padding),
    };
    search(&mut reading, &info, config, on_token)
}

/// A model in the middle of texts.
struct Reading<'a, M> {
    model: &'a M,
    prompts: &'a Prompts,
    cache: KvCache,
}

impl<M: LanguageModel> Reading<'_, M> {
    fn advance(&mut self, embeddings: Tensor<3>) -> LogitRows {
        let logits = self.model.advance(embeddings, &mut self.cache);
        LogitRows {
            width: logits.dims()[1],
            values: logits.into_data().iter::<f32>().collect(),
        }
    }
}

impl<M: LanguageModel> NextToken for Reading<'_, M> {
    fn begin(&mut self) -> LogitRows {
        self.advance(self.prompts.embeddings.clone())
    }

    fn extend(&mut self, parents: &[usize], tokens: &[u32]) -> LogitRows {
        self.cache.reorder(parents);
        let sequences: Vec<Sequence> = tokens
            .iter()
            .map(|&token| Sequence {
                ids: vec![token],
                ..Sequence::default()
            })
            .collect();
        let device = self.prompts.embeddings.device();
        let text = TextBatch::new(
            &sequences.iter().collect::<Vec<_>>(),
            0,
            TextRead::Labels,
            &device,
        );
        self.advance(self.model.embed(&text))
    }
}
