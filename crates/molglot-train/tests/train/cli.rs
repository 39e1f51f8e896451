//! The `molglot` command as a user meets it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use molglot_tensor::Backend;
use molglot_train::run::RunDir;
use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::{
    embed::table,
    support::{TINY, files, metrics, run, tiny},
};

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
    for name in [
        "quickstart",
        "m3llm-mini",
        "pretrain-m3llm",
        "pretrain-gearnet",
        "pretrain-unimol",
    ] {
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
    let lines: Vec<Value> = text(&output.stdout)
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

    answers_do_not_depend_on_the_batch(run, runs.path());

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
    let out = runs.path().join("features.parquet");
    let output = molglot(&[
        "embed",
        "--run",
        run,
        "--device",
        "flex",
        "--level",
        "node,graph",
        "--smiles",
        "CC",
        "--input",
        input.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (about, rows) = table(&out);
    assert_eq!(about["level"], "graph,node");
    let keys: Vec<(&str, &str, i64)> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.file.as_str(), row.number))
        .collect();
    let file = input.to_str().unwrap();
    let aspirin = "CC(=O)Oc1ccccc1C(=O)O";
    assert_eq!(
        keys,
        [("CC", "--smiles", 1), ("CCO", file, 1), (aspirin, file, 3)]
    );
    for (row, atoms) in rows.iter().zip([2, 3, 13]) {
        assert_eq!(row.levels["graph"].1.len(), 16);
        assert_eq!(row.levels["node"].0, Some(atoms));
        assert_eq!(row.levels["node"].1.len(), 16 * atoms as usize);
    }
}

fn answers_do_not_depend_on_the_batch(run: &str, dir: &Path) {
    let input = dir.join("batches.smi");
    fs::write(&input, "CCO\nC1CC\nCC(=O)Oc1ccccc1C(=O)O\n\n[Na+].[Cl-]\n").unwrap();
    let ask = |options: &[&str]| {
        let input = input.to_str().unwrap();
        let asked = [
            "predict", "--run", run, "--device", "flex", "--input", input,
        ];
        molglot(&[&asked, options].concat())
    };
    let kinds: [&[&str]; 3] = [
        &[],
        &["--beams", "3"],
        &["--temperature", "1.5", "--top-p", "0.9", "--seed", "4"],
    ];
    let mut said = Vec::new();
    for kind in kinds {
        let whole = text(&ask(&[kind, &["--max-new-tokens", "12"]].concat()).stdout);
        let lines: Vec<u64> = whole
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                line["line"].as_u64().unwrap()
            })
            .collect();
        assert_eq!(lines, [1, 2, 3, 5], "{kind:?}");
        for batch in ["1", "2"] {
            let options = [kind, &["--max-new-tokens", "12", "--batch", batch]].concat();
            assert_eq!(text(&ask(&options).stdout), whole, "{options:?}");
        }
        said.push(whole);
    }
    assert_ne!(said[0], said[2], "draws are no likeliest tokens");
    let output = ask(&["--temperature", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("temperature"),
        "{}",
        text(&output.stderr)
    );
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

fn chem(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_molglot"))
        .arg("chem")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A command that stops early has closed its end.
    let _ = writer.join().unwrap();
    output
}

#[test]
fn lines_keep_their_order_and_their_names() {
    let input: String = (0..20_000)
        .map(|number| format!("{}O\tn{number}\n", "C".repeat(1 + number % 50)))
        .collect();
    let output = chem(&["canon"], input.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Alcohols are written from their carbon end, as they came.
    assert_eq!(text(&output.stdout), input);
}

#[test]
fn bad_lines_are_named_and_the_others_are_done() {
    let input = b"OCC ethanol\r\nC1CC\n\nF/C=C\\\\F\n\xff\xfe\n[CH99]\nc1ccccc1";
    let output = chem(&["canon"], input);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "CCO\tethanol\n\nF/C=C\\F\nc1ccccc1\n");
    let message = text(&output.stderr);
    for part in [
        "line 2: `C1CC`: column 2",
        "line 5:",
        "UTF-8",
        "line 6: `[CH99]`",
        "3 of 7 lines could not be read",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let output = chem(&["canon", "--keep-places"], input);
    assert_eq!(
        text(&output.stdout),
        "CCO\tethanol\n\n\nF/C=C\\F\n\n\nc1ccccc1\n"
    );
}

#[test]
fn every_chem_command_has_a_json_form() {
    let aspirin = "CC(=O)Oc1ccccc1C(=O)O aspirin\n";
    let selfies = "[C][C][O]\n";
    for (command, input, key) in [
        ("canon", aspirin, "smiles"),
        ("selfies", aspirin, "selfies"),
        ("smiles", selfies, "smiles"),
        ("brics", aspirin, "motifs"),
        ("groups", aspirin, "groups"),
        ("fingerprint", aspirin, "on"),
        ("features", aspirin, "atoms"),
        ("descriptors", aspirin, "MolLogP"),
    ] {
        let output = chem(&[command, "--json"], input.as_bytes());
        assert!(output.status.success(), "{command}");
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(record["line"], 1, "{command}");
        assert!(!record[key].is_null(), "{command}: {record}");
        let plain = chem(&[command], input.as_bytes());
        assert_eq!(text(&plain.stdout).lines().count(), 1, "{command}");
    }
    let brics = chem(&["brics", "--json"], aspirin.as_bytes());
    let brics: Value = serde_json::from_slice(&brics.stdout).unwrap();
    assert_eq!(brics["bonds"], json!([[1, 3], [3, 4], [9, 10]]));
    assert_eq!(
        brics["motifs"],
        json!([[0, 1, 2], [3], [4, 5, 6, 7, 8, 9], [10, 11, 12]])
    );
    let bad = chem(&["brics", "--json", "--keep-places"], b"CCO\nCCX\n");
    assert_eq!(bad.status.code(), Some(2));
    let last = text(&bad.stdout).lines().last().unwrap().to_owned();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["line"], 2);
    assert!(last["error"].as_str().unwrap().contains("column 3"));
}

#[test]
fn fingerprints_have_formats_and_refuse_what_is_none() {
    let formats = |format: &str| {
        let output = chem(
            &["fingerprint", "--kind", "maccs", "--format", format],
            b"CCO\n",
        );
        text(&output.stdout).trim().to_owned()
    };
    let on: Vec<usize> = formats("on")
        .split(' ')
        .map(|bit| bit.parse().unwrap())
        .collect();
    let binary = formats("binary");
    assert_eq!(binary.len(), 167);
    let ones = binary.bytes().enumerate().filter(|&(_, bit)| bit == b'1');
    assert_eq!(ones.map(|(bit, _)| bit).collect::<Vec<_>>(), on);
    assert_eq!(formats("hex").len(), 42);
    for wrong in [
        &["fingerprint", "--kind", "maccs", "--counts"][..],
        &["fingerprint", "--bits", "0"],
    ] {
        let output = chem(wrong, b"CCO\n");
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(text(&output.stderr).starts_with("error: "));
    }
    let missing = chem(&["canon", "no-such-file.smi"], b"");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("no-such-file.smi"));
}

#[test]
fn workloads_are_measured_by_name() {
    let output = molglot(&["bench", "brics_bonds", "maccs", "--repeat", "1", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rates: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rates.len(), 2);
    assert_eq!(rates[0]["workload"], "brics_bonds");
    assert_eq!(rates[0]["unit"], "molecules/s");
    assert!(rates[0]["median"].as_f64().unwrap() > 0.0);
    let output = molglot(&["bench", "brics_bond"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`brics_bonds`"));
}

/// Two residues and a water.
const DIPEPTIDE: &str = "\
TITLE     A DIPEPTIDE
ATOM      1  N   GLY A   1       0.000   0.000   0.000  1.00 10.00           N
ATOM      2  CA  GLY A   1       1.458   0.000   0.000  1.00 10.00           C
ATOM      3  C   GLY A   1       2.009   1.420   0.000  1.00 10.00           C
ATOM      4  N   MSE A   2       3.332   1.536   0.000  1.00 10.00           N
ATOM      5  CA  MSE A   2       3.986   2.839   0.000  1.00 10.00           C
TER
HETATM    6  O   HOH A 101       9.000   9.000   9.000  1.00 10.00           O
END
";

#[test]
fn structures_are_told_and_bad_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write("good.pdb", DIPEPTIDE);
    let bad = write("bad.pdb", "ATOM      1  N   GLY A   1       0.000\n");
    let output = molglot(&["structure", "info", "--json", &good]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(info["title"], "A DIPEPTIDE");
    let chains = info["chains"].as_array().unwrap();
    assert_eq!(chains.len(), 1);
    assert_eq!(chains[0]["id"], "A");
    assert_eq!(chains[0]["residues"], 2);
    assert_eq!(chains[0]["sequence"], "GM");
    assert_eq!(chains[0]["atoms"], 6);

    let output = molglot(&["structure", "sequence", &bad, &good]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).ends_with("_A\nGM\n"),
        "{}",
        text(&output.stdout)
    );
    let message = text(&output.stderr);
    assert!(
        message.contains("bad.pdb, line 1") && message.contains("1 of 2 structures"),
        "{message}"
    );
    let missing = molglot(&["structure", "info", "no-such-file.pdb"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("no-such-file.pdb"));
}
