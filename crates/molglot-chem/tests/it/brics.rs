//! Cuts and motifs against RDKit's `FindBRICSBonds`.

use molglot_chem::brics::{cut_bonds, motifs};

use crate::support::molecule;

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
