//! The commands and their help.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};

use crate::device::Device;
use crate::new::Kind;

/// Builds, trains, tests and checks Molglot
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    after_help = "\
Examples:
  cargo xtask train           train the quickstart on this machine's CPU
  cargo xtask train --help    the options of `molglot train`
  cargo xtask test            run every test
  cargo xtask check           the gate: what a change must pass

Exit codes: 0 ok, 1 a failed check or build, 2 bad usage or bad input."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The commands of molglot that have a name here, too.
    #[command(flatten)]
    Molglot(MolglotCommand),

    /// Build the molglot binary and print its path
    #[command(after_help = "\
Examples:
  cargo xtask build
  cargo xtask build --device cuda    CUDA through NVRTC; building needs no CUDA toolkit")]
    Build {
        /// What it computes on: flex, ndarray or cuda
        #[arg(long, value_name = "DEVICE", default_value = "flex")]
        device: Device,
    },

    /// Run every test of the workspace, on the flex and the ndarray backend
    #[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test brics             only tests whose name contains `brics`
  cargo xtask test -- --nocapture    options of the test harness

Tests on real data read MOLGLOT_CORPORA and MOLGLOT_GOLDEN. Where these are unset and ../shared/corpora
and ../shared/golden exist beside the workspace, those are used.")]
    Test {
        /// Part of a test's name; all tests without it
        name: Option<OsString>,
        /// Options of the test harness
        #[arg(last = true)]
        args: Vec<OsString>,
    },

    /// The gate: format, arrows, words, licences, lints, every feature set, docs
    #[command(after_help = "\
Examples:
  cargo xtask check
  cargo xtask check arrows lints    only these steps

Steps, the cheapest first; the first failure ends it:
  format    rustfmt
  arrows    which crate uses which, against xtask/src/arrows.rs
  words     no paths of one machine, no work left undone
  backends  named in molglot-tensor alone
  locks     both lock files complete, with the same versions
  licences  every package's, against deny.toml
  lints     clippy on everything, with flex and ndarray
  flex      clippy on molglot with the default features alone
  ndarray   clippy on molglot-tensor with ndarray alone
  cuda      types and warnings of the CUDA build; needs no device
  docs      rustdoc without a warning

Tests are apart: `cargo xtask test`.")]
    Check {
        /// Names of steps; all of them without it
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },

    /// Run the benches, all or those whose name contains NAME
    #[command(after_help = "Example:\n  cargo xtask bench gather")]
    Bench {
        /// Part of a bench's name; all benches without it
        name: Option<OsString>,
    },

    /// Write the API documentation
    #[command(after_help = "Example:\n  cargo xtask docs --open")]
    Docs {
        /// Show it in the browser
        #[arg(long)]
        open: bool,
    },

    /// Bring the CUDA build's lock file in line with the main one
    #[command(after_help = "\
Example:
  cargo xtask lock

Needed after every change of a dependency; `cargo xtask check` says so.")]
    Lock,

    /// Stamp a new model and register it
    #[command(after_help = "\
Example:
  cargo xtask new encoder my_net

It writes crates/molglot-encoder/src/my_net/mod.rs, a small encoder that works, and registers it: a recipe can name it, and
the laws of all encoders run on it (`cargo xtask test laws`). docs/adding-an-encoder.md says what comes next.")]
    New {
        /// What to stamp
        kind: Kind,
        /// How recipes will call it: `my_net`
        name: String,
    },

    /// Build molglot and run any of its commands
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask run recipe list"
    )]
    Run(Forwarded),
}

/// What goes to the molglot binary as it stands.
#[derive(Args)]
pub(crate) struct Forwarded {
    /// Arguments of molglot; `--device` also chooses the build (flex, ndarray, cuda:N)
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) args: Vec<OsString>,
}

/// Commands of molglot: built for the `--device` among the arguments, then run in the current directory. Their `--help` is
/// molglot's own.
#[derive(Subcommand)]
pub(crate) enum MolglotCommand {
    /// Train a recipe; without one, the quickstart [molglot train]
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  cargo xtask train
  cargo xtask train recipes/quickstart.toml --device cuda:0"
    )]
    Train(Forwarded),
    /// Answer questions about inputs with a trained run [molglot predict]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask predict --run runs/quickstart-20261120-083000 --smiles CCO"
    )]
    Predict(Forwarded),
    /// Measure a trained run [molglot eval]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask eval --run runs/quickstart-20261120-083000"
    )]
    Eval(Forwarded),
    /// Write the features of inputs [molglot embed]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask embed --run runs/quickstart-20261120-083000 --input molecules.smi --out features.safetensors"
    )]
    Embed(Forwarded),
    /// Write a language model as transformers and PEFT read it [molglot export]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask export --run runs/quickstart-20261120-083000 --to merged --out merged"
    )]
    Export(Forwarded),
    /// Work on molecules, line by line [molglot chem]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask chem canon molecules.smi"
    )]
    Chem(Forwarded),
    /// Look into files of macromolecules [molglot structure]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask structure info 1ubq.cif"
    )]
    Structure(Forwarded),
    /// Compare models with reference cases [molglot verify]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask verify --golden fixtures/lm --device cuda:0"
    )]
    Verify(Forwarded),
    /// List, show and check recipes [molglot recipe]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask recipe list"
    )]
    Recipe(Forwarded),
    /// Report what this machine offers [molglot doctor]
    #[command(
        disable_help_flag = true,
        after_help = "Example:\n  cargo xtask doctor"
    )]
    Doctor(Forwarded),
}

impl MolglotCommand {
    /// The command line of molglot: the command's name and what follows it.
    pub(crate) fn into_args(self) -> Vec<OsString> {
        let (name, forwarded) = match self {
            Self::Train(forwarded) => ("train", forwarded),
            Self::Predict(forwarded) => ("predict", forwarded),
            Self::Eval(forwarded) => ("eval", forwarded),
            Self::Embed(forwarded) => ("embed", forwarded),
            Self::Export(forwarded) => ("export", forwarded),
            Self::Chem(forwarded) => ("chem", forwarded),
            Self::Structure(forwarded) => ("structure", forwarded),
            Self::Verify(forwarded) => ("verify", forwarded),
            Self::Recipe(forwarded) => ("recipe", forwarded),
            Self::Doctor(forwarded) => ("doctor", forwarded),
        };
        std::iter::once(OsString::from(name))
            .chain(forwarded.args)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn args(line: &[&str]) -> Vec<OsString> {
        line.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("cargo xtask"),
                "{} has no example",
                command.get_name()
            );
        }
    }

    #[test]
    fn molglot_gets_its_arguments_as_they_stand() {
        let line = [
            "xtask",
            "train",
            "mini.toml",
            "--set",
            "a.b=c",
            "--device=cuda:1",
            "--help",
        ];
        let Command::Molglot(command) = Cli::parse_from(line).command else {
            panic!("train is molglot's")
        };
        assert_eq!(command.into_args(), args(&line[1..]));

        let line = ["xtask", "run", "--version"];
        let Command::Run(forwarded) = Cli::parse_from(line).command else {
            panic!("run forwards")
        };
        assert_eq!(forwarded.args, args(&["--version"]));
    }

    #[test]
    fn test_tells_a_name_from_options_of_the_harness() {
        let line = ["xtask", "test", "brics", "--", "--nocapture"];
        let Command::Test {
            name,
            args: harness,
        } = Cli::parse_from(line).command
        else {
            panic!("test is a command of its own")
        };
        assert_eq!(
            (name, harness),
            (Some("brics".into()), args(&["--nocapture"]))
        );
    }
}
