//! Reading with `pdbtbx`, fenced.

use std::io::{BufReader, Cursor};

use pdbtbx::{Format, ReadOptions as Options, StrictnessLevel};

use super::caught;
use crate::read::{Models, ReadOptions, Reason};
use crate::structure::Structure;

/// `pdbtbx` copies the text for its messages and each value more than once, so it gets smaller files than the limits allow.
const LARGEST: usize = 128 << 20;

/// Reads coordinates with `pdbtbx`.
///
/// PDB: only the records that make up the models go in, since its handling of CRYST1, SSBOND and HEADER panics.
/// mmCIF: a file whose names it changes, as it does with those that look like numbers, is refused.
pub(crate) fn read(text: &[u8], cif: bool, options: &ReadOptions) -> Result<Structure, Reason> {
    let refuse = |message: &str| Err(Reason::Pdbtbx(message.to_owned()));
    if text.len() > LARGEST {
        return refuse("it is larger than 128 MiB");
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return refuse("it is not UTF-8 text");
    };
    let screened = if cif { text.to_owned() } else { screen(text)? };
    let read = caught(|| {
        Options::new()
            .set_format(if cif { Format::Mmcif } else { Format::Pdb })
            .set_level(StrictnessLevel::Loose)
            .set_only_first_model(options.models == Models::First)
            .read_raw(BufReader::new(Cursor::new(screened.as_bytes())))
    });
    let pdb = match read {
        Ok(Ok((pdb, _))) => pdb,
        Ok(Err(errors)) => {
            let first = errors
                .first()
                .map(|error| error.short_description().to_owned());
            return refuse(&first.unwrap_or_default());
        }
        Err(panic) => return refuse(&format!("it panicked: {panic}")),
    };
    if pdb.total_atom_count() == 0 {
        return Err(Reason::NoAtoms);
    }
    let structure = Structure::try_from(&pdb).map_err(|error| Reason::Pdbtbx(error.to_string()))?;
    if cif {
        same_names(text, options, &structure)?;
    }
    Ok(structure)
}

/// The lines of a PDB file that hold its models, where `pdbtbx` can bear them.
fn screen(text: &str) -> Result<String, Reason> {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let record = line.get(..6).unwrap_or(line).trim_end();
        if matches!(record, "ATOM" | "HETATM" | "MODEL" | "ENDMDL" | "TER") {
            if !line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return Err(Reason::Pdbtbx(
                    "an atom line holds other than printable ASCII".to_owned(),
                ));
            }
            kept.push_str(line);
            kept.push('\n');
        } else if record == "END" {
            break;
        }
    }
    Ok(kept)
}

/// Whether the names of residues and chains are those of the file, as this crate reads them.
fn same_names(text: &str, options: &ReadOptions, read: &Structure) -> Result<(), Reason> {
    let options = ReadOptions {
        reader: crate::read::Reader::Own,
        altlocs: crate::structure::Altlocs::All,
        ..options.clone()
    };
    let own =
        crate::read::parse(text.as_bytes(), "text", &options).map_err(|error| error.reason)?;
    let names = |structure: &Structure| {
        let mut names: Vec<_> = structure
            .residues
            .iter()
            .map(|residue| residue.name)
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut chains: Vec<_> = structure
            .chains
            .iter()
            .map(|chain| chain.id.clone())
            .collect();
        chains.sort_unstable();
        chains.dedup();
        (names, chains)
    };
    if names(read) == names(&own) {
        return Ok(());
    }
    Err(Reason::Pdbtbx(
        "it changes names of residues or chains".to_owned(),
    ))
}
