//! Every case, on every CPU backend, through what `molglot verify` runs.

use std::path::Path;

use molglot_tensor::{Backend, golden::Golden};
use molglot_transformer::verify::verify;

fn check(golden: &Golden) {
    for backend in Backend::cpus() {
        let verdict = verify(golden, &backend.open().unwrap()).unwrap().unwrap();
        let place = format!("{}, {backend}", golden.dir().display());
        eprintln!("{place}: {verdict}");
        assert!(verdict.passed(), "{place}: {verdict}");
        assert!(verdict.skipped.is_empty(), "{place}: {verdict}");
    }
}

fn reference(case: &str) {
    match Golden::find(case).unwrap() {
        Some(golden) => check(&golden),
        None => eprintln!("MOLGLOT_GOLDEN is not set: the reference case {case} is not run"),
    }
}

fn fixture(case: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
    check(&Golden::open(&root.join(case)).unwrap());
}

#[test]
fn esm2_equals_hugging_face() {
    reference("esm2");
}

#[test]
fn bert_equals_hugging_face() {
    reference("bert");
}

#[test]
fn a_toy_bert_equals_hugging_face() {
    fixture("bert");
}

#[test]
fn a_toy_roberta_equals_hugging_face() {
    fixture("roberta");
}

#[test]
fn a_toy_esm2_with_rounded_frequencies_equals_hugging_face() {
    fixture("esm2");
}

#[test]
fn a_case_of_another_kind_is_left_to_others() {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/bert");
    std::fs::copy(
        root.join("io.safetensors"),
        dir.path().join("io.safetensors"),
    )
    .unwrap();
    std::fs::write(dir.path().join("meta.json"), r#"{"kind": "llama"}"#).unwrap();
    let golden = Golden::open(dir.path()).unwrap();
    let device = Backend::Flex.open().unwrap();
    assert_eq!(verify(&golden, &device).unwrap(), None);
}
