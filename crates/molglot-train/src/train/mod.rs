//! From a recipe to a run: data, stages, evaluation, report.

mod learner;
mod progress;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use molglot_core::{Encoder, GraphBatch, LanguageModel, Projector};
use molglot_graph::{GraphSpec, NodeKind};
use molglot_lm::{LmSettings, Pretrained, Tokenizer, load_pretrained};
use molglot_tensor::{Backend, Device, Init, params};

pub use learner::{Learner, Step};
pub use stage::StepRecord;

use self::{progress::State, stage::StageRunner};
use crate::{
    aligner::Aligner,
    alignment::Alignment,
    base::Base,
    collate::Collator,
    config::{Part, Recipe, StageConfig},
    data::{Dataset, Quarantine, Sample},
    error::Error,
    evaluate::{Evaluation, evaluate},
    model::{Model, ModelConfig, json},
    predict::answer,
    progress::Bars,
    report::{Example, ReportData, StageCurve, curves_svg, report_html},
    run::{LogFile, MetricsWriter, RunDir, atomic::write_atomic},
};

/// Where and how a run happens, beside its recipe.
#[derive(Debug)]
pub struct Options {
    /// The folder that holds run folders.
    pub runs: PathBuf,
    /// What computes.
    pub backend: Backend,
    /// A run to go on with.
    pub resume: Option<RunDir>,
    /// Progress bars.
    pub bars: Bars,
    /// The log.
    pub log: LogFile,
}

/// What a run ended with.
#[derive(Debug)]
pub struct Outcome {
    /// Its folder.
    pub dir: PathBuf,
    /// Before training; `None` when nothing is held out.
    pub before: Option<Evaluation>,
    /// After training.
    pub after: Option<Evaluation>,
    /// Seconds of training and evaluation, without reading data.
    pub seconds: f64,
    /// Rows set aside.
    pub quarantined: u64,
}

/// Everything that a recipe makes before the first step.
#[derive(Debug)]
pub struct Prepared {
    /// The rows.
    pub dataset: Dataset,
    /// Rows that could not be used.
    pub quarantine: Quarantine,
    /// The untrained model.
    pub model: Model,
}

impl Prepared {
    /// Reads the data, trains the tokenizer on the captions of the training rows and draws the weights, on `device`.
    ///
    /// # Errors
    ///
    /// [`Error`] of the data, the tokenizer or the configuration.
    pub fn new(
        recipe: &Recipe,
        tokenizer: Option<Tokenizer>,
        device: &Device,
    ) -> Result<Self, Error> {
        let mut init = Init::new(recipe.seed, device);
        let encoder = recipe.encoder.init(&mut init)?;
        check_encoder(recipe, &encoder.spec())?;
        let mut quarantine = Quarantine::new();
        let dataset = Dataset::read(&recipe.data, &encoder.spec(), &mut quarantine)?;
        let (pretrained, base) = match &recipe.lm {
            LmSettings::Llama(settings) => {
                let tokenizer = match tokenizer {
                    Some(tokenizer) => tokenizer,
                    None => train_tokenizer(recipe, &dataset)?,
                };
                let config = settings.config(tokenizer.vocab_size());
                let lm = config.init(&mut init)?;
                let drawn = Pretrained {
                    lm,
                    config,
                    tokenizer,
                };
                (drawn, None)
            }
            LmSettings::Pretrained(settings) => {
                let base = Base::of(settings)?;
                let loaded = load_pretrained(&base.path, base.dtype, device)?;
                (loaded, Some(base))
            }
        };
        let Pretrained {
            lm,
            config: lm_config,
            tokenizer,
        } = pretrained;
        let projector = recipe
            .projector
            .init(encoder.width(), lm.width(), &mut init);
        let collator = Collator {
            tokenizer,
            prompt: recipe.prompt.clone(),
            limit: lm.max_length(),
        };
        check_room(&dataset, &projector, lm.max_length())?;
        let model = Model {
            config: ModelConfig {
                encoder: recipe.encoder.config.clone(),
                projector: recipe.projector.clone(),
                // A model that is trained on is not what lies in the directory any more.
                base: base.filter(|_| !recipe.stages.iter().any(|stage| stage.trains(Part::Lm))),
                lora: None,
                prompt: recipe.prompt.clone(),
                generate: recipe.generate.clone(),
                alignment: None,
                alignment_keeps_lm: false,
            },
            lm: lm_config,
            aligner: params::with_stable_ids(Aligner {
                encoder,
                projector,
                lm,
            }),
            alignment: None,
            collator,
        };
        Ok(Self {
            dataset,
            quarantine,
            model,
        })
    }

    /// The rows held out.
    pub fn held_out(&self) -> Vec<&Sample> {
        self.dataset
            .split
            .held_out
            .iter()
            .map(|&row| &self.dataset.samples[row])
            .collect()
    }
}

fn train_tokenizer(recipe: &Recipe, dataset: &Dataset) -> Result<Tokenizer, Error> {
    let rows = dataset.split.train.iter();
    let captions = rows.map(|&row| dataset.samples[row].caption.as_str());
    let instruction = std::iter::once(recipe.prompt.instruction.as_str());
    let texts = captions.chain(instruction);
    Ok(Tokenizer::train(texts, recipe.tokenizer.vocab_size)?)
}

/// The base of a run stays what it was when the run began.
fn check_base(model: &Model, run: &RunDir, is_resumed: bool) -> Result<(), Error> {
    let Some(base) = &model.config.base else {
        return Ok(());
    };
    let path = run.path().join("base.json");
    if !is_resumed {
        return write_atomic(&path, json(base)?).map_err(Error::io(&path));
    }
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let known: Base = serde_json::from_str(&text).map_err(|error| Error::file(&path, error))?;
    Base {
        path: base.path.clone(),
        ..known
    }
    .check()
}

/// The rows of a recipe are molecules, so its encoder must read them.
fn check_encoder(recipe: &Recipe, spec: &GraphSpec) -> Result<(), Error> {
    if spec.nodes.iter().any(|set| set.kind == NodeKind::Residue) {
        return Err(Error::Usage(format!(
            "encoder.kind = \"{}\" reads the residues of structures, and the rows of {} are molecules; set an encoder of \
             molecules, as \"gin\" or \"hierarchical\"",
            recipe.encoder.config.kind(),
            recipe.data.path.display()
        )));
    }
    Ok(())
}

/// Positions that a prompt must leave for the instruction and the answer.
const ROOM: usize = 64;

/// A prompt must leave room for an answer.
fn check_room(dataset: &Dataset, projector: &impl Projector, limit: usize) -> Result<(), Error> {
    for sample in &dataset.samples {
        let soft = projector.token_count(GraphBatch::units_of(&sample.graph), sample.graph.motifs);
        if soft + ROOM > limit {
            return Err(Error::Usage(format!(
                "row {}: its molecule of {} atoms becomes {soft} soft tokens, which leaves no room for an answer in \
                 lm.max_position_embeddings = {limit}; raise it, or set projector.reduction = \"hierarchical\"",
                sample.id, sample.graph.atoms
            )));
        }
    }
    Ok(())
}

/// Runs a recipe.
///
/// # Errors
///
/// [`Error`]; whatever was saved before it stays and can be resumed.
pub fn train(recipe: &Recipe, options: &Options) -> Result<Outcome, Error> {
    let plain = options.backend.open()?;
    let device = plain.clone().autodiff();
    let run = match &options.resume {
        Some(run) => run.clone(),
        None => {
            let text = toml::to_string(recipe).map_err(Error::internal)?;
            RunDir::create(&options.runs, &recipe.name, &text)?
        }
    };
    options.log.attach(&run.log_path())?;
    tracing::info!("run folder {}", run.path().display());
    let checkpoints = run.checkpoints()?;
    let saved = match &options.resume {
        Some(_) => State::latest(&checkpoints)?,
        None => None,
    };
    let tokenizer_path = run.path().join("tokenizer.json");
    let trains_tokenizer = matches!(recipe.lm, LmSettings::Llama(_));
    let tokenizer = match &saved {
        Some(_) if trains_tokenizer => Some(Tokenizer::read(&tokenizer_path)?),
        _ => None,
    };
    let Prepared {
        dataset,
        quarantine,
        mut model,
    } = Prepared::new(recipe, tokenizer, &device)?;
    quarantine.write(&run.quarantine_path())?;
    check_base(&model, &run, saved.is_some())?;
    if saved.is_none() && trains_tokenizer {
        let json = model.collator.tokenizer.to_json()?;
        write_atomic(&tokenizer_path, json).map_err(Error::io(&tokenizer_path))?;
    }
    describe_data(&dataset, &quarantine, &run);
    let started = Instant::now();
    let held_out: Vec<&Sample> = dataset
        .split
        .held_out
        .iter()
        .map(|&row| &dataset.samples[row])
        .collect();
    let mut state = saved.unwrap_or_default();
    if state.measured.before.is_none() && !held_out.is_empty() {
        tracing::info!(
            "evaluating the untrained model on {} held-out rows",
            held_out.len()
        );
        let untrained = untrained_alignment(recipe, &dataset, &model, &plain)?;
        state.measured.before = Some(evaluate(
            &untrained,
            &held_out,
            &recipe.evaluate,
            recipe.seed,
            &plain,
        )?);
    }
    let mut metrics = MetricsWriter::resume(&run.metrics_path(), state.step)?;
    let earlier = state.seconds;
    let mut curves = read_curves(&run.metrics_path())?;
    let stages_begun = state.stage + usize::from(state.stage_step > 0);
    for stage in &recipe.stages[..stages_begun] {
        attach_adapter(&mut model, recipe, stage, &device)?;
    }
    let alignment = recipe.last_alignment(state.stage);
    let alignment = alignment.map(|(number, settings)| (settings, recipe.trains_lm_after(number)));
    state.restore(&mut model, alignment, &plain)?;
    for (number, stage) in recipe.stages.iter().enumerate().skip(state.stage) {
        attach_adapter(&mut model, recipe, stage, &device)?;
        let runner = StageRunner {
            recipe,
            number,
            dataset: &dataset,
            device: &device,
            plain: &plain,
            checkpoints: &checkpoints,
            bars: &options.bars,
            earlier: earlier + started.elapsed().as_secs_f64(),
        };
        let curve;
        (model, curve) = runner.run(model, &mut state, &mut metrics)?;
        merge_curve(&mut curves, curve);
        write_curves(&run, recipe, &curves)?;
    }
    let trained = model.valid();
    let after = if held_out.is_empty() {
        None
    } else {
        tracing::info!("evaluating the trained model");
        Some(evaluate(
            &trained,
            &held_out,
            &recipe.evaluate,
            recipe.seed,
            &plain,
        )?)
    };
    trained.save(&run.model_path())?;
    let seconds = earlier + started.elapsed().as_secs_f64();
    let outcome = Outcome {
        dir: run.path().to_owned(),
        before: state.measured.before.clone(),
        after,
        seconds,
        quarantined: quarantine.bad(),
    };
    write_report(
        &run,
        recipe,
        options.backend,
        &dataset,
        &trained,
        &curves,
        &outcome,
        &plain,
    )?;
    Ok(outcome)
}

/// Gives the language model its adapter, before the first stage that trains one.
fn attach_adapter(
    model: &mut Model,
    recipe: &Recipe,
    stage: &StageConfig,
    device: &Device,
) -> Result<(), Error> {
    if stage.trains(Part::Lora) && model.config.lora.is_none() {
        let mut init = Init::new(recipe.seed.wrapping_add(1), device);
        model.aligner.lm.attach_lora(&recipe.lora, &mut init)?;
        model.config.lora = Some(recipe.lora.clone());
    }
    Ok(())
}

/// The untrained model with an alignment fitted to the training captions, so that "before" is measured like "after".
fn untrained_alignment(
    recipe: &Recipe,
    dataset: &Dataset,
    model: &Model,
    plain: &Device,
) -> Result<Model, Error> {
    let mut model = model.valid();
    if let Some((_, settings)) = recipe.last_alignment(recipe.stages.len()) {
        let (fitted, _) =
            stage::fit_alignment(settings, &model, dataset, recipe.evaluate.batch_size, plain)?;
        model.alignment = Some(Alignment::snapshot(&model.aligner, &fitted, false));
    }
    Ok(model)
}

fn describe_data(dataset: &Dataset, quarantine: &Quarantine, run: &RunDir) {
    let counts = dataset.counts;
    tracing::info!(
        "{} rows read: {} to train on, {} held out, {} set aside",
        counts.rows,
        counts.train,
        counts.held_out,
        counts.quarantined
    );
    if counts.unescaped > 0 {
        tracing::info!(
            "{} rows wrote every backslash twice; they were read as one",
            counts.unescaped
        );
    }
    if quarantine.bad() > 0 {
        tracing::warn!(
            "see {} for the rows set aside and why",
            run.quarantine_path().display()
        );
    }
}

/// Curves of the steps that an earlier process of this run has logged.
pub(crate) fn read_curves(path: &Path) -> Result<Vec<StageCurve>, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let mut curves: Vec<StageCurve> = Vec::new();
    for record in text
        .lines()
        .filter_map(|line| serde_json::from_str::<StepRecord>(line).ok())
    {
        let curve = match curves.iter_mut().find(|curve| curve.name == record.stage) {
            Some(curve) => curve,
            None => {
                curves.push(StageCurve {
                    name: record.stage.clone(),
                    ..StageCurve::default()
                });
                let last = curves.len() - 1;
                &mut curves[last]
            }
        };
        curve
            .train
            .extend(record.loss.map(|loss| (record.stage_step, loss)));
        curve
            .held_out
            .extend(record.held_out_loss.map(|loss| (record.stage_step, loss)));
    }
    Ok(curves)
}

fn merge_curve(curves: &mut Vec<StageCurve>, curve: StageCurve) {
    match curves.iter_mut().find(|old| old.name == curve.name) {
        Some(old) => {
            old.train.extend(curve.train);
            old.held_out.extend(curve.held_out);
        }
        None => curves.push(curve),
    }
}

fn write_curves(run: &RunDir, recipe: &Recipe, curves: &[StageCurve]) -> Result<(), Error> {
    let path = run.curves_path();
    write_atomic(&path, curves_svg(&recipe.name, curves)?).map_err(Error::io(&path))
}

#[allow(clippy::too_many_arguments)]
fn write_report(
    run: &RunDir,
    recipe: &Recipe,
    backend: Backend,
    dataset: &Dataset,
    model: &Model,
    curves: &[StageCurve],
    outcome: &Outcome,
    plain: &Device,
) -> Result<(), Error> {
    let mut examples = Vec::new();
    for &row in dataset.split.held_out.iter().take(recipe.evaluate.examples) {
        let sample = &dataset.samples[row];
        examples.push(Example {
            id: sample.id.clone(),
            smiles: sample.smiles.clone(),
            reference: sample.caption.clone(),
            answer: answer(model, &sample.graph, &sample.smiles, None, plain)?,
            ..Example::default()
        });
    }
    let stages: Vec<&str> = recipe
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    let report = ReportData {
        title: recipe.name.clone(),
        summary: format!(
            "{} A {} encoder, a {} projector and {}, trained on {} in {} stages: {}.",
            recipe.description,
            recipe.encoder.config.kind(),
            recipe.projector.kind(),
            match &recipe.lm {
                LmSettings::Llama(_) => "a Llama".to_owned(),
                LmSettings::Pretrained(lm) =>
                    format!("the language model of {}", lm.path.display()),
            },
            recipe.data.path.display(),
            stages.len(),
            stages.join(", ")
        ),
        recipe: toml::to_string(recipe).map_err(Error::internal)?,
        metrics: outcome.after.as_ref().map_or_else(Vec::new, |after| {
            Evaluation::rows(outcome.before.as_ref(), after)
        }),
        stages: curves.to_vec(),
        examples,
        counts: dataset.counts,
        device: backend.resolve().to_string(),
        seconds: outcome.seconds,
        versions: vec![("molglot".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
    };
    let path = run.report_path();
    write_atomic(&path, report_html(&report)?).map_err(Error::io(&path))?;
    write_curves(run, recipe, curves)
}
