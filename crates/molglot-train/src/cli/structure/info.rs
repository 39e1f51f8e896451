//! What is in a structure, in words and in JSON.

use std::process::ExitCode;

use molglot_bio::structure::Structure;
use serde::Serialize;

use super::{InfoArgs, files::json};
use crate::{error::Error, progress::Bars};

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

pub(super) fn info(args: &InfoArgs, bars: &Bars) -> Result<ExitCode, Error> {
    args.inputs.each_structure(bars, |file, structure| {
        let info = Info::of(file, structure);
        if args.json { json(&info) } else { info.text() }
    })
}

pub(super) fn sequence(args: &InfoArgs, bars: &Bars) -> Result<ExitCode, Error> {
    args.inputs.each_structure(bars, |file, structure| {
        if args.json {
            return json(&Info::of(file, structure));
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
    })
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

    fn text(&self) -> String {
        let title = if self.title.is_empty() {
            "no title"
        } else {
            self.title
        };
        let mut lines = vec![format!(
            "{}: {title}; {} model{}, {} atoms{}",
            self.file,
            self.models,
            if self.models == 1 { "" } else { "s" },
            self.atoms,
            if self.models > 1 { " in the first" } else { "" }
        )];
        lines.extend(self.chains.iter().map(ChainInfo::line));
        lines.join("\n")
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
        let sequence = match sequence.as_str() {
            "" => "(no amino acids)",
            sequence => sequence,
        };
        format!(
            "  chain {id:<4} {residues:>5} residues {gaps:>3} gaps {atoms:>6} atoms  {sequence}"
        )
    }
}
