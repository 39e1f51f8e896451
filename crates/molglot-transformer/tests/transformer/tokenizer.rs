//! The alphabet of ESM against its reference.

use std::fs;

use molglot_tensor::golden::Golden;
use molglot_transformer::esm2::{CLS, EOS, UNKNOWN, VOCABULARY, tokenize};
use proptest::prelude::*;
use serde_json::Value;

/// The one case in which this tokenizer means to differ: small letters are residues here, and unknown there.
const SMALL_LETTERS: &str = "mkt";

#[test]
fn tokens_are_those_of_hugging_face() {
    let Some(golden) = Golden::find("esm2").unwrap() else {
        eprintln!("MOLGLOT_GOLDEN is not set: the tokens of the reference case esm2 are not read");
        return;
    };
    let text = fs::read_to_string(golden.dir().join("tokens.json")).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    let strings = |value: &Value| -> Vec<String> {
        let list = value.as_array().unwrap().iter();
        list.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(strings(&stored["vocab"]), VOCABULARY);
    let cases = stored["cases"].as_array().unwrap();
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let ids = case["ids"].as_array().unwrap().iter();
        let ids: Vec<u32> = ids.map(|id| id.as_u64().unwrap() as u32).collect();
        if text == SMALL_LETTERS {
            assert_eq!(ids, [CLS, UNKNOWN, EOS]);
            assert_eq!(tokenize(text), tokenize("MKT"));
        } else {
            assert_eq!(tokenize(text), ids, "{text}");
        }
    }
    assert_eq!(cases.len(), 10);
}

#[test]
fn neighbouring_unknown_letters_are_a_token_each() {
    assert_eq!(
        tokenize("AJJA"),
        [CLS, 5, UNKNOWN, UNKNOWN, 5, EOS],
        "one token a residue"
    );
}

#[test]
fn an_opening_bracket_alone_is_an_unknown_letter() {
    assert_eq!(
        tokenize("<K"),
        [CLS, UNKNOWN, 15, EOS],
        "only whole names of tokens are read as such"
    );
}

proptest! {
    #[test]
    fn one_character_is_one_token(text in "[^<*\\s]{0,40}") {
        prop_assert_eq!(tokenize(&text).len(), text.chars().count() + 2);
    }

    #[test]
    fn every_residue_is_itself(residues in proptest::collection::vec(4usize..31, 0..30)) {
        let text: String = residues.iter().map(|&id| VOCABULARY[id]).collect();
        let ids = tokenize(&text);
        let found: Vec<usize> = ids[1..ids.len() - 1].iter().map(|&id| id as usize).collect();
        prop_assert_eq!(found, residues);
    }
}
