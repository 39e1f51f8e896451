//! `molglot train`.

use std::{path::PathBuf, process::ExitCode};

use molglot_align::{ObjectiveConfig, pretext::Widths};
use molglot_tensor::{Backend, Init, params, params::ParamInfo};

use super::{args::TrainArgs, say};
use crate::{
    config::{Part, Recipe},
    data::Quarantine,
    error::Error,
    evaluate::Evaluation,
    plan::Plan,
    pretrain::{PretrainLearner, PretrainRecipe, Rows, StageScores, pretrain},
    progress::Bars,
    recipe::{Document, Source},
    recipes::BUILTIN,
    report::table,
    run::{LogFile, RunDir},
    train::{Learner, Options, Prepared, train as run_recipe},
};

pub(super) fn train(args: &TrainArgs, bars: Bars, log: LogFile) -> Result<ExitCode, Error> {
    let (document, resume) = match &args.resume {
        None => (builtin_or_file(args)?, None),
        Some(folder) => {
            let run = find_run(args, folder)?;
            let path = run.recipe_path();
            let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
            (
                Document::read(&path.display().to_string(), &text, &args.set)?,
                Some(run),
            )
        }
    };
    let plan = Plan::read(&document)?;
    if args.dry_run {
        return match &plan {
            Plan::Align(recipe) => dry_run(recipe, args.device),
            Plan::Pretrain(recipe) => dry_run_pretraining(recipe, args.device),
        };
    }
    let options = Options {
        runs: args.runs.clone(),
        backend: args.device,
        resume,
        bars,
        log,
    };
    let recipe = match &plan {
        Plan::Align(recipe) => recipe,
        Plan::Pretrain(recipe) => return run_pretraining(recipe, &options),
    };
    let outcome = run_recipe(recipe, &options)?;
    if let Some(after) = &outcome.after {
        say(format_args!(
            "\n{} on {} held-out rows",
            recipe.name, after.rows
        ))?;
        say(table(&Evaluation::rows(outcome.before.as_ref(), after)).trim_end())?;
    }
    say(format_args!("\ntrained in {:.0} s", outcome.seconds))?;
    say(format_args!("run folder  {}", outcome.dir.display()))?;
    say(format_args!(
        "report      {}",
        outcome.dir.join("report.html").display()
    ))?;
    say(format_args!(
        "ask it      molglot predict --run {} --smiles 'CC(=O)Oc1ccccc1C(=O)O'",
        outcome.dir.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn run_pretraining(recipe: &PretrainRecipe, options: &Options) -> Result<ExitCode, Error> {
    let outcome = pretrain(recipe, options)?;
    let rows: Vec<_> = outcome.scores.iter().flat_map(StageScores::rows).collect();
    if !rows.is_empty() {
        say(format_args!(
            "\n{} on {} held-out rows; chance is the commonest answer of the training rows, or the number that the input shows",
            recipe.name, outcome.held_out
        ))?;
        say(table(&rows).trim_end())?;
    }
    say(format_args!("\ntrained in {:.0} s", outcome.seconds))?;
    say(format_args!("run folder  {}", outcome.dir.display()))?;
    say(format_args!(
        "start from  --set encoder.weights={}",
        outcome.dir.join("model/encoder.safetensors").display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The resolved recipe, its rows and how many parameters each stage trains.
fn dry_run_pretraining(recipe: &PretrainRecipe, backend: Backend) -> Result<ExitCode, Error> {
    let device = backend.open()?.autodiff();
    let encoder = recipe.encoder.init(&mut Init::new(recipe.seed, &device))?;
    recipe.check_objectives(&encoder, &device)?;
    let mut quarantine = Quarantine::new();
    let rows = Rows::read(&recipe.data, recipe.input(), &encoder, &mut quarantine)?;
    say("# the recipe as it would run")?;
    say(toml::to_string(recipe).map_err(Error::internal)?)?;
    let counts = rows.counts;
    say(format_args!(
        "# {} rows: {} to train on, {} held out, {} too small, {} set aside",
        counts.rows, counts.train, counts.held_out, rows.small, counts.quarantined
    ))?;
    say(format_args!("# device: {}", backend.resolve()))?;
    for (number, stage) in recipe.stages.iter().enumerate() {
        let learner = PretrainLearner {
            pretext: stage
                .objective
                .init(Widths::of(&encoder), &mut Init::new(0, &device)),
            encoder: encoder.clone(),
        };
        let found = params::list(&learner.planned(stage));
        let count = |part: fn(&ParamInfo) -> bool| -> usize {
            let counts = found.iter().filter(|info| part(info)).map(ParamInfo::count);
            counts.sum()
        };
        say(format_args!(
            "\nstage {number} `{}`: {} on {:?}, {} parameters, {} trained",
            stage.name,
            stage.objective.kind(),
            stage.input,
            count(|_| true),
            count(|info| info.trainable),
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn builtin_or_file(args: &TrainArgs) -> Result<Document, Error> {
    let source = Source::find(&args.recipe, BUILTIN)?;
    Ok(Document::read(&source.label(), &source.read()?, &args.set)?)
}

fn find_run(args: &TrainArgs, folder: &str) -> Result<RunDir, Error> {
    if folder != "auto" {
        return Ok(RunDir::open(&PathBuf::from(folder))?);
    }
    let plan = Plan::read(&builtin_or_file(args)?)?;
    RunDir::latest(&args.runs, plan.name())?.ok_or_else(|| {
        let (name, runs) = (plan.name(), args.runs.display());
        Error::Usage(format!(
            "there is no run of `{name}` with a checkpoint in {runs}; train without --resume first"
        ))
    })
}

/// The resolved recipe, what each stage trains on and how many parameters that is.
fn dry_run(recipe: &Recipe, backend: Backend) -> Result<ExitCode, Error> {
    let device = backend.open()?.autodiff();
    let Prepared {
        dataset,
        quarantine,
        mut model,
    } = Prepared::new(recipe, None, &device)?;
    say("# the recipe as it would run")?;
    say(toml::to_string(recipe).map_err(Error::internal)?)?;
    let counts = dataset.counts;
    say(format_args!(
        "# {} rows: {} to train on, {} held out, {} set aside",
        counts.rows, counts.train, counts.held_out, counts.quarantined
    ))?;
    for error in quarantine.errors().iter().take(3) {
        say(format_args!("#   {error}"))?;
    }
    say(format_args!("# device: {}", backend.resolve()))?;
    for (number, stage) in recipe.stages.iter().enumerate() {
        if stage.trains(Part::Lora) {
            let mut init = Init::new(recipe.seed, &device);
            model.aligner.lm.attach_lora(&recipe.lora, &mut init)?;
        }
        let objective = ObjectiveConfig::NextToken(Default::default());
        let mut init = Init::new(0, &device);
        let learner = Learner {
            aligner: model.aligner.clone(),
            objective: objective.init(&mut init),
        }
        .planned(stage);
        let found = params::list(&learner);
        let batches = counts.train.div_ceil(stage.batch_size as u64) * stage.epochs;
        let steps = batches.div_ceil(stage.accumulate as u64);
        let steps = stage.max_steps.map_or(steps, |most| most.min(steps));
        let effective = stage.batch_size * stage.accumulate;
        say(format_args!(
            "\nstage {number} `{}`: {} on {:?}, {steps} steps of {effective} rows",
            stage.name,
            stage.objective.kind(),
            stage.input,
        ))?;
        for part in ["encoder", "projector", "lm"] {
            let of_part: Vec<&ParamInfo> = found
                .iter()
                .filter(|info| info.path.split('.').nth(1) == Some(part))
                .collect();
            let all: usize = of_part.iter().map(|info| info.count()).sum();
            let trained: usize = of_part
                .iter()
                .filter(|info| info.trainable)
                .map(|info| info.count())
                .sum();
            say(format_args!(
                "  {part:<10} {all:>12} parameters, {trained:>12} trained"
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
