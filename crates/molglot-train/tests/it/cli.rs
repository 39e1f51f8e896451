//! The `molglot` command as a user meets it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use molglot_tensor::Backend;
use molglot_train::run::RunDir;
use safetensors::SafeTensors;

use crate::support::{TINY, files, metrics, run, tiny};

fn molglot(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_molglot"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run of one step.
fn trained(runs: &Path) -> PathBuf {
    let sets = [
        "stage.language.max_steps=1",
        "stage.align.max_steps=1",
        "stage.instruct.max_steps=1",
    ];
    run(&tiny(&sets), runs, Backend::Flex).unwrap().dir
}

#[test]
fn recipes_are_listed_shown_and_checked() {
    let listed = molglot(&["recipe", "list"]);
    assert!(listed.status.success());
    let names = text(&listed.stdout);
    for name in ["quickstart", "m3llm-mini"] {
        assert!(names.lines().any(|line| line.starts_with(name)), "{names}");
        let checked = molglot(&["recipe", "check", name]);
        assert!(checked.status.success(), "{}", text(&checked.stderr));
        let shown = molglot(&["recipe", "show", name]);
        assert!(text(&shown.stdout).contains("[[stage]]"));
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.toml");
    fs::write(&path, TINY.replace("hidden_size", "hiden_size")).unwrap();
    let output = molglot(&["recipe", "check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("hiden_size") && message.contains("`hidden_size`"),
        "{message}"
    );
    assert!(output.stdout.is_empty());

    let output = molglot(&["recipe", "check", "quickstart", "--set", "lm.hiden_size=64"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("hiden_size") && message.contains("`hidden_size`"),
        "{message}"
    );

    let output = molglot(&["recipe", "check", "quikstart"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("quickstart"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_run_answers_and_embeds() {
    let runs = tempfile::tempdir().unwrap();
    let dir = trained(runs.path());
    let run = dir.to_str().unwrap();

    let output = molglot(&[
        "predict", "--run", run, "--device", "flex", "--smiles", "CCO", "C1CC", "c1ccccc1",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    for (number, (line, smiles)) in lines.iter().zip(["CCO", "C1CC", "c1ccccc1"]).enumerate() {
        assert_eq!(line["line"], number + 1);
        assert_eq!(line["smiles"], smiles);
        let good = number != 1;
        assert_eq!(
            (line["answer"].is_string(), line["error"].is_string()),
            (good, !good),
            "{line}"
        );
    }
    let complaints = text(&output.stderr);
    let errors: Vec<&str> = complaints
        .lines()
        .filter(|line| line.starts_with("error:"))
        .collect();
    assert_eq!(errors.len(), 1, "{complaints}");
    assert!(
        errors[0].contains("molecule 2") && errors[0].contains("C1CC"),
        "{complaints}"
    );
    assert!(complaints.contains("column 2"), "{complaints}");

    let single = molglot(&[
        "predict", "--run", run, "--device", "flex", "--smiles", "CCO",
    ]);
    assert!(single.status.success());
    assert_eq!(
        text(&single.stdout).trim_end_matches('\n'),
        lines[0]["answer"].as_str().unwrap()
    );

    let input = runs.path().join("molecules.smi");
    fs::write(&input, "CCO ethanol\n\nCC(=O)Oc1ccccc1C(=O)O aspirin\n").unwrap();
    for (level, rows, offsets) in [("graph", 2, [0, 1, 2]), ("node", 3 + 13, [0, 3, 16])] {
        let out = runs.path().join(format!("{level}.safetensors"));
        let output = molglot(&[
            "embed",
            "--run",
            run,
            "--device",
            "flex",
            "--level",
            level,
            "--input",
            input.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let bytes = fs::read(&out).unwrap();
        let stored = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(stored.tensor("features").unwrap().shape(), [rows, 16]);
        let found = stored.tensor("offsets").unwrap();
        let found: Vec<i64> = found
            .data()
            .as_chunks::<8>()
            .0
            .iter()
            .copied()
            .map(i64::from_le_bytes)
            .collect();
        assert_eq!(found, offsets);
    }
}

#[test]
fn a_folder_that_is_no_run_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let output = molglot(&[
        "predict",
        "--run",
        dir.path().to_str().unwrap(),
        "--smiles",
        "CCO",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("recipe.toml"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_new_process_goes_on_with_a_run_on_every_backend() {
    for backend in Backend::cpus() {
        let runs = tempfile::tempdir().unwrap();
        let recipe = tiny(&["stage.align.max_steps=2", "stage.instruct.max_steps=4"]);
        let dir = run(&recipe, runs.path(), backend).unwrap().dir;
        let (steps, model) = (metrics(&dir), files(&dir.join("model")));
        fs::remove_dir_all(dir.join("model")).unwrap();
        let checkpoints = RunDir::open(&dir).unwrap().checkpoints().unwrap();
        for step in checkpoints
            .steps()
            .unwrap()
            .into_iter()
            .filter(|&step| step > 6)
        {
            fs::remove_dir_all(checkpoints.path_of(step)).unwrap();
        }
        let device = backend.to_string();
        let output = molglot(&[
            "train",
            "--resume",
            dir.to_str().unwrap(),
            "--device",
            &device,
        ]);
        assert!(
            output.status.success(),
            "{backend}: {}",
            text(&output.stderr)
        );
        assert!(
            text(&output.stdout).contains(&format!("run folder  {}", dir.display())),
            "{backend}"
        );
        assert_eq!(metrics(&dir), steps, "{backend}");
        assert!(
            files(&dir.join("model")) == model,
            "{backend}: another model"
        );
        let log = fs::read_to_string(dir.join("log.txt")).unwrap();
        assert!(log.contains("going on after step 6"), "{backend}: {log}");
    }
}
