//! Names of BERT's weights in Hugging Face files.

use std::path::Path;

use molglot_tensor::{
    Device, Init,
    burn::tensor::FloatDType,
    weights::{Weights, WeightsError},
};

use super::{Bert, BertConfig};
use crate::load::{self, LoadError, Names};

const TOP: &[(&str, &str)] = &[
    ("embeddings.word.", "embeddings.word_embeddings."),
    ("embeddings.position.", "embeddings.position_embeddings."),
    (
        "embeddings.token_type.",
        "embeddings.token_type_embeddings.",
    ),
    ("embeddings.norm.", "embeddings.LayerNorm."),
    ("pooler.", "pooler.dense."),
];

const BLOCK: &[(&str, &str)] = &[
    ("attention_norm.", "attention.output.LayerNorm."),
    ("feed_forward_norm.", "output.LayerNorm."),
];

/// Turns the path of a parameter of a [`Bert`] into its name in files of a bare `BertModel`; others have it below `bert.`
/// or `roberta.`.
///
/// | here | there |
/// |---|---|
/// | `embeddings.{word, position, token_type}.weight` | `embeddings.{word, position, token_type}_embeddings.weight` |
/// | `embeddings.norm.*` | `embeddings.LayerNorm.*` |
/// | `layers.L.attention.{query, key, value}.*` | `encoder.layer.L.attention.self.{query, key, value}.*` |
/// | `layers.L.attention.output.*` | `encoder.layer.L.attention.output.dense.*` |
/// | `layers.L.attention_norm.*` | `encoder.layer.L.attention.output.LayerNorm.*` |
/// | `layers.L.feed_forward.{expand, contract}.*` | `encoder.layer.L.{intermediate, output}.dense.*` |
/// | `layers.L.feed_forward_norm.*` | `encoder.layer.L.output.LayerNorm.*` |
/// | `pooler.*` | `pooler.dense.*` |
pub fn published_name(path: &str) -> String {
    load::published(path, TOP, BLOCK)
}

/// What files hold beside the encoder: heads of pre-training, and numbers that follow from the configuration.
fn unread(bare: &str) -> bool {
    bare.starts_with("cls.") || bare.starts_with("lm_head.") || bare == "embeddings.position_ids"
}

/// Loads a Hugging Face directory: `config.json` and `model.safetensors` or its shards, strictly, in the given float
/// type. Heads of pre-training are left alone; a checkpoint without a pooler gives a model without one.
///
/// # Errors
///
/// [`LoadError`] naming the file and the key or tensor.
pub fn load_dir(
    dir: &Path,
    dtype: FloatDType,
    device: &Device,
) -> Result<(Bert, BertConfig), LoadError> {
    let config: BertConfig = load::config(dir)?;
    let model = config
        .init(&mut Init::unfilled(device))
        .map_err(load::in_file(dir))?;
    Ok((from_weights(Weights::read_dir(dir)?, model, dtype)?, config))
}

/// Puts published weights in a float type into a model that was made for them.
///
/// # Errors
///
/// [`WeightsError::Mismatch`] listing what does not fit.
pub fn from_weights(
    weights: Weights,
    mut model: Bert,
    dtype: FloatDType,
) -> Result<Bert, WeightsError> {
    let names = Names::new(&weights, &["bert.", "roberta."]);
    if !names.has(&names.full("pooler.dense.weight")) {
        model.pooler = None;
    }
    weights
        .without(|name| unread(names.bare(name)))
        .load_as(model, dtype, &|path| {
            names.spelt(names.full(&published_name(path)))
        })
}
