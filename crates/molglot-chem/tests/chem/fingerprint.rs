//! Fingerprints against RDKit's, and the laws they keep.

use molglot_chem::fingerprint::{
    Bits, Fingerprint, FingerprintError, SparseCounts, maccs, morgan, rdk, similarity,
};
use molglot_chem::{MAX_ATOMS, Molecule};
use proptest::prelude::*;

use crate::support::{chebi20, fnv1a, molecule, respellings};

/// SMILES and RDKit's fingerprints; `fixtures/fingerprints/make.py` describes the columns.
const EXPECTED: &str = include_str!("../../../../fixtures/fingerprints/expected.tsv");

fn texts(counts: &SparseCounts) -> String {
    let pairs = counts.pairs().iter();
    let texts: Vec<_> = pairs
        .map(|(feature, count)| format!("{feature}:{count}"))
        .collect();
    texts.join(" ")
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    EXPECTED
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect())
}

fn fixture_molecules() -> impl Iterator<Item = Molecule> {
    rows().map(|row| molecule(row[0]))
}

#[test]
fn every_fingerprint_equals_rdkits() {
    let mut compared = 0;
    for row in rows() {
        let read = molecule(row[0]);
        let ours = [
            fnv1a(&texts(&morgan::counts(&read, 3))),
            fnv1a(&morgan::bits(&read, 2, 2048).to_hex()),
            fnv1a(&rdk::bits(&read, rdk::DEFAULT_LENGTHS, 2048).to_hex()),
            fnv1a(&rdk::bits(&read, 2..=5, 600).to_hex()),
        ];
        let names = ["Morgan counts", "Morgan", "RDK", "RDK 2-5"];
        for ((ours, theirs), name) in ours.iter().zip(&row[1..]).zip(names) {
            assert_eq!(ours, theirs, "{name} of {}", row[0]);
        }
        let theirs = Bits::from_hex(row[5], maccs::SIZE).unwrap();
        let keys: Vec<_> = maccs::bits(&read).ones().collect();
        assert_eq!(
            keys,
            theirs.ones().collect::<Vec<_>>(),
            "MACCS of {}",
            row[0]
        );
        compared += 1;
    }
    assert!(compared > 1400, "only {compared} molecules");
}

fn all(molecule: &Molecule) -> (SparseCounts, Bits, Bits, Bits) {
    (
        morgan::counts(molecule, 4),
        morgan::bits(molecule, 2, 1024),
        rdk::bits(molecule, rdk::DEFAULT_LENGTHS, 2048),
        maccs::bits(molecule),
    )
}

#[test]
fn spelling_does_not_matter() {
    for row in rows().step_by(7).filter(|row| !row[0].contains("->")) {
        let expected = all(&molecule(row[0]));
        for other in respellings(row[0], 2) {
            assert_eq!(all(&molecule(&other)), expected, "{} and {other}", row[0]);
        }
    }
}

#[test]
fn spelling_does_not_matter_in_chebi20() {
    let Some(smiles) = chebi20() else { return };
    for smiles in smiles.iter().step_by(11) {
        let read = molecule(smiles);
        let canonical = molecule(&read.canonical_smiles());
        assert_eq!(all(&read), all(&canonical), "{smiles}");
    }
}

#[test]
fn folding_keeps_counts_and_halves_bits() {
    for read in fixture_molecules() {
        let counts = morgan::counts(&read, 3);
        for size in [1, 7, 512, 2048] {
            let folded = counts.fold(size);
            assert_eq!(folded.total(), counts.total());
            assert!(folded.pairs().is_sorted() && folded.pairs().iter().all(|pair| pair.0 < size));
            let bits = counts.to_bits(size);
            assert_eq!(bits, morgan::bits(&read, 3, size));
            assert_eq!(bits, folded.to_bits(size));
        }
        for (whole, half) in [
            (morgan::bits(&read, 3, 512), morgan::bits(&read, 3, 256)),
            (rdk::bits(&read, 1..=6, 512), rdk::bits(&read, 1..=6, 256)),
        ] {
            let (low, high) = whole.words().split_at(4);
            let joined: Vec<_> = low
                .iter()
                .zip(high)
                .map(|(one, other)| one | other)
                .collect();
            assert_eq!(joined, half.words());
        }
    }
}

#[test]
fn a_greater_radius_only_adds() {
    for read in fixture_molecules() {
        let mut smaller = morgan::counts(&read, 0);
        assert_eq!(smaller.total(), read.atoms().len() as u64);
        for radius in 1..6 {
            let larger = morgan::counts(&read, radius);
            for &(feature, count) in smaller.pairs() {
                assert!(larger.get(feature) >= count);
            }
            smaller = larger;
        }
    }
}

#[test]
fn lengths_add_up() {
    for read in fixture_molecules().step_by(5) {
        let together = rdk::bits(&read, 1..=7, 2048);
        let mut apart = vec![0; together.words().len()];
        for lengths in [1..=2, 3..=3, 4..=7] {
            for (sum, word) in apart
                .iter_mut()
                .zip(rdk::bits(&read, lengths, 2048).words())
            {
                *sum |= word;
            }
        }
        assert_eq!(apart, together.words());
    }
}

#[test]
fn similarity_is_symmetric_and_bounded() {
    let all: Vec<_> = fixture_molecules()
        .step_by(40)
        .map(|read| (maccs::bits(&read), morgan::counts(&read, 2)))
        .collect();
    let bits: Vec<_> = all.iter().map(|pair| pair.0.clone()).collect();
    for (one, counts) in &all {
        let bulk = similarity::bulk_tanimoto(one, &bits);
        for ((other, other_counts), bulk) in all.iter().zip(bulk) {
            let tanimoto = similarity::tanimoto(one, other);
            let dice = similarity::dice(one, other);
            assert_eq!(tanimoto, bulk);
            assert_eq!(tanimoto, similarity::tanimoto(other, one));
            assert_eq!(dice, similarity::dice(other, one));
            assert!((0.0..=1.0).contains(&tanimoto) && tanimoto <= dice && dice <= 1.0);
            let of_counts = similarity::tanimoto_counts(counts, other_counts);
            assert_eq!(of_counts, similarity::tanimoto_counts(other_counts, counts));
            assert!(of_counts <= similarity::dice_counts(counts, other_counts));
        }
        assert_eq!(similarity::tanimoto_counts(counts, counts), 1.0);
        assert_eq!(similarity::dice_counts(counts, counts), 1.0);
    }
}

#[test]
fn of_equal_environments_one_is_kept() {
    // Radius 1 is the only bond, from both ends.
    assert_eq!(morgan::counts(&molecule("CO"), 3).total(), 3);
    // A single atom has no environment but itself.
    assert_eq!(morgan::counts(&molecule("O"), 3).total(), 1);
}

#[test]
fn stereochemistry_is_not_seen() {
    let pairs = [
        ("N[C@H](C)C(=O)O", "N[C@@H](C)C(=O)O"),
        ("F/C=C/F", r"F/C=C\F"),
    ];
    for (one, other) in pairs {
        assert_eq!(all(&molecule(one)), all(&molecule(other)));
    }
}

#[test]
fn cycles_over_dative_bonds_are_cycles_but_not_rings() {
    let keys = maccs::bits(&molecule("C1CN->[Pt](Cl)(Cl)<-N1"));
    assert!(keys.get(96), "a cycle of five");
    assert!(!keys.get(165), "no ring atom");
}

#[test]
fn a_long_chain_needs_little_memory() {
    // Environments as full bit sets would take atoms * bonds / 8 bytes.
    let length = MAX_ATOMS.min(200_000);
    let chain = Molecule::from_smiles(&"C".repeat(length)).unwrap();
    assert_eq!(morgan::counts(&chain, 2).total(), 3 * length as u64 - 2);
    assert_eq!(rdk::bits(&chain, 1..=4, 2048).count_ones(), 8);
    assert!(maccs::bits(&chain).get(118));
}

#[test]
fn parameters_are_checked() {
    assert_eq!(Fingerprint::morgan(2, 0), Err(FingerprintError::Size));
    assert_eq!(
        Fingerprint::rdk(3, 2, 2048),
        Err(FingerprintError::Lengths(3, 2))
    );
    assert_eq!(
        Fingerprint::rdk(1, 17, 2048).unwrap_err().to_string(),
        "subgraphs of 1 to 17 bonds; the lengths go up from 1 to 16"
    );
    let ethanol = molecule("CCO");
    for fingerprint in [
        Fingerprint::morgan(2, 1000).unwrap(),
        Fingerprint::rdk(1, 7, 100).unwrap(),
        Fingerprint::maccs(),
    ] {
        assert_eq!(fingerprint.bits(&ethanol).size(), fingerprint.size());
    }
}

proptest! {
    #[test]
    fn text_forms_of_bits_are_read_back(on in prop::collection::vec(any::<bool>(), 0..200)) {
        let mut bits = Bits::new(on.len());
        for (at, _) in on.iter().enumerate().filter(|(_, on)| **on) {
            bits.set(at);
        }
        prop_assert_eq!(bits.ones().count(), bits.count_ones() as usize);
        prop_assert_eq!(&bits.to_string().parse::<Bits>().unwrap(), &bits);
        prop_assert_eq!(&Bits::from_hex(&bits.to_hex(), bits.size()).unwrap(), &bits);
        prop_assert_eq!(bits.ones().collect::<Vec<_>>(),
            (0..on.len()).filter(|&at| bits.get(at)).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_for_bits_panics(text in "\\PC{0,20}", size in 0usize..90) {
        let _ = Bits::from_hex(&text, size);
        let _ = text.parse::<Bits>();
    }
}
