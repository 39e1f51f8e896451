//! Cuts and motifs against RDKit's `FindBRICSBonds`.

use molglot_chem::Molecule;
use molglot_chem::brics::{cut_bonds, fragments, motifs};

use crate::support::{chebi20, fixture, molecule, respellings};

/// Cuts as (atom, atom, label, label), each with the lower atom first.
fn cuts(smiles: &str) -> Vec<(u32, u32, u8, u8)> {
    let molecule = molecule(smiles);
    let mut cuts: Vec<_> = cut_bonds(&molecule)
        .into_iter()
        .map(|cut| {
            let bond = &molecule.bonds()[cut.bond as usize];
            if bond.begin < bond.end {
                (bond.begin, bond.end, cut.begin_label, cut.end_label)
            } else {
                (bond.end, bond.begin, cut.end_label, cut.begin_label)
            }
        })
        .collect();
    cuts.sort_unstable();
    cuts
}

#[test]
fn aspirin() {
    let smiles = "CC(=O)Oc1ccccc1C(=O)O";
    assert_eq!(cuts(smiles), [(1, 3, 1, 3), (3, 4, 3, 16), (9, 10, 16, 6)]);
    assert_eq!(
        motifs(&molecule(smiles)),
        [0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3]
    );
}

#[test]
fn ibuprofen() {
    let smiles = "CC(C)Cc1ccc(cc1)C(C)C(=O)O";
    assert_eq!(cuts(smiles), [(3, 4, 8, 16), (7, 10, 16, 8)]);
    assert_eq!(motifs(&molecule(smiles)).into_iter().max(), Some(2));
}

#[test]
fn molecules_without_a_cut_are_one_motif() {
    for smiles in ["Cn1cnc2c1c(=O)n(C)c(=O)n2C", "c1ccccc1", "CCO"] {
        assert_eq!(cuts(smiles), [], "{smiles}");
        assert!(
            motifs(&molecule(smiles)).iter().all(|&motif| motif == 0),
            "{smiles}"
        );
    }
}

/// The examples in the documentation of `BRICS.py`.
#[test]
fn examples_of_rdkit() {
    assert_eq!(cuts("CCCOCC"), [(2, 3, 4, 3), (3, 4, 3, 4)]);
    assert_eq!(
        cuts("CCCOCCC(=O)c1ccccc1"),
        [(2, 3, 4, 3), (3, 4, 3, 4), (6, 8, 6, 16)]
    );
    assert_eq!(cuts("CC=CC"), [(1, 2, 7, 7)]);
    assert_eq!(cuts("O=C1NCCC1"), []);
}

/// One molecule for each environment that the examples above leave out.
#[test]
fn other_environments() {
    assert_eq!(cuts("CCNC(C)=O"), [(1, 2, 4, 5), (2, 3, 5, 1)]);
    assert_eq!(cuts("C=C(C)OCC"), [(3, 4, 3, 4)]);
    assert_eq!(cuts("CCSCC"), [(1, 2, 4, 11), (2, 3, 11, 4)]);
    assert_eq!(cuts("CNS(=O)(=O)c1ccccc1"), [(1, 2, 5, 12)]);
    assert_eq!(cuts("CCn1cccc1"), [(1, 2, 8, 9)]);
    assert_eq!(cuts("CCN1CCCC1=O"), [(1, 2, 8, 10)]);
    assert_eq!(cuts("c1ccccc1C1CCCCC1"), [(5, 6, 16, 15)]);
    assert_eq!(cuts("c1ccncc1C1CCCCO1"), [(5, 6, 16, 13)]);
    assert_eq!(cuts("c1ccccc1-c1ccccn1"), [(5, 6, 16, 14)]);
}

/// The names of all fragments, sorted.
fn names(molecule: &Molecule) -> Vec<String> {
    let mut names: Vec<_> = fragments(molecule)
        .iter()
        .map(|fragment| fragment.molecule.canonical_smiles())
        .collect();
    names.sort_unstable();
    names
}

/// The parts of a string in the spelling of this crate, sorted.
fn parts(smiles: &str) -> Vec<String> {
    let mut names: Vec<_> = smiles
        .split('.')
        .map(|part| molecule(part).canonical_smiles())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn fragments_are_those_of_rdkit() {
    let molecules = fixture("molecules/molecules.tsv");
    let expected = fixture("fragments/fragments.tsv");
    for (row, expected) in molecules.iter().zip(&expected).skip(1) {
        assert_eq!(row[0], expected[0]);
        assert_eq!(names(&molecule(&row[2])), parts(&expected[3]), "{}", row[1]);
    }
}

#[test]
fn fragments_keep_every_atom_and_mark_both_ends_of_every_cut() {
    let Some(rows) = chebi20() else { return };
    for smiles in rows.iter().step_by(5) {
        let molecule = molecule(smiles);
        let fragments = fragments(&molecule);
        let mut motif = vec![u32::MAX; molecule.atoms().len()];
        let mut wildcards = 0;
        for (index, fragment) in (0u32..).zip(&fragments) {
            let part = fragment.molecule.atoms();
            wildcards += part.len() - fragment.atoms.len();
            for (&atom, found) in fragment.atoms.iter().zip(part) {
                motif[atom as usize] = index;
                let expected = &molecule.atoms()[atom as usize];
                assert_eq!(found.atomic_number, expected.atomic_number, "{smiles}");
                assert_eq!(found.charge, expected.charge, "{smiles}");
                assert_eq!(found.total_hydrogens, expected.total_hydrogens, "{smiles}");
                assert_eq!(found.total_degree, expected.total_degree, "{smiles}");
                assert_eq!(found.aromatic, expected.aromatic, "{smiles}");
            }
        }
        assert_eq!(motif, motifs(&molecule), "{smiles}");
        assert_eq!(wildcards, 2 * cut_bonds(&molecule).len(), "{smiles}");
    }
}

#[test]
fn respelling_changes_no_fragment() {
    let Some(rows) = chebi20() else { return };
    for smiles in rows.iter().step_by(100) {
        let expected = names(&molecule(smiles));
        for other in respellings(smiles, 3) {
            assert_eq!(names(&molecule(&other)), expected, "{other}");
        }
    }
}
