//! Descriptors against RDKit's own, and laws.

use molglot_chem::descriptors::{Descriptors, nhoh_count, no_count};

use crate::support::{chebi20, fixture, molecule, respellings};

/// Values are written to six decimals.
const TOLERANCE: f64 = 1e-6;

#[test]
fn every_value_equals_that_of_rdkit() {
    let molecules = fixture("molecules/molecules.tsv");
    let expected = fixture("descriptors/descriptors.tsv");
    assert_eq!(molecules.len(), expected.len());
    let names = &expected[0][1..];
    for (row, expected) in molecules.iter().zip(&expected).skip(1) {
        assert_eq!(row[0], expected[0]);
        let found = Descriptors::of(&molecule(&row[2])).named();
        assert_eq!(found.len(), names.len());
        for ((column, value), (name, found)) in names.iter().zip(&expected[1..]).zip(found) {
            assert_eq!(column, name);
            let value: f64 = value.parse().unwrap();
            let error = (found - value).abs();
            assert!(error < TOLERANCE, "{} {name}: {found}, not {value}", row[1]);
        }
    }
}

#[test]
fn respelling_changes_no_value() {
    let Some(rows) = chebi20() else { return };
    for smiles in rows.iter().step_by(20) {
        let expected = Descriptors::of(&molecule(smiles)).named();
        for other in respellings(smiles, 3) {
            let found = Descriptors::of(&molecule(&other)).named();
            for ((name, found), (_, expected)) in found.into_iter().zip(expected) {
                // Sums of other orders round otherwise.
                let error = (found - expected).abs();
                assert!(error < 1e-9 * expected.abs().max(1.0), "{other} {name}");
            }
        }
    }
}

#[test]
fn counts_add_up() {
    let Some(rows) = chebi20() else { return };
    for smiles in &rows {
        let molecule = molecule(smiles);
        let found = Descriptors::of(&molecule);
        let rings = found.rings;
        assert_eq!(rings.aromatic + rings.aliphatic, rings.rings, "{smiles}");
        assert!(rings.saturated <= rings.aliphatic, "{smiles}");
        assert_eq!(rings.aromatic_hetero + rings.aliphatic_hetero, rings.hetero);
        assert!((0.0..=1.0).contains(&found.fraction_sp3));
    }
}

/// Fragments contribute independently to everything but a share.
#[test]
fn descriptors_of_a_mixture_are_sums() {
    let (one, other) = ("CC(=O)Oc1ccccc1C(=O)O", "C[C@H]1CN1");
    let [mixture, one, other] =
        [&format!("{one}.{other}"), one, other].map(|smiles| Descriptors::of(&molecule(smiles)));
    for ((name, sum), ((_, one), (_, other))) in mixture
        .named()
        .into_iter()
        .zip(one.named().into_iter().zip(other.named()))
        .filter(|((name, _), _)| *name != "FractionCSP3")
    {
        assert!((sum - one - other).abs() < 1e-9, "{name}");
    }
}

#[test]
fn hydrogens_count_the_same_as_atoms_and_as_numbers() {
    for (smiles, labelled) in [
        ("CO", "CO[2H]"),
        ("N", "N([2H])([2H])[2H]"),
        ("CS", "CS[2H]"),
    ] {
        let (plain, labelled) = (molecule(smiles), molecule(labelled));
        assert_eq!(nhoh_count(&plain), nhoh_count(&labelled));
        assert_eq!(no_count(&plain), no_count(&labelled));
        let (plain, labelled) = (Descriptors::of(&plain), Descriptors::of(&labelled));
        assert_eq!(plain.hydrogen_bond_donors, labelled.hydrogen_bond_donors);
        assert!((plain.crippen.log_p - labelled.crippen.log_p).abs() < 1e-12);
    }
}
