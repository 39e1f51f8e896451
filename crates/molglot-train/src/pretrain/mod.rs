//! Training an encoder alone, on graphs without text.

mod config;
mod learner;
mod progress;
mod rows;
mod score;
mod sd_file;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use molglot_encoder::{AnyEncoder, EncoderConfig};
use molglot_tensor::{
    Device, Init,
    burn::module::Module,
    params,
    weights::{self, Weights, same_names},
};
use serde::{Deserialize, Serialize};

pub use config::{GraphInput, Paths, PretrainData, PretrainRecipe, PretrainStage};
pub use learner::{AskedBatch, PretrainLearner};
pub use rows::{Row, Rows};
pub use score::{Score, StageScores};

use self::{progress::State, stage::StageRunner};
use crate::{
    data::Quarantine,
    error::Error,
    report::{ReportData, StageCurve, curves_svg, report_html},
    run::{MetricsWriter, RunDir, atomic::write_atomic},
    train::{Options, read_curves},
};

/// What a run of pre-training ended with.
#[derive(Debug)]
pub struct PretrainOutcome {
    /// Its folder.
    pub dir: PathBuf,
    /// What was measured, stage by stage.
    pub scores: Vec<StageScores>,
    /// Rows held out.
    pub held_out: u64,
    /// Seconds of training and evaluation, without reading data.
    pub seconds: f64,
}

/// What `model/model.toml` says of an encoder; of one that was trained alone it says nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PretrainedEncoder {
    /// What it is; its weights are in `encoder.safetensors` beside the file.
    pub encoder: EncoderConfig,
}

impl PretrainedEncoder {
    /// Reads what a run has left in `model/`, of pre-training or any other, and its encoder with its weights.
    ///
    /// # Errors
    ///
    /// [`Error`] naming the file.
    pub fn load(run: &Path, device: &Device) -> Result<(Self, AnyEncoder), Error> {
        let path = run.join("model/model.toml");
        let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
        let model: Self = toml::from_str(&text).map_err(|error| Error::file(&path, error))?;
        let blank = model.encoder.init(&mut Init::unfilled(device));
        let weights = Weights::read(&run.join("model/encoder.safetensors"))?;
        Ok((model, weights.load_into(blank, &same_names)?))
    }
}

/// Runs a recipe of pre-training.
///
/// # Errors
///
/// [`Error`]; whatever was saved before it stays and can be resumed.
pub fn pretrain(recipe: &PretrainRecipe, options: &Options) -> Result<PretrainOutcome, Error> {
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
    let mut state = match &options.resume {
        Some(_) => State::latest(&checkpoints)?.unwrap_or_default(),
        None => State::default(),
    };
    let encoder = recipe.encoder.init(&mut Init::new(recipe.seed, &device))?;
    recipe.check_objectives(&encoder, &device)?;
    let mut encoder = state.restore_encoder(params::with_stable_ids(encoder))?;
    let mut quarantine = Quarantine::new();
    let rows = Rows::read(&recipe.data, recipe.input(), &encoder, &mut quarantine)?;
    quarantine.write(&run.quarantine_path())?;
    describe(&rows, &quarantine, &run);
    let started = Instant::now();
    let mut metrics = MetricsWriter::resume(&run.metrics_path(), state.step)?;
    let earlier = state.seconds;
    for number in state.stage..recipe.stages.len() {
        let runner = StageRunner {
            recipe,
            number,
            rows: &rows,
            device: &device,
            plain: &plain,
            checkpoints: &checkpoints,
            bars: &options.bars,
            earlier: earlier + started.elapsed().as_secs_f64(),
        };
        encoder = runner.run(encoder, &mut state, &mut metrics)?;
        write_curves(&run, recipe)?;
    }
    save(&run, recipe, &encoder.valid())?;
    let outcome = PretrainOutcome {
        dir: run.path().to_owned(),
        scores: state.measured.scores,
        held_out: rows.counts.held_out,
        seconds: earlier + started.elapsed().as_secs_f64(),
    };
    let device = options.backend.resolve().to_string();
    write_report(&run, recipe, &rows, &outcome, device)?;
    Ok(outcome)
}

fn describe(rows: &Rows, quarantine: &Quarantine, run: &RunDir) {
    let counts = rows.counts;
    tracing::info!(
        "{} rows read: {} to train on, {} held out, {} too small, {} set aside",
        counts.rows,
        counts.train,
        counts.held_out,
        rows.small,
        counts.quarantined
    );
    if quarantine.bad() > 0 {
        let path = run.quarantine_path();
        tracing::warn!("see {} for the rows set aside and why", path.display());
    }
}

/// Writes the encoder into the folder of the model.
fn save(run: &RunDir, recipe: &PretrainRecipe, encoder: &impl Module) -> Result<(), Error> {
    let dir = run.model_path();
    fs::create_dir_all(&dir).map_err(Error::io(&dir))?;
    let model = PretrainedEncoder {
        encoder: recipe.encoder.config.clone(),
    };
    let toml = toml::to_string(&model).map_err(Error::internal)?;
    let weights = weights::to_bytes(encoder, &|_| true, &same_names)?;
    for (name, bytes) in [
        ("model.toml", toml.into_bytes()),
        ("encoder.safetensors", weights),
    ] {
        let path = dir.join(name);
        write_atomic(&path, bytes).map_err(Error::io(&path))?;
    }
    Ok(())
}

fn write_curves(run: &RunDir, recipe: &PretrainRecipe) -> Result<Vec<StageCurve>, Error> {
    let curves = read_curves(&run.metrics_path())?;
    let path = run.curves_path();
    write_atomic(&path, curves_svg(&recipe.name, &curves)?).map_err(Error::io(&path))?;
    Ok(curves)
}

fn write_report(
    run: &RunDir,
    recipe: &PretrainRecipe,
    rows: &Rows,
    outcome: &PretrainOutcome,
    device: String,
) -> Result<(), Error> {
    let report = ReportData {
        title: recipe.name.clone(),
        summary: format!(
            "{} A {} encoder, trained without text. Chance is the answer that is right most often in training, or the number that the input shows.",
            recipe.description,
            recipe.encoder.config.kind(),
        ),
        recipe: toml::to_string(recipe).map_err(Error::internal)?,
        metrics: outcome.scores.iter().flat_map(StageScores::rows).collect(),
        stages: write_curves(run, recipe)?,
        examples: Vec::new(),
        counts: rows.counts,
        device,
        seconds: outcome.seconds,
        versions: vec![("molglot".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
    };
    let path = run.report_path();
    write_atomic(&path, report_html(&report)?).map_err(Error::io(&path))
}
