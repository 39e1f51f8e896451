//! Graphs of molecules and chains, and their split.

use std::{path::Path, sync::Arc};

use molglot_bio::read::{self, ReadOptions, Source};
use molglot_chem::Molecule;
use molglot_core::{Encoder, GraphBatch, Symmetry};
use molglot_graph::{GeomGraph, GraphSpec};
use rayon::prelude::*;

use super::{
    config::{GraphInput, PretrainData},
    sd_file::{is_sd_file, sd_records},
};
use crate::{
    data::{
        DataConfig, Quarantine, Record, RowError, Split, TableReader,
        bytes::{self, Lines},
        dataset::{BUILTIN, builtin_records},
    },
    error::Error,
    report::Counts,
};

/// The longest line of a SMILES list, in bytes.
const LINE_LIMIT: usize = 1 << 20;
/// Structures read at a time.
const CHUNK: usize = 64;

/// A graph with a name.
#[derive(Clone, Debug)]
pub struct Row {
    /// Id of the row: of the table, or file and chain.
    pub id: String,
    /// What must not be on both sides of the split: the canonical SMILES or the sequence.
    pub key: String,
    /// The graph as the encoder wants it.
    pub graph: Arc<GeomGraph>,
}

/// All usable rows and their split.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The rows, in the order of the files.
    pub rows: Vec<Row>,
    /// Which rows are trained on and which are held out.
    pub split: Split,
    /// How many rows there were, and what became of them.
    pub counts: Counts,
    /// Rows left out because they are too small.
    pub small: u64,
}

impl Rows {
    /// Reads everything that `config` names and builds a graph of every row. Rows that cannot be used go to `quarantine`.
    ///
    /// # Errors
    ///
    /// [`Error`] when a file cannot be read, there are too many bad rows, or they cannot be split as asked.
    pub fn read(
        config: &PretrainData,
        input: GraphInput,
        encoder: &impl Encoder,
        quarantine: &mut Quarantine,
    ) -> Result<Self, Error> {
        let mut rows = Vec::new();
        let (spec, symmetry) = (encoder.spec(), encoder.symmetry());
        for path in config.path.all() {
            match input {
                GraphInput::Structures => chains(path, &spec, quarantine, &mut rows)?,
                GraphInput::Molecules if is_sd_file(path) => {
                    sd_records(path, &spec, symmetry, quarantine, &mut rows)?;
                }
                GraphInput::Molecules if symmetry != Symmetry::NoCoordinates => {
                    let reason = "the encoder reads conformers, and these molecules have no \
                                  coordinates; set data.path to SD files (.sdf)";
                    return Err(Error::file(path, reason));
                }
                GraphInput::Molecules => molecules(path, &spec, quarantine, &mut rows)?,
            }
        }
        quarantine.check(config.max_bad_fraction)?;
        let all = rows.len();
        rows.retain(|row| GraphBatch::units_of(&row.graph) >= config.min_units.max(1));
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let split = Split::new(&keys, config.held_out, &config.split_salt)?;
        if split.train.is_empty() {
            return Err(Error::Usage(format!(
                "data.path holds nothing to train on: {all} graphs, none of at least {} atoms or residues",
                config.min_units
            )));
        }
        let counts = Counts {
            rows: quarantine.rows(),
            quarantined: quarantine.bad(),
            unescaped: 0,
            train: split.train.len() as u64,
            held_out: split.held_out.len() as u64,
        };
        Ok(Self {
            small: (all - rows.len()) as u64,
            rows,
            split,
            counts,
        })
    }
}

/// The molecules of a SMILES list or a table.
fn molecules(
    path: &Path,
    spec: &GraphSpec,
    quarantine: &mut Quarantine,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let mut records = Vec::new();
    if path == Path::new(BUILTIN) {
        for record in builtin_records() {
            records.extend(quarantine.take(Ok(record))?);
        }
    } else if is_smiles_list(path) {
        let file = bytes::open(path).map_err(Error::io(path))?;
        let mut lines = Lines::new(file, LINE_LIMIT);
        while let Some(line) = lines.next().map_err(Error::io(path))? {
            if !line.is_blank() {
                records.extend(quarantine.take(smiles_record(path, line.number, line.bytes))?);
            }
        }
    } else {
        let table = DataConfig {
            caption: Some(String::new()),
            ..DataConfig::new(path)
        };
        for record in TableReader::open(&table)? {
            records.extend(quarantine.take(record)?);
        }
    }
    let built: Vec<Result<Row, RowError>> = records
        .into_par_iter()
        .map(|record| {
            let molecule = Molecule::from_smiles(&record.smiles)
                .map_err(|error| RowError::of(path, &record, format!("SMILES: {error}")))?;
            Ok(Row {
                key: molecule.canonical_smiles(),
                graph: Arc::new(spec.build(&molecule)),
                id: record.id,
            })
        })
        .collect();
    for row in built {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => quarantine.reject(error),
        }
    }
    Ok(())
}

/// Whether a file is lines of SMILES and names, by its extension.
pub(crate) fn is_smiles_list(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".smi") || name.ends_with(".smiles")
}

/// A line: a SMILES, white space, a name.
fn smiles_record(path: &Path, line: u64, bytes: Option<Vec<u8>>) -> Result<Record, RowError> {
    let fail = |reason: &str| RowError::new(path, line, None, reason);
    let bytes = bytes.ok_or_else(|| fail("the line is longer than 1 MiB"))?;
    let text = String::from_utf8(bytes).map_err(|_| fail("the line is no UTF-8 text"))?;
    let mut fields = text.split_whitespace();
    let smiles = fields.next().unwrap_or_default().to_owned();
    Ok(Record {
        id: fields
            .next()
            .map_or_else(|| format!("row-{line}"), str::to_owned),
        smiles,
        caption: String::new(),
        line,
    })
}

/// The chains of structure files.
fn chains(
    path: &Path,
    spec: &GraphSpec,
    quarantine: &mut Quarantine,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let name = path.to_string_lossy();
    if !path.exists() && !name.contains(['*', '?']) {
        let reason = "there is no such file or folder; set data.path to structure files";
        return Err(Error::file(path, reason));
    }
    let options = ReadOptions::default();
    let mut sources =
        read::sources(&name, options.limits).map_err(|error| Error::file(path, error))?;
    loop {
        let chunk: Vec<_> = sources.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let built: Vec<_> = chunk
            .into_par_iter()
            .map(|source| {
                let source = source.map_err(|error| bad(&error.file, error.line, &error.reason))?;
                chains_of(&source, spec, &options)
            })
            .collect();
        for found in built {
            match found {
                Ok(found) => {
                    quarantine.count(found.len() as u64);
                    rows.extend(found);
                }
                Err(error) => {
                    quarantine.count(1);
                    quarantine.reject(error);
                }
            }
        }
    }
}

fn bad(file: &str, line: Option<usize>, reason: impl std::fmt::Display) -> RowError {
    RowError::new(
        file,
        line.unwrap_or_default() as u64,
        None,
        reason.to_string(),
    )
}

/// The chains of one file that have amino acids.
fn chains_of(
    source: &Source,
    spec: &GraphSpec,
    options: &ReadOptions,
) -> Result<Vec<Row>, RowError> {
    let structure = read::parse(&source.bytes, &source.name, options)
        .map_err(|error| bad(&error.file, error.line, &error.reason))?;
    let name = Path::new(&source.name).file_name();
    let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut rows = Vec::new();
    for (number, chain) in structure.chains.iter().enumerate() {
        let alone = structure.select_chain(number);
        let graph = spec
            .build_structure(&alone)
            .map_err(|error| bad(&source.name, None, error))?;
        if graph.nodes.is_empty() || GraphBatch::units_of(&graph) == 0 {
            continue;
        }
        rows.push(Row {
            id: format!("{name}:{}", chain.id),
            key: structure.observed_sequence(number),
            graph: Arc::new(graph),
        });
    }
    Ok(rows)
}
