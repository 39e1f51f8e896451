//! What holds for every SELFIES.

use std::collections::BTreeMap;

use molglot_chem::selfies::{self, Constraints, EncodeErrorKind, decode, encode, encode_lenient};
use molglot_chem::{Molecule, SmilesErrorKind};
use proptest::prelude::*;

use crate::support::Random;

fn default() -> Constraints {
    Constraints::default()
}

fn presets() -> [Constraints; 3] {
    [
        Constraints::default(),
        Constraints::octet_rule(),
        Constraints::hypervalent(),
    ]
}

/// SMILES as they come back from SELFIES. The first time, ring digits may change places.
fn round_trip(smiles: &str, constraints: &Constraints) -> Result<String, EncodeErrorKind> {
    let encoded = encode(smiles, constraints).map_err(|error| error.kind)?;
    Ok(decode(&encoded, constraints).unwrap())
}

fn robust(constraints: &Constraints) -> Vec<String> {
    constraints.robust_alphabet().into_iter().collect()
}

/// Symbols with stereo marks, which the robust alphabet lacks.
const STEREO: [&str; 8] = [
    "[C@@H1]",
    "[C@H1]",
    "[C@]",
    "[C@@]",
    "[/C]",
    "[\\C]",
    "[/N]",
    "[\\/Ring1]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_sequence_of_robust_symbols_is_a_molecule(
        preset in 0..3usize,
        symbols in prop::collection::vec(any::<prop::sample::Index>(), 1..120),
    ) {
        let constraints = &presets()[preset];
        let alphabet = robust(constraints);
        let text: String = symbols.iter().map(|at| at.get(&alphabet).as_str()).collect();
        let smiles = decode(&text, constraints).unwrap();
        if smiles.is_empty() {
            return Ok(());
        }
        prop_assert!(encode(&smiles, constraints).is_ok(), "{text} as {smiles}");
        if let Err(error) = Molecule::from_smiles(&smiles) {
            // The capacities of N, Cl, Br and I in this preset are beyond their valences.
            let hypervalent = preset == 2 && matches!(error.kind, SmilesErrorKind::Valence { .. });
            prop_assert!(hypervalent, "{text} as {smiles}: {error}");
        }
    }

    #[test]
    fn encoding_what_was_decoded_keeps_the_molecule(
        symbols in prop::collection::vec(any::<prop::sample::Index>(), 1..80),
    ) {
        let constraints = default();
        let mut alphabet = robust(&constraints);
        alphabet.extend(STEREO.map(str::to_owned));
        let text: String = symbols.iter().map(|at| at.get(&alphabet).as_str()).collect();
        let smiles = decode(&text, &constraints).unwrap();
        if !smiles.is_empty() {
            let again = round_trip(&smiles, &constraints).unwrap();
            prop_assert_eq!(round_trip(&again, &constraints).unwrap(), again.as_str());
            let molecules = [&smiles, &again].map(|smiles| Molecule::from_smiles(smiles));
            let [before, after] = molecules.map(|molecule| molecule.unwrap().canonical_smiles());
            prop_assert_eq!(before, after, "{} as {} and {}", text, smiles, again);
        }
    }

    #[test]
    fn text_never_panics(text in any::<String>()) {
        let _ = decode(&text, &default());
        let _ = encode_lenient(&text);
        let _ = selfies::length(&text);
    }

    #[test]
    fn padding_may_stand_anywhere(
        symbols in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..60),
    ) {
        let constraints = default();
        let alphabet = robust(&constraints);
        let plain: String = symbols.iter().map(|(at, _)| at.get(&alphabet).as_str()).collect();
        let padded = symbols.iter().flat_map(|(at, pad)| {
            [at.get(&alphabet).as_str(), if *pad { selfies::PADDING } else { "" }]
        });
        let padded: String = padded.collect();
        prop_assert_eq!(decode(&padded, &constraints), decode(&plain, &constraints));
    }
}

/// Cuts, doubles and swaps pieces of the seeds, most often where a piece may begin.
fn mutated(
    numbers: &mut Random,
    seeds: &[&str],
    pieces: &[&str],
    begins: fn(&str) -> bool,
) -> String {
    let mut text = seeds[numbers.below(seeds.len())].to_owned();
    for _ in 0..=numbers.below(4) {
        let mut place = || {
            let (at, anywhere) = (numbers.below(text.len() + 1), numbers.below(16) == 0);
            let fits = |&at: &usize| text.is_char_boundary(at) && (anywhere || begins(&text[at..]));
            (0..=at).rev().find(fits).unwrap_or(0)
        };
        let (from, to) = (place(), place());
        match numbers.below(4) {
            0 => text.insert_str(from, pieces[numbers.below(pieces.len())]),
            1 => text.replace_range(from.min(to)..from.max(to), ""),
            2 => text = text.clone() + &text[from..],
            _ => text = text[from..].to_owned() + &text[..from],
        }
    }
    text
}

fn variant(debug: &impl std::fmt::Debug) -> String {
    let text = format!("{debug:?}");
    let inner = text.strip_prefix("Smiles(").unwrap_or(&text);
    inner
        .chars()
        .take_while(|letter| letter.is_alphanumeric())
        .collect()
}

#[test]
fn mutated_strings_reach_everything_and_break_nothing() {
    let mut numbers = Random(2026);
    let constraints = presets();
    let smiles_seeds = [
        "CC(=O)Oc1ccccc1C(=O)O",
        r"F/C=C\C1CC%10CC1%10",
        "C[C@H]1CC[C@@](F)(Cl)C1.[Na+]",
        "c1cc2[nH]c3ccccc3c2cc1",
    ];
    let smiles_pieces = [
        "(",
        ")",
        "1",
        "%10",
        "=",
        "#",
        "/",
        "[C@@H]",
        "[nH]",
        "[CH10]",
        "[C++2]",
        "-1",
        "c",
        "n",
        "F",
        ".",
        "[",
        "*",
        "é",
        "C(C)(C)(C)C",
        ":",
        "=1",
    ];
    let selfies_seeds = [
        "[C][C][=Branch1][C][=O][O][C][=C][C][=C][C][=C][Ring1][=Branch1]",
        "[C@@H1][Branch1][C][F][Cl].[Na+1]",
        "[C][Branch2][Ring1][C][N][C][C][Ring1][Ring1][=S][#Branch1][C][C]",
    ];
    let selfies_pieces = [
        "[C]",
        "[=N]",
        "[#S]",
        "[Ring1]",
        "[=Ring2]",
        "[Branch1]",
        "[#Branch3]",
        "[epsilon]",
        "[nop]",
        "[CH9]",
        ".",
        "]",
        "x",
        "[F]",
        "é",
    ];
    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..100_000 {
        let constraints = &constraints[round % 3];
        let smiles = mutated(&mut numbers, &smiles_seeds, &smiles_pieces, |_| true);
        let selfies = mutated(&mut numbers, &selfies_seeds, &selfies_pieces, |rest| {
            rest.is_empty() || rest.starts_with(['[', '.'])
        });
        let outcome = match encode(&smiles, constraints) {
            Err(error) => {
                assert!(smiles.is_char_boundary(error.offset), "{smiles}: {error:?}");
                variant(&error.kind)
            }
            Ok(_) => {
                let back = round_trip(&smiles, constraints).unwrap();
                assert_eq!(round_trip(&back, constraints), Ok(back), "{smiles}");
                "Encoded".to_owned()
            }
        };
        *reached.entry(outcome).or_default() += 1;
        let outcome = match decode(&selfies, constraints) {
            Err(error) => {
                assert!(
                    selfies.is_char_boundary(error.offset),
                    "{selfies}: {error:?}"
                );
                variant(&error.kind)
            }
            Ok(smiles) if smiles.is_empty() => "Nothing".to_owned(),
            Ok(smiles) => {
                match round_trip(&smiles, constraints) {
                    Ok(back) => assert_eq!(round_trip(&back, constraints), Ok(back), "{selfies}"),
                    // Ring bonds may join fragments, which cannot be encoded.
                    Err(kind) => assert!(
                        smiles.contains('.') && variant(&kind) == "UnclosedRing",
                        "{selfies}"
                    ),
                }
                "Decoded".to_owned()
            }
        };
        *reached.entry(outcome).or_default() += 1;
    }
    assert!(
        reached["Encoded"] > 5_000 && reached["Decoded"] > 20_000,
        "{reached:?}"
    );
    assert!(
        reached.len() > 20 && reached.values().all(|&count| count > 5),
        "{reached:?}"
    );
}
