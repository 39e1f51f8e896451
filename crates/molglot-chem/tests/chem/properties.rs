//! Laws that hold for every input.

use std::collections::BTreeSet;

use molglot_chem::ogb::{ATOM_SIZES, BOND_SIZES, atom_features, bond_features};
use molglot_chem::{BondStereo, Chirality, Molecule, brics, describe, unescape};
use proptest::prelude::*;

use crate::fixtures::molecules;
use crate::support::Random;

/// Pieces of SMILES; strings of them get past the scanner more often than bytes do.
const PIECES: &[&str] = &[
    "C", "C", "C", "C", "N", "O", "S", "P", "F", "Cl", "Br", "B", "c", "c", "n", "o", "s", "*",
    "(", ")", "(", ")", "1", "1", "2", "3", "%10", "%(11)", "=", "#", "-", ":", "/", "\\", "$",
    ".", "->", "<-", "[C@H]", "[C@@H]", "[C@]", "[nH]", "[N+]", "[O-]", "[Fe]", "[Fe+++]", "[H]",
    "[2H]", "[13C]", "[se]", "[Si]", "[B-]", "[S@@]", "[Pt@SP1]", "[C@AL1]", "[*:1]", "[#6]", "[",
    "]", "@",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

/// Well-formed trees with rings and stereo, so that most of them are molecules.
fn plausible() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "C",
        "N",
        "O",
        "F",
        "Cl",
        "C=C",
        "C#N",
        "c1ccccc1",
        "c1cc[nH]c1",
        "C1CCNCC1",
        "S(=O)(=O)",
        "[C@@H](F)",
        "[N+](=O)[O-]",
        "C(=O)O",
        "/C=C/",
        "[Na+].[Cl-].C",
    ]);
    let chain = prop::collection::vec((leaf.clone(), prop::option::of(leaf)), 1..8);
    chain.prop_map(|links| {
        let mut text = String::from("C");
        for (link, branch) in links {
            if let Some(branch) = branch.filter(|branch| !branch.contains(['/', '.'])) {
                text.push_str(&format!("C({branch})"));
            }
            text.push_str(link);
        }
        text.push('C');
        text
    })
}

fn stereo(molecule: &Molecule) -> (usize, usize, usize) {
    let bonds = |stereo| {
        molecule
            .bonds()
            .iter()
            .filter(|bond| bond.stereo == stereo)
            .count()
    };
    let tagged = |atom: &&molglot_chem::Atom| atom.chirality != Chirality::Unspecified;
    (
        molecule.atoms().iter().filter(tagged).count(),
        bonds(BondStereo::E),
        bonds(BondStereo::Z),
    )
}

fn motif_sizes(molecule: &Molecule) -> Vec<usize> {
    let motifs = brics::motifs(molecule);
    let mut sizes = vec![0; motifs.iter().max().map_or(0, |&last| last as usize + 1)];
    motifs.iter().for_each(|&motif| sizes[motif as usize] += 1);
    sizes.sort_unstable();
    sizes
}

/// Everything that can be asked of a molecule, and the laws it obeys.
fn check(molecule: &Molecule) {
    let atoms = molecule.atoms().len();
    assert_eq!(
        molecule.neighbors(0).len(),
        molecule.neighbors(0).iter().count()
    );
    let ends: usize = (0..atoms).map(|atom| molecule.neighbors(atom).len()).sum();
    assert_eq!(ends, 2 * molecule.bonds().len());
    for row in atom_features(molecule) {
        assert!(
            row.iter()
                .zip(ATOM_SIZES)
                .all(|(&index, size)| usize::from(index) < size)
        );
    }
    for row in bond_features(molecule) {
        assert!(
            row.iter()
                .zip(BOND_SIZES)
                .all(|(&index, size)| usize::from(index) < size)
        );
    }
    assert_eq!(brics::motifs(molecule).len(), atoms);
    assert!(describe::describe(molecule).starts_with("The molecule is "));

    let canonical = molecule.canonical_smiles();
    let again = Molecule::from_smiles(&canonical)
        .unwrap_or_else(|error| panic!("{} as {canonical}: {error}", molecule.smiles()));
    assert_eq!(again.formula(), molecule.formula());
    assert_eq!(again.net_charge(), molecule.net_charge());
    assert_eq!(again.fragment_count(), molecule.fragment_count());
    // RDKit keeps the hydrogen of `[H][Pt@SP1]` for the sake of a tag that it then clears, so a
    // hydrogen atom may be gone on the second reading.
    if molecule.atoms().iter().all(|atom| atom.atomic_number != 1) {
        assert_eq!(motif_sizes(&again), motif_sizes(molecule));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(molecule) = Molecule::from_smiles(&String::from_utf8_lossy(&bytes)) {
            check(&molecule);
        }
    }

    #[test]
    fn pieces_never_panic_and_errors_point_into_the_text(text in pieces()) {
        match Molecule::from_smiles(&text) {
            Ok(molecule) => check(&molecule),
            Err(error) => {
                prop_assert!(error.offset <= text.len());
                prop_assert!(error.to_string().starts_with("column "));
            }
        }
    }

    #[test]
    fn the_canonical_string_is_the_same_molecule(text in plausible()) {
        let Ok(molecule) = Molecule::from_smiles(&text) else { return Ok(()) };
        check(&molecule);
        let canonical = molecule.canonical_smiles();
        let again = Molecule::from_smiles(&canonical).unwrap();
        prop_assert_eq!(stereo(&again), stereo(&molecule));
        prop_assert_eq!(again.canonical_smiles(), canonical);
    }

    #[test]
    fn unescape_leaves_no_doubled_backslash_of_a_pair(text in "[CF/=\\\\]{0,20}") {
        let doubled = text.replace('\\', r"\\");
        prop_assert_eq!(unescape(&doubled), text.as_str());
    }
}

/// Cuts, doubles, swaps and joins of real molecules: near misses, which a scanner meets more often than noise.
fn mutated(random: &mut Random, seeds: &[String]) -> String {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let mut place = || random.below(text.len() + 1);
        let (from, to) = (place(), place());
        let (from, to) = (from.min(to), from.max(to));
        match random.below(6) {
            0 | 1 => text.insert_str(from, PIECES[random.below(PIECES.len())]),
            2 => text.replace_range(from..to.min(from + 3), ""),
            3 => text = text[from..].to_owned() + &text[..from],
            4 => {
                let copy = text[from..to].to_owned();
                text.insert_str(from, &copy);
            }
            _ => text = text[..from].to_owned() + &seeds[random.below(seeds.len())],
        }
    }
    text
}

#[test]
fn mutated_molecules_are_read_or_refused_and_written_back() {
    const ROUNDS: usize = 40_000;
    let seeds = molecules();
    let mut random = Random(2026);
    let (mut read, mut kinds) = (0, BTreeSet::new());
    for _ in 0..ROUNDS {
        let text = mutated(&mut random, &seeds);
        match Molecule::from_smiles(&text) {
            Ok(molecule) => {
                read += 1;
                check(&molecule);
            }
            Err(error) => {
                assert!(error.offset <= text.len(), "{text}: {error}");
                let kind = format!("{:?}", error.kind);
                kinds.insert(kind.split([' ', '(']).next().unwrap().to_owned());
            }
        }
    }
    eprintln!(
        "{ROUNDS} strings: {read} molecules, {} kinds of refusal",
        kinds.len()
    );
    assert!(read > ROUNDS / 10 && kinds.len() > 12, "{read} {kinds:?}");
}
