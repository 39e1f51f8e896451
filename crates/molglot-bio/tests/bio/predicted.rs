//! Predictions, whose b-factors are confidences (`fixtures/structures/predicted`).

use molglot_bio::structure::BFactor;
use molglot_bio::summary::chain_summary;

use crate::parse;

const PDB: &str = include_str!("../../../../fixtures/structures/predicted/predicted.pdb");
const CIF: &str = include_str!("../../../../fixtures/structures/predicted/predicted.cif");
const EXPECTED: &str = include_str!("../../../../fixtures/structures/predicted/expected.tsv");

#[test]
fn a_prediction_has_the_confidence_of_each_residue_in_both_formats() {
    let expected: Vec<(&str, f32)> = EXPECTED
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(letter, plddt)| (letter, plddt.parse().unwrap()))
        .collect();
    let letters: String = expected.iter().map(|(letter, _)| *letter).collect();
    let plddt: Vec<f32> = expected.iter().map(|(_, plddt)| *plddt).collect();
    for text in [PDB, CIF] {
        let structure = parse(text).unwrap();
        assert_eq!(structure.b_factor, BFactor::Plddt);
        assert_eq!(structure.observed_sequence(0), letters);
        assert_eq!(structure.plddt(0), Some(plddt.clone()));
        assert!(structure.gaps(0).is_empty());
        assert!(chain_summary(&structure, 0).contains("of: 6 amino acids. Here is more"));
    }
}

#[test]
fn another_metric_or_an_experiment_is_no_confidence() {
    let experiment = PDB.replace("ALPHAFOLD MONOMER V2.0 PREDICTION", "CRYSTAL STRUCTURE");
    let other = CIF.replace("pLDDT", "PAE");
    assert!(PDB != experiment && CIF != other);
    for text in [experiment, other] {
        let structure = parse(text).unwrap();
        assert_eq!(structure.b_factor, BFactor::Temperature);
        assert_eq!(structure.plddt(0), None);
        assert_eq!(structure.atoms[0].b_factor, 97.5);
    }
}
