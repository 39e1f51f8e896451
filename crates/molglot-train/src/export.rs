//! A trained language model in the layouts that transformers and PEFT read, checked by reading it back.

use std::{fs, path::Path};

use clap::ValueEnum;
use molglot_core::{CausalLayout, LanguageModel};
use molglot_lm::{
    Decoder,
    decoder::load_dir,
    lora::{Adapter, is_lora, save_adapter},
};
use molglot_tensor::{Device, Init, burn::tensor::FloatDType, weights};
use safetensors::{Dtype, tensor::TensorView};

use crate::{
    error::Error,
    model::{Model, json},
    run::atomic::write_atomic,
};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// The language model without its adapter, a Hugging Face directory
    Hf,
    /// The adapter, a PEFT directory
    Peft,
    /// The language model with its adapter added into the weights, a Hugging Face directory
    Merged,
}

/// Logits of a short text, to compare programs by.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `T` tokens.
    pub ids: Vec<u32>,
    /// `[T, V]`, row-major.
    pub logits: Vec<f32>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// Names of the files, in the order of writing.
    pub files: Vec<String>,
    /// What the model said before it was written.
    pub probe: Probe,
    /// Largest difference of a logit between the model in memory and what was read back.
    pub difference: f64,
}

/// Most tokens of a probe.
const PROBE: usize = 32;

/// Writes the language model of `model` (made [`Model::valid`], or loaded) into the empty directory `out`, reads it back and
/// compares. Weights are written in f32. `lm` is the directory that an adapter names as its base.
///
/// # Errors
///
/// [`Error`] when there is no adapter to write, `out` is not empty, or what was written cannot be read back.
pub fn export(
    model: &Model,
    layout: Layout,
    out: &Path,
    lm: &Path,
    device: &Device,
) -> Result<Exported, Error> {
    let occupied = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Error::file(
            out,
            "the directory is not empty; name a new one",
        ));
    }
    fs::create_dir_all(out).map_err(Error::io(out))?;
    let mut files = Vec::new();
    let mut write = |name: &str, bytes: Vec<u8>| {
        let path = out.join(name);
        files.push(name.to_owned());
        write_atomic(&path, bytes).map_err(Error::io(&path))
    };
    let trained = &model.aligner.lm;
    let base = || trained.without_lora();
    let lora = match (&model.config.lora, layout) {
        (None, Layout::Peft | Layout::Merged) => {
            let reason = "the run trained no adapter; export it with --to hf";
            return Err(Error::Usage(reason.to_owned()));
        }
        (lora, _) => lora.as_ref(),
    };
    let written = match layout {
        Layout::Hf => {
            directory(model, &base(), &mut write)?;
            base()
        }
        Layout::Merged => {
            directory(model, &trained.merged(), &mut write)?;
            trained.clone()
        }
        Layout::Peft => {
            if let Some(lora) = lora {
                for (name, bytes) in save_adapter(trained, lora, &lm.display().to_string())? {
                    write(name, bytes)?;
                }
            }
            trained.clone()
        }
    };
    let ids = probe_ids(model)?;
    let probe = Probe {
        logits: logits(&written, &ids),
        ids,
    };
    let again = match layout {
        Layout::Hf | Layout::Merged => load_dir(out, FloatDType::F32, device)?.0,
        Layout::Peft => Adapter::read(out)?.attach(base(), &mut Init::new(0, device))?,
    };
    let again = logits(&again, &probe.ids);
    let pairs = probe.logits.iter().zip(&again);
    let difference = pairs
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, f64::max);
    Ok(Exported {
        files,
        probe,
        difference,
    })
}

/// Writes a file of the directory.
type Write<'a> = dyn FnMut(&str, Vec<u8>) -> Result<(), Error> + 'a;

/// The files of a Hugging Face directory.
fn directory(model: &Model, lm: &Decoder, write: &mut Write<'_>) -> Result<(), Error> {
    let tokenizer = &model.collator.tokenizer;
    let mut config = serde_json::to_value(&model.lm).map_err(Error::internal)?;
    config["torch_dtype"] = "float32".into();
    config["tie_word_embeddings"] = lm.is_tied().into();
    config["bos_token_id"] = tokenizer.bos.into();
    config["eos_token_id"] = tokenizer.eos.into();
    config["pad_token_id"] = tokenizer.pad.into();
    write("config.json", json(&config)?)?;
    let name = |path: &str| model.lm.architecture.base_name(path);
    let all = |path: &str| !is_lora(path);
    write("model.safetensors", weights::to_bytes(lm, &all, &name)?)?;
    for (name, bytes) in tokenizer.files()? {
        write(&name, bytes)?;
    }
    if let Some(settings) = tokenizer.settings() {
        write("tokenizer_config.json", json(&settings)?)?;
    }
    write("generation_config.json", json(&model.generation())?)
}

/// The instruction of the recipe, as the model reads it.
fn probe_ids(model: &Model) -> Result<Vec<u32>, Error> {
    let tokenizer = &model.collator.tokenizer;
    let mut ids: Vec<u32> = tokenizer.bos.into_iter().collect();
    ids.extend(tokenizer.encode(&model.config.prompt.instruction)?);
    ids.push(tokenizer.eos);
    ids.truncate(PROBE.min(model.collator.limit));
    Ok(ids)
}

fn logits(lm: &Decoder, ids: &[u32]) -> Vec<f32> {
    let positions: Vec<u32> = (0..ids.len() as u32).collect();
    let layout = CausalLayout::masked(1, positions, &vec![true; ids.len()]);
    let states = lm.hidden_states(lm.embed_ids(ids, 1), &layout).pop();
    let rows = states.map(|states| lm.logits(states.reshape([ids.len(), lm.width()])));
    rows.map_or_else(Vec::new, |rows| rows.into_data().iter::<f32>().collect())
}

impl Probe {
    /// A safetensors file: `input_ids` `[1, T]` i64 and `logits` `[1, T, V]` f32.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] when safetensors refuses.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, Error> {
        let ids: Vec<u8> = self
            .ids
            .iter()
            .flat_map(|&id| i64::from(id).to_le_bytes())
            .collect();
        let logits: Vec<u8> = self
            .logits
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let (length, all) = (self.ids.len(), self.logits.len());
        let shape = vec![1, length, all / length.max(1)];
        let view =
            |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).map_err(Error::internal);
        let tensors = [
            ("input_ids", view(Dtype::I64, vec![1, length], &ids)?),
            ("logits", view(Dtype::F32, shape, &logits)?),
        ];
        safetensors::serialize(tensors, None).map_err(Error::internal)
    }
}
