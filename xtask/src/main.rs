//! Builds, trains, tests and checks the workspace: `cargo xtask <COMMAND>`.
//!
//! It composes processes, not types: it builds the `molglot` binary with the features that `--device` asks for and runs
//! it, and it is the one gate that a change passes. It uses no crate of the workspace, so it is ready in seconds.

mod arrows;
mod backends;
mod binary;
mod check;
mod cli;
mod console;
mod device;
mod failure;
mod licenses;
mod locks;
mod new;
mod sources;
mod test;
mod words;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Build { device } => binary::report(device),
        Command::Test { name, args } => test::run(name.as_deref(), &args),
        Command::Check { steps } => check::run(&steps),
        Command::Bench { name } => workspace::bench(name.as_deref()),
        Command::Docs { open } => workspace::docs(open),
        Command::Lock => locks::renew(),
        Command::New { kind, name } => new::run(kind, &name),
        Command::Run(forwarded) => binary::run(&forwarded.args),
        Command::Molglot(command) => binary::run(&command.into_args()),
    }
}
