//! Whole runs of a tiny recipe.

use std::{fs, path::Path};

use molglot_tensor::Backend;
use molglot_train::{
    config::Recipe,
    error::Error,
    model::Model,
    predict::{answer, read_smiles},
    recipe::Document,
    run::RunDir,
    train::Outcome,
};

use crate::support::{STEPS, TINY, copy, files, losses, metrics, options, run, run_with, tiny};

const MOLECULES: [&str; 3] = ["CCO", "CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]"];

fn answers(model: &Model, backend: Backend) -> Vec<String> {
    let device = backend.open().unwrap();
    let answered = |smiles: &&str| {
        answer(
            model,
            &read_smiles(model, smiles).unwrap(),
            smiles,
            None,
            &device,
        )
        .unwrap()
    };
    MOLECULES.iter().map(answered).collect()
}

/// Names and contents of the files of two model folders are the same.
fn assert_same_model(what: &str, a: &Path, b: &Path) {
    let (a, b) = (files(&a.join("model")), files(&b.join("model")));
    let names = |files: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<_> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&a), names(&b), "{what}");
    for ((name, a), (_, b)) in a.iter().zip(&b) {
        assert!(a == b, "{what}: {} differs", name.display());
    }
}

#[test]
fn a_run_leaves_its_folder_and_the_same_run_leaves_the_same() {
    let runs = tempfile::tempdir().unwrap();
    let recipe = tiny(&[]);
    let first = run(&recipe, runs.path(), Backend::Flex).unwrap();
    let dir = &first.dir;
    for name in [
        "recipe.toml",
        "metrics.jsonl",
        "log.txt",
        "curves.svg",
        "report.html",
        "quarantine.jsonl",
    ] {
        assert!(dir.join(name).is_file(), "{name}");
    }
    let again = fs::read_to_string(dir.join("recipe.toml")).unwrap();
    let resolved = Recipe::read(&Document::read("recipe.toml", &again, &[]).unwrap()).unwrap();
    assert_eq!(
        resolved, recipe,
        "the recipe in the folder is the one that ran"
    );
    let model: Vec<String> = files(&dir.join("model"))
        .iter()
        .map(|(name, _)| name.to_string_lossy().replace('\\', "/"))
        .collect();
    let wanted = [
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "alignment.safetensors",
        "encoder.safetensors",
        "lm/config.json",
        "lm/model.safetensors",
        "lm/tokenizer.json",
        "model.toml",
        "projector.safetensors",
    ];
    assert_eq!(model, wanted);
    let steps = RunDir::open(dir)
        .unwrap()
        .checkpoints()
        .unwrap()
        .steps()
        .unwrap();
    assert_eq!(
        steps,
        [3, 6, 8, 11, 14, 16, 19, 22, 24],
        "every third step of a stage and the end of each"
    );
    for step in &steps {
        assert!(
            dir.join(format!("checkpoints/step-{step}/manifest.json"))
                .is_file(),
            "{step}"
        );
    }
    let records = metrics(dir);
    let trained: Vec<u64> = records
        .iter()
        .filter(|record| record.loss.is_some())
        .map(|record| record.step)
        .collect();
    assert_eq!(trained, (1..=STEPS).collect::<Vec<_>>());
    for stage in &recipe.stages {
        let of_stage = records.iter().filter(|record| record.stage == stage.name);
        assert!(
            of_stage
                .clone()
                .any(|record| record.held_out_loss.is_some()),
            "{}",
            stage.name
        );
        assert!(
            of_stage
                .clone()
                .all(|record| record.loss.is_none_or(f64::is_finite)),
            "{}",
            stage.name
        );
    }
    let (before, after) = (
        first.before.as_ref().unwrap(),
        first.after.as_ref().unwrap(),
    );
    assert_eq!((before.rows, after.rows), (10, 10));
    assert!(
        after.caption_loss < before.caption_loss,
        "{} is not below {}",
        after.caption_loss,
        before.caption_loss
    );
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(
        report.contains("<svg") && !report.contains("src=\"http"),
        "the report needs nothing beside it"
    );

    let second = run(&recipe, runs.path(), Backend::Flex).unwrap();
    assert_ne!(first.dir, second.dir);
    assert_eq!(
        metrics(dir),
        metrics(&second.dir),
        "the same bits in every loss"
    );
    assert_same_model("twice", dir, &second.dir);
    let other = run(&tiny(&["seed=8"]), runs.path(), Backend::Flex).unwrap();
    assert_ne!(
        losses(dir),
        losses(&other.dir),
        "another seed is another run"
    );

    the_model_comes_back(&first);
    every_checkpoint_is_a_place_to_go_on_from(&first);
}

/// A loaded model answers; saved again it is the same files and gives the same answers.
fn the_model_comes_back(outcome: &Outcome) {
    let device = Backend::Flex.open().unwrap();
    let loaded = Model::load(&outcome.dir.join("model"), &device).unwrap();
    let said = answers(&loaded, Backend::Flex);
    let copy = tempfile::tempdir().unwrap();
    loaded.save(&copy.path().join("model")).unwrap();
    assert_same_model("saved again", &outcome.dir, copy.path());
    let again = Model::load(&copy.path().join("model"), &device).unwrap();
    assert_eq!(answers(&again, Backend::Flex), said);
    assert_eq!(again.lm, loaded.lm);
    assert_eq!(again.config, loaded.config);
}

fn every_checkpoint_is_a_place_to_go_on_from(whole: &Outcome) {
    let recipe = tiny(&[]);
    // In the first stage, at its end, in the aligning stage, in the stage with an adapter, at the
    // end of everything.
    for cut in [3, 8, 14, 22, 24] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("tiny-20000101-000000");
        copy(&whole.dir, &dir);
        fs::remove_dir_all(dir.join("model")).unwrap();
        fs::remove_file(dir.join("report.html")).unwrap();
        let resumed = RunDir::open(&dir).unwrap();
        let checkpoints = resumed.checkpoints().unwrap();
        for step in checkpoints
            .steps()
            .unwrap()
            .into_iter()
            .filter(|&step| step > cut)
        {
            fs::remove_dir_all(checkpoints.path_of(step)).unwrap();
        }
        let outcome =
            run_with(&recipe, &options(root.path(), Backend::Flex, Some(resumed))).unwrap();
        assert_eq!(outcome.dir, dir);
        assert_eq!(metrics(&dir), metrics(&whole.dir), "cut at {cut}");
        assert_same_model(&format!("cut at {cut}"), &dir, &whole.dir);
        assert_eq!(outcome.after, whole.after, "cut at {cut}");
        assert_eq!(outcome.before, whole.before, "cut at {cut}");
    }
}

#[test]
fn backends_agree_on_the_losses() {
    let runs = tempfile::tempdir().unwrap();
    // Random numbers of dropout differ between backends.
    let recipe = tiny(&["lora.lora_dropout=0.0"]);
    let of: Vec<(Backend, Vec<f64>)> = Backend::cpus()
        .into_iter()
        .map(|backend| {
            (
                backend,
                losses(&run(&recipe, runs.path(), backend).unwrap().dir),
            )
        })
        .collect();
    let (first, reference) = &of[0];
    for (backend, losses) in &of[1..] {
        assert_eq!(losses.len(), reference.len());
        let worst = losses
            .iter()
            .zip(reference)
            .take(20)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        eprintln!("losses of {backend} and {first}: worst difference {worst:e} in 20 steps");
        assert!(worst <= 1e-4, "{losses:?} is not {reference:?}");
    }
}

#[test]
fn a_blow_up_is_an_error_or_survived_but_no_panic() {
    let runs = tempfile::tempdir().unwrap();
    let everything = [
        "stage.language.learning_rate=1.0",
        "stage.language.warmup=0.0",
        "stage.language.clip=1e30",
        "stage.align.learning_rate=1.0",
        "stage.align.warmup=0.0",
        "stage.align.clip=1e30",
    ];
    match run(&tiny(&everything), runs.path(), Backend::Flex) {
        Ok(outcome) => {
            eprintln!("the blow-up was survived: {:?}", losses(&outcome.dir));
            assert!(losses(&outcome.dir).iter().all(|loss| loss.is_finite()));
        }
        Err(Error::NotFinite {
            stage, step, rows, ..
        }) => {
            eprintln!("the blow-up ended in stage {stage}, step {step}");
            assert!(!rows.is_empty());
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn numbers_beyond_f32_end_a_run_with_the_step_and_its_rows() {
    let runs = tempfile::tempdir().unwrap();
    let error = run(
        &tiny(&["lm.initializer_range=1e30"]),
        runs.path(),
        Backend::Flex,
    )
    .unwrap_err();
    assert!(!error.is_usage());
    match &error {
        Error::NotFinite {
            stage, step, rows, ..
        } => {
            assert_eq!((stage.as_str(), *step), ("language", 1));
            assert_eq!(rows.split(", ").count(), 4, "{rows}");
        }
        other => panic!("{other}"),
    }
    assert!(error.to_string().contains("remedy"), "{error}");
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    let text = TINY.replace("learning_rate", "learning_rte");
    let error = Document::read("tiny.toml", &text, &[])
        .and_then(|document| Recipe::read(&document))
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("learning_rte") && message.contains("learning_rate"),
        "{message}"
    );
    assert!(message.contains("tiny.toml:"), "{message}");
}

#[test]
fn an_untrained_model_survives_saving() {
    use molglot_train::train::Prepared;
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let model = Prepared::new(&tiny(&[]), None, &device.clone().autodiff())
            .unwrap()
            .model
            .valid();
        let dir = tempfile::tempdir().unwrap();
        model.save(dir.path()).unwrap();
        let loaded = Model::load(dir.path(), &device).unwrap();
        assert_eq!(
            answers(&loaded, backend),
            answers(&model, backend),
            "{backend}"
        );
    }
}

#[test]
fn an_encoder_of_structures_is_no_encoder_of_molecules() {
    use molglot_train::train::Prepared;
    let of_molecules = "kind = \"hierarchical\"\nlayers = 1\nwidth = 16\n";
    let with = |encoder: &str| {
        let text = TINY.replace(of_molecules, encoder);
        assert_ne!(text, TINY);
        Document::read("tiny.toml", &text, &[]).and_then(|document| Recipe::read(&document))
    };
    let device = Backend::Flex.open().unwrap().autodiff();
    let recipe = with("kind = \"gearnet\"\nhidden = [8]\n").unwrap();
    let error = Prepared::new(&recipe, None, &device).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("encoder.kind = \"gearnet\" reads the residues of structures"),
        "{message}"
    );
    for (encoder, reason) in [
        (
            "kind = \"gearnet\"\nhidden = []\n",
            "the width of each layer",
        ),
        ("kind = \"gvp\"\nvectors = 0\n", "at least 1"),
        ("kind = \"gvp\"\ndropout = 1.0\n", "less than 1"),
    ] {
        let message = with(encoder).unwrap_err().to_string();
        assert!(
            message.contains("tiny.toml:") && message.contains(reason),
            "{message}"
        );
    }
}
