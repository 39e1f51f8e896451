//! Every row of real data, with the totals that RDKit 2026.09.1 gives.

use molglot_chem::{Molecule, SmilesErrorKind, brics, describe, descriptors, ogb};

use crate::support::{chebi20, molecule, nci};

/// Totals over a corpus; one wrong value anywhere changes them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    molecules: usize,
    atom_features: [usize; 9],
    bond_features: [usize; 3],
    brics_cuts: usize,
    brics_motifs: usize,
    donors: usize,
    acceptors: usize,
    rotatable: usize,
}

impl Totals {
    fn add(&mut self, molecule: &Molecule) {
        self.molecules += 1;
        for row in ogb::atom_features(molecule) {
            for (total, value) in self.atom_features.iter_mut().zip(row) {
                *total += usize::from(value);
            }
        }
        for row in ogb::bond_features(molecule) {
            for (total, value) in self.bond_features.iter_mut().zip(row) {
                *total += usize::from(value);
            }
        }
        self.brics_cuts += brics::cut_bonds(molecule).len();
        self.brics_motifs += brics::motifs(molecule)
            .iter()
            .max()
            .map_or(0, |&last| last as usize + 1);
        self.donors += descriptors::nhoh_count(molecule);
        self.acceptors += descriptors::no_count(molecule);
        self.rotatable += descriptors::rotatable_bonds_with_amides(molecule);
    }
}

#[test]
fn every_row_of_chebi20_validation_is_read_as_rdkit_reads_it() {
    let Some(rows) = chebi20() else { return };
    assert_eq!(rows.len(), 3301);
    let mut totals = Totals::default();
    for row in &rows {
        totals.add(&molecule(row));
    }
    let expected = Totals {
        molecules: 3301,
        atom_features: [
            615187, 22394, 328448, 530804, 106938, 31, 169255, 18452, 41420,
        ],
        bond_features: [67901, 2803, 35498],
        brics_cuts: 16068,
        brics_motifs: 19650,
        donors: 14691,
        acceptors: 31477,
        rotatable: 37390,
    };
    assert_eq!(totals, expected);
}

/// RDKit refuses eight of the 4,999 lines, for their valences.
#[test]
fn every_line_of_nci_is_read_as_rdkit_reads_it() {
    let Some(lines) = nci() else { return };
    assert_eq!(lines.len(), 4999);
    let mut totals = Totals::default();
    let mut refused = 0;
    for line in &lines {
        match Molecule::from_smiles(line) {
            Ok(molecule) => totals.add(&molecule),
            Err(error) => {
                assert!(
                    matches!(error.kind, SmilesErrorKind::Valence { .. }),
                    "{line}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 8);
    let expected = Totals {
        molecules: 4991,
        atom_features: [487134, 0, 244541, 410375, 75907, 10, 110771, 33210, 40334],
        bond_features: [109664, 0, 49878],
        brics_cuts: 9632,
        brics_motifs: 14762,
        donors: 6437,
        acceptors: 18315,
        rotatable: 22170,
    };
    assert_eq!(totals, expected);
}

#[test]
fn every_caption_is_made_of_finished_sentences() {
    let Some(rows) = chebi20() else { return };
    for row in &rows {
        let text = describe::describe(&molecule(row));
        assert!(text.starts_with("The molecule is a"), "{row}: {text}");
        assert!(
            text.ends_with('.') && !text.contains("  ") && !text.contains("()"),
            "{row}: {text}"
        );
        for sentence in text.split(". ").skip(1) {
            assert!(sentence.starts_with("It "), "{row}: {sentence}");
        }
    }
}
