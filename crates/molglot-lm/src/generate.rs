//! Greedy generation with a cache.

use molglot_core::{KvCache, LanguageModel, Sequence, TextBatch, TextRead};
use molglot_tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// When to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenerateConfig {
    /// Most tokens that are generated.
    pub max_new_tokens: usize,
}

impl Default for GenerateConfig {
    fn default() -> Self {
        Self {
            max_new_tokens: 160,
        }
    }
}

/// Continues one prompt with the most likely token each time, until a stop token or the limit.
///
/// Returns the new tokens without the stop token. `limit` is the most positions that the model has.
///
/// # Shapes
///
/// - `prompt`: `[1, T, E]`, already spliced
pub fn generate<M: LanguageModel>(
    model: &M,
    prompt: Tensor<3>,
    stop: &[u32],
    config: &GenerateConfig,
    limit: usize,
    device: &Device,
) -> Vec<u32> {
    let mut cache = KvCache::default();
    let mut tokens = Vec::new();
    let room = limit
        .saturating_sub(prompt.dims()[1])
        .min(config.max_new_tokens);
    let mut input = prompt;
    while tokens.len() < room {
        let logits = model.advance(input, &mut cache);
        let next = logits
            .argmax(1)
            .into_data()
            .iter::<i64>()
            .next()
            .unwrap_or(0) as u32;
        if stop.contains(&next) {
            break;
        }
        tokens.push(next);
        let sequence = Sequence {
            ids: vec![next],
            ..Sequence::default()
        };
        input = model.embed(&TextBatch::new(
            &[&sequence],
            next,
            TextRead::Labels,
            device,
        ));
    }
    tokens
}
