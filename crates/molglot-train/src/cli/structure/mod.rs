//! `molglot structure`: what is in files of macromolecules, and the graphs that encoders want of them.

mod files;
mod graph;
mod info;
mod spec;
mod summary;

use std::process::ExitCode;

use clap::Subcommand;

use self::{files::Inputs, graph::GraphArgs};
use crate::{error::Error, progress::Bars};

const CONTRACT: &str = "
FILE is a PDB or mmCIF file, a folder of them, a pattern in quotes, or a tar archive; plain or
gzip. Answers come in the order of the input, on all cores. A file that cannot be used is reported
on stderr with the reason, the others are answered all the same, and the exit code is then 2.";

#[derive(Debug, Subcommand)]
pub(super) enum StructureCommand {
    /// Say what is in a file: chains, residues, sequences, title, method
    #[command(after_help = format!("Examples:
  molglot structure info 1ubq.cif
  molglot structure info --json 'structures/*.pdb' more.tar.gz
  molglot structure info --quarantine bad.jsonl structures/
{CONTRACT}"))]
    Info(InfoArgs),
    /// Write the observed sequence of every chain as FASTA
    #[command(after_help = format!("Examples:
  molglot structure sequence 1ubq.pdb.gz > 1ubq.fasta
  molglot structure sequence --json structures/
{CONTRACT}"))]
    Sequence(InfoArgs),
    /// Build the graphs that encoders read: one JSON object a structure, the tensors to safetensors
    #[command(after_help = format!("Examples:
  molglot structure graph 1ubq.pdb --text
  molglot structure graph 1ubq.pdb --spec gvp --out 1ubq.safetensors
  molglot structure graph structures/ --spec gearnet --out graphs --cache ~/.cache/molglot/graphs
  molglot structure graph 4hhb.cif --chain B --spec mine.toml

Tensors: `edges` [E, 2] (from, to), `relations` [E], `positions` [N, 3] in angstrom, `types` [N],
`chains` [N], `node_sets.0.scalars` [N, width] and so on; docs/data.md lists them all. The metadata
names every node (`A/MET1`).
{CONTRACT}"))]
    Graph(GraphArgs),
    /// List the specs of published encoders, or print one, to copy and change
    #[command(after_help = "Examples:
  molglot structure spec
  molglot structure spec gearnet > mine.toml")]
    Spec {
        /// Name
        name: Option<String>,
    },
}

/// What is asked of structures.
#[derive(Debug, clap::Args)]
pub(super) struct InfoArgs {
    #[command(flatten)]
    inputs: Inputs,
    /// Print one JSON object a structure
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &StructureCommand, bars: &Bars) -> Result<ExitCode, Error> {
    match command {
        StructureCommand::Info(args) => info::info(args, bars),
        StructureCommand::Sequence(args) => info::sequence(args, bars),
        StructureCommand::Graph(args) => graph::run(args, bars),
        StructureCommand::Spec { name } => spec::print(name.as_deref()),
    }
}
