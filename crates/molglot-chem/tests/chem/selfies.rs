//! SELFIES against the Python package: own strings one by one, real data by a hash of all results.

use std::fmt::Display;
use std::fs;

use molglot_chem::selfies::{self, Constraints};
use molglot_chem::{Molecule, unescape};

use crate::support::data_file;

const ENCODE: &str = include_str!("../../../../fixtures/selfies/encode.tsv");
const DECODE: &str = include_str!("../../../../fixtures/selfies/decode.tsv");
const ALPHABET: &str = include_str!("../../../../fixtures/selfies/alphabet.tsv");
const CORPORA: &str = include_str!("../../../../fixtures/selfies/corpora.tsv");

fn constraints() -> [(&'static str, Constraints); 4] {
    let custom = [
        ("?", 3),
        ("C", 3),
        ("N", 2),
        ("O+1", 5),
        ("S", 4),
        ("F", 0),
        ("C-1", 1),
        ("H", 2),
    ];
    [
        ("default", Constraints::default()),
        ("octet_rule", Constraints::octet_rule()),
        ("hypervalent", Constraints::hypervalent()),
        ("custom", Constraints::new(custom).unwrap()),
    ]
}

/// The rows below the header of a table.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        columns
            .try_into()
            .unwrap_or_else(|_| panic!("not {N} columns: {line}"))
    })
}

/// A result as the tables write it.
fn text<E: Display>(result: Result<String, E>) -> String {
    result.unwrap_or_else(|_| "!".to_owned())
}

#[test]
fn every_smiles_is_encoded_as_python_does() {
    let mut encoded = 0;
    for [smiles, expected, decoded, refusing] in rows(ENCODE) {
        assert_eq!(text(selfies::encode_lenient(smiles)), expected, "{smiles}");
        for (name, constraints) in constraints() {
            let refused = refusing.split(',').any(|refusing| refusing == name);
            let expected = if refused { "!" } else { expected };
            assert_eq!(
                text(selfies::encode(smiles, &constraints)),
                expected,
                "{smiles} under {name}"
            );
        }
        if expected != "!" {
            assert_eq!(
                text(selfies::decode(expected, &Constraints::default())),
                decoded,
                "{smiles}"
            );
            encoded += 1;
        }
    }
    assert!(encoded > 1400);
}

#[test]
fn every_selfies_is_decoded_as_python_does() {
    let constraints = constraints();
    let mut decoded = 0;
    for [selfies, expected @ ..] in rows::<5>(DECODE) {
        for ((name, constraints), expected) in constraints.iter().zip(expected) {
            let found = text(selfies::decode(selfies, constraints));
            assert_eq!(found, expected, "{selfies} under {name}");
            decoded += usize::from(expected != "!");
        }
    }
    assert!(decoded > 2000);
}

#[test]
fn robust_alphabets_are_those_of_python() {
    for ([name, symbols], (same, constraints)) in rows(ALPHABET).zip(constraints()) {
        assert_eq!(name, same);
        assert!(
            constraints.robust_alphabet().iter().eq(symbols.split(' ')),
            "{name}"
        );
    }
}

/// The SMILES of a corpus.
pub(crate) fn corpus(file: &str) -> Option<Vec<String>> {
    let content = fs::read_to_string(data_file("MOLGLOT_CORPORA", file)?).unwrap();
    let (header, column): (usize, fn(&str) -> &str) = match file {
        "chebi20/validation.tsv" => (1, |line| line.split('\t').nth(1).unwrap()),
        "properties/freesolv.csv" => (1, |line| line.rsplit(',').nth(2).unwrap()),
        _ if file.ends_with(".csv") => (1, |line| line.rsplit(',').next().unwrap()),
        _ => (0, |line| line.split_whitespace().next().unwrap()),
    };
    let smiles = content.lines().skip(header).map(column);
    Some(
        smiles
            .map(|smiles| unescape(smiles.trim()).into_owned())
            .collect(),
    )
}

/// 64-bit FNV-1a of every result and a newline.
fn fnv1a<'a>(results: impl Iterator<Item = &'a String>) -> String {
    let bytes = results.flat_map(|result| result.bytes().chain([b'\n']));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[test]
fn every_row_of_the_corpora_equals_python_both_ways() {
    let constraints = constraints();
    let mut smiles = (String::new(), Vec::new());
    for [file, way, preset, count, refused, hash] in rows(CORPORA) {
        if smiles.0 != file {
            let Some(rows) = corpus(file) else { return };
            smiles = (file.to_owned(), rows);
        }
        let (_, constraints) = constraints
            .iter()
            .find(|(name, _)| *name == preset)
            .unwrap();
        let encode = |smiles: &String| text(selfies::encode(smiles, constraints));
        let decode = |smiles: &String| {
            let selfies = selfies::encode_lenient(smiles).ok()?;
            Some(text(selfies::decode(&selfies, constraints)))
        };
        let results: Vec<String> = match way {
            "encode" => smiles.1.iter().map(encode).collect(),
            _ => smiles.1.iter().filter_map(decode).collect(),
        };
        let found = [
            results.len(),
            results.iter().filter(|&result| result == "!").count(),
        ];
        assert_eq!(
            found.map(|n| n.to_string()),
            [count, refused],
            "{file} {way} {preset}"
        );
        assert_eq!(fnv1a(results.iter()), hash, "{file} {way} {preset}");
    }
}

#[test]
fn encoding_and_decoding_keeps_every_molecule() {
    let mut kept = 0;
    let constraints = Constraints::hypervalent();
    for file in [
        "chebi20/validation.tsv",
        "smiles/nci_first_5k.smi",
        "properties/bbbp.csv",
    ] {
        let Some(rows) = corpus(file) else { return };
        for smiles in &rows {
            let Ok(molecule) = Molecule::from_smiles(smiles) else {
                continue;
            };
            let Ok(encoded) = selfies::encode(smiles, &constraints) else {
                continue;
            };
            let decoded = selfies::decode(&encoded, &constraints).unwrap();
            let back = Molecule::from_smiles(&decoded)
                .unwrap_or_else(|error| panic!("{smiles} as {decoded}: {error}"));
            assert_eq!(
                back.canonical_smiles(),
                molecule.canonical_smiles(),
                "{smiles} as {decoded}"
            );
            kept += 1;
        }
    }
    assert_eq!(kept, 10_329);
}
