//! The molecules that Molglot ships: facts, checked against a count that Molglot had no part in.

use std::collections::HashSet;

use molglot_chem::{Molecule, describe::describe};

/// id, name, SMILES, formula; the formula is RDKit's.
const MOLECULES: &str = include_str!("../../../../fixtures/molecules/molecules.tsv");

fn rows() -> Vec<[&'static str; 4]> {
    let row = |line: &'static str| {
        let columns: Vec<&str> = line.split('\t').collect();
        columns
            .try_into()
            .unwrap_or_else(|_| panic!("not four columns: {line}"))
    };
    MOLECULES.lines().skip(1).map(row).collect()
}

/// The SMILES strings of the shipped molecules.
pub(crate) fn molecules() -> Vec<String> {
    rows()
        .into_iter()
        .map(|[_, _, smiles, _]| smiles.to_owned())
        .collect()
}

#[test]
fn every_formula_equals_the_independent_count() {
    let rows = rows();
    assert!(rows.len() >= 400, "only {} molecules", rows.len());
    for [id, name, smiles, formula] in rows {
        let molecule =
            Molecule::from_smiles(smiles).unwrap_or_else(|error| panic!("{id} {name}: {error}"));
        assert_eq!(molecule.formula(), formula, "{id} {name}");
    }
}

#[test]
fn every_molecule_is_there_once() {
    let (mut ids, mut names, mut structures) = (HashSet::new(), HashSet::new(), HashSet::new());
    for [id, name, smiles, _] in rows() {
        assert!(ids.insert(id), "{id} twice");
        assert!(names.insert(name.to_lowercase()), "{name} twice");
        assert!(
            structures.insert(Molecule::from_smiles(smiles).unwrap().canonical_smiles()),
            "{id} {name} twice"
        );
    }
}

#[test]
fn captions_begin_alike_end_properly_and_name_the_formula() {
    for [id, name, smiles, formula] in rows() {
        let caption = describe(&Molecule::from_smiles(smiles).unwrap());
        assert!(
            caption.starts_with("The molecule is "),
            "{id} {name}: {caption}"
        );
        assert!(
            caption.ends_with('.') && !caption.contains("  "),
            "{id} {name}: {caption}"
        );
        assert!(caption.contains(formula), "{id} {name}: {caption}");
    }
}
