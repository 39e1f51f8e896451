//! Names of ESM-2's weights in Hugging Face files.

use std::{fs, path::Path};

use molglot_tensor::{
    Device, Init,
    burn::tensor::FloatDType,
    weights::{Report, Weights, WeightsError},
};

use super::{Esm2, Esm2Config, MaskedLm, tokenizer::VOCABULARY};
use crate::load::{self, LoadError, Names};

const TOP: &[(&str, &str)] = &[
    ("embeddings.", "embeddings.word_embeddings."),
    ("final_norm.", "encoder.emb_layer_norm_after."),
];

const BLOCK: &[(&str, &str)] = &[
    ("attention_norm.", "attention.LayerNorm."),
    ("feed_forward_norm.", "LayerNorm."),
];

/// Where files keep rotary frequencies: a copy in every block, or one whose block is a literal `*`.
const FREQUENCIES: &str = ".attention.self.rotary_embeddings.inv_freq";

/// Turns the path of a parameter of an [`Esm2`] into its name in files of a bare `EsmModel`; those of `EsmForMaskedLM` have
/// it below `esm.`, those of Prot2Text-V2 below `esm_encoder.`.
///
/// | here | there |
/// |---|---|
/// | `embeddings.weight` | `embeddings.word_embeddings.weight` |
/// | `layers.L.attention_norm.*` | `encoder.layer.L.attention.LayerNorm.*` |
/// | `layers.L.attention.{query, key, value}.*` | `encoder.layer.L.attention.self.{query, key, value}.*` |
/// | `layers.L.attention.output.*` | `encoder.layer.L.attention.output.dense.*` |
/// | `layers.L.feed_forward_norm.*` | `encoder.layer.L.LayerNorm.*` |
/// | `layers.L.feed_forward.{expand, contract}.*` | `encoder.layer.L.{intermediate, output}.dense.*` |
/// | `final_norm.*` | `encoder.emb_layer_norm_after.*` |
pub fn published_name(path: &str) -> String {
    load::published(path, TOP, BLOCK)
}

/// What files hold beside the encoder and its head: contact prediction, a pooler that was never trained, positions that
/// ESM-2 does not use, and frequencies, which are read apart.
fn unread(bare: &str) -> bool {
    bare.starts_with("contact_head.")
        || bare.starts_with("pooler.")
        || bare == "embeddings.position_ids"
        || bare == "embeddings.position_embeddings.weight"
        || bare.ends_with(FREQUENCIES)
}

/// Loads the encoder of a Hugging Face directory: `config.json` and `model.safetensors` or its shards, strictly, in
/// the given float type. A `vocab.txt` must be that of ESM.
///
/// # Errors
///
/// [`LoadError`] naming the file and the key, line or tensor.
pub fn load_dir(
    dir: &Path,
    dtype: FloatDType,
    device: &Device,
) -> Result<(Esm2, Esm2Config), LoadError> {
    let config = read_config(dir)?;
    let model = config
        .init(&mut Init::unfilled(device))
        .map_err(load::in_file(dir))?;
    Ok((from_weights(Weights::read_dir(dir)?, model, dtype)?, config))
}

/// As [`load_dir`], with the head for hidden residues.
///
/// # Errors
///
/// As [`load_dir`].
pub fn load_masked_lm(
    dir: &Path,
    dtype: FloatDType,
    device: &Device,
) -> Result<(MaskedLm, Esm2Config), LoadError> {
    let config = read_config(dir)?;
    let model = config
        .init_masked_lm(&mut Init::unfilled(device))
        .map_err(load::in_file(dir))?;
    let weights = Weights::read_dir(dir)?;
    Ok((masked_lm_from_weights(weights, model, dtype)?, config))
}

/// Puts published weights in a float type into an encoder that was made for them; a head for hidden residues is left alone.
///
/// # Errors
///
/// [`WeightsError::Mismatch`] listing what does not fit.
pub fn from_weights(
    weights: Weights,
    mut model: Esm2,
    dtype: FloatDType,
) -> Result<Esm2, WeightsError> {
    let names = names(&weights);
    read_frequencies(&weights, &names, &mut model)?;
    weights
        .without(|name| name.starts_with("lm_head.") || unread(names.bare(name)))
        .load_as(model, dtype, &|path| {
            names.spelt(names.full(&published_name(path)))
        })
}

/// Puts published weights in a float type into an encoder with its head.
///
/// # Errors
///
/// As [`from_weights`].
pub fn masked_lm_from_weights(
    weights: Weights,
    mut model: MaskedLm,
    dtype: FloatDType,
) -> Result<MaskedLm, WeightsError> {
    let names = names(&weights);
    read_frequencies(&weights, &names, &mut model.esm)?;
    weights
        .without(|name| name == "lm_head.decoder.weight" || unread(names.bare(name)))
        .load_as(model, dtype, &|path| match path.strip_prefix("esm.") {
            Some(path) => names.spelt(names.full(&published_name(path))),
            None => path.to_owned(),
        })
}

fn names(weights: &Weights) -> Names {
    Names::new(weights, &["esm.", "esm_encoder."])
}

/// Takes the frequencies that a file stores: what the model was trained with, where they were rounded.
fn read_frequencies(
    weights: &Weights,
    names: &Names,
    model: &mut Esm2,
) -> Result<(), WeightsError> {
    let mut report = Report::default();
    let size = model.frequencies().len();
    let mut first: Option<Vec<f32>> = None;
    for name in names.ending(FREQUENCIES) {
        match weights.get(name) {
            None => report.dtype.push(name.to_owned()),
            Some((shape, _)) if shape != [size] => {
                report
                    .shape
                    .push((name.to_owned(), vec![size], shape.to_vec()));
            }
            Some((_, stored)) if stored.iter().any(|value| !value.is_finite()) => {
                report.not_finite.push(name.to_owned());
            }
            Some((_, stored)) if first.as_ref().is_some_and(|first| *first != stored) => {
                report
                    .unexpected
                    .push(format!("{name} (not those of the other blocks)"));
            }
            Some((_, stored)) => first = Some(stored),
        }
    }
    if !report.is_clean() {
        return Err(WeightsError::Mismatch {
            file: weights.file().to_owned(),
            report: Box::new(report),
        });
    }
    if let Some(stored) = first {
        model.set_frequencies(stored);
    }
    Ok(())
}

fn read_config(dir: &Path) -> Result<Esm2Config, LoadError> {
    let config = load::config(dir)?;
    let file = dir.join("vocab.txt");
    if !file.exists() {
        return Ok(config);
    }
    let fail = |reason: String| LoadError::File {
        file: file.clone(),
        reason,
    };
    let text = fs::read_to_string(&file).map_err(|error| fail(error.to_string()))?;
    let tokens: Vec<&str> = text.lines().collect();
    if tokens == VOCABULARY {
        return Ok(config);
    }
    let line = tokens
        .iter()
        .zip(VOCABULARY)
        .position(|(stored, ours)| *stored != ours)
        .unwrap_or(tokens.len().min(VOCABULARY.len()));
    Err(fail(format!(
        "line {}: this is not the alphabet of ESM-2, which has `{}` there; only models of that alphabet are supported",
        line + 1,
        VOCABULARY.get(line).unwrap_or(&"nothing")
    )))
}
