//! `molglot eval`, `predict` and `embed`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::ExitCode,
};

use molglot_core::Encoder;
use molglot_graph::GeomGraph;
use molglot_lm::GenerateConfig;
use molglot_tensor::Device;
use serde::Serialize;

use super::{
    USAGE,
    args::{EmbedArgs, EvalArgs, Molecules, PredictArgs},
    say,
};
use crate::{
    config::Recipe,
    data::{DataConfig, Dataset, HeldOut, Quarantine, Sample},
    embed::{Embedded, Level, embed as features, inputs::Key, output::Format, write_parquet},
    error::Error,
    evaluate::{Evaluation, evaluate},
    model::Model,
    predict::{Question, answers, read_smiles},
    recipe::Document,
    report::table,
    run::{RunDir, atomic::write_atomic_with},
};

pub(super) fn eval(args: &EvalArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let run = RunDir::open(&args.run)?;
    let model = Model::load(&run.model_path(), &device)?;
    let path = run.recipe_path();
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let recipe = Recipe::read(&Document::read(&path.display().to_string(), &text, &[])?)?;
    let config = match &args.data {
        Some(path) => DataConfig {
            path: path.clone(),
            format: None,
            held_out: HeldOut::Nothing,
            ..recipe.data.clone()
        },
        None => recipe.data.clone(),
    };
    let mut quarantine = Quarantine::new();
    let dataset = Dataset::read(&config, &model.aligner.encoder.spec(), &mut quarantine)?;
    for error in quarantine.errors() {
        tracing::warn!("{error}");
    }
    let rows = if args.data.is_some() {
        &dataset.split.train
    } else {
        &dataset.split.held_out
    };
    let samples: Vec<&Sample> = rows.iter().map(|&row| &dataset.samples[row]).collect();
    let evaluation = evaluate(&model, &samples, &recipe.evaluate, recipe.seed, &device)?;
    if args.json {
        say(serde_json::to_string(&evaluation).map_err(Error::internal)?)?;
    } else {
        say(format_args!(
            "{} rows of {}",
            evaluation.rows,
            config.path.display()
        ))?;
        say(table(&Evaluation::rows(None, &evaluation)).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A molecule as the user wrote it.
struct Input {
    /// Number of the molecule, from 1; of a file, its line.
    line: u64,
    smiles: String,
}

/// A line of output.
#[derive(Serialize)]
struct Answer<'a> {
    line: u64,
    smiles: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

pub(super) fn predict(args: &PredictArgs) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let model = Model::load(&RunDir::open(&args.run)?.model_path(), &device)?;
    let config = args.search.over(&model.config.generate);
    config.check()?;
    let single = args.molecules.input.is_none() && args.molecules.smiles.len() == 1;
    let mut failed = 0u64;
    let mut inputs = inputs(&args.molecules)?.fuse();
    loop {
        let mut batch = Vec::new();
        let mut broken = None;
        for input in inputs.by_ref().take(args.batch.get()) {
            match input {
                Ok(input) => batch.push(input),
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        for (input, answered) in batch
            .iter()
            .zip(ask(&model, &batch, args, &config, &device))
        {
            failed += u64::from(answered.is_err());
            print(input, &answered, single)?;
        }
        match broken {
            Some(error) => return Err(error),
            None if batch.is_empty() => return Ok(exit(failed)),
            None => {}
        }
    }
}

/// What the model says about each molecule, or why it says nothing.
fn ask(
    model: &Model,
    batch: &[Input],
    args: &PredictArgs,
    config: &GenerateConfig,
    device: &Device,
) -> Vec<Result<String, String>> {
    let graphs: Vec<Result<GeomGraph, String>> = batch
        .iter()
        .map(|input| read_smiles(model, &input.smiles))
        .collect();
    let questions: Vec<Question<'_>> = batch
        .iter()
        .zip(&graphs)
        .filter_map(|(input, graph)| {
            Some(Question {
                graph: graph.as_ref().ok()?,
                smiles: &input.smiles,
                instruction: args.prompt.as_deref(),
                number: input.line,
            })
        })
        .collect();
    let mut said = answers(model, &questions, config, device).into_iter();
    let mut next = || match said.next() {
        Some(answer) => answer.map_err(|error| error.to_string()),
        None => Err("no answer".to_owned()),
    };
    graphs
        .iter()
        .map(|graph| graph.as_ref().map_err(Clone::clone).and_then(|_| next()))
        .collect()
}

fn print(input: &Input, answered: &Result<String, String>, single: bool) -> Result<(), Error> {
    let Input { line, smiles } = input;
    if let Err(reason) = answered {
        complain(*line, smiles, reason);
    }
    let record = Answer {
        line: *line,
        smiles,
        answer: answered.as_deref().ok(),
        error: answered.as_ref().err().map(String::as_str),
    };
    if !single {
        say(serde_json::to_string(&record).map_err(Error::internal)?)?;
    } else if let Some(text) = record.answer {
        say(text)?;
    }
    Ok(())
}

/// The features of molecules by the encoder of a run.
pub(super) fn embed(
    args: &EmbedArgs,
    run: &Path,
    levels: &[Level],
    format: Format,
) -> Result<ExitCode, Error> {
    let device = args.device.open()?;
    let model = Model::load(&RunDir::open(run)?.model_path(), &device)?;
    let molecules = Molecules {
        smiles: args.smiles.clone(),
        input: args.input.clone(),
    };
    let (mut keys, mut graphs): (Vec<Key>, Vec<GeomGraph>) = (Vec::new(), Vec::new());
    let mut failed = 0u64;
    for (place, input) in inputs(&molecules)?.enumerate() {
        let input = input?;
        match read_smiles(&model, &input.smiles) {
            Ok(graph) => {
                let file = match &args.input {
                    Some(file) if place >= args.smiles.len() => file.display().to_string(),
                    _ => "--smiles".to_owned(),
                };
                keys.push(Key {
                    file,
                    number: input.line,
                    id: Some(input.smiles),
                });
                graphs.push(graph);
            }
            Err(reason) => {
                failed += 1;
                complain(input.line, &input.smiles, &reason);
            }
        }
    }
    let of_level = |&level: &Level| (level, features(&model, &graphs, level, &device));
    let embedded: Vec<(Level, Embedded)> = levels.iter().map(of_level).collect();
    write_atomic_with(&args.out, |file| match (format, &embedded[..]) {
        (Format::Safetensors, [(_, embedded)]) => {
            let smiles: Vec<String> = keys.iter().map(Key::name).collect();
            let bytes = embedded.to_safetensors(&smiles).map_err(io::Error::other)?;
            file.write_all(&bytes)
        }
        _ => write_parquet(file, &keys, &embedded),
    })
    .map_err(Error::io(&args.out))?;
    let width = model.aligner.encoder.width();
    let values: usize = embedded.iter().map(|(_, level)| level.features.len()).sum();
    say(format_args!(
        "{} molecules, {} rows of {width} in {}",
        graphs.len(),
        values / width.max(1),
        args.out.display()
    ))?;
    Ok(exit(failed))
}

fn complain(line: u64, smiles: &str, reason: &str) {
    // The record on stdout says the same; nothing is lost when stderr is closed.
    let _ = writeln!(io::stderr(), "error: molecule {line}: `{smiles}`: {reason}");
}

fn exit(failed: u64) -> ExitCode {
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(
        io::stderr(),
        "{failed} molecule(s) could not be read; the others are done"
    );
    ExitCode::from(USAGE)
}

/// The molecules in order, read as they are needed. Empty lines are skipped.
fn inputs(molecules: &Molecules) -> Result<impl Iterator<Item = Result<Input, Error>>, Error> {
    let given = molecules.smiles.clone().into_iter().enumerate();
    let given = given.map(|(number, smiles)| {
        Ok(Input {
            line: number as u64 + 1,
            smiles,
        })
    });
    let lines: Box<dyn Iterator<Item = io::Result<String>>> = match molecules.input.as_deref() {
        None => Box::new(std::iter::empty()),
        Some(path) if path == Path::new("-") => Box::new(io::stdin().lock().lines()),
        Some(path) => Box::new(BufReader::new(File::open(path).map_err(Error::io(path))?).lines()),
    };
    let path = molecules.input.clone().unwrap_or_default();
    let lines = lines
        .enumerate()
        .filter_map(move |(number, line)| match line {
            Ok(line) => {
                let smiles = line.split_whitespace().next()?.to_owned();
                Some(Ok(Input {
                    line: number as u64 + 1,
                    smiles,
                }))
            }
            Err(error) => Some(Err(Error::io(&path)(error))),
        });
    Ok(given.chain(lines))
}
