//! Chat templates against Jinja2 in the environment of transformers, and against Python's own methods.

use std::{collections::BTreeMap, fs, path::Path};

use molglot_lm::{
    PretrainedTokenizer,
    chat::{ChatError, ChatOptions, ChatTemplates, Clock, Message, Value},
    tokenizer::SpecialTokens,
};
use serde_json::json;

use crate::tokenizer::{cases, folder, toy};

fn messages(case: &serde_json::Value) -> Vec<Message> {
    serde_json::from_value(case["messages"].clone()).unwrap()
}

fn options(case: &serde_json::Value) -> ChatOptions {
    ChatOptions {
        add_generation_prompt: case["add_generation_prompt"].as_bool().unwrap(),
        variables: serde_json::from_value(case["variables"].clone()).unwrap_or_default(),
        ..ChatOptions::default()
    }
}

fn one(source: &str) -> ChatTemplates {
    let sources = [("default".to_owned(), source.to_owned())].into();
    ChatTemplates::new(sources, SpecialTokens::default(), Path::new("models/toy")).unwrap()
}

fn compare(name: &str) {
    let Some(folder) = folder(name) else { return };
    let cases = cases(&folder);
    let dir = folder.join("tokenizer");
    let tokenizer = PretrainedTokenizer::read(&dir).unwrap();
    let older = tempfile::tempdir().unwrap();
    fs::copy(
        folder.join("tokenizer_config.hub.json"),
        older.path().join("tokenizer_config.json"),
    )
    .unwrap();
    for templates in [&dir, older.path()].map(|dir| ChatTemplates::read(dir).unwrap()) {
        for case in cases["chat"].as_array().unwrap() {
            let found = templates.render_messages(&messages(case), &options(case));
            match case["error"].as_str() {
                Some(reason) => match found.unwrap_err() {
                    ChatError::Refused(said) => assert_eq!(said, reason, "{case}"),
                    other => panic!("{other}: {case}"),
                },
                None => {
                    let text = found.unwrap();
                    assert_eq!(text, case["text"].as_str().unwrap(), "{case}");
                    let ids = tokenizer.encode(&text, false).unwrap();
                    // A conversation with a variable of its own has its text alone.
                    assert!(case["ids"].is_null() || json!(ids) == case["ids"], "{case}");
                }
            }
        }
    }
    eprintln!(
        "{name}: {} conversations",
        cases["chat"].as_array().unwrap().len()
    );
}

#[test]
fn conversations_of_llama3_equal_hugging_face() {
    compare("tokenizer_llama3");
}

#[test]
fn conversations_of_llama2_equal_hugging_face() {
    compare("tokenizer_llama2");
}

#[test]
fn conversations_of_gemma_equal_hugging_face() {
    compare("tokenizer_gemma");
}

#[test]
fn constructs_of_published_templates_equal_jinja2() {
    let Some(folder) = folder("tokenizer_llama3") else {
        return;
    };
    let cases = cases(&folder);
    let snippets = cases["template_snippets"].as_array().unwrap();
    for case in snippets {
        let found = one(case["template"].as_str().unwrap())
            .render_messages(&messages(case), &options(case))
            .unwrap_or_else(|error| panic!("{error}: {case}"));
        assert_eq!(found, case["text"].as_str().unwrap(), "{case}");
    }
    eprintln!("tokenizer_llama3: {} snippets", snippets.len());
}

fn rendered(source: &str, variables: &str) -> String {
    let variables: BTreeMap<String, Value> = serde_json::from_str(variables).unwrap();
    let options = ChatOptions {
        variables,
        ..ChatOptions::default()
    };
    one(source).render_messages(&[], &options).unwrap()
}

/// Left: an expression over `t` and `m`. Right: what CPython 3.11 prints.
#[test]
fn methods_of_texts_and_maps_are_those_of_python() {
    let variables = r#"{"t": " ab  c,d,,e ", "m": {"z": 1, "a": null}, "w": "xxHixx"}"#;
    for (expression, wanted) in [
        ("w.strip('x')", "Hi"),
        ("w.lstrip('x')", "Hixx"),
        ("w.rstrip('x')", "xxHi"),
        ("t.lstrip()", "ab  c,d,,e "),
        ("t.split()", "['ab', 'c,d,,e']"),
        ("t.split(None, 1)", "['ab', 'c,d,,e ']"),
        ("' a b  c '.split(maxsplit=1)", "['a', 'b  c ']"),
        ("' a b  c '.rsplit(None, 1)", "[' a b', 'c']"),
        ("t.strip().split(',')", "['ab  c', 'd', '', 'e']"),
        ("'a,b,c'.split(',', 1)", "['a', 'b,c']"),
        ("'a,b,c'.rsplit(',', 1)", "['a,b', 'c']"),
        ("'a\nb\r\nc\n'.splitlines()", "['a', 'b', 'c']"),
        ("'</think>x'.split('</think>')[-1]", "x"),
        ("w.startswith('xx')", "True"),
        ("w.endswith(('a', 'x'))", "True"),
        ("w.startswith(['a', 'b'])", "False"),
        ("'élan'.find('n')", "3"),
        ("'élan'.find('q')", "-1"),
        ("'banana'.rfind('an')", "3"),
        ("'banana'.count('an')", "2"),
        ("'abc'.count('')", "4"),
        ("'banana'.replace('a', 'o', 2)", "bonona"),
        ("'banana'.replace('a', 'o')", "bonono"),
        ("'mrs o\\'neil'.title()", "Mrs O'Neil"),
        ("'hELLO wORLD'.capitalize()", "Hello world"),
        ("'x'.removeprefix('y') ~ w.removesuffix('xx')", "xxxHi"),
        ("', '.join(['a', 'b'])", "a, b"),
        ("'12'.isdigit() and not ''.isdigit()", "True"),
        ("m.get('a')", "None"),
        ("m.get('q', 'no')", "no"),
        ("m.get('q')", "None"),
        ("m.keys() | list", "['z', 'a']"),
        ("m.values() | list", "[1, None]"),
        ("m", "{'z': 1, 'a': None}"),
        ("[1, 2, 3][::-1]", "[3, 2, 1]"),
        ("'abc'[::-1]", "cba"),
        ("true ~ none", "TrueNone"),
    ] {
        let found = rendered(&format!("{{{{ {expression} }}}}"), variables);
        assert_eq!(found, wanted, "{expression}");
    }
}

/// What CPython's `json.dumps(..., ensure_ascii=False)` writes.
#[test]
fn json_is_that_of_python() {
    let variables = r#"{"v": {"z": [1, 2.0, 1e20, 0.00001, -1.5], "a": {}, "t": "<é\"\n\u0001>", "n": null, "b": true, "e": []}}"#;
    for (options, wanted) in [
        (
            "",
            r#"{"z": [1, 2.0, 1e+20, 1e-05, -1.5], "a": {}, "t": "<é\"\n\u0001>", "n": null, "b": true, "e": []}"#,
        ),
        (
            "(separators=(',', ':'), sort_keys=true, ensure_ascii=true)",
            r#"{"a":{},"b":true,"e":[],"n":null,"t":"<\u00e9\"\n\u0001>","z":[1,2.0,1e+20,1e-05,-1.5]}"#,
        ),
    ] {
        let found = rendered(&format!("{{{{ v | tojson{options} }}}}"), variables);
        assert_eq!(found, wanted, "{options}");
    }
    let found = rendered(
        "{{ v | tojson(indent=1) }}",
        r#"{"v": {"a": [1, []], "b": {}}}"#,
    );
    assert_eq!(found, "{\n \"a\": [\n  1,\n  []\n ],\n \"b\": {}\n}");
}

#[test]
fn the_date_comes_from_the_clock() {
    let clock = Clock::Fixed(jiff::civil::date(2026, 7, 4).at(15, 5, 0, 0));
    let found = one("{{ strftime_now('%d %b %Y, %H:%M') }}")
        .with_clock(clock)
        .render_messages(&[], &ChatOptions::default());
    assert_eq!(found.unwrap(), "04 Jul 2026, 15:05");
    let year: i32 = rendered("{{ strftime_now('%Y') }}", "{}").parse().unwrap();
    assert!(year >= 2026);
}

#[test]
fn loop_controls_and_generation_marks_are_known() {
    let source = "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}\
                  {% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}\
                  {%- generation -%} x {%- endgeneration %}";
    assert_eq!(rendered(source, "{}"), "02x");
}

#[test]
fn content_is_never_a_template_and_never_escaped() {
    let content = "{{ 7 * 7 }} <b> & {% raise %}";
    let variables = json!({ "c": content }).to_string();
    assert_eq!(rendered("{{ c }}", &variables), content);
}

#[test]
fn named_templates_are_chosen_by_name_and_by_tools() {
    let list = json!([
        {"name": "default", "template": "plain {{ tools is none }}"},
        {"name": "tool_use", "template": "tools {{ tools | length }}"},
    ]);
    let dir = toy(&json!({ "chat_template": list }));
    let templates = ChatTemplates::read(dir.path()).unwrap();
    let mut options = ChatOptions::default();
    let render = |options: &ChatOptions| templates.render_messages(&[], options);
    assert_eq!(render(&options).unwrap(), "plain True");
    options.tools = Some(Value::from(vec!["t"]));
    assert_eq!(render(&options).unwrap(), "tools 1");
    options.template = Some("default".to_owned());
    assert_eq!(render(&options).unwrap(), "plain False");
    options.template = Some("rag".to_owned());
    let refused = render(&options).unwrap_err().to_string();
    assert!(
        refused.contains("`rag`") && refused.contains("default, tool_use"),
        "{refused}"
    );
}

#[test]
fn files_come_before_the_configuration() {
    let dir = toy(&json!({"chat_template": "old", "bos_token": "<s>"}));
    fs::write(
        dir.path().join("chat_template.jinja"),
        "new {{ bos_token }}\n",
    )
    .unwrap();
    let others = dir.path().join("additional_chat_templates");
    fs::create_dir(&others).unwrap();
    fs::write(others.join("rag.jinja"), "rag").unwrap();
    let templates = ChatTemplates::read(dir.path()).unwrap();
    let mut options = ChatOptions::default();
    assert_eq!(templates.render_messages(&[], &options).unwrap(), "new <s>");
    options.template = Some("rag".to_owned());
    assert_eq!(templates.render_messages(&[], &options).unwrap(), "rag");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let dir = toy(&json!({}));
    let missing = ChatTemplates::read(dir.path()).unwrap_err().to_string();
    assert!(missing.contains("chat_template.jinja"), "{missing}");
    let dir = toy(&json!({"chat_template": "a\n{% for %}"}));
    let syntax = ChatTemplates::read(dir.path()).unwrap_err().to_string();
    assert!(
        syntax.contains("`default`") && syntax.contains("line 2"),
        "{syntax}"
    );
    let failed = one("a\n\n{{ messages.frobnicate() }}")
        .render_messages(&[], &ChatOptions::default())
        .unwrap_err();
    assert!(matches!(failed, ChatError::Render { .. }), "{failed}");
    let failed = failed.to_string();
    assert!(
        failed.contains("models/toy") && failed.contains("line 3"),
        "{failed}"
    );
}
