//! Chat templates against Jinja2 in the environment of transformers, and against Python's own methods. Conversations of
//! published layouts are in `golden`.

use std::{collections::BTreeMap, fs, path::Path};

use molglot_lm::{
    chat::{ChatError, ChatOptions, ChatTemplates, Clock, Value},
    tokenizer::SpecialTokens,
};
use serde_json::json;

use crate::{support::fixtures, tokenizer::toy};

fn one(source: &str) -> ChatTemplates {
    let sources = [("default".to_owned(), source.to_owned())].into();
    ChatTemplates::new(sources, SpecialTokens::default(), Path::new("models/toy")).unwrap()
}

fn rendered(source: &str, variables: &str) -> String {
    let variables: BTreeMap<String, Value> = serde_json::from_str(variables).unwrap();
    let options = ChatOptions {
        variables,
        ..ChatOptions::default()
    };
    one(source).render_messages(&[], &options).unwrap()
}

/// A case of `fixtures/lm/chat`, its maps in the order of the file.
#[derive(serde::Deserialize)]
struct Rendering {
    template: String,
    messages: Value,
    #[serde(default)]
    add_generation_prompt: bool,
    tools: Option<Value>,
    documents: Option<Value>,
    #[serde(default)]
    variables: BTreeMap<String, Value>,
    text: Option<String>,
}

/// Whole templates in the manner of published ones; methods, filters, tests, arithmetic and JSON.
#[test]
fn own_templates_and_expressions_equal_transformers() {
    let file = fixtures().join("chat/cases.json");
    let cases: Vec<Rendering> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(cases.len() > 150);
    let mut wrong = Vec::new();
    for case in cases {
        let sources = [("default".to_owned(), case.template.clone())].into();
        let tokens = SpecialTokens {
            bos: Some("<s>".to_owned()),
            eos: Some("</s>".to_owned()),
            ..SpecialTokens::default()
        };
        let options = ChatOptions {
            add_generation_prompt: case.add_generation_prompt,
            tools: case.tools,
            documents: case.documents,
            variables: case.variables,
            template: None,
        };
        let found = ChatTemplates::new(sources, tokens, Path::new("fixtures"))
            .and_then(|templates| templates.render(&case.messages, &options));
        if found.as_ref().ok() != case.text.as_ref() {
            wrong.push(format!(
                "{}\n  {:?}\n  is {:?}\n  should be {:?}",
                case.template, case.messages, found, case.text
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases\n{}",
        wrong.len(),
        wrong.join("\n")
    );
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
