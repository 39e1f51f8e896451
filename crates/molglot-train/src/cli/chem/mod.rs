//! `molglot chem`: molecules, line by line.

mod lines;
mod tools;

use std::{path::PathBuf, process::ExitCode};

use clap::{Subcommand, ValueEnum};

use self::{
    lines::{Style, filter},
    tools::{
        Brics, Canon, DescriptorTable, FeatureRows, FingerprintBits, FunctionalGroups, ToSelfies,
        ToSmiles,
    },
};
use crate::error::Error;

/// What every command of this family takes.
#[derive(Debug, clap::Args)]
pub(super) struct Lines {
    /// Files, one molecule a line, a name may follow behind white space; plain or gzip; `-` or none is stdin
    files: Vec<PathBuf>,
    #[command(flatten)]
    style: Style,
}

const CONTRACT: &str = "
One line out for each line in, in the same order, on all cores. The name behind a molecule is
kept, blank lines stay blank. A line that cannot be read is reported on stderr with its number
and the reason, and the exit code is then 2.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ChemCommand {
    /// SMILES to canonical SMILES
    #[command(after_help = format!("Examples:
  molglot chem canon molecules.smi
  echo 'OCC ethanol' | molglot chem canon
  molglot chem canon --flat molecules.smi.gz
{CONTRACT}"))]
    Canon(CanonArgs),
    /// SMILES to SELFIES
    #[command(after_help = format!("Example:
  molglot chem selfies molecules.smi
{CONTRACT}"))]
    Selfies(SelfiesArgs),
    /// SELFIES to SMILES
    #[command(after_help = format!("Example:
  echo '[C][C][O]' | molglot chem smiles
{CONTRACT}"))]
    Smiles(SelfiesArgs),
    /// SMILES to the bonds that BRICS cuts and the motifs that are left
    #[command(after_help = format!("Examples:
  molglot chem brics molecules.smi
  molglot chem brics --json molecules.smi

Two columns: cut bonds as pairs of atoms, motifs as lists of atoms. Atoms count from 0 in the order of the input.
{CONTRACT}"))]
    Brics(Lines),
    /// SMILES to functional groups: their names, and those of LLaMo with their 73 features
    #[command(after_help = format!("Examples:
  molglot chem groups molecules.smi
  molglot chem groups --json molecules.smi

Two columns: names with their counts, and the groups of LLaMo as lists of atoms; their features are in the JSON form.
{CONTRACT}"))]
    Groups(Lines),
    /// SMILES to a fingerprint
    #[command(after_help = format!("Examples:
  molglot chem fingerprint --kind morgan --radius 2 --bits 2048 molecules.smi
  molglot chem fingerprint --kind morgan --counts --json molecules.smi
  molglot chem fingerprint --kind maccs --format on molecules.smi
{CONTRACT}"))]
    Fingerprint(FingerprintArgs),
    /// SMILES to the atom and bond features of the Open Graph Benchmark
    #[command(after_help = format!("Example:
  molglot chem features --json molecules.smi

Two columns: nine numbers an atom, and begin, end and three numbers a bond; rows are separated by ';'.
{CONTRACT}"))]
    Features(Lines),
    /// SMILES to descriptors: weight, logP, polar surface, donors, acceptors, rings and more
    #[command(after_help = format!("Example:
  molglot chem descriptors --json molecules.smi
{CONTRACT}"))]
    Descriptors(Lines),
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CanonArgs {
    #[command(flatten)]
    lines: Lines,
    /// Leave out stereochemistry and isotopes
    #[arg(long)]
    flat: bool,
    /// Write alternating bonds instead of lower-case atoms
    #[arg(long)]
    kekule: bool,
    /// Write a random spelling instead, the same for the same seed
    #[arg(long, value_name = "SEED")]
    random: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SelfiesArgs {
    #[command(flatten)]
    lines: Lines,
    /// How many bonds atoms may have
    #[arg(long, value_enum, default_value = "default")]
    constraints: Preset,
}

/// The presets of the SELFIES package.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    Default,
    OctetRule,
    Hypervalent,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct FingerprintArgs {
    #[command(flatten)]
    lines: Lines,
    /// Which one
    #[arg(long, value_enum, default_value = "morgan")]
    kind: Kind,
    /// Of morgan: how many bonds around each atom
    #[arg(long, default_value_t = 2)]
    radius: u32,
    /// Length, of morgan and rdk
    #[arg(long, default_value_t = 2048)]
    bits: u32,
    /// Of morgan: how often each environment occurs, not folded, instead of bits
    #[arg(long, conflicts_with = "format")]
    counts: bool,
    /// How bits are written
    #[arg(long, value_enum, default_value = "hex")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Circular environments, as ECFP
    Morgan,
    /// Paths and branches of 1 to 7 bonds
    Rdk,
    /// The 166 public keys
    Maccs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Bytes in base 16; bit 0 is the lowest bit of the first byte
    Hex,
    /// The numbers of the bits that are set
    On,
    /// Zeros and ones
    Binary,
}

pub(super) fn run(command: &ChemCommand) -> Result<ExitCode, Error> {
    match command {
        ChemCommand::Canon(args) => args.lines.run(&Canon::new(args)),
        ChemCommand::Selfies(args) => args.lines.run(&ToSelfies(args.constraints.into())),
        ChemCommand::Smiles(args) => args.lines.run(&ToSmiles(args.constraints.into())),
        ChemCommand::Brics(lines) => lines.run(&Brics),
        ChemCommand::Groups(lines) => lines.run(&FunctionalGroups),
        ChemCommand::Fingerprint(args) => args.lines.run(&FingerprintBits::new(args)?),
        ChemCommand::Features(lines) => lines.run(&FeatureRows),
        ChemCommand::Descriptors(lines) => lines.run(&DescriptorTable),
    }
}

impl Lines {
    fn run(&self, tool: &impl lines::Tool) -> Result<ExitCode, Error> {
        filter(tool, &self.files, self.style)
    }
}
