//! The `molglot` command.

mod args;
mod chem;
mod embed;
mod export;
mod infer;
mod probe;
mod structure;
mod train;
mod verify;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use molglot_tensor::{Backend, device::cuda_devices};
use tracing::level_filters::LevelFilter;

use self::args::{Args, BenchArgs, Command, RecipeCommand};
use crate::{
    bench,
    error::Error,
    plan::Plan,
    progress::Bars,
    recipe::{Document, Source},
    recipes::BUILTIN,
    run::LogFile,
};

/// A check of the program failed.
const FAILED: u8 = 1;
/// The input or the command line is wrong.
const USAGE: u8 = 2;

/// Runs the command line of this process: 0 when all went well, 1 when something failed, 2 when the input is wrong.
pub fn run() -> ExitCode {
    let args = Args::parse();
    // Before any thread: Burn asks the environment which device is its default.
    args.command.backend().pin_as_default();
    let bars = Bars::new();
    let log = LogFile::new();
    if let Err(error) = log.install(LevelFilter::INFO, &bars) {
        return fail(&Error::internal(error));
    }
    let done = match args.command {
        Command::Train(train) => train::train(&train, bars, log),
        Command::Eval(eval) => infer::eval(&eval),
        Command::Predict(predict) => infer::predict(&predict),
        Command::Embed(embed) => embed::embed(&embed, &bars),
        Command::Export(args) => export::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Chem(command) => chem::run(&command),
        Command::Structure(command) => structure::run(&command, &bars),
        Command::Verify(args) => verify::run(&args),
        Command::Recipe(command) => recipe(&command),
        Command::Bench(args) => bench(&args),
        Command::Doctor => doctor(),
    };
    match done {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    // Nothing is left to do when even stderr is gone.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
}

/// A line to stdout. A closed pipe (`molglot ... | head`) is no error.
fn say(text: impl std::fmt::Display) -> Result<(), Error> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::internal(error)),
        _ => Ok(()),
    }
}

fn recipe(command: &RecipeCommand) -> Result<ExitCode, Error> {
    match command {
        RecipeCommand::List => {
            for (name, text) in BUILTIN {
                let plan = Plan::read(&Document::read(name, text, &[])?)?;
                say(format_args!("{name:<16} {}", plan.description()))?;
            }
        }
        RecipeCommand::Show { recipe } => say(Source::find(recipe, BUILTIN)?.read()?.trim_end())?,
        RecipeCommand::Check { recipe, set } => {
            let source = Source::find(recipe, BUILTIN)?;
            Plan::read(&Document::read(&source.label(), &source.read()?, set)?)?;
            say(format_args!("{}: a good recipe", source.label()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn bench(args: &BenchArgs) -> Result<ExitCode, Error> {
    let setting = bench::Setting {
        corpora: args.corpora.as_deref(),
        device: args.device.open()?,
    };
    for workload in bench::select(&args.names)? {
        let rates = workload.measure(&setting, args.repeat)?;
        if args.json {
            say(serde_json::to_string(&rates).map_err(Error::internal)?)?;
        } else {
            let bench::Rates {
                workload,
                unit,
                median,
                min,
                max,
            } = rates;
            say(format_args!(
                "{workload:<18} {median:>12.1} {unit} ({min:.1} to {max:.1})"
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn doctor() -> Result<ExitCode, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    say(format_args!("molglot   {}", env!("CARGO_PKG_VERSION")))?;
    say(format_args!("backends  {}", Backend::compiled().join(", ")))?;
    say(format_args!("CUDA      {} device(s)", cuda_devices()))?;
    say(format_args!("default   {}", Backend::Auto.resolve()))?;
    say(format_args!("threads   {threads}"))?;
    Ok(ExitCode::SUCCESS)
}
