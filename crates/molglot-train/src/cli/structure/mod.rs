//! `molglot structure`: what is in files of macromolecules.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Subcommand;
use molglot_bio::{
    read::{self, ReadError, ReadOptions, Source},
    structure::Structure,
};
use rayon::prelude::*;
use serde::Serialize;

use super::{USAGE, say};
use crate::error::Error;

/// How many files are in memory at once.
const BATCH: usize = 32;

#[derive(Debug, Subcommand)]
pub(super) enum StructureCommand {
    /// Say what is in a file: chains, residues, sequences, title, method
    #[command(after_help = "Examples:
  molglot structure info 1ubq.cif
  molglot structure info --json 'structures/*.pdb' more.tar.gz")]
    Info(Files),
    /// Write the observed sequence of every chain as FASTA
    #[command(after_help = "Example:
  molglot structure sequence 1ubq.pdb.gz > 1ubq.fasta")]
    Sequence(Files),
}

/// Files of structures.
#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// PDB or mmCIF files, folders, patterns or tar archives; plain or gzip
    #[arg(required = true)]
    files: Vec<String>,
    /// Print one JSON object a structure
    #[arg(long)]
    json: bool,
}

/// A structure in JSON.
#[derive(Serialize)]
struct Info<'a> {
    file: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<f32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    compound: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    organism: &'a [String],
    models: u32,
    atoms: usize,
    chains: Vec<ChainInfo<'a>>,
}

#[derive(Serialize)]
struct ChainInfo<'a> {
    id: &'a str,
    /// Amino acids that have an alpha carbon.
    residues: usize,
    /// Their one-letter codes.
    sequence: String,
    /// What was in the sample, where the file says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_sequence: Option<String>,
    /// Breaks of the backbone.
    gaps: usize,
    atoms: usize,
}

impl<'a> Info<'a> {
    fn of(file: &'a str, structure: &'a Structure) -> Self {
        Self {
            file,
            id: &structure.id,
            title: &structure.title,
            method: &structure.method,
            resolution: structure.resolution,
            compound: &structure.compound,
            organism: &structure.organism,
            models: structure.models,
            atoms: structure.atoms.len(),
            chains: (0..structure.chains.len())
                .map(|chain| ChainInfo::of(structure, chain))
                .collect(),
        }
    }
}

impl<'a> ChainInfo<'a> {
    fn of(structure: &'a Structure, chain: usize) -> Self {
        let sequence: String = structure
            .alpha_carbons(chain)
            .map(|(residue, _)| char::from(structure.residues[residue].letter))
            .collect();
        let residues = structure.residues_of(chain).iter();
        Self {
            id: &structure.chains[chain].id,
            residues: sequence.len(),
            sequence,
            entity_sequence: structure.entity_sequence(chain),
            gaps: structure.gaps(chain).len(),
            atoms: residues.map(|residue| residue.atoms.len()).sum(),
        }
    }

    fn line(&self) -> String {
        let Self {
            id,
            residues,
            gaps,
            atoms,
            sequence,
            ..
        } = self;
        format!(
            "  chain {id:<4} {residues:>5} residues {gaps:>3} gaps {atoms:>6} atoms  {sequence}"
        )
    }
}

pub(super) fn run(command: &StructureCommand) -> Result<ExitCode, Error> {
    match command {
        StructureCommand::Info(files) => each(files, |file, structure| {
            let info = Info::of(file, structure);
            if files.json {
                return serde_json::to_string(&info).unwrap_or_default();
            }
            let title = if info.title.is_empty() {
                "no title"
            } else {
                info.title
            };
            let mut lines = vec![format!(
                "{file}: {title}; {} model(s), {} atoms",
                info.models, info.atoms
            )];
            lines.extend(info.chains.iter().map(ChainInfo::line));
            lines.join("\n")
        }),
        StructureCommand::Sequence(files) => each(files, |file, structure| {
            if files.json {
                return serde_json::to_string(&Info::of(file, structure)).unwrap_or_default();
            }
            let chains = (0..structure.chains.len()).map(|chain| {
                let sequence = structure.observed_sequence(chain);
                (&structure.chains[chain].id, sequence)
            });
            chains
                .filter(|(_, sequence)| !sequence.is_empty())
                .map(|(id, sequence)| format!(">{}_{id}\n{sequence}", structure.id))
                .collect::<Vec<_>>()
                .join("\n")
        }),
    }
}

/// Reads every structure, on all cores, and prints what is told of it, in order. Files that cannot be read are named.
fn each(
    files: &Files,
    tell: impl Fn(&str, &Structure) -> String + Sync,
) -> Result<ExitCode, Error> {
    let options = ReadOptions::default();
    let work = |source: Result<Source, ReadError>| {
        let source = source?;
        let structure = read::parse(&source.bytes, &source.name, &options)?;
        Ok(tell(&source.name, &structure))
    };
    let (mut all, mut bad) = (0u64, 0u64);
    for input in &files.files {
        let sources = read::sources(input, options.limits);
        let mut sources = sources.map_err(|error: ReadError| Error::Usage(error.to_string()))?;
        loop {
            let batch: Vec<_> = sources.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            all += batch.len() as u64;
            let told: Vec<Result<String, ReadError>> = batch.into_par_iter().map(work).collect();
            for text in told {
                match text {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => say(text)?,
                    Err(error) => {
                        bad += 1;
                        let _ = writeln!(io::stderr(), "error: {error}");
                    }
                }
            }
        }
    }
    if bad == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let _ = writeln!(io::stderr(), "{bad} of {all} structures could not be read");
    Ok(ExitCode::from(USAGE))
}
