//! Where a run stands, as its checkpoints say it: what training and pre-training have in common.

use std::{
    fs,
    path::{Path, PathBuf},
};

use molglot_tensor::burn::{optim::ModuleOptimizer, tensor::Bytes};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    data::Position,
    error::Error,
    run::{CheckpointStore, atomic::write_atomic},
};

/// The weights of a checkpoint.
pub(crate) const WEIGHTS: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";

/// What a checkpoint remembers beside weights and optimizer; `M` is what was measured so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State<M> {
    /// Steps done in the whole run.
    pub(crate) step: u64,
    /// The stage that is running or comes next.
    pub(crate) stage: usize,
    /// Steps done in that stage.
    pub(crate) stage_step: u64,
    /// The next micro-batch of that stage.
    pub(crate) position: Position,
    /// Seconds so far.
    pub(crate) seconds: f64,
    /// What was measured.
    #[serde(flatten)]
    pub(crate) measured: M,
    /// The folder this was read from.
    #[serde(skip)]
    pub(crate) folder: Option<PathBuf>,
}

impl<M: Serialize + DeserializeOwned> State<M> {
    /// The newest checkpoint that is whole.
    ///
    /// # Errors
    ///
    /// [`Error`] when the folder cannot be read. Damaged checkpoints are named in the log and passed over.
    pub(crate) fn latest(checkpoints: &CheckpointStore) -> Result<Option<Self>, Error> {
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

    /// Saves a checkpoint, its weights as `weights` writes them into the folder, and drops old ones.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be written; older checkpoints stay.
    pub(crate) fn save_with(
        &self,
        checkpoints: &CheckpointStore,
        optimizer: Option<&ModuleOptimizer>,
        keep: usize,
        weights: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        checkpoints.save(self.step, |folder| {
            weights(folder)?;
            if let Some(optimizer) = optimizer {
                let bytes = optimizer.into_bytes().map_err(Error::internal)?;
                write(&folder.join(OPTIMIZER), &bytes)?;
            }
            let state = serde_json::to_vec_pretty(self).map_err(Error::internal)?;
            write(&folder.join(STATE), &state)
        })?;
        checkpoints.rotate(keep, &[self.step])?;
        Ok(())
    }

    /// The folder, when a stage was under way.
    pub(crate) fn under_way(&self) -> Option<&Path> {
        self.folder.as_deref().filter(|_| self.stage_step > 0)
    }

    /// Puts the saved moments into an optimizer, when a stage was under way.
    ///
    /// # Errors
    ///
    /// [`Error`] when they cannot be read.
    pub(crate) fn restore_optimizer(
        &self,
        optimizer: ModuleOptimizer,
    ) -> Result<ModuleOptimizer, Error> {
        let Some(folder) = self.under_way() else {
            return Ok(optimizer);
        };
        let path = folder.join(OPTIMIZER);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes))
            .map_err(|error| Error::file(&path, error))
    }
}

/// Writes a file of a checkpoint.
///
/// # Errors
///
/// [`Error`] naming the file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic(path, bytes).map_err(Error::io(path))
}
