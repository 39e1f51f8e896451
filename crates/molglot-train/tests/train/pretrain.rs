//! Runs that train an encoder alone.

use std::{fmt::Write as _, fs, path::Path};

use molglot_tensor::{
    Backend, Init,
    weights::{Weights, same_names, to_bytes},
};
use molglot_train::{
    error::Error,
    pretrain::{PretrainOutcome, PretrainRecipe, pretrain},
    recipe::{Document, RecipeError},
    run::RunDir,
};

use crate::support::{alone, copy, losses, metrics, options, tiny};

/// Two micro-batches a step, so that masks of several batches are in play.
const MOLECULES: &str = r#"
name = "tasks"
seed = 5

[data]
path = "builtin:molecules"
held_out = 40

[encoder]
kind = "hierarchical"
layers = 2
width = 16

[checkpoint]
every = 4
keep = 100

[[stage]]
name = "tasks"
input = "molecules"
objective = { kind = "m3llm", counts = "log" }
train = ["encoder"]
epochs = 4
batch_size = 16
accumulate = 2
learning_rate = 5e-3
max_steps = 20
"#;

const STRUCTURES: &str = r#"
name = "residues"

[data]
path = "."
held_out = 2

[encoder]
kind = "gearnet"
hidden = [16, 16]
concat_hidden = false

[[stage]]
name = "types"
input = "structures"
objective = { kind = "residue_type", mask = 0.3 }
train = ["encoder"]
epochs = 30
batch_size = 2
learning_rate = 1e-2
"#;

fn read(text: &str, sets: &[&str]) -> Result<PretrainRecipe, RecipeError> {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    PretrainRecipe::read(&Document::read("recipe.toml", text, &sets)?)
}

fn run(
    recipe: &PretrainRecipe,
    runs: &Path,
    resume: Option<RunDir>,
) -> Result<PretrainOutcome, Error> {
    let _alone = alone();
    pretrain(recipe, &options(runs, Backend::Flex, resume))
}

fn encoder(run: &Path) -> Vec<u8> {
    fs::read(run.join("model/encoder.safetensors")).unwrap()
}

#[test]
fn five_tasks_are_learned_and_resumed_bit_by_bit() {
    let runs = tempfile::tempdir().unwrap();
    let recipe = read(MOLECULES, &[]).unwrap();
    let whole = run(&recipe, runs.path(), None).unwrap();
    let losses = losses(&whole.dir);
    assert_eq!(losses.len(), 20);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&losses[15..]) < 0.6 * mean(&losses[..5]), "{losses:?}");

    let scores = &whole.scores[0];
    let tasks: Vec<&str> = scores.after.iter().map(|score| &*score.task).collect();
    let names = ["link", "atom_type", "bond_type", "atom_count", "bond_count"];
    assert_eq!(tasks, names);
    for (number, after) in scores.after.iter().enumerate() {
        let (before, majority) = (&scores.before[number], &scores.majority[number]);
        assert_eq!(
            before.items, after.items,
            "the same questions at every look"
        );
        assert_eq!(majority.items, after.items);
        assert!(after.loss < before.loss, "{after:?} {before:?}");
        assert_eq!(after.accuracy.is_some(), number < 3);
        assert_eq!(after.error.is_none(), number < 3);
    }
    assert_eq!(scores.after[3].items, 40, "one count a held-out molecule");
    assert_eq!(
        scores.majority[0].accuracy,
        Some(0.5),
        "as many links as not"
    );
    let looks = fs::read_to_string(whole.dir.join("metrics.jsonl")).unwrap();
    assert!(
        looks
            .lines()
            .filter(|line| line.contains("bond_type"))
            .count()
            >= 6
    );
    let report = fs::read_to_string(whole.dir.join("report.html")).unwrap();
    assert!(report.contains("tasks: atom type accuracy (%)"));

    for cut in [4, 16, 20] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("tasks-20000101-000000");
        copy(&whole.dir, &dir);
        fs::remove_dir_all(dir.join("model")).unwrap();
        let resumed = RunDir::open(&dir).unwrap();
        let checkpoints = resumed.checkpoints().unwrap();
        let steps = checkpoints.steps().unwrap();
        assert_eq!(steps, [4, 8, 12, 16, 20]);
        for step in steps.into_iter().filter(|&step| step > cut) {
            fs::remove_dir_all(checkpoints.path_of(step)).unwrap();
        }
        let outcome = run(&recipe, root.path(), Some(resumed)).unwrap();
        assert_eq!(metrics(&dir), metrics(&whole.dir), "cut at {cut}");
        assert_eq!(outcome.scores, whole.scores, "cut at {cut}");
        assert!(encoder(&dir) == encoder(&whole.dir), "cut at {cut}");
    }

    other_recipes_start_from_the_encoder(&whole.dir);
}

/// Strictly: another width is another encoder.
fn other_recipes_start_from_the_encoder(run: &Path) {
    let path = run.join("model/encoder.safetensors");
    let weights = format!("encoder.weights={}", path.display());
    let device = Backend::Flex.open().unwrap();
    let start = tiny(&["encoder.layers=2", &weights]).encoder;
    let loaded = start.init(&mut Init::new(0, &device)).unwrap();
    let bytes = to_bytes(&loaded, &|_| true, &same_names).unwrap();
    assert!(bytes == encoder(run));
    assert!(
        Weights::read(&path)
            .unwrap()
            .names()
            .all(|name| name.starts_with("stack."))
    );

    let wrong = tiny(&["encoder.layers=2", "encoder.width=8", &weights]).encoder;
    let error = wrong.init(&mut Init::new(0, &device)).unwrap_err();
    assert!(error.to_string().contains("encoder.safetensors"), "{error}");
    let error = read(MOLECULES, &["encoder.wieghts=a"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("wieghts"), "{error}");
}

#[test]
fn heads_alone_leave_the_encoder_as_it_was() {
    let runs = tempfile::tempdir().unwrap();
    let recipe = read(
        MOLECULES,
        &["stage.tasks.train=[]", "stage.tasks.max_steps=4"],
    )
    .unwrap();
    let outcome = run(&recipe, runs.path(), None).unwrap();
    let device = Backend::Flex.open().unwrap();
    let drawn = recipe
        .encoder
        .init(&mut Init::new(recipe.seed, &device))
        .unwrap();
    let path = outcome.dir.join("model/encoder.safetensors");
    let left = Weights::read(&path).unwrap();
    let drawn = to_bytes(&drawn, &|_| true, &same_names).unwrap();
    // Batch norms of a frozen encoder still keep running statistics.
    let drawn_path = runs.path().join("drawn.safetensors");
    fs::write(&drawn_path, drawn).unwrap();
    let drawn = Weights::read(&drawn_path).unwrap();
    for name in drawn.names().filter(|name| !name.contains("running")) {
        assert!(drawn.get(name) == left.get(name), "{name}");
    }
    assert!(outcome.scores[0].after[3].loss < outcome.scores[0].before[3].loss);
}

/// A helix of these letters as a PDB file of one chain.
fn pdb(letters: &str) -> String {
    const NAMES: [(char, &str); 4] = [('A', "ALA"), ('G', "GLY"), ('L', "LEU"), ('K', "LYS")];
    let mut text = String::new();
    let mut serial = 0;
    for (place, letter) in letters.chars().enumerate() {
        let name = NAMES.iter().find(|(known, _)| *known == letter).unwrap().1;
        for (atom, turn) in [("N", -0.3f32), ("CA", 0.0), ("C", 0.35)] {
            serial += 1;
            let angle = (place as f32 + turn) * 1.745;
            let (x, y, z) = (
                2.3 * angle.cos(),
                2.3 * angle.sin(),
                (place as f32 + turn) * 1.5,
            );
            writeln!(
                text,
                "ATOM  {serial:>5}  {atom:<3} {name} A{:>4}    {x:>8.3}{y:>8.3}{z:>8.3}  1.00  0.00           {}",
                place + 1,
                &atom[..1],
            )
            .unwrap();
        }
    }
    text.push_str("END\n");
    text
}

#[test]
fn residues_of_structures_are_learned() {
    let runs = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    // Each residue follows from the one before it, so neighbours tell it.
    for shift in 0..8 {
        let letters: String = (0..24 + shift)
            .map(|at| ['A', 'G', 'L', 'K'][(at + shift) % 4])
            .collect();
        fs::write(files.path().join(format!("{shift}.pdb")), pdb(&letters)).unwrap();
    }
    // The same sequence twice, and a chain that is too short.
    let twin = fs::read(files.path().join("0.pdb")).unwrap();
    fs::write(files.path().join("twin.pdb"), twin).unwrap();
    fs::write(files.path().join("short.pdb"), pdb("AGL")).unwrap();
    fs::write(files.path().join("broken.cif"), "data_x\nloop_\n").unwrap();
    let path = format!("data.path={}", files.path().display());
    for encoder in ["gearnet", "gvp"] {
        let mut sets = vec![path.as_str(), "data.max_bad_fraction=0.2"];
        let text = match encoder {
            "gearnet" => STRUCTURES.to_owned(),
            _ => STRUCTURES.replace(
                "kind = \"gearnet\"\nhidden = [16, 16]\nconcat_hidden = false",
                "kind = \"gvp\"",
            ),
        };
        if encoder == "gvp" {
            sets.push("stage.types.max_steps=2");
        }
        let outcome = run(&read(&text, &sets).unwrap(), runs.path(), None).unwrap();
        assert_eq!(outcome.held_out, 2);
        let scores = &outcome.scores[0];
        assert_eq!(scores.after[0].task, "residue_type");
        if encoder == "gearnet" {
            assert!(scores.after[0].accuracy > Some(0.9), "{scores:?}");
            assert!(scores.majority[0].accuracy < Some(0.5), "{scores:?}");
        }
        let quarantine = fs::read_to_string(outcome.dir.join("quarantine.jsonl")).unwrap();
        assert!(quarantine.contains("broken.cif"), "{quarantine}");
    }
}

#[test]
fn smiles_lists_have_names_blanks_and_mistakes() {
    let runs = tempfile::tempdir().unwrap();
    let path = runs.path().join("list.smi");
    let mut text = "c1ccccc1O phenol\n\nCCCCCC\nnot-a-smiles bad\nCC\n".to_owned();
    for size in 5..30 {
        writeln!(text, "{} n{size}", "C".repeat(size)).unwrap();
    }
    fs::write(&path, text).unwrap();
    let path = format!("data.path=[\"{}\", \"builtin:molecules\"]", path.display());
    let sets = [path.as_str(), "stage.tasks.max_steps=1"];
    let outcome = run(&read(MOLECULES, &sets).unwrap(), runs.path(), None).unwrap();
    let missing = ["data.path=nowhere", "data.held_out=0"];
    let error = run(&read(STRUCTURES, &missing).unwrap(), runs.path(), None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nowhere: there is no such file or folder"),
        "{error}"
    );
    let quarantine = fs::read_to_string(outcome.dir.join("quarantine.jsonl")).unwrap();
    assert_eq!(quarantine.lines().count(), 1);
    assert!(
        quarantine.contains("\"line\":4,\"id\":\"bad\""),
        "{quarantine}"
    );
}

#[test]
fn recipes_that_make_no_sense_are_refused_with_their_place() {
    for (sets, part) in [
        (&["stage.tasks.train=[\"lm\"]"][..], "no lm in pre-training"),
        (&["stage.tasks.objective.mask=1.5"], "1.5 is no part"),
        (&["stage.tasks.learning_rate=0.0"], "makes no sense"),
        (&["stage.tasks.objective.kind=\"next_token\""], "next_token"),
        (&["data.path=[]"], "no path"),
        (&["data.path=3"], "a path or an array of paths"),
        (&["encoder.kind=\"gim\""], "gin"),
        (&["projector.kind=\"mlp\""], "projector"),
    ] {
        let error = read(MOLECULES, sets).unwrap_err().to_string();
        assert!(error.contains(part), "{sets:?}: {error}");
    }
    let runs = tempfile::tempdir().unwrap();
    let wrong = ["encoder={kind=\"gearnet\"}", "data.held_out=0"];
    let error = run(&read(MOLECULES, &wrong).unwrap(), runs.path(), None).unwrap_err();
    assert!(
        error.to_string().contains("m3llm cannot be asked"),
        "{error}"
    );
}

#[test]
fn a_property_that_features_hold_is_probed() {
    let runs = tempfile::tempdir().unwrap();
    let recipe = read(MOLECULES, &["stage.tasks.max_steps=2"]).unwrap();
    let outcome = run(&recipe, runs.path(), None).unwrap();
    let path = runs.path().join("sizes.csv");
    let mut text = "smiles,size,ring\n".to_owned();
    // Many scaffolds, so that each part of a split gets some.
    for size in 3..42 {
        for (ring, body) in [
            (0, "C".repeat(size)),
            (1, format!("C1{}C1N", "C".repeat(size - 2))),
        ] {
            writeln!(text, "{body},{size},{ring}").unwrap();
        }
    }
    text.push_str("broken(,3,1\nCC,none,0\n");
    fs::write(&path, text).unwrap();
    let probe = |column: &str, more: &[&str]| {
        let table = format!("{}:{column}", path.display());
        let run = outcome.dir.to_str().unwrap();
        std::process::Command::new(env!("CARGO_BIN_EXE_molglot"))
            .args(["probe", "--run", run, "--seeds", "2", &table])
            .args(more)
            .output()
            .unwrap()
    };
    let output = probe("size", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("sizes.csv") && text.contains("78") && text.contains("RMSE"),
        "{text}"
    );
    let scores = |line: &str| -> Vec<f64> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let means = words.windows(2).filter(|pair| pair[1] == "+-");
        means.map(|pair| pair[0].parse().unwrap()).collect()
    };
    let line = text.lines().last().unwrap();
    assert!(line.contains(" all "), "{text}");
    let [encoder, _, _, mean] = scores(line)[..] else {
        panic!("{text}")
    };
    assert!(encoder < 0.5 * mean, "a size is told by features: {text}");

    let output = probe("size", &["--read", "graph,mean-atoms,mean-motifs,all"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 4, "{text}");
    let names = ["graph", "mean-atoms", "mean-motifs", "all"];
    for (line, name) in lines.iter().zip(names) {
        assert!(line.contains(name), "{text}");
        assert_eq!(scores(line)[3], mean, "of no feature: {text}");
    }
    let output = probe("sise", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("did you mean `size`?")
    );
}
