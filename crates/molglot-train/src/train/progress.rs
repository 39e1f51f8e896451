//! Where a run stands, as its checkpoints say it.

use molglot_align::hscale::HScaleConfig;
use molglot_tensor::{
    Device,
    burn::{module::Module, optim::ModuleOptimizer},
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

use super::Learner;
use crate::{
    alignment::Alignment,
    error::Error,
    evaluate::Evaluation,
    model::{Model, ModelConfig},
    resume::{self, WEIGHTS, write},
    run::CheckpointStore,
};

/// Where the networks begin in the path of a parameter of a [`Learner`].
const MODEL: &str = "aligner.";
/// How molecules and captions were compared when the checkpoint was written.
const ALIGNMENT: &str = "alignment.safetensors";

/// What was measured before training.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) before: Option<Evaluation>,
}

pub(super) type State = resume::State<Measured>;

impl State {
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
        self.save_with(checkpoints, optimizer, keep, |folder| {
            let model = weights::to_bytes(&learner.valid(), &of_model, &same_names)?;
            write(&folder.join(WEIGHTS), &model)?;
            match alignment {
                None => Ok(()),
                Some(alignment) => {
                    let bytes = weights::to_bytes(alignment, &|_| true, &same_names)?;
                    write(&folder.join(ALIGNMENT), &bytes)
                }
            }
        })
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
}
