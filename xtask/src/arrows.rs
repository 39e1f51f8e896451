//! Which crate may use which: the architecture as a table, compared with what the manifests say.

use serde_json::Value;

use crate::failure::Failure;
use crate::workspace;

/// Every crate, and the crates of this workspace that it may use. Its tests may also use what those stand on, which never leads
/// to a sibling. Reading order is that of the data: chemistry, graphs, tensors, the spine, its four siblings, the run.
const ALLOWED: &[(&str, &[&str])] = &[
    ("molglot-chem", &[]),
    ("molglot-bio", &["molglot-chem"]),
    ("molglot-graph", &["molglot-chem", "molglot-bio"]),
    ("molglot-metrics", &[]),
    ("molglot-tensor", &[]),
    ("molglot-transformer", &["molglot-tensor"]),
    (
        "molglot-core",
        &["molglot-chem", "molglot-graph", "molglot-tensor"],
    ),
    // The siblings never use each other: that is what lets any of one kind go with any of another.
    (
        "molglot-encoder",
        &[
            "molglot-core",
            "molglot-graph",
            "molglot-tensor",
            "molglot-transformer",
        ],
    ),
    (
        "molglot-projector",
        &["molglot-core", "molglot-tensor", "molglot-transformer"],
    ),
    (
        "molglot-lm",
        &["molglot-core", "molglot-tensor", "molglot-transformer"],
    ),
    (
        "molglot-align",
        &["molglot-core", "molglot-graph", "molglot-tensor"],
    ),
    (
        "molglot-train",
        &[
            "molglot-chem",
            "molglot-bio",
            "molglot-graph",
            "molglot-metrics",
            "molglot-tensor",
            "molglot-transformer",
            "molglot-core",
            "molglot-encoder",
            "molglot-projector",
            "molglot-lm",
            "molglot-align",
        ],
    ),
    (
        "molglot-benches",
        &[
            "molglot-chem",
            "molglot-bio",
            "molglot-graph",
            "molglot-metrics",
            "molglot-tensor",
            "molglot-transformer",
            "molglot-core",
            "molglot-encoder",
            "molglot-projector",
            "molglot-lm",
            "molglot-align",
            "molglot-train",
        ],
    ),
    // It runs molglot as a process, so that it is built in seconds.
    ("xtask", &[]),
];

/// Fails when a manifest has an arrow that the table has not.
pub(crate) fn check() -> Result<(), Failure> {
    let wrong = violations(&workspace::metadata(&["--no-deps"])?);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(wrong.join("\n")))
    }
}

/// The wrong arrows in what `cargo metadata` says, a sentence each.
fn violations(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ours: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!(
                "{name} has no row in xtask/src/arrows.rs: say there which crates it may use"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let kind = dependency["kind"].as_str();
            let right = allowed.contains(&used) || (kind == Some("dev") && stands_on(name, used));
            // A crate's own name is no arrow: its tests may turn on its features that way.
            if ours.contains(&used) && used != name && !right {
                wrong.push(sentence(name, used, kind, allowed));
            }
        }
    }
    wrong
}

/// Whether allowed arrows lead from one crate to another, over any number of crates between them.
fn stands_on(name: &str, used: &str) -> bool {
    ALLOWED
        .iter()
        .filter(|(known, _)| *known == name)
        .flat_map(|(_, allowed)| *allowed)
        .any(|next| *next == used || stands_on(next, used))
}

/// `kind` is cargo's: none for a normal dependency.
fn sentence(name: &str, used: &str, kind: Option<&str>, allowed: &[&str]) -> String {
    let kind = kind.map(|kind| format!("{kind}-")).unwrap_or_default();
    let may = if allowed.is_empty() {
        "no crate of this workspace".to_owned()
    } else {
        allowed.join(", ")
    };
    format!("{name} must not use {used} (a {kind}dependency in its Cargo.toml); it may use {may}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|(name, kind)| json!({ "name": name, "kind": kind }))
            .collect();
        json!({ "name": name, "dependencies": dependencies })
    }

    #[test]
    fn tests_may_use_what_a_crate_stands_on_but_no_sibling() {
        let arrow = |used| {
            let package = package("molglot-projector", &[(used, Some("dev"))]);
            let other = json!({ "name": used, "dependencies": [] });
            violations(&json!({ "packages": [package, other] }))
                .into_iter()
                .filter(|wrong| wrong.starts_with("molglot-projector"))
                .count()
        };
        assert_eq!(arrow("molglot-chem"), 0);
        assert_eq!(arrow("molglot-lm"), 1);
        assert_eq!(arrow("molglot-train"), 1);
    }

    #[test]
    fn an_encoder_that_uses_a_language_model_is_reported() {
        let metadata = json!({ "packages": [
            package("molglot-core", &[("molglot-tensor", None)]),
            package("molglot-tensor", &[("burn", None)]),
            package("molglot-lm", &[("molglot-core", None)]),
            package("molglot-encoder", &[("molglot-core", None), ("molglot-lm", None)]),
        ]});
        let wrong = violations(&metadata);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(
            wrong[0].starts_with("molglot-encoder must not use molglot-lm (a dependency"),
            "{wrong:?}"
        );
    }

    #[test]
    fn dev_and_build_dependencies_are_arrows_too() {
        for kind in ["dev", "build"] {
            let metadata = json!({ "packages": [
                package("molglot-metrics", &[("molglot-tensor", Some(kind))]),
                package("molglot-tensor", &[]),
            ]});
            let wrong = violations(&metadata);
            assert!(
                wrong.len() == 1 && wrong[0].contains(&format!("{kind}-dependency")),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_reported() {
        let wrong = violations(&json!({ "packages": [package("molglot-new", &[])] }));
        assert!(
            wrong.len() == 1 && wrong[0].contains("molglot-new has no row"),
            "{wrong:?}"
        );
    }

    #[test]
    fn the_table_names_only_crates_that_it_knows() {
        for used in ALLOWED.iter().flat_map(|(_, allowed)| *allowed) {
            assert!(ALLOWED.iter().any(|(name, _)| name == used), "{used}");
        }
    }
}
