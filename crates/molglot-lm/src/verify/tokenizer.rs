//! Tokenizers in both layouts of their directory, and their chat templates, value by value of `cases.json`.

use std::path::Path;

use molglot_tensor::golden::{Comparison, GoldenError};
use serde_json::{Map, Value, json};

use crate::{
    chat::{ChatError, ChatOptions, ChatTemplates},
    tokenizer::{
        Padding, PretrainedTokenizer, Side, SpecialTokens, TokenizerConfig, TokenizerError,
    },
};

pub(super) fn run(comparison: &mut Comparison<'_>) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let cases = golden.json("cases.json")?;
    let nested = golden.dir().join("tokenizer");
    let dir = if nested.is_dir() {
        nested
    } else {
        golden.dir().to_owned()
    };
    let newer = dir.join("tokenizer_config.json");
    let older = golden.dir().join("tokenizer_config.hub.json");
    let mut layouts = vec![newer];
    if older.is_file() {
        layouts.push(older);
    }
    for config in layouts {
        let tokenizer = PretrainedTokenizer::read_files(&dir.join("tokenizer.json"), &config)
            .map_err(GoldenError::new)?;
        if let Some(size) = golden.meta()["vocab_size_with_added"].as_u64() {
            comparison.same("vocab_size", &(tokenizer.vocab_size() as u64), &size);
        }
        for (kind, run) in [
            ("encode", encoded as Run),
            ("pairs", paired as Run),
            ("batches", batched as Run),
        ] {
            for (number, case) in list(&cases[kind]).enumerate() {
                let found = run(&tokenizer, case).map_err(GoldenError::new)?;
                compare(comparison, &format!("{kind}.{number}"), found, case);
            }
        }
        if cases["chat"].is_array() {
            conversations(comparison, &cases, &tokenizer, &config)?;
        }
    }
    for (number, case) in list(&cases["template_snippets"]).enumerate() {
        let source = case["template"].as_str().unwrap_or_default();
        let sources = [("default".to_owned(), source.to_owned())].into();
        let found = ChatTemplates::new(sources, SpecialTokens::default(), golden.dir())
            .and_then(|templates| rendered(&templates, case))
            .map_err(GoldenError::new)?;
        compare(
            comparison,
            &format!("template_snippets.{number}"),
            found,
            case,
        );
    }
    Ok(())
}

type Run = fn(&PretrainedTokenizer, &Value) -> Result<Map<String, Value>, TokenizerError>;

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Every value that was found, against the value of the same name.
fn compare(comparison: &mut Comparison<'_>, name: &str, found: Map<String, Value>, case: &Value) {
    for (key, found) in found {
        // Some cases leave out what others ask for.
        if !case[&key].is_null() {
            comparison.same(&format!("{name}.{key}"), &found, &case[&key]);
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn encoded(
    tokenizer: &PretrainedTokenizer,
    case: &Value,
) -> Result<Map<String, Value>, TokenizerError> {
    let text = text(case, "text");
    let found = tokenizer.encoding(text, true)?;
    let ids = found.get_ids();
    let tokens: Vec<_> = ids.iter().map(|&id| tokenizer.id_to_token(id)).collect();
    Ok(object(json!({
        "ids": ids,
        "tokens": tokens,
        "offsets": found.get_offsets(),
        "ids_no_special": tokenizer.encode(text, false)?,
        "decoded": tokenizer.decode(ids, false)?,
        "decoded_skip_special": tokenizer.decode(ids, true)?,
        "text_for_readers": tokenizer.text(ids)?,
    })))
}

fn paired(
    tokenizer: &PretrainedTokenizer,
    case: &Value,
) -> Result<Map<String, Value>, TokenizerError> {
    let found = tokenizer.encode_pair(text(case, "text"), text(case, "pair"))?;
    Ok(object(json!({
        "ids": found.get_ids(),
        "token_type_ids": found.get_type_ids(),
    })))
}

fn batched(
    tokenizer: &PretrainedTokenizer,
    case: &Value,
) -> Result<Map<String, Value>, TokenizerError> {
    let texts: Vec<&str> = list(&case["texts"]).filter_map(Value::as_str).collect();
    let length = case["max_length"].as_u64().map(|length| length as usize);
    let side = match text(case, "padding_side") {
        "left" => Side::Left,
        _ => Side::Right,
    };
    let padding = match (text(case, "padding"), length) {
        ("max_length", Some(length)) => Padding::To(length),
        _ => Padding::Longest,
    };
    let found = match length.filter(|_| case["truncation"] == true) {
        Some(length) => tokenizer
            .truncating(length)?
            .encode_batch(&texts, padding, side)?,
        None => tokenizer.encode_batch(&texts, padding, side)?,
    };
    Ok(object(json!({
        "input_ids": found.ids,
        "attention_mask": found.attention_mask,
    })))
}

fn conversations(
    comparison: &mut Comparison<'_>,
    cases: &Value,
    tokenizer: &PretrainedTokenizer,
    config: &Path,
) -> Result<(), GoldenError> {
    let failed = |error: &dyn std::fmt::Display| GoldenError::new(error);
    let dir = config.parent().unwrap_or(config);
    // The older layout has its template in its configuration.
    let templates = if config.ends_with("tokenizer_config.json") {
        ChatTemplates::read(dir)
    } else {
        let settings = TokenizerConfig::read(config).map_err(|error| failed(&error))?;
        ChatTemplates::new(settings.chat_templates, settings.special, dir)
    };
    let templates = templates.map_err(|error| failed(&error))?;
    for (number, case) in list(&cases["chat"]).enumerate() {
        let name = format!("chat.{number}");
        match (rendered(&templates, case), case["error"].as_str()) {
            (Ok(mut found), None) => {
                // It holds its special tokens already.
                let ids = tokenizer
                    .encode(text_of(&found), false)
                    .map_err(|error| failed(&error))?;
                found.insert("ids".to_owned(), json!(ids));
                compare(comparison, &name, found, case);
            }
            (Err(ChatError::Refused(said)), Some(reason)) => {
                comparison.same(&format!("{name}.error"), &said.as_str(), &reason);
            }
            (Ok(_), Some(reason)) => {
                let what = format!("{name}: it should be refused: {reason}");
                comparison.fail(&name, &GoldenError::new(what));
            }
            (Err(error), _) => {
                comparison.fail(&name, &GoldenError::new(format!("{name}: {error}")));
            }
        }
    }
    Ok(())
}

fn text_of(found: &Map<String, Value>) -> &str {
    found["text"].as_str().unwrap_or_default()
}

fn rendered(templates: &ChatTemplates, case: &Value) -> Result<Map<String, Value>, ChatError> {
    let options = ChatOptions {
        add_generation_prompt: case["add_generation_prompt"] == true,
        variables: serde_json::from_value(case["variables"].clone()).unwrap_or_default(),
        ..ChatOptions::default()
    };
    let messages = serde_json::from_value::<Vec<crate::chat::Message>>(case["messages"].clone());
    let text = templates.render_messages(&messages.unwrap_or_default(), &options)?;
    Ok(object(json!({ "text": text })))
}
