//! Molecules of SD files, with their coordinates where the encoder reads them.

use std::{path::Path, sync::Arc};

use molglot_chem::molfile::{Record, SdfError, SdfErrorKind, sdf};
use molglot_core::Symmetry;
use molglot_graph::GraphSpec;
use rayon::prelude::*;

use super::rows::Row;
use crate::{
    data::{DataError, Quarantine, RowError},
    embed::inputs::{Kind, of_molfile},
    error::Error,
};

/// Records whose graphs are built at a time.
const CHUNK: usize = 1024;

/// Whether a file holds molfiles, by its name.
pub(super) fn is_sd_file(path: &Path) -> bool {
    Kind::of(&path.to_string_lossy()) == Some(Kind::Molfiles)
}

/// The records of an SD file.
pub(super) fn sd_records(
    path: &Path,
    spec: &GraphSpec,
    symmetry: Symmetry,
    quarantine: &mut Quarantine,
    rows: &mut Vec<Row>,
) -> Result<(), Error> {
    let mut records = sdf::open(path).map_err(Error::io(path))?.zip(1..);
    loop {
        let mut chunk: Vec<(Record, u64)> = Vec::new();
        let mut read = 0;
        for (record, number) in records.by_ref().take(CHUNK) {
            read += 1;
            match record {
                Ok(record) => chunk.push((record, number)),
                Err(SdfError {
                    line,
                    kind: kind @ SdfErrorKind::Io(_),
                    ..
                }) => {
                    return Err(Error::from(DataError::Damaged {
                        file: path.to_owned(),
                        line: line as u64,
                        reason: kind.to_string(),
                    }));
                }
                Err(error) => {
                    let reason = format!("record {number}: {}", error.kind);
                    quarantine.reject(RowError::new(path, error.line as u64, None, reason));
                }
            }
        }
        if read == 0 {
            return Ok(());
        }
        quarantine.count(read);
        let built: Vec<Result<Row, RowError>> = chunk
            .into_par_iter()
            .map(|(record, number)| {
                let id = match record.name.trim() {
                    "" => format!("row-{number}"),
                    name => name.to_owned(),
                };
                let graph = of_molfile(&record, spec, symmetry).map_err(|reason| {
                    let reason = format!("record {number}: {reason}");
                    RowError::new(path, 0, Some(id.clone()), reason)
                })?;
                Ok(Row {
                    key: record.molecule.canonical_smiles(),
                    graph: Arc::new(graph),
                    id,
                })
            })
            .collect();
        for row in built {
            match row {
                Ok(row) => rows.push(row),
                Err(error) => quarantine.reject(error),
            }
        }
    }
}
