//! Every encoder against its reference, on every CPU backend.

use std::{
    fs,
    path::{Path, PathBuf},
};

use molglot_encoder::verify;
use molglot_tensor::{Backend, golden::Golden};

fn run(case: &str) {
    let Some(golden) = Golden::find(case).unwrap() else {
        eprintln!("MOLGLOT_GOLDEN is not set: {case} is not run");
        return;
    };
    compare(case, &golden);
}

fn compare(case: &str, golden: &Golden) {
    for backend in Backend::cpus() {
        let verdict = verify(golden, &backend.open().unwrap()).unwrap().unwrap();
        eprintln!("{case}, {backend}: {verdict}");
        assert!(verdict.passed(), "{case}, {backend}: {verdict}");
        assert_eq!(verdict.skipped.len(), 0);
    }
}

#[test]
fn gin_equals_moleculestm() {
    run("gin_moleculestm");
}

#[test]
fn gearnet_equals_torchdrug() {
    run("gearnet");
}

#[test]
fn gearnet_with_edge_messages_equals_torchdrug() {
    run("gearnet_edge");
}

#[test]
fn gvp_equals_gvp_pytorch_turned_or_not() {
    run("gvp");
}

#[test]
fn gvp_with_sequences_and_a_score_equals_gvp_pytorch() {
    run("gvp_mqa");
}

#[test]
fn a_gvp_layer_with_a_vector_gate_equals_gvp_pytorch() {
    run("gvp_gate");
}

#[test]
fn unimol_equals_3d_molm() {
    run("unimol");
}

/// Cases of our own making, which need nothing but the repository.
#[test]
fn toy_encoders_equal_their_formulas() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/encoder");
    let cases = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases: Vec<PathBuf> = cases.filter(|path| path.is_dir()).collect();
    assert!(cases.iter().any(|case| case.ends_with("unimol")));
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        compare(name, &Golden::open(&case).unwrap());
    }
}

#[test]
fn a_case_of_another_part_is_none_of_ours() {
    let Some(golden) = Golden::find("llama2").unwrap() else {
        return;
    };
    let device = Backend::Flex.open().unwrap();
    assert!(verify(&golden, &device).unwrap().is_none());
}
