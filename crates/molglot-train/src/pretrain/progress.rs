//! Where a run of pre-training stands, as its checkpoints say it.

use molglot_tensor::{
    burn::{module::Module, optim::ModuleOptimizer},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use super::{learner::PretrainLearner, score::StageScores};
use crate::{
    error::Error,
    resume::{self, WEIGHTS, write},
    run::CheckpointStore,
};

/// What was measured: of stages that are done, and of the one under way before it began.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) scores: Vec<StageScores>,
}

pub(super) type State = resume::State<Measured>;

impl State {
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
        self.save_with(checkpoints, optimizer, keep, |folder| {
            let all = weights::to_bytes(&learner.valid(), &|_| true, &same_names)?;
            write(&folder.join(WEIGHTS), &all)
        })
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
        let learner = match self.under_way() {
            Some(folder) => {
                Weights::read(&folder.join(WEIGHTS))?.load_into(learner, &same_names)?
            }
            None => learner,
        };
        Ok((learner, self.restore_optimizer(optimizer)?))
    }
}
