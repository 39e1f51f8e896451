//! A trained model as a folder: everything that prediction needs, in the layouts that other tools read.
//!
//! ```text
//! model/
//!   model.toml                  encoder, projector, adapter, prompt, alignment
//!   encoder.safetensors
//!   projector.safetensors
//!   alignment.safetensors       encoder, projector and statistics by which molecules and captions are compared
//!   lm/                         a Hugging Face directory: config.json, model.safetensors, tokenizer.json
//!   adapter/                    a PEFT directory: adapter_config.json, adapter_model.safetensors
//! ```

use std::{fs, path::Path};

use molglot_align::hscale::HScaleConfig;
use molglot_core::{Encoder, LanguageModel};
use molglot_encoder::EncoderConfig;
use molglot_lm::{
    DecoderConfig, GenerateConfig, LoraConfig, PromptTemplate, Tokenizer,
    decoder::load_dir,
    lora::{Adapter, is_lora, save_adapter},
};
use molglot_projector::ProjectorConfig;
use molglot_tensor::{
    Device, Init,
    burn::{module::Module, tensor::FloatDType},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use crate::{
    aligner::Aligner, alignment::Alignment, collate::Collator, error::Error,
    run::atomic::write_atomic,
};

/// What a model is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The encoder.
    pub encoder: EncoderConfig,
    /// The projector.
    pub projector: ProjectorConfig,
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
        let base = |path: &str| !is_lora(path);
        let base_name = |path: &str| self.lm.architecture.base_name(path);
        write("lm/config.json", json(&self.lm)?)?;
        write(
            "lm/model.safetensors",
            weights::to_bytes(&self.aligner.lm, &base, &base_name)?,
        )?;
        write(
            "lm/tokenizer.json",
            self.collator.tokenizer.to_json()?.into_bytes(),
        )?;
        if let Some(lora) = &self.config.lora {
            for (name, bytes) in save_adapter(&self.aligner.lm, lora, "../lm")? {
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
        let (mut lm, lm_config) = load_dir(&dir.join("lm"), FloatDType::F32, device)?;
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
        let tokenizer = Tokenizer::read(&dir.join("lm/tokenizer.json"))?;
        if tokenizer.vocab_size() > lm_config.vocab_size {
            let (tokens, rows) = (tokenizer.vocab_size(), lm_config.vocab_size);
            let reason = format!(
                "it has {tokens} tokens, the language model beside it {rows}; they are of two models"
            );
            return Err(Error::file(&dir.join("lm/tokenizer.json"), reason));
        }
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

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(Error::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}
