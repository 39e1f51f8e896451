//! Sequences, structures and their files as a reader of files meets them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corpora;
mod fasta;
mod fuzz;
mod interchange;
mod mmcif;
mod neighbours;
mod pdb;
mod predicted;
mod redundancy;
mod sources;
mod summary;
mod uniprot;

use std::path::PathBuf;

use molglot_bio::Structure;
use molglot_bio::read::{self, ReadOptions, Reason};

/// A folder of `MOLGLOT_CORPORA`; a test that gets none passes.
fn corpus(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("MOLGLOT_CORPORA") else {
        eprintln!("skipped: MOLGLOT_CORPORA is not set");
        return None;
    };
    Some(PathBuf::from(root).join(folder))
}

fn parse(text: impl AsRef<[u8]>) -> Result<Structure, read::ReadError> {
    read::parse(text.as_ref(), "test.file", &ReadOptions::default())
}

/// The reason and the line of the error that reading this gives.
fn fault(text: impl AsRef<[u8]>) -> (Reason, Option<usize>) {
    let error = parse(text).unwrap_err();
    (error.reason, error.line)
}

/// An ATOM or HETATM line: `serial`, padded `name`, altloc, residue, chain, padded number, insertion code, x.
fn atom(
    record: &str,
    name: &str,
    altloc: char,
    residue: &str,
    chain: char,
    number: &str,
    x: f32,
) -> String {
    let element = name
        .trim()
        .trim_start_matches(char::is_numeric)
        .chars()
        .next()
        .unwrap();
    format!(
        "{record:<6}{:>5} {name:<4}{altloc}{residue:>3} {chain}{number:>4}    {x:>8.3}{:>8.3}{:>8.3}{:>6.2}{:>6.2}          {element:>2}\n",
        1, 2.0, 3.0, 1.0, 20.0
    )
}

/// An mmCIF file with these values under the usual columns of `_atom_site`.
fn atom_site(rows: &str) -> String {
    format!(
        "data_TEST\nloop_\n_atom_site.group_PDB\n_atom_site.id\n_atom_site.type_symbol\n_atom_site.label_atom_id\n\
         _atom_site.label_alt_id\n_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n\
         _atom_site.label_seq_id\n_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n\
         _atom_site.Cartn_z\n_atom_site.occupancy\n_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n\
         _atom_site.auth_asym_id\n_atom_site.pdbx_PDB_model_num\n{rows}\n#\n"
    )
}
