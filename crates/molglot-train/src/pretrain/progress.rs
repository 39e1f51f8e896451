//! Where a run of pre-training stands, as its checkpoints say it.

use std::{fs, path::PathBuf};

use molglot_tensor::{
    burn::{module::Module, optim::ModuleOptimizer, tensor::Bytes},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use super::{learner::PretrainLearner, score::StageScores};
use crate::{
    data::Position,
    error::Error,
    run::{CheckpointStore, atomic::write_atomic},
};

/// The files of a checkpoint.
const WEIGHTS: &str = "model.safetensors";
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
    /// What was measured: of stages that are done, and of the one under way before it began.
    pub(super) scores: Vec<StageScores>,
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

    /// Saves a checkpoint and drops old ones.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be written; older checkpoints stay.
    pub(super) fn save(
        &self,
        checkpoints: &CheckpointStore,
        learner: &PretrainLearner,
        optimizer: Option<&ModuleOptimizer>,
        keep: usize,
    ) -> Result<(), Error> {
        checkpoints.save(self.step, |folder| {
            let write = |name: &str, bytes: &[u8]| {
                let path = folder.join(name);
                write_atomic(&path, bytes).map_err(Error::io(&path))
            };
            let all = weights::to_bytes(&learner.valid(), &|_| true, &same_names)?;
            write(WEIGHTS, &all)?;
            if let Some(optimizer) = optimizer {
                write(OPTIMIZER, &optimizer.into_bytes().map_err(Error::internal)?)?;
            }
            let state = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
            write(STATE, &state)
        })?;
        checkpoints.rotate(keep, &[self.step])?;
        Ok(())
    }

    /// Puts the saved encoder into one of the same shape.
    ///
    /// # Errors
    ///
    /// [`Error`] when the checkpoint is of another encoder.
    pub(super) fn restore_encoder<M: Module>(&self, encoder: M) -> Result<M, Error> {
        let Some(folder) = &self.folder else {
            return Ok(encoder);
        };
        let saved =
            Weights::read(&folder.join(WEIGHTS))?.without(|name| !name.starts_with("encoder."));
        Ok(saved.load_into(encoder, &|path| format!("encoder.{path}"))?)
    }

    /// Puts the saved heads and moments into a learner and its optimizer, when a stage was under way.
    ///
    /// # Errors
    ///
    /// [`Error`] when the checkpoint is of another objective or cannot be read.
    pub(super) fn restore_stage(
        &self,
        learner: PretrainLearner,
        optimizer: ModuleOptimizer,
    ) -> Result<(PretrainLearner, ModuleOptimizer), Error> {
        let folder = match &self.folder {
            Some(folder) if self.stage_step > 0 => folder,
            _ => return Ok((learner, optimizer)),
        };
        let learner = Weights::read(&folder.join(WEIGHTS))?.load_into(learner, &same_names)?;
        let path = folder.join(OPTIMIZER);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let optimizer = optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes))
            .map_err(|error| Error::file(&path, error))?;
        Ok((learner, optimizer))
    }
}
