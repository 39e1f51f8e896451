//! What the optimizer sees: the model and its objective as one module.

use molglot_align::AnyObjective;
use molglot_core::{Batch, Objective};
use molglot_tensor::burn;
use molglot_tensor::{
    burn::{
        module::Module,
        optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
    },
    clip::clip_global_norm,
    params,
};

use crate::{
    aligner::Aligner,
    config::{Part, StageConfig},
    error::Error,
};

/// A model with what it is trained for.
#[derive(Module, Debug)]
pub struct Learner {
    /// The networks.
    pub aligner: Aligner,
    /// The objective, which may have parameters of its own.
    pub objective: AnyObjective,
}

/// What one optimizer step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Mean loss over all micro-batches, weighted by what they contain.
    pub loss: f64,
    /// Norm of all gradients together before clipping.
    pub grad_norm: f64,
    /// Items: labelled tokens or pairs.
    pub weight: f64,
}

impl Learner {
    /// Freezes everything but what the stage trains.
    #[must_use]
    pub fn planned(self, stage: &StageConfig) -> Self {
        let (encoder, projector) = (stage.trains(Part::Encoder), stage.trains(Part::Projector));
        let (lm, lora) = (stage.trains(Part::Lm), stage.trains(Part::Lora));
        params::set_trainable(self, |path| match path.split('.').nth(1) {
            Some("encoder") => encoder,
            Some("projector") => projector,
            Some("lm") if molglot_lm::lora::is_lora(path) => lora,
            Some("lm") => lm,
            _ => false,
        })
    }

    /// One optimizer step over micro-batches that count by what they contain, so that they equal one large batch.
    ///
    /// Nothing changes when the loss or the gradient norm is not finite; the step says so by its values.
    ///
    /// # Errors
    ///
    /// [`Error::Splice`] when a prompt does not fit its molecule.
    pub fn step(
        self,
        batches: &[Batch],
        optimizer: &mut ModuleOptimizer,
        learning_rate: f64,
        clip: f64,
    ) -> Result<(Self, Step), Error> {
        let weight: f64 = batches
            .iter()
            .map(|batch| self.objective.weight(batch))
            .sum();
        let mut accumulator = GradientsAccumulator::<Self>::new();
        let mut sum = 0.0;
        for batch in batches {
            let loss = self.objective.loss(&self.aligner.forward(batch)?, batch);
            sum += f64::from(loss.sum.clone().into_scalar::<f32>());
            let grads = loss.sum.div_scalar(weight.max(1.0)).backward();
            accumulator.accumulate(&self, GradientsParams::from_grads(grads, &self));
        }
        let mut grads = accumulator.grads();
        let grad_norm = clip_global_norm(&self, &mut grads, clip);
        let step = Step {
            loss: sum / weight.max(1.0),
            grad_norm,
            weight,
        };
        if !step.loss.is_finite() || !step.grad_norm.is_finite() {
            return Ok((self, step));
        }
        Ok((optimizer.step(learning_rate, self, grads), step))
    }
}
