//! Molecules: reading, writing, SELFIES, BRICS and fingerprints.

use std::{hint::black_box, path::Path};

use molglot_chem::{
    Molecule, brics,
    fingerprint::{maccs, morgan, rdk},
    selfies::{self, Constraints},
};
use rayon::prelude::*;

use super::{Work, Workload};
use crate::{
    data::{DataConfig, TableReader, dataset::builtin_records},
    error::Error,
};

/// Where the molecules are in a folder of corpora.
const TABLE: &str = "chebi20/validation.tsv";
const UNIT: &str = "molecules/s";

pub(super) static WORKLOADS: [Workload; 8] = [
    Workload {
        name: "smiles_parse",
        unit: UNIT,
        full_size: false,
        prepare: |at| on_smiles(at.corpora, |smiles| Molecule::from_smiles(smiles).is_ok()),
    },
    Workload {
        name: "smiles_canonical",
        unit: UNIT,
        full_size: false,
        prepare: |at| on_molecules(at.corpora, Molecule::canonical_smiles),
    },
    Workload {
        name: "selfies_encode",
        unit: UNIT,
        full_size: false,
        prepare: |at| {
            let constraints = Constraints::default();
            on_smiles(at.corpora, move |smiles| {
                selfies::encode(smiles, &constraints).is_ok()
            })
        },
    },
    Workload {
        name: "selfies_decode",
        unit: UNIT,
        full_size: false,
        prepare: |at| {
            let constraints = Constraints::default();
            let texts = smiles(at.corpora)?
                .iter()
                .filter_map(|smiles| selfies::encode(smiles, &constraints).ok())
                .collect();
            Ok(each(texts, move |text: &String| {
                selfies::decode(text, &constraints).is_ok()
            }))
        },
    },
    Workload {
        name: "brics_bonds",
        unit: UNIT,
        full_size: false,
        prepare: |at| on_molecules(at.corpora, brics::cut_bonds),
    },
    Workload {
        name: "morgan",
        unit: UNIT,
        full_size: false,
        prepare: |at| on_molecules(at.corpora, |molecule| morgan::bits(molecule, 2, 2048)),
    },
    Workload {
        name: "rdk_fp",
        unit: UNIT,
        full_size: false,
        prepare: |at| {
            on_molecules(at.corpora, |molecule| {
                rdk::bits(molecule, rdk::DEFAULT_LENGTHS, 2048)
            })
        },
    },
    Workload {
        name: "maccs",
        unit: UNIT,
        full_size: false,
        prepare: |at| on_molecules(at.corpora, maccs::bits),
    },
];

/// The molecules of the benchmark, as SMILES.
pub(super) fn smiles(corpora: Option<&Path>) -> Result<Vec<String>, Error> {
    let Some(corpora) = corpora else {
        return Ok(builtin_records()
            .into_iter()
            .map(|record| record.smiles)
            .collect());
    };
    let rows = TableReader::open(&DataConfig::new(corpora.join(TABLE)))?;
    rows.map(|row| {
        row.map(|record| record.smiles)
            .map_err(|error| Error::Usage(error.to_string()))
    })
    .collect()
}

fn on_smiles(
    corpora: Option<&Path>,
    work: impl Fn(&str) -> bool + Sync + 'static,
) -> Result<Work, Error> {
    Ok(each(smiles(corpora)?, move |smiles: &String| work(smiles)))
}

fn on_molecules<T>(
    corpora: Option<&Path>,
    work: impl Fn(&Molecule) -> T + Sync + 'static,
) -> Result<Work, Error> {
    let molecules: Vec<Molecule> = smiles(corpora)?
        .iter()
        .filter_map(|smiles| Molecule::from_smiles(smiles).ok())
        .collect();
    Ok(each(molecules, move |molecule| {
        black_box(work(molecule));
        true
    }))
}

/// Does the work on every item, on all cores, and counts the items that could be worked on.
fn each<I: Sync + 'static>(items: Vec<I>, work: impl Fn(&I) -> bool + Sync + 'static) -> Work {
    Box::new(move || {
        let done = items.par_iter().with_min_len(16).filter(|item| work(item));
        done.count() as f64
    })
}
