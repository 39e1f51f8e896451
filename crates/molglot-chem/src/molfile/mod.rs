//! Molfiles and SD files, V2000 and V3000, flat drawings and conformers.
//!
//! [`read`] takes one molfile, [`SdfReader`] and [`sdf::open`] a file of many; [`write`](fn@write)
//! goes the other way. What the format says about atoms and bonds is kept, stereo is read from wedges and
//! coordinates by RDKit's rules, and a query is an error, not a guess: BIOVIA, *CTfile Formats*
//! (2020); RDKit 2026.09.
//!
//! ```
//! let methanol = "methanol\n\n\n  2  1  0  0  0  0            999 V2000
//!     0.0000    0.0000    0.0000 C   0  0
//!     1.4300    0.0000    0.0000 O   0  0
//!   1  2  1  0\nM  END\n";
//! let record = molglot_chem::molfile::read(methanol)?;
//! assert_eq!(record.name, "methanol");
//! assert_eq!(record.molecule.formula(), "CH4O");
//! # Ok::<(), molglot_chem::molfile::MolfileError>(())
//! ```

mod ctab;
mod data_group;
mod data_items;
mod double_bond;
mod error;
mod lines;
mod polyhedron;
mod proof;
pub mod sdf;
mod solid;
mod stereo;
mod v2000;
mod v3000;
mod vector;
mod wedge;
mod write;

use crate::Molecule;
use crate::perceive::{self, Perceived, perceive};
pub(crate) use ctab::Mark;
pub(crate) use proof::{WedgedBond, wedged};

use ctab::Ctab;
use lines::{Lines, column, text};

pub use error::{MolfileError, MolfileErrorKind, QueryFeature, SdfError, SdfErrorKind, WriteError};
pub use sdf::SdfReader;
pub use write::{Format, write, write_as};

/// A molecule with its place in space and what a file says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The title line.
    pub name: String,
    /// The comment line.
    pub comment: String,
    /// The molecule.
    pub molecule: Molecule,
    /// Angstrom, by atom of the molecule. `None` where several atoms share one place, the origin.
    pub coordinates: Option<Vec<[f32; 3]>>,
    /// What the coordinates show.
    pub dimension: Dimension,
    /// The data items in the order of the file, names and values.
    pub data: Vec<(String, String)>,
}

impl Record {
    /// A record of a molecule and nothing else.
    pub fn new(molecule: Molecule) -> Self {
        Self {
            name: String::new(),
            comment: String::new(),
            molecule,
            coordinates: None,
            dimension: Dimension::Flat,
            data: Vec::new(),
        }
    }
}

/// Whether coordinates are a drawing or a conformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dimension {
    /// A drawing.
    #[default]
    Flat,
    /// A conformer.
    Solid,
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Hydrogens stay atoms of the molecule, with their coordinates. By default they are folded
    /// into their neighbours, as RDKit does.
    pub keep_hydrogens: bool,
}

/// Reads a molfile, with the data items of a record of an SD file where there are some.
///
/// # Errors
///
/// The first thing that is wrong, with its line.
pub fn read(text: impl AsRef<[u8]>) -> Result<Record, MolfileError> {
    read_with(text, Options::default())
}

/// Reads a molfile with options.
///
/// # Errors
///
/// The first thing that is wrong, with its line.
pub fn read_with(text: impl AsRef<[u8]>, options: Options) -> Result<Record, MolfileError> {
    let Parsed {
        name,
        comment,
        dimension,
        ctab,
        data,
    } = parse(text.as_ref())?;
    let options = perceive::Options {
        keep_hydrogens: options.keep_hydrogens,
    };
    let Perceived { molecule, kept } = perceive(ctab.graph, options)
        .map_err(|problem| MolfileError::new(ctab.atom_lines[problem.atom], problem.kind.into()))?;
    let is_placed =
        ctab.coordinates.len() < 2 || ctab.coordinates.iter().any(|&place| place != [0.0; 3]);
    let coordinates = is_placed.then(|| {
        kept.iter()
            .map(|&atom| ctab.coordinates[atom as usize].map(|value| value as f32))
            .collect()
    });
    Ok(Record {
        name,
        comment,
        molecule,
        coordinates,
        dimension,
        data,
    })
}

/// What is read, before perception.
#[derive(Debug)]
pub(crate) struct Parsed {
    name: String,
    comment: String,
    dimension: Dimension,
    ctab: Ctab,
    data: Vec<(String, String)>,
}

/// Reads the text of one record, its data items with it.
fn parse(bytes: &[u8]) -> Result<Parsed, MolfileError> {
    let mut lines = Lines::new(bytes);
    let name = lines.next().unwrap_or_default();
    let program = lines.next().unwrap_or_default();
    let comment = lines.next().unwrap_or_default();
    let Some(counts) = lines.next() else {
        let kind = match bytes.trim_ascii() {
            b"" | b"$$$$" => MolfileErrorKind::Empty,
            _ => MolfileErrorKind::Truncated,
        };
        return Err(MolfileError::new(lines.number().max(1), kind));
    };
    let mut ctab = Ctab::default();
    match column(counts, 33, 6) {
        b"V3000" => v3000::read(&mut lines, &mut ctab)?,
        b"" | b"V2000" => v2000::read(&mut lines, counts, &mut ctab)?,
        other => {
            return Err(MolfileError::new(4, MolfileErrorKind::Version(text(other))));
        }
    }
    let topology = ctab.topology();
    ctab.check_bonds(&topology)?;
    ctab.fill_valences();
    let is_labelled_3d = column(program, 20, 2).eq_ignore_ascii_case(b"3D");
    let has_depth = ctab.coordinates.iter().any(|place| place[2].abs() > 1e-3);
    let dimension = if has_depth || is_labelled_3d && !ctab.has_flat_marks() {
        Dimension::Solid
    } else {
        Dimension::Flat
    };
    stereo::assign(&mut ctab, &topology, dimension == Dimension::Solid);
    Ok(Parsed {
        name: text(name),
        comment: text(comment),
        dimension,
        ctab,
        data: data_items::read(lines)?,
    })
}
