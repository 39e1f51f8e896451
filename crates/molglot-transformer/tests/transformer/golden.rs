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
