//! Runs that train Uni-Mol alone, on conformers of SD files.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use molglot_tensor::Backend;
use molglot_train::{
    error::Error,
    pretrain::{PretrainOutcome, PretrainRecipe, pretrain},
    recipe::Document,
    run::RunDir,
};

use crate::support::{alone, copy, losses, metrics, options};

const RECIPE: &str = r#"
name = "conformers"
seed = 3

[data]
path = "conformers.sdf"
held_out = 12
max_bad_fraction = 0.1

[encoder]
kind = "unimol"
layers = 2
heads = 4
head_width = 4
feed_forward = 16
kernels = 16

[checkpoint]
every = 4
keep = 100

[[stage]]
name = "atoms"
input = "molecules"
objective = { kind = "unimol" }
train = ["encoder"]
epochs = 8
batch_size = 8
accumulate = 2
learning_rate = 1e-2
max_steps = 24
"#;

fn read(text: &str, sets: &[&str]) -> PretrainRecipe {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    PretrainRecipe::read(&Document::read("recipe.toml", text, &sets).unwrap()).unwrap()
}

fn run(
    recipe: &PretrainRecipe,
    runs: &Path,
    resume: Option<RunDir>,
) -> Result<PretrainOutcome, Error> {
    let _alone = alone();
    pretrain(recipe, &options(runs, Backend::Flex, resume))
}

/// A zigzag of these elements, so that neighbours tell an atom's element and place.
fn record(name: &str, elements: &str, dimension: &str) -> String {
    let count = elements.len();
    let mut text = format!("{name}\n  made up {dimension}\n\n");
    let bonds = count - 1;
    writeln!(text, "{count:3}{bonds:3}  0  0  0  0            999 V2000").unwrap();
    for (place, element) in elements.chars().enumerate() {
        let (x, y) = (1.25 * place as f32, 0.4 * (place % 2) as f32);
        let z = if dimension == "3D" {
            0.05 * (place * place) as f32
        } else {
            0.0
        };
        writeln!(text, "{x:10.4}{y:10.4}{z:10.4} {element:<3} 0  0").unwrap();
    }
    for bond in 1..count {
        writeln!(text, "{bond:3}{:3}  1  0", bond + 1).unwrap();
    }
    text + "M  END\n$$$$\n"
}

/// Sixty chains; of the last three one is a drawing, one no molecule, and one too small.
fn conformers(folder: &Path) -> PathBuf {
    let chain = |number: usize| -> String {
        let letters = ['C', 'C', 'N', 'C', 'C', 'O'];
        (0..8 + number / 6)
            .map(|at| letters[(at + number) % 6])
            .collect()
    };
    let mut text = String::new();
    for number in 0..60 {
        text += &record(&format!("chain {number}"), &chain(number), "3D");
    }
    text += &record("drawn", "CCCCCCN", "2D");
    text += "broken\n\n\n  1  0  0  0  0  0            999 V2000\nM  END\n$$$$\n";
    text += &record("small", "CCO", "3D");
    let path = folder.join("conformers.sdf");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn elements_places_and_distances_are_learned_and_resumed_bit_by_bit() {
    let runs = tempfile::tempdir().unwrap();
    let path = format!("data.path={}", conformers(runs.path()).display());
    let recipe = read(RECIPE, &[&path]);
    let whole = run(&recipe, runs.path(), None).unwrap();
    let found = losses(&whole.dir);
    assert_eq!(found.len(), 24);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&found[18..]) < 0.75 * mean(&found[..4]), "{found:?}");

    let scores = &whole.scores[0];
    let tasks: Vec<&str> = scores.after.iter().map(|score| &*score.task).collect();
    let names = [
        "atom_type",
        "coordinates",
        "distances",
        "token_norm",
        "pair_norm",
    ];
    assert_eq!(tasks, names);
    for (number, after) in scores.after.iter().enumerate() {
        let (before, shown) = (&scores.before[number], &scores.majority[number]);
        assert_eq!((before.items, shown.items), (after.items, after.items));
        assert_eq!(after.accuracy.is_some(), number == 0);
        assert_eq!(after.error.is_some(), number == 1 || number == 2);
        assert_eq!(shown.error.is_some(), number == 1 || number == 2);
    }
    assert!(scores.after[0].loss < scores.before[0].loss);
    assert!(scores.after[2].error < scores.before[2].error);
    // Uniform noise between -1 and 1 is wrong by a half, and one atom in twenty is shown where it is.
    let noise = scores.majority[1].error.unwrap();
    assert!((0.4..0.55).contains(&noise), "{noise}");
    assert_eq!(scores.after[3].items, 12, "a norm a molecule");

    let quarantine = fs::read_to_string(whole.dir.join("quarantine.jsonl")).unwrap();
    assert_eq!(quarantine.lines().count(), 2, "{quarantine}");
    assert!(
        quarantine
            .contains("\"id\":\"drawn\",\"reason\":\"record 61: its coordinates are a drawing")
    );
    assert!(quarantine.contains("record 62: "), "{quarantine}");
    assert_eq!(whole.held_out, 12);
    let report = fs::read_to_string(whole.dir.join("report.html")).unwrap();
    assert!(report.contains("atoms: coordinates mean error"));
    assert!(report.contains("atoms: token norm loss"));
    assert!(!report.contains("atoms: token norm mean error"));

    // Tables have no conformers.
    fs::write(runs.path().join("table.csv"), "smiles,y\nCCO,1\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_molglot"))
        .current_dir(runs.path())
        .args(["probe", "--run", whole.dir.to_str().unwrap(), "table.csv:y"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("kind `unimol` reads conformers"), "{said}");

    let encoder = |run: &Path| fs::read(run.join("model/encoder.safetensors")).unwrap();
    for cut in [4, 20] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("conformers-20000101-000000");
        copy(&whole.dir, &dir);
        fs::remove_dir_all(dir.join("model")).unwrap();
        let resumed = RunDir::open(&dir).unwrap();
        let checkpoints = resumed.checkpoints().unwrap();
        for step in checkpoints.steps().unwrap() {
            if step > cut {
                fs::remove_dir_all(checkpoints.path_of(step)).unwrap();
            }
        }
        let outcome = run(&recipe, root.path(), Some(resumed)).unwrap();
        assert_eq!(metrics(&dir), metrics(&whole.dir), "cut at {cut}");
        assert_eq!(outcome.scores, whole.scores, "cut at {cut}");
        assert!(encoder(&dir) == encoder(&whole.dir), "cut at {cut}");
    }
}

/// The program by itself, with one thread and with three.
#[test]
fn threads_change_no_bit() {
    let root = tempfile::tempdir().unwrap();
    conformers(root.path());
    let recipe = root.path().join("recipe.toml");
    fs::write(&recipe, RECIPE.replace("max_steps = 24", "max_steps = 5")).unwrap();
    let outcome = |threads: &str| {
        let runs = root.path().join(threads);
        let output = Command::new(env!("CARGO_BIN_EXE_molglot"))
            .current_dir(root.path())
            .env("RAYON_NUM_THREADS", threads)
            .args(["train", "recipe.toml", "--runs", threads])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let run = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
        let encoder = fs::read(run.join("model/encoder.safetensors")).unwrap();
        (metrics(&run), encoder)
    };
    let (one, three) = (outcome("1"), outcome("3"));
    assert_eq!(one.0, three.0);
    assert!(one.1 == three.1);
}

#[test]
fn molecules_without_coordinates_are_refused_and_flat_encoders_read_sd_files() {
    let runs = tempfile::tempdir().unwrap();
    let path = format!("data.path={}", conformers(runs.path()).display());
    for other in ["builtin:molecules", "list.smi", "table.csv"] {
        let sets = [&*format!("data.path={other}")];
        let error = run(&read(RECIPE, &sets), runs.path(), None).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(other) && said.contains("set data.path to SD files"),
            "{said}"
        );
    }
    let missing = read(RECIPE, &["data.path=nowhere.sdf"]);
    let error = run(&missing, runs.path(), None).unwrap_err().to_string();
    assert!(error.contains("nowhere.sdf"), "{error}");
    let cut = runs.path().join("cut.sdf.gz");
    fs::write(&cut, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]).unwrap();
    let sets = [&*format!("data.path={}", cut.display())];
    let error = run(&read(RECIPE, &sets), runs.path(), None)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the rest of the file cannot be read"),
        "{error}"
    );

    let flat = RECIPE
        .replace(
            "objective = { kind = \"unimol\" }",
            "objective = { kind = \"m3llm\" }",
        )
        .replace("max_steps = 24", "max_steps = 1");
    let from = flat.find("[encoder]").unwrap();
    let to = flat.find("[checkpoint]").unwrap();
    let encoder = "[encoder]\nkind = \"hierarchical\"\nlayers = 1\nwidth = 8\n\n";
    let flat = [&flat[..from], encoder, &flat[to..]].concat();
    let outcome = run(&read(&flat, &[&path]), runs.path(), None).unwrap();
    let quarantine = fs::read_to_string(outcome.dir.join("quarantine.jsonl")).unwrap();
    assert_eq!(quarantine.lines().count(), 1, "a drawing is a molecule too");

    let wrong = RECIPE.replace("kind = \"unimol\" }", "kind = \"m3llm\" }");
    let error = run(&read(&wrong, &[&path]), runs.path(), None).unwrap_err();
    assert!(
        error.to_string().contains("m3llm cannot be asked"),
        "{error}"
    );
    let wrong = flat.replace("kind = \"m3llm\" }", "kind = \"unimol\" }");
    let error = run(&read(&wrong, &[&path]), runs.path(), None).unwrap_err();
    assert!(
        error.to_string().contains("unimol cannot be asked"),
        "{error}"
    );
    let senseless = Document::read(
        "r.toml",
        &RECIPE.replace("\"unimol\" }", "\"unimol\", mask = 0.0 }"),
        &[],
    );
    let error = PretrainRecipe::read(&senseless.unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.contains("asks about no atom"), "{error}");
}
