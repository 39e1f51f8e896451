//! Structures: reading files, and from a whole file to the graph of its residues.

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
};

use molglot_bio::{
    Structure,
    read::{self, Models, ReadError, ReadOptions},
    structure::Altlocs,
};
use molglot_graph::GraphSpec;
use rayon::prelude::*;

use super::{Work, Workload};
use crate::error::Error;

const UNIT: &str = "MB/s";
/// How often the builtin structure stands in for files of the corpora.
const COPIES: usize = 200;
/// Structures that no one measured (`fixtures/peptide`).
const PDB: &[u8] = include_bytes!("../../../../fixtures/peptide/peptide.pdb");
const MMCIF: &[u8] = include_bytes!("../../../../fixtures/peptide/peptide.cif");

/// As the peers do it: every model, and of gemmi every alternate location too. A rate counts bytes of files.
pub(super) static WORKLOADS: [Workload; 3] = [
    Workload {
        name: "pdb_gemmi",
        unit: UNIT,
        full_size: false,
        prepare: |at| Ok(each(files(at.corpora, "pdb", PDB)?, Altlocs::All, |_| true)),
    },
    Workload {
        name: "mmcif_gemmi",
        unit: UNIT,
        full_size: false,
        prepare: |at| {
            let files = files(at.corpora, "mmcif", MMCIF)?;
            Ok(each(files, Altlocs::All, |_| true))
        },
    },
    Workload {
        name: "pdb_biotite",
        unit: UNIT,
        full_size: false,
        prepare: |at| {
            // The peer's rate ends with the table of atoms; this one goes on to the graph of GearNet, with its features.
            let spec = GraphSpec::gearnet();
            let work =
                move |structure: &Structure| black_box(spec.build_structure(structure)).is_ok();
            Ok(each(files(at.corpora, "pdb", PDB)?, Altlocs::Highest, work))
        },
    },
];

enum File {
    At(PathBuf),
    Builtin(&'static [u8]),
}

impl File {
    fn read(&self, options: &ReadOptions) -> Result<Structure, ReadError> {
        match self {
            Self::At(path) => read::read(path, options),
            Self::Builtin(text) => read::parse(text, "builtin", options),
        }
    }

    /// Its size, bytes.
    fn size(&self) -> u64 {
        match self {
            Self::At(path) => fs::metadata(path).map_or(0, |file| file.len()),
            Self::Builtin(text) => text.len() as u64,
        }
    }
}

/// The files of one format in a folder of corpora, by name; without one, the builtin structure many times.
fn files(corpora: Option<&Path>, format: &str, builtin: &'static [u8]) -> Result<Vec<File>, Error> {
    let Some(corpora) = corpora else {
        return Ok((0..COPIES).map(|_| File::Builtin(builtin)).collect());
    };
    let folder = corpora.join("structures").join(format);
    let extension = if format == "pdb" { "pdb" } else { "cif" };
    let entries = fs::read_dir(&folder).map_err(Error::io(&folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::io(&folder))?.path();
        if path.extension().is_some_and(|own| own == extension) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Error::file(
            &folder,
            format!("there is no .{extension} file in it"),
        ));
    }
    paths.sort();
    Ok(paths.into_iter().map(File::At).collect())
}

/// Reads every file and works on its structure, on all cores, and counts the megabytes of those that could be.
fn each(
    files: Vec<File>,
    altlocs: Altlocs,
    work: impl Fn(&Structure) -> bool + Sync + 'static,
) -> Work {
    let options = ReadOptions {
        models: Models::All,
        altlocs,
        ..ReadOptions::default()
    };
    let mut sized: Vec<(u64, File)> = files.into_iter().map(|file| (file.size(), file)).collect();
    // The largest first, or one core may still be at it when the others have nothing left.
    sized.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    Box::new(move || {
        let done = sized.par_iter().with_max_len(1).filter_map(|(size, file)| {
            let structure = black_box(file.read(&options)).ok()?;
            work(&structure).then_some(*size)
        });
        done.sum::<u64>() as f64 / 1e6
    })
}

#[cfg(test)]
mod tests {
    use super::{super::Setting, COPIES, MMCIF, PDB, WORKLOADS};

    #[test]
    fn all_of_the_builtin_structure_is_read_and_counted() {
        for workload in &WORKLOADS {
            let bytes = if workload.name.starts_with("pdb") {
                PDB
            } else {
                MMCIF
            };
            let done = (workload.prepare)(&Setting::cpu()).unwrap()();
            let expected = (COPIES * bytes.len()) as f64 / 1e6;
            assert!((done - expected).abs() < 1e-9, "{}", workload.name);
        }
    }

    #[test]
    fn a_folder_without_structures_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = Setting {
            corpora: Some(folder.path()),
            ..Setting::cpu()
        };
        let error = (WORKLOADS[0].prepare)(&at).err().unwrap();
        assert!(error.to_string().contains("structures"), "{error}");
    }
}
