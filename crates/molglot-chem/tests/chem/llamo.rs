//! LLaMo's functional groups against the golden case made with the reference code, and laws.

use std::fs;

use molglot_chem::Molecule;
use molglot_chem::llamo::{WIDTH, motifs};
use safetensors::SafeTensors;

use crate::support::{chebi20, data_file, integers, molecule, nci, respellings};

fn rows(molecule: &Molecule) -> Vec<[u8; WIDTH]> {
    motifs(molecule)
        .into_iter()
        .map(|motif| motif.features)
        .collect()
}

#[test]
fn every_row_equals_the_golden_row() {
    let Some(folder) = data_file("MOLGLOT_GOLDEN", "llamo_projector") else {
        return;
    };
    let bytes = fs::read(folder.join("io.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let values = integers(&tensors, "out.fg.features");
    let owners = integers(&tensors, "out.fg.molecule");
    assert_eq!(values.len(), owners.len() * WIDTH);
    let listed = fs::read(folder.join("molecules.json")).unwrap();
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed.len(), 30);

    for (index, entry) in (0i64..).zip(&listed) {
        let smiles = entry["smiles"].as_str().unwrap();
        let expected: Vec<&[i64]> = values
            .chunks_exact(WIDTH)
            .zip(&owners)
            .filter(|(_, owner)| **owner == index)
            .map(|(row, _)| row)
            .collect();
        let found: Vec<[i64; WIDTH]> = rows(&molecule(smiles))
            .into_iter()
            .map(|row| row.map(i64::from))
            .collect();
        assert_eq!(found.len() as u64, entry["groups"].as_u64().unwrap());
        assert_eq!(found, expected, "{smiles}");
    }
}

/// The order of atoms and bonds decides nothing, unlike in the reference.
#[test]
fn respelling_changes_no_row() {
    let (Some(chebi20), Some(nci)) = (chebi20(), nci()) else {
        return;
    };
    for smiles in chebi20.iter().step_by(100).chain(nci.iter().step_by(150)) {
        let Ok(molecule) = Molecule::from_smiles(smiles) else {
            continue;
        };
        let expected = rows(&molecule);
        for other in respellings(smiles, 20) {
            assert_eq!(rows(&crate::support::molecule(&other)), expected, "{other}");
        }
    }
}

#[test]
fn motifs_are_sets_and_cover_every_bond() {
    let Some(rows) = chebi20() else { return };
    for smiles in &rows {
        let molecule = molecule(smiles);
        let motifs = motifs(&molecule);
        assert!(motifs.is_sorted(), "{smiles}");
        for motif in &motifs {
            assert!(motif.atoms.is_sorted_by(|one, other| one < other));
        }
        for bond in molecule.bonds() {
            let covers = |atom: u32, atoms: &[u32]| atoms.binary_search(&atom).is_ok();
            assert!(
                motifs.iter().any(|motif| covers(bond.begin, &motif.atoms)
                    && covers(bond.end, &motif.atoms)),
                "{smiles}"
            );
        }
    }
}
