//! SMARTS against RDKit's matches, the laws of searching, and what is refused.

use std::fmt::Write;

use molglot_chem::smarts::{MAX_RECURSION, Pattern, Search, SmartsErrorKind};
use proptest::prelude::*;

use crate::support::{fnv1a, molecule, respellings};

const MOLECULES: &str = include_str!("../../../../fixtures/molecules/molecules.tsv");
const EXPECTED: &str = include_str!("../../../../fixtures/smarts/expected.tsv");

fn pattern(smarts: &str) -> Pattern {
    Pattern::new(smarts).unwrap_or_else(|error| panic!("{smarts}: {error}"))
}

fn smiles() -> impl Iterator<Item = &'static str> {
    MOLECULES
        .lines()
        .skip(1)
        .map(|line| line.split('\t').nth(2).unwrap())
}

fn patterns() -> impl Iterator<Item = &'static str> {
    EXPECTED
        .lines()
        .skip(1)
        .map(|line| line.split('\t').next().unwrap())
}

/// Pattern atoms without order, as RDKit's unique matches are compared.
fn atom_sets(matches: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    let mut sets: Vec<_> = matches
        .into_iter()
        .map(|mut atoms| {
            atoms.sort_unstable();
            atoms
        })
        .collect();
    sets.sort_unstable();
    sets
}

#[test]
fn every_match_equals_rdkits() {
    let molecules: Vec<_> = smiles().map(molecule).collect();
    for row in EXPECTED.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let pattern = pattern(columns[0]);
        let (mut hits, mut total, mut text) = (0, 0, String::new());
        for (at, molecule) in molecules.iter().enumerate() {
            let sets = atom_sets(pattern.matches(molecule));
            if sets.is_empty() {
                continue;
            }
            hits += 1;
            total += sets.len();
            let joined: Vec<_> = sets
                .iter()
                .map(|set| set.iter().map(u32::to_string).collect::<Vec<_>>().join(","))
                .collect();
            writeln!(text, "{at} {}", joined.join(";")).unwrap();
        }
        let ours = [hits.to_string(), total.to_string(), fnv1a(&text)];
        assert_eq!(ours, columns[1..], "{}", columns[0]);
    }
}

#[test]
fn a_molecule_is_found_in_itself() {
    let mut found = 0;
    for smiles in smiles() {
        let molecule = molecule(smiles);
        let own = molecule.canonical_smiles().replace('@', "");
        if own.contains("->") || own.contains("<-") {
            continue;
        }
        let pattern = pattern(&own);
        assert_eq!(pattern.atom_count(), molecule.atoms().len(), "{own}");
        assert!(pattern.is_match(&molecule), "{own}");
        found += 1;
    }
    assert!(found > 1200, "only {found} molecules");
}

#[test]
fn the_ways_to_ask_agree() {
    let patterns: Vec<_> = patterns().map(pattern).collect();
    for smiles in smiles().step_by(13) {
        let molecule = molecule(smiles);
        let mut search = Search::new(&molecule);
        for pattern in &patterns {
            let context = || format!("{} in {smiles}", pattern.smarts());
            let matches = pattern.matches(&molecule);
            let mappings: Vec<_> = pattern.mappings(&molecule).collect();
            assert_eq!(
                pattern.is_match(&molecule),
                !matches.is_empty(),
                "{}",
                context()
            );
            assert_eq!(search.matches(pattern), matches, "{}", context());
            for limit in [0, 1, 2, usize::MAX] {
                let count = pattern.count_unique(&molecule, limit);
                assert_eq!(count, matches.len().min(limit), "{}", context());
                assert_eq!(search.count_unique(pattern, limit), count, "{}", context());
            }
            let mut sets = atom_sets(mappings.clone());
            sets.dedup();
            assert_eq!(sets, atom_sets(matches), "{}", context());
            for atom in 0..molecule.atoms().len() as u32 {
                let first = mappings.iter().any(|mapping| mapping[0] == atom);
                assert_eq!(search.is_match_at(pattern, atom), first, "{}", context());
            }
        }
    }
}

#[test]
fn spelling_does_not_matter() {
    let patterns: Vec<_> = patterns().map(pattern).collect();
    let counts = |smiles: &str| -> Vec<_> {
        let molecule = molecule(smiles);
        let count = |pattern: &Pattern| pattern.count_unique(&molecule, usize::MAX);
        patterns.iter().map(count).collect()
    };
    for smiles in smiles().step_by(29) {
        let expected = counts(smiles);
        for other in respellings(smiles, 2) {
            assert_eq!(counts(&other), expected, "{smiles} and {other}");
        }
    }
}

#[test]
fn operators_bind_as_in_the_language() {
    let matches = |smarts: &str, smiles: &str| pattern(smarts).is_match(&molecule(smiles));
    // `&` before `,` before `;`.
    assert!(matches("[O,N&H0]", "O"));
    assert!(!matches("[O,N;H0]", "O"));
    assert!(matches("[O,N;H0]", "CN(C)C"));
    assert!(matches("[!C!H0]", "CO"));
    assert!(matches("[!!O]", "O") && !matches("[!!O]", "C"));
    // The same for bonds.
    assert!(matches("C-,=;@C", "C1CC1") && !matches("C-,=;@C", "CC"));
    assert!(matches("C-,=&@C", "CC"));
    assert!(matches("C!=C", "CC") && !matches("C!=C", "C=C"));
}

#[test]
fn symbols_of_two_letters_win() {
    let matches = |smarts: &str, smiles: &str| pattern(smarts).is_match(&molecule(smiles));
    assert!(matches("[Rh]", "[Rh]") && !matches("[Rh]", "C1CC1"));
    assert!(matches("[Cl]", "CCl") && matches("Cl", "CCl"));
    assert!(matches("[As]", "[AsH3]") && !matches("[as]", "[AsH3]"));
    assert!(matches("[Nh]", "CN"));
}

#[test]
fn hydrogens_that_are_folded_are_counted_and_not_matched() {
    let count = |smarts: &str, smiles: &str| pattern(smarts).count_unique(&molecule(smiles), 9);
    assert_eq!(count("[H]", "[H]O[H]"), 0);
    assert_eq!(count("[OH2]", "[H]O[H]"), 1);
    assert_eq!(count("[2H]", "[2H]O[2H]"), 2);
    assert_eq!(
        [count("[OH2]", "[2H]O[2H]"), count("[Oh0]", "[2H]O[2H]")],
        [1, 1]
    );
    assert_eq!(count("[H][H]", "[H][H]"), 1);
    assert_eq!(count("[H+]", "[H+]"), 1);
}

#[test]
fn a_recursive_pattern_anchors_its_first_atom() {
    let acid = molecule("CC(=O)O");
    let first = |smarts: &str| pattern(smarts).matches(&acid);
    assert_eq!(first("[$(O=C)]"), [[2]]);
    assert_eq!(first("[$(C=O)]"), [[1]]);
    assert_eq!(first("[$([$(C=O)]C),$([OH])]"), [[1], [3]]);
}

#[test]
fn errors_name_their_place() {
    use SmartsErrorKind as Kind;
    for (smarts, offset, kind) in [
        ("", 0, Kind::Empty),
        ("C(", 2, Kind::Empty),
        ("C(C", 1, Kind::UnclosedBranch),
        ("C()C", 2, Kind::Unexpected),
        ("C)C", 1, Kind::UnexpectedClose),
        ("(C)", 0, Kind::Unsupported("grouping of components")),
        ("[C", 0, Kind::UnclosedBracket),
        ("[C;", 0, Kind::UnclosedBracket),
        ("[]", 1, Kind::HangingOperator),
        ("[C,]", 3, Kind::HangingOperator),
        ("[C&;N]", 3, Kind::HangingOperator),
        ("[!]", 2, Kind::HangingOperator),
        ("[Q]", 1, Kind::Unexpected),
        ("[C:x]", 3, Kind::Unexpected),
        ("[#200]", 1, Kind::NumberRange),
        ("[99999999999C]", 1, Kind::NumberRange),
        ("[C@H]", 2, Kind::Unsupported("chirality")),
        ("[D{2-3}]", 2, Kind::Unsupported("ranges")),
        ("[^0]", 1, Kind::Unsupported("'^0'")),
        ("N->C", 1, Kind::Unsupported("dative arrows")),
        ("C1CC", 1, Kind::UnclosedRing(1)),
        ("C11", 2, Kind::DuplicateBond),
        ("C1C1", 3, Kind::DuplicateBond),
        ("C=1CC-1", 6, Kind::RingBondConflict),
        ("C%1C", 1, Kind::RingNumber),
        ("1CC", 0, Kind::Unexpected),
        ("C=", 1, Kind::HangingBond),
        ("C(=)C", 2, Kind::HangingBond),
        ("C-,C", 2, Kind::HangingOperator),
        ("C!C", 1, Kind::HangingOperator),
        ("=C", 0, Kind::Unexpected),
        (".C", 0, Kind::Unexpected),
        ("[$(C]", 4, Kind::Unexpected),
        ("[$(C", 1, Kind::UnclosedBranch),
        ("[$()]", 1, Kind::Empty),
        ("CX", 1, Kind::Unexpected),
        ("C\u{e9}", 1, Kind::Unexpected),
    ] {
        let error = Pattern::new(smarts).expect_err(smarts);
        assert_eq!((error.offset, error.kind), (offset, kind), "{smarts}");
    }
}

#[test]
fn nesting_has_a_limit_and_branches_have_none() {
    let nested = |depth: usize| format!("{}C{}", "[$(".repeat(depth), ")]".repeat(depth));
    assert!(pattern(&nested(MAX_RECURSION)).is_match(&molecule("C")));
    let error = Pattern::new(&nested(MAX_RECURSION + 1)).unwrap_err();
    assert_eq!(error.kind, SmartsErrorKind::TooDeep);
    let branches = format!("{}C{}", "C(".repeat(200_000), ")".repeat(200_000));
    assert_eq!(pattern(&branches).atom_count(), 200_001);
}

/// Pieces of SMARTS; strings of them get past the parser more often than bytes do.
const PIECES: &[&str] = &[
    "C", "c", "N", "[", "]", "[#6]", "[!C]", "[C,N]", "[$(", ")]", "(", ")", "1", "2", "%10", "=",
    "-", "~", "@", "!", "&", ",", ";", ":", "[C;H1]", "[R2]", "[r5]", "[+]", "[13C]", "*", "a",
    ".", "[O-]", "[D2,D3]", "^2", "%(12)", "#", "$", "/", "H", "[H]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_string_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        let smarts = pieces.concat();
        match Pattern::new(&smarts) {
            Ok(pattern) => {
                let molecule = molecule("OC(=O)c1ccc(N)cc1.[2H]C#N");
                let count = pattern.count_unique(&molecule, 50);
                prop_assert_eq!(pattern.is_match(&molecule), count > 0);
            }
            Err(error) => prop_assert!(error.offset <= smarts.len(), "{} {}", smarts, error),
        }
    }
}
