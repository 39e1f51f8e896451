//! `cargo xtask check`: the gate. The cheapest step comes first, and the first failure ends it.

use std::time::Instant;

use crate::console;
use crate::failure::Failure;
use crate::workspace::{self, CPU_FEATURES, CUDA_MANIFEST};
use crate::{arrows, backends, licenses, locks, words};

/// A step of the gate.
struct Step {
    name: &'static str,
    run: fn() -> Result<(), Failure>,
    /// What to do when a program that this step runs has failed and has said why.
    remedy: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        run: format,
        remedy: "run `cargo fmt --all`",
    },
    Step {
        name: "arrows",
        run: arrows::check,
        remedy: "cargo cannot read the manifests: see above",
    },
    Step {
        name: "words",
        run: words::check,
        remedy: "see above",
    },
    Step {
        name: "backends",
        run: backends::check,
        remedy: "see above",
    },
    Step {
        name: "locks",
        run: locks::check,
        remedy: "run `cargo xtask lock`",
    },
    Step {
        name: "licences",
        run: licenses::check,
        remedy: "cargo cannot list the packages: see above",
    },
    Step {
        name: "lints",
        run: lint,
        remedy: "mend what clippy names above",
    },
    Step {
        name: "flex",
        run: lint_flex,
        remedy: "the default features alone must do",
    },
    Step {
        name: "ndarray",
        run: lint_ndarray,
        remedy: "molglot-tensor must do without flex",
    },
    Step {
        name: "cuda",
        run: check_cuda,
        remedy: "the CUDA build must hold its types; that needs no device",
    },
    Step {
        name: "docs",
        run: document,
        remedy: "mend what rustdoc names above",
    },
];

/// Runs the steps of these names, or all of them, in turn.
pub(crate) fn run(names: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != *name))
    {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(Failure::Usage(format!(
            "unknown step `{unknown}`: use {}",
            known.join(", ")
        )));
    }
    let begun = Instant::now();
    for step in STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name))
    {
        let begun = Instant::now();
        console::note(format_args!("{} ...", step.name));
        (step.run)().map_err(|failure| explain(step, failure))?;
        report(step.name, begun);
    }
    report("all", begun);
    Ok(())
}

fn report(name: &str, begun: Instant) {
    console::say(format_args!(
        "ok  {name:<10} {:>7.1} s",
        begun.elapsed().as_secs_f64()
    ));
}

/// Says which step failed, and what to do about it.
fn explain(step: &Step, failure: Failure) -> Failure {
    let reason = match failure {
        Failure::Failed(message) | Failure::Usage(message) => message,
        Failure::Ended(_) => step.remedy.to_owned(),
    };
    Failure::Failed(format!("step `{}` failed\n{reason}", step.name))
}

fn format() -> Result<(), Failure> {
    workspace::status(workspace::cargo().args(["fmt", "--all", "--check"]))?;
    workspace::status(workspace::cargo().args([
        "fmt",
        "--check",
        "--package",
        "cubecl-llvm",
        "--manifest-path",
        CUDA_MANIFEST,
    ]))
}

/// Every target, with both CPU backends.
fn lint() -> Result<(), Failure> {
    clippy(&[&["--workspace", "--all-targets"], &CPU_FEATURES[..]].concat())
}

/// What the default build has.
fn lint_flex() -> Result<(), Failure> {
    clippy(&["--package", "molglot-train"])
}

/// The crates above molglot-tensor always bring flex along, so this set is that crate's alone.
fn lint_ndarray() -> Result<(), Failure> {
    clippy(&[
        "--package",
        "molglot-tensor",
        "--no-default-features",
        "--features",
        "ndarray",
    ])
}

fn clippy(args: &[&str]) -> Result<(), Failure> {
    workspace::status(
        workspace::cargo()
            .arg("clippy")
            .args(args)
            .args(["--", "--deny", "warnings"]),
    )
}

/// Clippy lints no crate outside the workspace that it runs in: for our crates this goes by the compiler's own warnings.
fn check_cuda() -> Result<(), Failure> {
    let mut cargo = workspace::cargo();
    cargo.args(["clippy", "--workspace", "--manifest-path", CUDA_MANIFEST]);
    cargo.args(["--config", r#"build.rustflags=["-Dwarnings"]"#]);
    workspace::status(cargo.arg("--target-dir").arg(workspace::cuda_target_dir()?))
}

fn document() -> Result<(), Failure> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["doc", "--workspace", "--no-deps"])
        .args(CPU_FEATURES);
    workspace::status(cargo.env("RUSTDOCFLAGS", "--deny warnings"))
}
