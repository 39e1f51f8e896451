//! Directories of tokenizers: layouts, roles of tokens, errors. Against transformers, see `golden`.

use std::fs;

use molglot_lm::{
    PretrainedTokenizer,
    tokenizer::{Padding, Side, clean_up_spaces},
};
use serde_json::{Value, json};

use crate::support::fixtures;

#[test]
fn the_side_of_padding_is_that_of_the_directory() {
    for (name, side) in [("byte_level", Side::Left), ("word_piece", Side::Right)] {
        let dir = fixtures().join("tokenizers").join(name);
        let tokenizer = PretrainedTokenizer::read(&dir).unwrap();
        assert_eq!(tokenizer.padding_side(), side);
    }
}

/// A tokenizer with three words and the given configuration.
pub(crate) fn toy(config: &Value) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let added = |id: u32, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true})
    };
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added(0, "<s>"), added(1, "</s>")],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "<unk>",
                  "vocab": {"<s>": 0, "</s>": 1, "<unk>": 2, "water": 3, "burns": 4, ".": 5}},
    });
    let write = |name: &str, value: &Value| {
        fs::write(dir.path().join(name), value.to_string()).unwrap();
    };
    write("tokenizer.json", &tokenizer);
    write("tokenizer_config.json", config);
    dir
}

fn error(config: &Value) -> String {
    let dir = toy(config);
    PretrainedTokenizer::read(dir.path())
        .unwrap_err()
        .to_string()
}

#[test]
fn ids_come_from_text_objects_and_the_older_map() {
    let dir =
        toy(&json!({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null}));
    let map = json!({"pad_token": {"content": "</s>", "lstrip": false}, "bos_token": "</s>"});
    fs::write(dir.path().join("special_tokens_map.json"), map.to_string()).unwrap();
    let ids = PretrainedTokenizer::read(dir.path()).unwrap().special_ids();
    assert_eq!((ids.bos, ids.eos, ids.pad), (Some(0), Some(1), Some(1)));
    assert_eq!(ids.unk, None);
}

#[test]
fn a_token_with_a_role_is_whole_even_when_the_vocabulary_does_not_mark_it() {
    let dir = toy(&json!({"unk_token": "<unk>"}));
    let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
    assert_eq!(
        tokenizer.encode("water <unk> burns", false).unwrap(),
        [3, 2, 4]
    );
    assert_eq!(tokenizer.decode(&[3, 2, 4], true).unwrap(), "water burns");
}

#[test]
fn tokens_of_the_older_layout_are_added_at_their_ids() {
    let added = |id: &str| json!({"added_tokens_decoder": {id: {"content": "<mol>"}}});
    let dir = toy(&added("6"));
    let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
    assert_eq!(tokenizer.encode("water<mol>", false).unwrap(), [3, 6]);
    let refused = error(&added("9"));
    for part in [
        "tokenizer_config.json",
        "added_tokens_decoder",
        "<mol>",
        "9",
        "6",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

#[test]
fn bad_values_name_file_and_key() {
    for (config, key) in [
        (json!({"bos_token": "<bos>"}), "bos_token"),
        (json!({"bos_token": 3}), "bos_token"),
        (json!({"padding_side": "up"}), "padding_side"),
        (
            json!({"clean_up_tokenization_spaces": "yes"}),
            "clean_up_tokenization_spaces",
        ),
        (json!({"model_max_length": -1}), "model_max_length"),
        (
            json!({"added_tokens_decoder": {"x": {}}}),
            "added_tokens_decoder",
        ),
        (json!({"chat_template": 7}), "chat_template"),
    ] {
        let refused = error(&config);
        assert!(
            refused.contains("tokenizer_config.json") && refused.contains(key),
            "{config}: {refused}"
        );
    }
}

#[test]
fn a_directory_without_a_vocabulary_says_how_to_make_one() {
    let dir = tempfile::tempdir().unwrap();
    let refused = PretrainedTokenizer::read(dir.path())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("tokenizer.json") && refused.contains("save_pretrained"),
        "{refused}"
    );
}

#[test]
fn padding_without_a_token_for_it_is_refused() {
    let dir = toy(&json!({}));
    let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
    let refused = tokenizer.encode_batch(&["water"], Padding::Longest, Side::Left);
    assert!(refused.unwrap_err().to_string().contains("pad_token"));
}

#[test]
fn a_length_of_1e30_is_no_limit() {
    let limit = |config: Value| {
        let dir = toy(&config);
        let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
        tokenizer.config().model_max_length
    };
    assert_eq!(limit(json!({"model_max_length": 1e30})), None);
    assert_eq!(limit(json!({"model_max_length": 512})), Some(512));
}

#[test]
fn truncation_takes_the_side_of_the_directory() {
    for (side, kept) in [("left", [4, 5]), ("right", [3, 4])] {
        let dir = toy(&json!({"truncation_side": side}));
        let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
        let cut = tokenizer.truncating(2).unwrap();
        assert_eq!(cut.encode("water burns.", false).unwrap(), kept, "{side}");
    }
}

#[test]
fn text_for_readers_loses_spaces_only_when_the_directory_asks() {
    for (asked, wanted) in [(false, "water burns ."), (true, "water burns.")] {
        let dir = toy(&json!({"clean_up_tokenization_spaces": asked}));
        let tokenizer = PretrainedTokenizer::read(dir.path()).unwrap();
        assert_eq!(tokenizer.text(&[0, 3, 4, 5, 1]).unwrap(), wanted);
    }
    let spaced = "it does n't burn , I 'm sure : it 's wet . They 're , we 've ' x ' ! Is it ?";
    let joined = "it doesn't burn, I'm sure : it's wet. They're, we've'x '! Is it?";
    assert_eq!(clean_up_spaces(spaced), joined);
}
