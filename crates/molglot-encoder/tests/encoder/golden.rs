//! Every encoder against its reference, on every CPU backend.

use std::path::Path;

use molglot_encoder::verify;
use molglot_tensor::{Backend, golden::Golden};

fn run(case: &str) {
    match Golden::find(case).unwrap() {
        Some(golden) => check(&golden),
        None => eprintln!("MOLGLOT_GOLDEN is not set: {case} is not run"),
    }
}

/// A case that this project made itself.
fn fixture(case: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/encoder");
    check(&Golden::open(&root.join(case)).unwrap());
}

fn check(golden: &Golden) {
    let case = golden.dir().display();
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

#[test]
fn a_toy_unimol_equals_its_formulas() {
    fixture("unimol");
}

#[test]
fn gat_equals_torch_geometric() {
    run("gat");
}

#[test]
fn scannet_with_its_published_weights_equals_the_authors_code() {
    run("scannet");
}

#[test]
fn a_toy_gat_equals_torch_geometric() {
    fixture("gat");
}

#[test]
fn a_toy_gin_equals_torch_geometric() {
    fixture("gin");
}

#[test]
fn a_toy_gin_with_the_other_convolution_equals_its_formulas() {
    fixture("gin_gcn");
}

#[test]
fn a_toy_hierarchical_encoder_equals_torch_geometric_on_its_graph() {
    fixture("hierarchical");
}

#[test]
fn a_toy_gearnet_equals_its_formulas() {
    fixture("gearnet");
}

#[test]
fn a_toy_gearnet_with_edge_messages_equals_its_formulas() {
    fixture("gearnet_edge");
}

#[test]
fn a_toy_gvp_equals_its_formulas_turned_or_not() {
    fixture("gvp");
}

#[test]
fn a_toy_gvp_with_sequences_and_a_score_equals_its_formulas() {
    fixture("gvp_mqa");
}

#[test]
fn a_toy_gvp_layer_with_a_vector_gate_equals_its_formulas() {
    fixture("gvp_gate");
}

#[test]
fn a_toy_esm2_over_chains_equals_transformers() {
    fixture("esm2");
}

#[test]
fn a_toy_scannet_equals_its_formulas() {
    fixture("scannet");
}

#[test]
fn a_case_of_another_part_is_none_of_ours() {
    let Some(golden) = Golden::find("llama2").unwrap() else {
        return;
    };
    let device = Backend::Flex.open().unwrap();
    assert!(verify(&golden, &device).unwrap().is_none());
}
