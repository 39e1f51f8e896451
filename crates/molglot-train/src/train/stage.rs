//! One stage: batches in a fixed order, one optimizer step after the other.

use std::time::Instant;

use molglot_align::{
    AnyObjective, ObjectiveConfig,
    hscale::{HScale, HScaleConfig},
};
use molglot_core::{Batch, Objective};
use molglot_tensor::{Device, Init, burn::module::Module, params};
use serde::{Deserialize, Serialize};

use super::{Learner, progress::State};
use crate::{
    alignment::Alignment,
    collate::{Collator, Item},
    config::{Input, Recipe, StageConfig},
    data::{Dataset, Position, RandomStream, Sample, Sampler},
    error::Error,
    evaluate::{Vectors, caption_vectors, items, mean_loss},
    model::Model,
    optim::{Schedule, adamw},
    progress::{Bars, Shown},
    report::StageCurve,
    run::{CheckpointStore, MetricsWriter},
};

/// Batches whose rows are sorted by length before they are dealt out: less padding, still random.
const LENGTH_WINDOW: usize = 16;
/// How often the held-out rows are looked at in a stage, about.
const LOOKS: u64 = 6;

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Step of the run, from 1.
    pub step: u64,
    /// Name of the stage.
    pub stage: String,
    /// Step of the stage, from 1.
    pub stage_step: u64,
    /// Pass over the training rows, from 0.
    pub epoch: u64,
    /// Mean training loss of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Mean loss on the held-out rows after the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_loss: Option<f64>,
    /// Learning rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Norm of the gradients before clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grad_norm: Option<f64>,
    /// Labelled tokens, or pairs, of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<f64>,
    /// Seconds since the run started.
    pub seconds: f64,
}

/// Everything that a stage needs to run.
pub(super) struct StageRunner<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) number: usize,
    pub(super) dataset: &'a Dataset,
    pub(super) device: &'a Device,
    pub(super) plain: &'a Device,
    pub(super) checkpoints: &'a CheckpointStore,
    pub(super) bars: &'a Bars,
    pub(super) earlier: f64,
}

/// The rows of one side, ready for batching.
struct Side {
    items: Vec<Item>,
    anchors: Option<Vectors>,
}

impl StageRunner<'_> {
    fn stage(&self) -> &StageConfig {
        &self.recipe.stages[self.number]
    }

    /// Runs the stage from where `state` stands; leaves `state` at the start of the next one.
    pub(super) fn run(
        &self,
        mut model: Model,
        state: &mut State,
        metrics: &mut MetricsWriter,
    ) -> Result<(Model, StageCurve), Error> {
        let stage = self.stage();
        let started = Instant::now();
        let mut optimizer = state.restore_optimizer(adamw(stage))?;
        state.folder = None;
        let (objective, train, held_out) = self.prepare(&mut model)?;
        let collator = model.collator.clone();
        let mut aligner = model.aligner.clone();
        aligner.lm = aligner.lm.recomputing(stage.recompute);
        let learner = Learner { aligner, objective };
        let mut learner = params::with_stable_ids(learner).planned(stage);

        let lengths = train.items.iter().map(|item| item.text.ids.len()).collect();
        let contrastive = stage.input == Input::Pairs;
        let window = if contrastive { 1 } else { LENGTH_WINDOW };
        let sampler = Sampler::new(
            lengths,
            stage.batch_size,
            window,
            self.recipe.seed,
            self.number as u64,
        );
        let per_epoch = sampler.batches_per_epoch() as u64;
        let accumulate = stage.accumulate as u64;
        let total = (stage.epochs * per_epoch).div_ceil(accumulate);
        let last = stage.max_steps.map_or(total, |most| most.min(total));
        let schedule = Schedule::of(stage, total);
        let look_every = (total / LOOKS).max(1);

        let mut progress = self.bars.stage(&stage.name, state.stage_step, last);
        let mut curve = StageCurve {
            name: stage.name.clone(),
            ..StageCurve::default()
        };
        let mut order = sampler.batches_from(state.position);
        while state.stage_step < last {
            let left = (stage.epochs * per_epoch).saturating_sub(state.stage_step * accumulate);
            let chosen: Vec<(Position, Vec<usize>)> =
                order.by_ref().take(accumulate.min(left) as usize).collect();
            let seed = RandomStream::new(
                "dropout",
                &[self.recipe.seed, self.number as u64, state.stage_step],
            )
            .next_u64();
            self.device.seed(seed);
            let mut batches: Vec<Batch> = chosen
                .iter()
                .map(|(_, rows)| self.batch(&collator, &learner, &train, rows))
                .collect();
            for (number, batch) in batches.iter_mut().enumerate() {
                if let Some(text) = &mut batch.text {
                    text.seed = seed.wrapping_add((number as u64) << 32);
                }
            }
            let learning_rate = schedule.at(state.stage_step);
            let step;
            (learner, step) = learner.step(&batches, &mut optimizer, learning_rate, stage.clip)?;
            for (what, value) in [
                ("the loss", step.loss),
                ("the gradient norm", step.grad_norm),
            ] {
                if !value.is_finite() {
                    let rows = chosen.iter().flat_map(|(_, rows)| rows);
                    let ids: Vec<&str> = rows.map(|&row| self.row(row).id.as_str()).collect();
                    let (stage, step) = (stage.name.clone(), state.stage_step + 1);
                    return Err(Error::NotFinite {
                        stage,
                        step,
                        what,
                        value,
                        rows: ids.join(", "),
                    });
                }
            }
            state.step += 1;
            state.stage_step += 1;
            state.position = order.position();
            let epoch = chosen.last().map_or(0, |(position, _)| position.epoch);
            curve.train.push((state.stage_step, step.loss));
            let tokens = batches
                .iter()
                .filter_map(|batch| batch.text.as_ref())
                .map(|text| text.tokens.len() as u64)
                .sum();
            progress.step(&Shown {
                loss: step.loss,
                learning_rate,
                tokens,
            });
            let record = StepRecord {
                step: state.step,
                stage: stage.name.clone(),
                stage_step: state.stage_step,
                epoch,
                seconds: self.earlier + started.elapsed().as_secs_f64(),
                ..StepRecord::default()
            };
            metrics.write(&StepRecord {
                loss: Some(step.loss),
                learning_rate: Some(learning_rate),
                grad_norm: Some(step.grad_norm),
                items: Some(step.weight),
                ..record.clone()
            })?;
            let looks = state.stage_step.is_multiple_of(look_every) || state.stage_step == last;
            if looks && !held_out.items.is_empty() {
                let loss = self.look(&collator, &learner, &held_out)?;
                curve.held_out.push((state.stage_step, loss));
                metrics.write(&StepRecord {
                    held_out_loss: Some(loss),
                    ..record
                })?;
            }
            if state.stage_step < last
                && state
                    .stage_step
                    .is_multiple_of(self.recipe.checkpoint.every)
            {
                state.seconds = self.earlier + started.elapsed().as_secs_f64();
                let alignment = model.alignment.as_ref();
                state.save(
                    self.checkpoints,
                    &learner,
                    &model.config,
                    alignment,
                    Some(&optimizer),
                    self.recipe.checkpoint.keep,
                )?;
            }
        }
        let shown = curve.held_out.last().map_or(String::new(), |(_, loss)| {
            format!("held-out loss {loss:.4}")
        });
        progress.finish(&shown);
        if let (AnyObjective::HScale(alignment), ObjectiveConfig::HScale(settings)) =
            (&learner.objective, &stage.objective)
        {
            let keep_lm = self.recipe.trains_lm_after(self.number);
            let snapshot = Alignment::snapshot(&learner.aligner, alignment, keep_lm);
            model.alignment = Some(snapshot);
            model.config.alignment_keeps_lm = keep_lm;
            model.config.alignment = Some(settings.clone());
        }
        *state = State {
            step: state.step,
            stage: self.number + 1,
            seconds: self.earlier + started.elapsed().as_secs_f64(),
            measured: state.measured.clone(),
            ..State::default()
        };
        state.save(
            self.checkpoints,
            &learner,
            &model.config,
            model.alignment.as_ref(),
            None,
            self.recipe.checkpoint.keep,
        )?;
        model.aligner = learner.aligner;
        Ok((model, curve))
    }

    /// The objective, fitted to the training captions where it needs that, and both sides of the data.
    fn prepare(&self, model: &mut Model) -> Result<(AnyObjective, Side, Side), Error> {
        let stage = self.stage();
        let side = |rows: &[usize]| -> Result<Side, Error> {
            let samples: Vec<&Sample> =
                rows.iter().map(|&row| &self.dataset.samples[row]).collect();
            Ok(Side {
                items: items(&model.collator, &model.aligner, &samples, stage.input)?,
                anchors: None,
            })
        };
        let (mut train, mut held_out) = (
            side(&self.dataset.split.train)?,
            side(&self.dataset.split.held_out)?,
        );
        let objective = match &stage.objective {
            ObjectiveConfig::HScale(settings) => {
                let valid = model.valid();
                let batch = self.recipe.evaluate.batch_size;
                let (fitted, vectors) =
                    fit_alignment(settings, &valid, self.dataset, batch, self.plain)?;
                let others = caption_vectors(
                    &valid.aligner.lm.without_lora(),
                    &fitted,
                    &valid.collator,
                    &held_out.items,
                    batch,
                    self.plain,
                )?;
                train.anchors = Some(vectors);
                held_out.anchors = Some(others);
                AnyObjective::HScale(fitted.train())
            }
            ObjectiveConfig::NextToken(_) => stage.objective.init(&mut Init::new(0, self.device)),
        };
        Ok((objective, train, held_out))
    }

    fn row(&self, item: usize) -> &Sample {
        &self.dataset.samples[self.dataset.split.train[item]]
    }

    fn batch(&self, collator: &Collator, learner: &Learner, side: &Side, rows: &[usize]) -> Batch {
        let chosen: Vec<&Item> = rows.iter().map(|&row| &side.items[row]).collect();
        match &side.anchors {
            Some(vectors) => Batch {
                graph: Some(collator.graphs(&chosen, self.device)),
                text: None,
                anchors: Some(vectors.pick(rows, self.device)),
            },
            None => collator.batch(
                &chosen,
                self.stage().input,
                learner.objective.reads(),
                self.stage().pack,
                self.device,
            ),
        }
    }

    fn look(&self, collator: &Collator, learner: &Learner, side: &Side) -> Result<f64, Error> {
        let valid = learner.valid();
        let batch = if side.anchors.is_some() {
            self.stage().batch_size
        } else {
            self.recipe.evaluate.batch_size
        };
        let input = self.stage().input;
        mean_loss(
            &valid.aligner,
            &valid.objective,
            collator,
            &side.items,
            side.anchors.as_ref(),
            input,
            batch,
            self.plain,
        )
    }
}

/// An alignment standardised by the captions of the training rows, and the vectors of those captions. The model must be
/// [`Model::valid`].
pub(super) fn fit_alignment(
    settings: &HScaleConfig,
    model: &Model,
    dataset: &Dataset,
    batch: usize,
    plain: &Device,
) -> Result<(HScale, Vectors), Error> {
    let samples: Vec<&Sample> = dataset
        .split
        .train
        .iter()
        .map(|&row| &dataset.samples[row])
        .collect();
    let items = items(&model.collator, &model.aligner, &samples, Input::Pairs)?;
    let blank = settings.init(&mut Init::new(0, plain));
    let vectors = caption_vectors(
        &model.aligner.lm.without_lora(),
        &blank,
        &model.collator,
        &items,
        batch,
        plain,
    )?;
    let fitted = if settings.standardise {
        blank.with_statistics(vectors.all(plain))
    } else {
        blank.with_width(2 * model.lm.hidden_size, plain)
    };
    Ok((fitted, vectors))
}
