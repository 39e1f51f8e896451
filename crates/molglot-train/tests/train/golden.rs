//! Reference cases that need more than one crate, through what `molglot verify` runs: steps of PyTorch's AdamW on a Llama and
//! on an adapter; retrieval.

use std::path::Path;

use molglot_tensor::{
    Backend,
    golden::{Golden, Verdict},
};
use molglot_train::verify::verify;

fn run(golden: &Golden, backend: Backend) -> Verdict {
    let verdict = verify(golden, &backend.open().unwrap()).unwrap().unwrap();
    eprintln!("{} on {backend}: {verdict}", golden.dir().display());
    verdict
}

fn case(name: &str) -> Option<Golden> {
    let found = Golden::find(name).unwrap();
    if found.is_none() {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case {name} is not run");
    }
    found
}

#[test]
fn twenty_steps_equal_pytorch() {
    let Some(golden) = case("adamw") else { return };
    for backend in Backend::cpus() {
        let verdict = run(&golden, backend);
        assert!(verdict.passed(), "{verdict}");
        let skipped: Vec<&str> = verdict.skipped.keys().map(String::as_str).collect();
        assert_eq!(
            skipped,
            ["out.schedule.constant_w6", "out.schedule.linear_w4_t20"]
        );
    }
}

/// The outputs of the adapters and the steps of one of them, as one case.
#[test]
fn adapters_and_their_training_equal_peft() {
    let own = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm");
        Golden::open(&folder.join(name)).unwrap()
    };
    let own = [own("lora"), own("lora_tied")];
    for golden in own.into_iter().chain(case("lora")) {
        for backend in Backend::cpus() {
            let verdict = run(&golden, backend);
            assert!(verdict.passed() && verdict.skipped.is_empty(), "{verdict}");
            assert!(verdict.compared.contains_key("out.train.grad_norm"));
        }
    }
}

/// Encoder, heads and losses of Uni-Mol's pre-training, with the gradient of their sum at every parameter.
#[test]
fn pre_training_equals_its_formulas() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pretext/unimol");
    let golden = Golden::open(&own).unwrap();
    for backend in Backend::cpus() {
        let verdict = run(&golden, backend);
        assert!(verdict.passed() && verdict.skipped.is_empty(), "{verdict}");
    }
}

#[test]
fn retrieval_equals_numpy_and_other_metrics_are_named() {
    let Some(golden) = case("metrics") else {
        return;
    };
    let verdict = run(&golden, Backend::Flex);
    assert_eq!(verdict.failures, [""; 0]);
    assert!(!verdict.compared.is_empty());
    for name in &verdict.uncovered {
        assert!(!name.starts_with("out."), "{name}");
    }
    assert!(verdict.uncovered.contains(&"expected.rouge".to_owned()));
}
