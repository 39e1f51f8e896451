//! Rows turned into molecules, graphs and a split.

use std::{path::Path, sync::Arc};

use molglot_chem::{Molecule, describe::describe};
use molglot_graph::{GeomGraph, GraphSpec};
use rayon::prelude::*;

use super::{DataConfig, DataError, Quarantine, Record, RowError, Split, TableReader};
use crate::report::Counts;

/// The path that means the molecules inside the binary.
pub const BUILTIN: &str = "builtin:molecules";

/// Facts about well-known molecules: id, name, SMILES, formula.
const MOLECULES: &str = include_str!("../../../../fixtures/molecules/molecules.tsv");

/// Rows read at a time: enough to keep all cores busy, few enough to stay small.
const CHUNK: usize = 4096;

/// A row that is ready to be trained on.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Id of the row.
    pub id: String,
    /// SMILES as given.
    pub smiles: String,
    /// Caption: of the table, or machine-written.
    pub caption: String,
    /// The molecule as the encoder wants it.
    pub graph: Arc<GeomGraph>,
}

/// All usable rows of a table and their split.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The rows, in the order of the table.
    pub samples: Vec<Sample>,
    /// Which rows are trained on and which are held out.
    pub split: Split,
    /// How many rows there were, and what became of them.
    pub counts: Counts,
}

impl Dataset {
    /// Reads the table that `config` names and builds a graph of every row. Rows that cannot be used go to `quarantine`.
    ///
    /// A table without captions (`caption = ""`, or the builtin molecules) gets captions written from what is computed.
    ///
    /// # Errors
    ///
    /// [`DataError`] when the table cannot be read, has too many bad rows, or cannot be split as asked.
    pub fn read(
        config: &DataConfig,
        spec: &GraphSpec,
        quarantine: &mut Quarantine,
    ) -> Result<Self, DataError> {
        let mut unescaped = 0;
        let mut samples = Vec::new();
        if config.path == Path::new(BUILTIN) {
            let mut records = Vec::new();
            for record in builtin_records() {
                records.extend(quarantine.take(Ok(record))?);
            }
            take(
                records,
                Path::new(BUILTIN),
                true,
                spec,
                quarantine,
                &mut samples,
            );
        } else {
            let mut reader = TableReader::open(config)?;
            let file = reader.file().to_owned();
            let machine_written = config.caption.as_deref() == Some("");
            loop {
                let rows: Vec<_> = reader.by_ref().take(CHUNK).collect();
                if rows.is_empty() {
                    break;
                }
                let mut records = Vec::new();
                for row in rows {
                    records.extend(quarantine.take(row)?);
                }
                take(
                    records,
                    &file,
                    machine_written,
                    spec,
                    quarantine,
                    &mut samples,
                );
            }
            unescaped = reader.unescaped();
        }
        quarantine.check(config.max_bad_fraction)?;
        let keys: Vec<&str> = samples.iter().map(|sample| sample.id.as_str()).collect();
        let split = Split::new(&keys, config.held_out, &config.split_salt)?;
        let counts = Counts {
            rows: quarantine.rows(),
            quarantined: quarantine.bad(),
            unescaped,
            train: split.train.len() as u64,
            held_out: split.held_out.len() as u64,
        };
        Ok(Self {
            samples,
            split,
            counts,
        })
    }
}

/// Builds graphs on all cores, in order.
fn take(
    records: Vec<Record>,
    file: &Path,
    machine_written: bool,
    spec: &GraphSpec,
    quarantine: &mut Quarantine,
    samples: &mut Vec<Sample>,
) {
    let built: Vec<Result<Sample, RowError>> = records
        .into_par_iter()
        .map(|record| {
            let molecule = Molecule::from_smiles(&record.smiles)
                .map_err(|error| RowError::of(file, &record, format!("SMILES: {error}")))?;
            let caption = if machine_written {
                describe(&molecule)
            } else {
                record.caption.clone()
            };
            if caption.trim().is_empty() {
                return Err(RowError::of(file, &record, "the caption is empty"));
            }
            Ok(Sample {
                graph: Arc::new(spec.build(&molecule)),
                id: record.id,
                smiles: record.smiles,
                caption,
            })
        })
        .collect();
    for sample in built {
        match sample {
            Ok(sample) => samples.push(sample),
            Err(error) => quarantine.reject(error),
        }
    }
}

/// The molecules of the builtin table.
pub(crate) fn builtin_records() -> Vec<Record> {
    let row = |(number, line): (usize, &str)| {
        let mut columns = line.split('\t');
        let (id, _name, smiles) = (columns.next()?, columns.next()?, columns.next()?);
        Some(Record {
            id: id.to_owned(),
            smiles: smiles.to_owned(),
            caption: String::new(),
            line: number as u64 + 2,
        })
    };
    MOLECULES
        .lines()
        .skip(1)
        .enumerate()
        .filter_map(row)
        .collect()
}
