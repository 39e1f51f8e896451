//! Writing PDB and mmCIF through `pdbtbx`.

use std::io::BufWriter;

use pdbtbx::{PDB, StrictnessLevel, save_mmcif_raw, save_pdb_raw};

use super::{ConvertError, caught};
use crate::read::{self, Models, ReadOptions};
use crate::structure::{Altlocs, Structure};

/// A format to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// PDB columns.
    Pdb,
    /// mmCIF. Label ids and numbers are those that `pdbtbx` makes up.
    Mmcif,
}

/// Writes the atoms of a structure as text. What is written is read back and compared with what was meant: names,
/// numbers and alternate locations must be equal and coordinates within 0.001 angstrom.
///
/// # Errors
/// [`ConvertError`]: `pdbtbx` cannot hold the structure, or the format cannot (a PDB chain id has one letter, a residue
/// number four digits), or it would be written wrongly.
pub fn write(structure: &Structure, format: Format) -> Result<String, ConvertError> {
    let pdb = PDB::try_from(structure)?;
    let bytes = caught(|| {
        let mut bytes = Vec::new();
        let sink = BufWriter::new(&mut bytes);
        match format {
            Format::Pdb => save_pdb_raw(&pdb, sink, StrictnessLevel::Loose),
            Format::Mmcif => save_mmcif_raw(&pdb, sink),
        }
        bytes
    })
    .map_err(ConvertError::Panicked)?;
    let options = ReadOptions {
        models: Models::All,
        altlocs: Altlocs::All,
        ..ReadOptions::default()
    };
    let changed = |what: &str| ConvertError::Changed {
        what: what.to_owned(),
    };
    let back = read::parse(&bytes, "text", &options)
        .map_err(|error| changed(&format!("text that is no structure ({error})")))?;
    let (meant, written) = (rows(structure), rows(&back));
    if meant.len() != written.len() {
        return Err(changed("another number of atoms"));
    }
    for ((meant, at), (written, there)) in meant.iter().zip(&written) {
        if meant != written {
            return Err(changed(&format!(
                "{} {} of {} {}",
                "atom", meant.4, meant.3, meant.1
            )));
        }
        if at.iter().zip(there).any(|(a, b)| (a - b).abs() > 1e-3) {
            return Err(changed(&format!("a position of atom {}", meant.4)));
        }
    }
    String::from_utf8(bytes).map_err(|_| changed("bytes that are no text"))
}

/// What makes an atom itself: model, chain, residue number and insertion code, residue, atom, alternate location.
type Identity = (u32, String, (Option<i32>, u8), String, String, u8);

/// The atoms in an order of their own.
fn rows(structure: &Structure) -> Vec<(Identity, [f32; 3])> {
    let mut rows: Vec<_> = structure
        .atoms
        .iter()
        .map(|atom| {
            let residue = &structure.residues[atom.residue as usize];
            let chain = &structure.chains[residue.chain as usize];
            let identity = (
                chain.model,
                chain.id.clone(),
                (residue.number, residue.insertion),
                residue.name.to_string(),
                atom.name.to_string(),
                atom.altloc,
            );
            (identity, atom.position)
        })
        .collect();
    rows.sort_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| {
            a.1.iter()
                .zip(&b.1)
                .map(|(a, b)| a.total_cmp(b))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    });
    rows
}
