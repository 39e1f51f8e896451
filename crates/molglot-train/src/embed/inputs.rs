//! Files of molecules, structures and sequences, record by record.

use std::path::Path;

use molglot_bio::{
    fasta,
    read::{self, ReadOptions, Source},
};
use molglot_chem::{
    Molecule,
    molfile::{Dimension, Record as Molfile, sdf},
};
use molglot_core::{Encoder, GraphBatch, Symmetry};
use molglot_encoder::AnyEncoder;
use molglot_graph::{GeomGraph, GraphSpec, NodeKind};
use serde::{Deserialize, Serialize};

use crate::data::bytes::{self, Lines};

/// The longest line of a file of SMILES, in bytes.
const MAX_LINE: usize = 1 << 20;

/// What a file holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Structures of macromolecules: PDB and mmCIF files, folders, patterns, archives.
    Structures,
    /// Molecules with coordinates: SD files and molfiles.
    Molfiles,
    /// A SMILES a line.
    Smiles,
    /// Protein sequences in FASTA.
    Sequences,
}

impl Kind {
    /// What a file, folder or pattern holds; `None` where its name does not tell.
    pub fn of(file: &str) -> Option<Self> {
        if Path::new(file).is_dir() {
            return Some(Self::Structures);
        }
        let name = file.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension {
            "pdb" | "ent" | "pdb1" | "cif" | "mmcif" | "tar" | "tgz" => Self::Structures,
            "sdf" | "sd" | "mol" => Self::Molfiles,
            "smi" | "smiles" | "txt" => Self::Smiles,
            "fasta" | "fa" | "faa" | "fas" => Self::Sequences,
            _ => return None,
        })
    }

    /// Why an encoder cannot read such files; `None` where it can.
    pub fn refused_by(self, encoder: &AnyEncoder) -> Option<&'static str> {
        let spec = encoder.spec();
        let reads_residues = spec.nodes.iter().any(|set| set.kind == NodeKind::Residue);
        let reads_places = encoder.symmetry() != Symmetry::NoCoordinates;
        match self {
            Self::Structures if !reads_residues => {
                Some("reads molecules: give it SD files or SMILES")
            }
            Self::Sequences if !reads_residues => {
                Some("reads molecules: give it SD files or SMILES")
            }
            Self::Sequences if !spec.is_of_sequences() => {
                Some("reads coordinates, and sequences have none: give it PDB or mmCIF files")
            }
            Self::Molfiles | Self::Smiles if reads_residues => {
                Some("reads proteins: give it PDB or mmCIF files")
            }
            Self::Smiles if reads_places => {
                Some("reads conformers, and SMILES have no coordinates: give it SD files")
            }
            _ => None,
        }
    }
}

/// Which record of which file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The file, or the member of an archive.
    pub file: String,
    /// The number of the record in its file from 1, of SMILES the line; 0 for the whole file.
    pub number: u64,
    /// What the file calls it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}

impl Key {
    /// What a record is called: by its file, or else by the name of that and where it stands in it.
    pub fn name(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        match self.number {
            0 | 1 => name.to_owned(),
            number => format!("{name}:{number}"),
        }
    }
}

/// A record, not yet read further than finding its end needs.
pub struct Record {
    /// Which.
    pub key: Key,
    content: Result<Content, String>,
}

enum Content {
    Structure(Source),
    Molfile(Box<Molfile>),
    Smiles(String),
    Sequence(fasta::Record),
}

/// The records of a file, one after the other. What cannot be read is a record that gives no graph.
pub fn records(file: &str, kind: Kind) -> Box<dyn Iterator<Item = Record>> {
    let record = |file: &str, number, id, content| Record {
        key: Key {
            file: file.to_owned(),
            number,
            id,
        },
        content,
    };
    let unreadable = |reason: String| -> Box<dyn Iterator<Item = Record>> {
        Box::new(std::iter::once(record(file, 0, None, Err(reason))))
    };
    let owned = file.to_owned();
    let path = Path::new(file);
    match kind {
        Kind::Structures => match read::sources(file, ReadOptions::default().limits) {
            Err(error) => unreadable(error.reason.to_string()),
            Ok(sources) => Box::new(sources.map(move |source| match source {
                Ok(source) => {
                    let name = source.name.clone();
                    record(&name, 1, None, Ok(Content::Structure(source)))
                }
                Err(error) => record(&error.file, 0, None, Err(error.reason.to_string())),
            })),
        },
        Kind::Molfiles => {
            match sdf::open(path) {
                Err(error) => unreadable(error.to_string()),
                Ok(reader) => Box::new(reader.zip(1..).map(
                    move |(molecule, number)| match molecule {
                        Ok(molecule) => {
                            let id =
                                Some(molecule.name.trim().to_owned()).filter(|id| !id.is_empty());
                            let content = Content::Molfile(Box::new(molecule));
                            record(&owned, number, id, Ok(content))
                        }
                        Err(error) => {
                            let reason = format!("line {}: {}", error.line, error.kind);
                            record(&owned, number, None, Err(reason))
                        }
                    },
                )),
            }
        }
        Kind::Smiles => match bytes::open(path) {
            Err(error) => unreadable(error.to_string()),
            Ok(reader) => {
                let mut lines = Lines::new(reader, MAX_LINE);
                let mut ended = false;
                Box::new(std::iter::from_fn(move || {
                    while !ended {
                        let line = match lines.next() {
                            Ok(None) => return None,
                            Ok(Some(line)) => line,
                            Err(error) => {
                                ended = true;
                                let number = lines.number() + 1;
                                return Some(record(&owned, number, None, Err(error.to_string())));
                            }
                        };
                        if line.is_blank() {
                            continue;
                        }
                        let (id, content) = smiles(line.bytes);
                        return Some(record(&owned, line.number, id, content));
                    }
                    None
                }))
            }
        },
        Kind::Sequences => match bytes::open(path) {
            Err(error) => unreadable(error.to_string()),
            Ok(reader) => {
                Box::new(
                    fasta::read(reader)
                        .zip(1..)
                        .map(move |(found, number)| match found {
                            Ok(found) => {
                                let id = Some(found.id.clone());
                                record(&owned, number, id, Ok(Content::Sequence(found)))
                            }
                            Err(error) => {
                                let reason = format!("line {}: {}", error.line, error.reason);
                                record(&owned, number, error.id, Err(reason))
                            }
                        }),
                )
            }
        },
    }
}

/// The SMILES of a line, and what stands behind it.
fn smiles(line: Option<Vec<u8>>) -> (Option<String>, Result<Content, String>) {
    let Some(line) = line else {
        let reason = format!("the line is longer than {MAX_LINE} bytes");
        return (None, Err(reason));
    };
    let Ok(line) = String::from_utf8(line) else {
        return (None, Err("the line is not UTF-8 text".to_owned()));
    };
    let line = line.trim();
    let (smiles, id) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let id = Some(id.trim().to_owned()).filter(|id| !id.is_empty());
    (id, Ok(Content::Smiles(smiles.to_owned())))
}

impl Record {
    /// The graph of the record.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn graph(self, spec: &GraphSpec, symmetry: Symmetry) -> Result<GeomGraph, String> {
        let graph = match self.content? {
            Content::Structure(source) => {
                let structure = read::parse(&source.bytes, &source.name, &ReadOptions::default());
                let structure = structure.map_err(|error| match error.line {
                    Some(line) => format!("line {line}: {}", error.reason),
                    None => error.reason.to_string(),
                })?;
                spec.build_structure(&structure)
            }
            Content::Molfile(record) => return of_molfile(&record, spec, symmetry),
            Content::Smiles(smiles) => {
                let molecule = Molecule::from_smiles(&smiles).map_err(|error| error.to_string())?;
                Ok(spec.build(&molecule))
            }
            Content::Sequence(record) => spec.build_sequence(record.sequence.as_str().as_bytes()),
        };
        with_units(graph.map_err(|error| error.to_string())?)
    }
}

/// The graph of a record of an SD file; of a conformer for an encoder that reads coordinates.
pub(crate) fn of_molfile(
    record: &Molfile,
    spec: &GraphSpec,
    symmetry: Symmetry,
) -> Result<GeomGraph, String> {
    if symmetry == Symmetry::NoCoordinates {
        return with_units(spec.build(&record.molecule));
    }
    match (&record.coordinates, record.dimension) {
        (Some(places), Dimension::Solid) => {
            let graph = spec.build_conformer(&record.molecule, places);
            with_units(graph.map_err(|error| error.to_string())?)
        }
        _ => Err(
            "its coordinates are a drawing or missing, and a conformer is needed: embed the \
             molecule in space first"
                .to_owned(),
        ),
    }
}

/// A graph with something to encode.
fn with_units(graph: GeomGraph) -> Result<GeomGraph, String> {
    match GraphBatch::units_of(&graph) {
        0 => Err("there is no atom or amino acid in it that the encoder reads".to_owned()),
        _ => Ok(graph),
    }
}
