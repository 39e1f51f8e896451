//! One stage of pre-training.

use std::time::Instant;

use molglot_align::pretext::{AnyPretext, Posed, Pretext, Widths};
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::AnyEncoder;
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{Device, Init, burn::module::Module, params};
use serde::Serialize;

use super::{
    config::{PretrainRecipe, PretrainStage},
    learner::{AskedBatch, PretrainLearner},
    progress::State,
    rows::Rows,
    score::{Census, Score, StageScores},
};
use crate::{
    data::{Position, RandomStream, Sampler},
    error::Error,
    optim::{Schedule, adamw},
    progress::{Bars, Shown},
    run::{CheckpointStore, MetricsWriter},
    train::StepRecord,
};

/// Batches whose rows are sorted by size before they are dealt out.
const SIZE_WINDOW: usize = 16;
/// How often the held-out rows are looked at in a stage, about.
const LOOKS: u64 = 6;

/// A line of `metrics.jsonl` about held-out rows.
#[derive(Debug, Serialize)]
struct LookRecord {
    #[serde(flatten)]
    step: StepRecord,
    tasks: Vec<Score>,
}

/// Everything that a stage needs to run.
pub(super) struct StageRunner<'a> {
    pub(super) recipe: &'a PretrainRecipe,
    pub(super) number: usize,
    pub(super) rows: &'a Rows,
    pub(super) device: &'a Device,
    pub(super) plain: &'a Device,
    pub(super) checkpoints: &'a CheckpointStore,
    pub(super) bars: &'a Bars,
    pub(super) earlier: f64,
}

impl StageRunner<'_> {
    fn stage(&self) -> &PretrainStage {
        &self.recipe.stages[self.number]
    }

    /// Runs the stage from where `state` stands; leaves `state` at the start of the next one.
    pub(super) fn run(
        &self,
        encoder: AnyEncoder,
        state: &mut State,
        metrics: &mut MetricsWriter,
    ) -> Result<AnyEncoder, Error> {
        let stage = self.stage();
        let started = Instant::now();
        let spec = encoder.spec();
        // Heads have a generator of their own, so that the encoder's weights do not depend on what comes after it.
        let mut init = Init::new(
            self.recipe.seed.wrapping_add(1 + self.number as u64),
            self.device,
        );
        let pretext = stage.objective.init(Widths::of(&encoder), &mut init);
        let learner = params::with_stable_ids(PretrainLearner { encoder, pretext });
        let (learner, mut optimizer) = state.restore_stage(learner, adamw(stage))?;
        state.folder = None;
        let mut learner = learner.planned(stage);
        let held_out = self.held_out(&learner.pretext, &spec);
        if state.measured.scores.len() <= self.number {
            state.measured.scores.push(StageScores {
                stage: stage.name.clone(),
                before: self.look(&learner, &held_out),
                after: Vec::new(),
                majority: self.majority(&learner.pretext, &spec, &held_out),
            });
        }

        let sizes = self.rows.split.train.iter();
        let sizes = sizes.map(|&row| GraphBatch::units_of(&self.rows.rows[row].graph));
        let sampler = Sampler::new(
            sizes.collect(),
            stage.batch_size,
            SIZE_WINDOW,
            self.recipe.seed,
            self.number as u64,
        );
        let per_epoch = sampler.batches_per_epoch() as u64;
        let accumulate = stage.accumulate as u64;
        let total = (stage.epochs * per_epoch).div_ceil(accumulate);
        let last = stage.max_steps.map_or(total, |most| most.min(total));
        let schedule = Schedule::of(stage, last);
        let look_every = (last / LOOKS).max(1);

        let mut progress = self.bars.stage(&stage.name, state.stage_step, last);
        let mut order = sampler.batches_from(state.position);
        let mut scores = Vec::new();
        while state.stage_step < last {
            let left = (stage.epochs * per_epoch).saturating_sub(state.stage_step * accumulate);
            let chosen: Vec<(Position, Vec<usize>)> =
                order.by_ref().take(accumulate.min(left) as usize).collect();
            self.device
                .seed(self.stream("dropout", state.stage_step).next_u64());
            let mut masks = self.stream("masks", state.stage_step);
            let batches: Vec<AskedBatch> = chosen
                .iter()
                .map(|(_, rows)| {
                    let rows = rows.iter().map(|&row| self.rows.split.train[row]);
                    let posed = self.pose(&learner.pretext, &spec, rows, &mut masks);
                    AskedBatch::new(&posed, self.device)
                })
                .collect();
            let learning_rate = schedule.at(state.stage_step);
            let step;
            (learner, step) = learner.step(&batches, &mut optimizer, learning_rate, stage.clip);
            for (what, value) in [
                ("the loss", step.loss),
                ("the gradient norm", step.grad_norm),
            ] {
                if !value.is_finite() {
                    return Err(self.not_finite(state.stage_step + 1, what, value, &chosen));
                }
            }
            state.step += 1;
            state.stage_step += 1;
            state.position = order.position();
            progress.step(&Shown {
                loss: step.loss,
                learning_rate,
                tokens: batches.iter().map(|batch| batch.graph.units() as u64).sum(),
            });
            let record = StepRecord {
                step: state.step,
                stage: stage.name.clone(),
                stage_step: state.stage_step,
                epoch: chosen.last().map_or(0, |(position, _)| position.epoch),
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
            if let (true, Some(first)) = (looks, held_out.first()) {
                scores = self.look(&learner, &held_out);
                metrics.write(&LookRecord {
                    step: StepRecord {
                        held_out_loss: Some(PretrainLearner::loss(&scores, &first.questions)),
                        ..record
                    },
                    tasks: scores.clone(),
                })?;
            }
            let saves = state
                .stage_step
                .is_multiple_of(self.recipe.checkpoint.every);
            if saves && state.stage_step < last {
                state.seconds = self.earlier + started.elapsed().as_secs_f64();
                let keep = self.recipe.checkpoint.keep;
                state.save(self.checkpoints, &learner, Some(&optimizer), keep)?;
            }
        }
        let shown = scores
            .iter()
            .filter_map(|score| match (score.accuracy, score.error) {
                (Some(part), _) => Some(format!("{} {:.1} %", score.task, 100.0 * part)),
                (None, Some(error)) => Some(format!("{} off by {error:.2}", score.task)),
                (None, None) => None,
            });
        progress.finish(&shown.collect::<Vec<_>>().join(", "));
        if let Some(own) = state.measured.scores.get_mut(self.number) {
            own.after = scores;
        }
        *state = State {
            step: state.step,
            stage: self.number + 1,
            seconds: self.earlier + started.elapsed().as_secs_f64(),
            measured: std::mem::take(&mut state.measured),
            ..State::default()
        };
        let keep = self.recipe.checkpoint.keep;
        state.save(self.checkpoints, &learner, None, keep)?;
        Ok(learner.encoder)
    }

    /// Random numbers that are a pure function of seed, stage and `word`.
    fn stream(&self, purpose: &str, word: u64) -> RandomStream {
        RandomStream::new(purpose, &[self.recipe.seed, self.number as u64, word])
    }

    fn pose(
        &self,
        pretext: &AnyPretext,
        spec: &GraphSpec,
        rows: impl Iterator<Item = usize>,
        masks: &mut RandomStream,
    ) -> Posed {
        let graphs: Vec<&GeomGraph> = rows.map(|row| &*self.rows.rows[row].graph).collect();
        pretext.pose(spec, &graphs, &mut |bound| {
            masks.below(bound as u64) as usize
        })
    }

    /// The held-out rows with masks that are the same at every look.
    fn held_out(&self, pretext: &AnyPretext, spec: &GraphSpec) -> Vec<Posed> {
        let mut masks = self.stream("held-out masks", 0);
        let batches = self.rows.split.held_out.chunks(self.stage().batch_size);
        batches
            .map(|rows| self.pose(pretext, spec, rows.iter().copied(), &mut masks))
            .collect()
    }

    fn look(&self, learner: &PretrainLearner, held_out: &[Posed]) -> Vec<Score> {
        match held_out.is_empty() {
            true => Vec::new(),
            false => learner.valid().scores(held_out, self.plain),
        }
    }

    /// What the commonest answer of the training rows would score on the held-out ones.
    fn majority(&self, pretext: &AnyPretext, spec: &GraphSpec, held_out: &[Posed]) -> Vec<Score> {
        let mut masks = self.stream("majority masks", 0);
        let mut censuses = Vec::new();
        for rows in self.rows.split.train.chunks(self.stage().batch_size) {
            let posed = self.pose(pretext, spec, rows.iter().copied(), &mut masks);
            Census::count(&mut censuses, &posed.questions);
        }
        let censuses = censuses.iter_mut().zip(pretext.names()).enumerate();
        censuses
            .map(|(number, (census, name))| {
                let posed = held_out.iter();
                census.score(name, posed.filter_map(|posed| posed.questions.get(number)))
            })
            .collect()
    }

    fn not_finite(
        &self,
        step: u64,
        what: &'static str,
        value: f64,
        chosen: &[(Position, Vec<usize>)],
    ) -> Error {
        let rows = chosen.iter().flat_map(|(_, rows)| rows);
        let ids = rows.map(|&row| self.rows.rows[self.rows.split.train[row]].id.as_str());
        Error::NotFinite {
            stage: self.stage().name.clone(),
            step,
            what,
            value,
            rows: ids.collect::<Vec<_>>().join(", "),
        }
    }
}
