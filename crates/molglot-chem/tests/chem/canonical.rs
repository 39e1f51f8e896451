//! One string per molecule, however it is spelled.

use molglot_chem::groups::functional_groups;
use molglot_chem::{Molecule, brics, describe};

use crate::support::{chebi20, molecule, nci, respellings};

#[test]
fn known_strings_of_rdkit() {
    for (smiles, canonical) in [
        ("OC(=O)c1ccccc1OC(C)=O", "CC(=O)Oc1ccccc1C(=O)O"),
        ("C1=CC=CC=C1", "c1ccccc1"),
        ("OC(=O)[C@@H]1CCCN1", "O=C(O)[C@@H]1CCCN1"),
        (r"F\C=C\F", "F/C=C/F"),
        ("[H]C([H])([H])[H]", "C"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("[Cl-].[Na+]", "[Cl-].[Na+]"),
        ("c1ccccc1c1ccccc1", "c1ccc(-c2ccccc2)cc1"),
        ("C%(5)CC%(5)", "C1CC1"),
        ("[#6]", "[C]"),
    ] {
        assert_eq!(molecule(smiles).canonical_smiles(), canonical, "{smiles}");
    }
}

/// What must not depend on the spelling.
fn invariants(molecule: &Molecule) -> (String, String, Vec<usize>, String) {
    let motifs = brics::motifs(molecule);
    let mut sizes = vec![0; motifs.iter().max().map_or(0, |&last| last as usize + 1)];
    motifs.iter().for_each(|&motif| sizes[motif as usize] += 1);
    sizes.sort_unstable();
    (
        molecule.canonical_smiles(),
        format!("{:?}", functional_groups(molecule)),
        sizes,
        describe::describe(molecule),
    )
}

#[track_caller]
fn is_stable(smiles: &str) {
    let expected = invariants(&molecule(smiles));
    for respelled in respellings(smiles, 2).iter().chain([&expected.0]) {
        assert_eq!(
            invariants(&molecule(respelled)),
            expected,
            "{smiles} as {respelled}"
        );
    }
}

#[test]
fn respelling_chebi20_changes_nothing() {
    let Some(rows) = chebi20() else { return };
    rows.iter().for_each(|row| is_stable(row));
}

#[test]
fn respelling_nci_changes_nothing() {
    let Some(lines) = nci() else { return };
    let readable = lines
        .iter()
        .filter(|line| Molecule::from_smiles(line).is_ok());
    readable.for_each(|line| is_stable(line));
}
