//! Words that must not be in a source file: paths of one machine, and marks of work left undone.

use crate::failure::Failure;
use crate::sources::{self, Source};

/// Written in two halves, so that this file passes its own check.
const WORDS: [&str; 7] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("#[ign", "ore"),
];

/// Fails when a source file has one of the words.
pub(crate) fn check() -> Result<(), Failure> {
    let sources = sources::read()?;
    let findings: Vec<String> = sources.iter().flat_map(find).collect();
    sources::none_of(
        &findings,
        "finish what is left undone, or say it in an issue; take paths from arguments",
    )
}

fn find(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        found.extend(
            WORDS
                .iter()
                .filter(|word| line.contains(**word))
                .map(|word| format!("{}:{}: `{word}`", source.path, index + 1)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_with_its_line() {
        for word in WORDS {
            let source = Source {
                path: "a.rs".to_owned(),
                text: format!("fn a() {{}}\n{word}\n"),
            };
            assert_eq!(find(&source), [format!("a.rs:2: `{word}`")]);
        }
    }

    #[test]
    fn harmless_lines_pass() {
        let text =
            "let path = \"framework/model\";\n// a method to do it\n#[must_use]\n".to_owned();
        assert!(
            find(&Source {
                path: "a.rs".to_owned(),
                text
            })
            .is_empty()
        );
    }
}
