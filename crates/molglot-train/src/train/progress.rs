//! Where a run stands, as its checkpoints say it.

use std::{fs, path::PathBuf};

use molglot_align::hscale::HScaleConfig;
use molglot_tensor::{
    Device,
    burn::{module::Module, optim::ModuleOptimizer, tensor::Bytes},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use super::Learner;
use crate::{
    alignment::Alignment,
    data::Position,
    error::Error,
    evaluate::Evaluation,
    model::{Model, ModelConfig},
    run::{CheckpointStore, atomic::write_atomic},
};

/// Where the networks begin in the path of a parameter of a [`Learner`].
const MODEL: &str = "aligner.";
/// The files of a checkpoint.
const WEIGHTS: &str = "model.safetensors";
const ALIGNMENT: &str = "alignment.safetensors";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";

/// What a checkpoint remembers beside weights and optimizer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Steps done in the whole run.
    pub(super) step: u64,
    /// The stage that is running or comes next.
    pub(super) stage: usize,
    /// Steps done in that stage.
    pub(super) stage_step: u64,
    /// The next micro-batch of that stage.
    pub(super) position: Position,
    /// Seconds so far.
    pub(super) seconds: f64,
    /// What was measured before training.
    pub(super) before: Option<Evaluation>,
    /// The folder this was read from.
    #[serde(skip)]
    pub(super) folder: Option<PathBuf>,
}

impl State {
    /// The newest checkpoint that is whole.
    ///
    /// # Errors
    ///
    /// [`Error`] when the folder cannot be read. Damaged checkpoints are named in the log and passed over.
    pub(super) fn latest(checkpoints: &CheckpointStore) -> Result<Option<Self>, Error> {
        let latest = checkpoints.latest_valid()?;
        for rejected in &latest.rejected {
            tracing::warn!("{rejected}");
        }
        let Some((step, folder)) = latest.found else {
            return Ok(None);
        };
        let path = folder.join(STATE);
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let state: Self = serde_json::from_str(&text).map_err(|error| Error::file(&path, error))?;
        tracing::info!("going on after step {step} from {}", folder.display());
        Ok(Some(Self {
            folder: Some(folder),
            ..state
        }))
    }

    /// Saves a checkpoint of what `config` stores and drops old ones.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be written; older checkpoints stay.
    pub(super) fn save(
        &self,
        checkpoints: &CheckpointStore,
        learner: &Learner,
        config: &ModelConfig,
        alignment: Option<&Alignment>,
        optimizer: Option<&ModuleOptimizer>,
        keep: usize,
    ) -> Result<(), Error> {
        let of_model = |path: &str| {
            let path = path.strip_prefix(MODEL);
            path.is_some_and(|path| config.stores(path))
        };
        checkpoints.save(self.step, |folder| {
            let write = |name: &str, bytes: &[u8]| {
                let path = folder.join(name);
                write_atomic(&path, bytes).map_err(Error::io(&path))
            };
            write(
                WEIGHTS,
                &weights::to_bytes(&learner.valid(), &of_model, &same_names)?,
            )?;
            if let Some(alignment) = alignment {
                write(
                    ALIGNMENT,
                    &weights::to_bytes(alignment, &|_| true, &same_names)?,
                )?;
            }
            if let Some(optimizer) = optimizer {
                write(OPTIMIZER, &optimizer.into_bytes().map_err(Error::internal)?)?;
            }
            write(
                STATE,
                &serde_json::to_vec_pretty(self).map_err(Error::internal)?,
            )
        })?;
        checkpoints.rotate(keep, &[self.step])?;
        Ok(())
    }

    /// Puts the saved weights into a model of the same shape. `alignment` are the settings of the last alignment before
    /// this state, and whether it has a language model of its own.
    ///
    /// # Errors
    ///
    /// [`Error`] when the checkpoint is of another model.
    pub(super) fn restore(
        &self,
        model: &mut Model,
        alignment: Option<(&HScaleConfig, bool)>,
        device: &Device,
    ) -> Result<(), Error> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let weights = Weights::read(&folder.join(WEIGHTS))?;
        let stored = |path: &str| model.config.stores(path);
        model.aligner = weights.load_where(model.aligner.clone(), &stored, &|path| {
            format!("{MODEL}{path}")
        })?;
        let path = folder.join(ALIGNMENT);
        if let Some((settings, keeps_lm)) = alignment.filter(|_| path.exists()) {
            let ModelConfig {
                encoder, projector, ..
            } = &model.config;
            let width = model.lm.hidden_size;
            let kept = keeps_lm.then_some(&model.lm);
            let blank = Alignment::blank(encoder, projector, settings, kept, width, device)?;
            model.config.alignment_keeps_lm = keeps_lm;
            model.alignment = Some(Weights::read(&path)?.load_into(blank, &same_names)?);
            model.config.alignment = Some(settings.clone());
        }
        Ok(())
    }

    /// Puts the saved moments into an optimizer, when a stage was under way.
    ///
    /// # Errors
    ///
    /// [`Error`] when they cannot be read.
    pub(super) fn restore_optimizer(
        &self,
        optimizer: ModuleOptimizer,
    ) -> Result<ModuleOptimizer, Error> {
        let path = match &self.folder {
            Some(folder) if self.stage_step > 0 => folder.join(OPTIMIZER),
            _ => return Ok(optimizer),
        };
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes))
            .map_err(|error| Error::file(&path, error))
    }
}
