//! A recipe that trains in a second, and runs of it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use molglot_tensor::Backend;
use molglot_train::{
    config::Recipe,
    error::Error,
    progress::Bars,
    recipe::Document,
    run::{LogFile, RunDir},
    train::{Options, Outcome, StepRecord, train},
};

/// Three stages that go through every part: text, contrast with stored captions, prompts with an
/// adapter and accumulation.
pub(crate) const TINY: &str = r#"
name = "tiny"
seed = 7

[data]
path = "builtin:molecules"
held_out = 10

[tokenizer]
vocab_size = 300

[encoder]
kind = "hierarchical"
layers = 1
width = 16

[projector]
kind = "mlp"
reduction = "hierarchical"

[lm]
kind = "llama"
hidden_size = 16
intermediate_size = 24
num_hidden_layers = 2
num_attention_heads = 2
num_key_value_heads = 1
max_position_embeddings = 512

[lora]
r = 2
lora_alpha = 4.0
lora_dropout = 0.1

[generate]
max_new_tokens = 6

[evaluate]
retrieval_batch = 5
retrieval_permutations = 2
examples = 2

[checkpoint]
every = 3
keep = 100

[[stage]]
name = "language"
input = "captions"
objective = { kind = "next_token" }
train = ["lm"]
epochs = 1
batch_size = 4
learning_rate = 5e-3
weight_decay = 0.05
max_steps = 8

[[stage]]
name = "align"
input = "pairs"
objective = { kind = "h_scale" }
train = ["encoder", "projector"]
epochs = 1
batch_size = 8
learning_rate = 5e-3
weight_decay = 0.05
max_steps = 8

[[stage]]
name = "instruct"
input = "prompts"
objective = { kind = "next_token" }
train = ["projector", "lora"]
epochs = 1
batch_size = 2
accumulate = 2
learning_rate = 5e-3
max_steps = 8
"#;

/// Steps of all stages of [`TINY`].
pub(crate) const STEPS: u64 = 24;

pub(crate) fn tiny(sets: &[&str]) -> Recipe {
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    Recipe::read(&Document::read("tiny.toml", TINY, &sets).unwrap()).unwrap()
}

pub(crate) fn options(runs: &Path, backend: Backend, resume: Option<RunDir>) -> Options {
    Options {
        runs: runs.to_owned(),
        backend,
        resume,
        bars: Bars::new(),
        log: LogFile::new(),
    }
}

pub(crate) fn run(recipe: &Recipe, runs: &Path, backend: Backend) -> Result<Outcome, Error> {
    run_with(recipe, &options(runs, backend, None))
}

/// Trains, one test at a time: Burn's generator, from which dropout draws, belongs to the whole process, and a second
/// training in it would take numbers from the first.
pub(crate) fn run_with(recipe: &Recipe, options: &Options) -> Result<Outcome, Error> {
    let _alone = alone();
    train(recipe, options)
}

/// Lets one training into the process at a time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `metrics.jsonl`, without the times.
pub(crate) fn metrics(run: &Path) -> Vec<StepRecord> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let record = |line: &str| StepRecord {
        seconds: 0.0,
        ..serde_json::from_str(line).unwrap()
    };
    text.lines().map(record).collect()
}

/// The training loss of every step.
pub(crate) fn losses(run: &Path) -> Vec<f64> {
    metrics(run)
        .iter()
        .filter_map(|record| record.loss)
        .collect()
}

/// Every file under a folder and its contents, by path, sorted.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    let named = |path: PathBuf| {
        (
            path.strip_prefix(folder).unwrap().to_owned(),
            fs::read(&path).unwrap(),
        )
    };
    found.into_iter().map(named).collect()
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
