//! Every case, on every CPU backend, through what `molglot verify` runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use molglot_tensor::{Backend, golden::Golden};
use molglot_transformer::verify::verify;
use safetensors::{Dtype, tensor::TensorView};

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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm")
}

fn fixture(case: &str) {
    check(&Golden::open(&root().join(case)).unwrap());
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

/// Name, shape and values of an integer tensor.
type Ints<'a> = (&'a str, [usize; 2], &'a [i64]);

/// A case without tensors but these.
fn ints(dir: &Path, kind: &str, tensors: &[Ints<'_>]) -> Golden {
    let owned: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    let views = tensors.iter().zip(&owned).map(|((name, shape, _), data)| {
        let view = TensorView::new(Dtype::I64, shape.to_vec(), data).unwrap();
        ((*name).to_owned(), view)
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::write(dir.join("io.safetensors"), bytes).unwrap();
    fs::write(dir.join("meta.json"), format!(r#"{{"kind": "{kind}"}}"#)).unwrap();
    let model = dir.join("model");
    fs::create_dir_all(&model).unwrap();
    for file in ["config.json", "model.safetensors"] {
        let from = root().join(kind).join("model").join(file);
        fs::copy(from, model.join(file)).unwrap();
    }
    Golden::open(dir).unwrap()
}

#[test]
fn a_broken_case_is_an_error_that_names_the_input() {
    let (ids, mask) = ("in.pad.input_ids", "in.pad.attention_mask");
    let cases: [(&[Ints<'_>], &str); 5] = [
        (&[(mask, [1, 2], &[1, 1])], ids),
        (&[(ids, [1, 2], &[4, 500])], "one of"),
        (&[(ids, [1, 2], &[4, -1])], "one of"),
        (&[(ids, [1, 2], &[4, 5]), (mask, [1, 2], &[0, 1])], mask),
        (&[(ids, [1, 2], &[4, 5]), (mask, [2, 1], &[1, 1])], "[2, 1]"),
    ];
    for kind in ["bert", "esm2"] {
        for (tensors, wanted) in &cases {
            let dir = tempfile::tempdir().unwrap();
            let golden = ints(dir.path(), kind, tensors);
            let error = verify(&golden, &Backend::Flex.open().unwrap()).unwrap_err();
            assert!(error.to_string().contains(wanted), "{kind}: {error}");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let long: Vec<i64> = vec![4; 11];
    let golden = ints(dir.path(), "bert", &[(ids, [1, 11], &long)]);
    let error = verify(&golden, &Backend::Flex.open().unwrap()).unwrap_err();
    assert!(error.to_string().contains("10 positions"), "{error}");
}

#[test]
fn a_case_of_another_kind_is_left_to_others() {
    let dir = tempfile::tempdir().unwrap();
    ints(dir.path(), "bert", &[]);
    fs::write(dir.path().join("meta.json"), r#"{"kind": "llama"}"#).unwrap();
    let golden = Golden::open(dir.path()).unwrap();
    let device = Backend::Flex.open().unwrap();
    assert_eq!(verify(&golden, &device).unwrap(), None);
}
