//! A trained model as a folder: everything that prediction needs, in the layouts that other tools read.
//!
//! ```text
//! model/
//!   model.toml                  encoder, projector, adapter, prompt, alignment
//!   encoder.safetensors
//!   projector.safetensors
//!   alignment.safetensors       encoder, projector and statistics by which molecules and captions are compared
//!   lm/                         a Hugging Face directory: config.json, model.safetensors, tokenizer.json;
//!                               not there when the run took a published model and left it as it was: see [`Base`]
//!   adapter/                    a PEFT directory: adapter_config.json, adapter_model.safetensors
//! ```

use std::{fs, path::Path};

use molglot_align::hscale::HScaleConfig;
use molglot_core::{Encoder, LanguageModel};
use molglot_encoder::EncoderConfig;
use molglot_lm::{
    DecoderConfig, GenerateConfig, LoraConfig, Precision, Pretrained, PromptTemplate, Tokenizer,
    decoder::load_dir,
    load_pretrained,
    lora::{Adapter, is_lora, save_adapter},
    pretrained::check_vocabulary,
};
use molglot_projector::ProjectorConfig;
use molglot_tensor::{
    Device, Init,
    burn::{module::Module, tensor::FloatDType},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use crate::{
    aligner::Aligner, alignment::Alignment, base::Base, collate::Collator, error::Error,
    run::atomic::write_atomic,
};

/// What a model is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The encoder.
    pub encoder: EncoderConfig,
    /// The projector.
    pub projector: ProjectorConfig,
    /// The published language model that was left as it was, when it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// The adapter, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraConfig>,
    /// The prompt.
    pub prompt: PromptTemplate,
    /// When an answer ends.
    pub generate: GenerateConfig,
    /// How molecules and captions are compared, when they were aligned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alignment: Option<HScaleConfig>,
    /// Whether the alignment has a language model of its own, because the model's was trained on.
    #[serde(default)]
    pub alignment_keeps_lm: bool,
}

impl ModelConfig {
    /// Whether the parameter of an [`Aligner`] at this path is stored with the run, and not in the directory of its base.
    pub fn stores(&self, path: &str) -> bool {
        self.base.is_none() || !path.starts_with("lm.") || is_lora(path)
    }
}

/// A model with its tokenizer.
#[derive(Debug)]
pub struct Model {
    /// What it is made of.
    pub config: ModelConfig,
    /// Sizes of the language model.
    pub lm: DecoderConfig,
    /// The networks.
    pub aligner: Aligner,
    /// The comparison of molecules and captions.
    pub alignment: Option<Alignment>,
    /// Text to ids, and prompts.
    pub collator: Collator,
}

impl Model {
    /// Writes the folder. Each file appears whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error`] naming the file.
    pub fn save(&self, dir: &Path) -> Result<(), Error> {
        let all = |_: &str| true;
        let write = |name: &str, bytes: Vec<u8>| {
            let path = dir.join(name);
            write_atomic(&path, bytes).map_err(Error::io(&path))
        };
        for folder in ["", "lm", "adapter"] {
            if folder == "lm" && self.config.base.is_some() {
                continue;
            }
            let path = dir.join(folder);
            fs::create_dir_all(&path).map_err(Error::io(&path))?;
        }
        write(
            "model.toml",
            toml::to_string(&self.config)
                .map_err(Error::internal)?
                .into_bytes(),
        )?;
        write(
            "encoder.safetensors",
            weights::to_bytes(&self.aligner.encoder, &all, &same_names)?,
        )?;
        write(
            "projector.safetensors",
            weights::to_bytes(&self.aligner.projector, &all, &same_names)?,
        )?;
        if let Some(alignment) = &self.alignment {
            write(
                "alignment.safetensors",
                weights::to_bytes(alignment, &all, &same_names)?,
            )?;
        }
        if self.config.base.is_none() {
            let base = |path: &str| !is_lora(path);
            let base_name = |path: &str| self.lm.architecture.base_name(path);
            write("lm/config.json", json(&self.lm)?)?;
            write(
                "lm/model.safetensors",
                weights::to_bytes(&self.aligner.lm, &base, &base_name)?,
            )?;
            for (name, bytes) in self.collator.tokenizer.files()? {
                write(&format!("lm/{name}"), bytes)?;
            }
            if self.collator.tokenizer.is_pretrained() {
                write("lm/generation_config.json", json(&self.generation())?)?;
            }
        }
        if let Some(lora) = &self.config.lora {
            let base = match &self.config.base {
                Some(base) => base.path.display().to_string(),
                None => "../lm".to_owned(),
            };
            for (name, bytes) in save_adapter(&self.aligner.lm, lora, &base)? {
                write(&format!("adapter/{name}"), bytes)?;
            }
        }
        Ok(())
    }

    /// Reads the folder onto a device, strictly.
    ///
    /// # Errors
    ///
    /// [`Error`] naming the file and what does not fit.
    pub fn load(dir: &Path, device: &Device) -> Result<Self, Error> {
        let path = dir.join("model.toml");
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let config: ModelConfig =
            toml::from_str(&text).map_err(|error| Error::file(&path, error))?;
        let mut init = Init::new(0, device);
        let Pretrained {
            mut lm,
            config: lm_config,
            tokenizer,
        } = match &config.base {
            Some(base) => base.load(device)?,
            None => own_lm(&dir.join("lm"), device)?,
        };
        if config.lora.is_some() {
            lm = Adapter::read(&dir.join("adapter"))?.attach(lm, &mut init)?;
        }
        let read = |name: &str| Weights::read(&dir.join(name));
        let encoder =
            read("encoder.safetensors")?.load_into(config.encoder.init(&mut init), &same_names)?;
        let projector = config
            .projector
            .init(encoder.width(), lm.width(), &mut init);
        let projector = read("projector.safetensors")?.load_into(projector, &same_names)?;
        let alignment = match &config.alignment {
            None => None,
            Some(settings) => {
                let (encoder, projector) = (&config.encoder, &config.projector);
                let kept = config.alignment_keeps_lm.then_some(&lm_config);
                let blank =
                    Alignment::blank(encoder, projector, settings, kept, lm.width(), device)?;
                Some(read("alignment.safetensors")?.load_into(blank, &same_names)?)
            }
        };
        let collator = Collator {
            tokenizer,
            prompt: config.prompt.clone(),
            limit: lm.max_length(),
        };
        Ok(Self {
            config,
            lm: lm_config,
            aligner: Aligner {
                encoder,
                projector,
                lm,
            },
            alignment,
            collator,
        })
    }

    /// `generation_config.json`: the tokens with a role in generation, and what the recipe says about answers.
    pub fn generation(&self) -> serde_json::Value {
        let tokenizer = &self.collator.tokenizer;
        let generate = &self.config.generate;
        serde_json::json!({
            "bos_token_id": tokenizer.bos,
            "eos_token_id": tokenizer.stops,
            "pad_token_id": tokenizer.pad,
            "max_new_tokens": generate.max_new_tokens,
            "num_beams": generate.num_beams,
            "repetition_penalty": generate.repetition_penalty,
            "no_repeat_ngram_size": generate.no_repeat_ngram_size,
        })
    }

    /// A copy for evaluation: on the plain device, with running statistics and without dropout.
    #[must_use]
    pub fn valid(&self) -> Self {
        Self {
            config: self.config.clone(),
            lm: self.lm.clone(),
            aligner: self.aligner.valid(),
            alignment: self.alignment.as_ref().map(Module::valid),
            collator: self.collator.clone(),
        }
    }
}

/// A language model that a run trained, with its tokenizer.
fn own_lm(dir: &Path, device: &Device) -> Result<Pretrained, Error> {
    if dir.join("tokenizer_config.json").is_file() {
        return Ok(load_pretrained(dir, Precision::F32, device)?);
    }
    let (lm, config) = load_dir(dir, FloatDType::F32, device)?;
    let file = dir.join("tokenizer.json");
    let tokenizer = Tokenizer::read(&file)?;
    check_vocabulary(&file, &tokenizer, &config)?;
    Ok(Pretrained {
        lm,
        config,
        tokenizer,
    })
}

/// A value as the bytes of a JSON file.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(Error::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}
