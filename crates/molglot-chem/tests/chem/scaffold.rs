//! Scaffolds against RDKit's, and laws of scaffolds and splits.

use std::collections::{BTreeMap, BTreeSet};

use molglot_chem::Molecule;
use molglot_chem::scaffold::{
    Split, balanced_scaffold_split, generic_scaffold, scaffold, scaffold_split,
};
use proptest::prelude::*;

use crate::support::{chebi20, fixture, molecule, respellings};

fn name(molecule: Option<Molecule>) -> String {
    molecule.map_or_else(String::new, |molecule| molecule.canonical_smiles())
}

/// A string in the spelling of this crate.
fn respelled(smiles: &str) -> String {
    if smiles.is_empty() {
        return String::new();
    }
    molecule(smiles).canonical_smiles()
}

#[test]
fn scaffolds_are_those_of_rdkit() {
    let molecules = fixture("molecules/molecules.tsv");
    let expected = fixture("fragments/fragments.tsv");
    for (row, expected) in molecules.iter().zip(&expected).skip(1) {
        assert_eq!(row[0], expected[0]);
        let molecule = molecule(&row[2]);
        assert_eq!(
            name(scaffold(&molecule)),
            respelled(&expected[1]),
            "{}",
            row[1]
        );
        assert_eq!(
            name(generic_scaffold(&molecule)),
            respelled(&expected[2]),
            "{}",
            row[1]
        );
    }
}

#[track_caller]
fn trims(smiles: &str, expected: &str) {
    assert_eq!(
        name(scaffold(&molecule(smiles))),
        respelled(expected),
        "{smiles}"
    );
}

#[test]
fn aromatic_nitrogen_and_cations_take_a_hydrogen() {
    trims("Cn1cccc1", "c1cc[nH]c1");
    trims("C[n+]1ccccc1", "c1cc[nH+]cc1");
    trims("C[N+]1(C)CCCC1", "C1CC[NH2+]C1");
}

#[test]
fn double_bonds_to_rings_and_linkers_stay() {
    trims("CC=C1CCC1", "C=C1CCC1");
    trims("O=C(CC)C1CC1", "C1CC1");
    trims("O=C(CC1CC1)C1CC1", "O=C(CC1CC1)C1CC1");
    trims("CS(=O)(=O)c1ccccc1", "c1ccccc1");
    trims("O=S(=O)(c1ccccc1)N1CCCC1", "O=S(=O)(c1ccccc1)N1CCCC1");
}

#[test]
fn isotopes_stereo_and_acyclic_parts_go() {
    trims("[2H]C1CC1", "C1CC1");
    trims("[13CH2]1C[C@@H]1C", "C1CC1");
    trims("CCO.C1CC1C", "C1CC1");
    trims("CCO", "");
}

#[test]
fn a_scaffold_is_its_own_scaffold_and_depends_on_no_spelling() {
    let Some(rows) = chebi20() else { return };
    for smiles in rows.iter().step_by(50) {
        let first = scaffold(&molecule(smiles));
        let again = first.as_ref().and_then(scaffold);
        let expected = name(first);
        assert_eq!(name(again), expected, "{smiles}");
        for other in respellings(smiles, 3) {
            assert_eq!(name(scaffold(&molecule(&other))), expected, "{other}");
        }
    }
}

fn is_partition_by_keys(split: &Split, keys: &[u8]) {
    let mut rows: Vec<usize> = [&split.train, &split.valid, &split.test]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    rows.sort_unstable();
    assert!(rows.iter().copied().eq(0..keys.len()));
    let mut parts: BTreeMap<u8, BTreeSet<u8>> = BTreeMap::new();
    for (part, rows) in (0u8..).zip([&split.train, &split.valid, &split.test]) {
        for &row in rows {
            parts.entry(keys[row]).or_default().insert(part);
        }
    }
    assert!(parts.values().all(|parts| parts.len() == 1));
}

proptest! {
    #[test]
    fn splits_keep_groups_together(
        keys in prop::collection::vec(0u8..40, 0..200),
        train in 0.0..1.0,
        seed: u64,
    ) {
        let valid = (1.0 - train) / 2.0;
        let limit = train * keys.len() as f64;
        for split in [
            scaffold_split(&keys, train, valid),
            balanced_scaffold_split(&keys, train, valid, seed),
        ] {
            is_partition_by_keys(&split, &keys);
            prop_assert!(split.train.len() as f64 <= limit);
        }
    }
}
