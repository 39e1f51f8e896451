//! Recipes on a published language model, and exports.

use std::{fs, path::Path};

use molglot_lm::{
    DecoderConfig, decoder::load_dir, load_pretrained, lora::is_lora, tokenizer::Turn,
};
use molglot_tensor::{Backend, burn::tensor::FloatDType};
use molglot_train::{
    config::Recipe,
    export::{Layout, export},
    model::Model,
    predict::{answer, read_smiles},
    recipe::Document,
    run::RunDir,
};

use crate::support::{TINY, copy, files, metrics, options, run, run_with, tiny};

/// A copy of the toy model, so that a test may change it.
fn base() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let toy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/pretrained/model");
    copy(&toy, dir.path());
    dir
}

fn document(base: &Path, sets: &[&str]) -> Document {
    let start = TINY.find("[lm]").unwrap();
    let end = TINY.find("[lora]").unwrap();
    let lm = format!(
        "[lm]\nkind = \"pretrained\"\npath = {:?}\n\n",
        base.to_str().unwrap()
    );
    let text = [&TINY[..start], &lm, &TINY[end..]].concat();
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    Document::read("pretrained.toml", &text, &sets).unwrap()
}

/// Two steps a stage; nothing trains the language model itself.
const SETS: [&str; 6] = [
    "stage.language.train=[\"lora\"]",
    "stage.language.max_steps=2",
    "stage.align.max_steps=2",
    "stage.instruct.max_steps=2",
    "checkpoint.every=1",
    "evaluate.examples=1",
];

fn recipe(base: &Path, sets: &[&str]) -> Recipe {
    Recipe::read(&document(base, &[&SETS, sets].concat())).unwrap()
}

fn said(dir: &Path) -> String {
    let device = Backend::Flex.open().unwrap();
    let model = Model::load(&dir.join("model"), &device).unwrap();
    let graph = read_smiles(&model, "CCO").unwrap();
    answer(&model, &graph, "CCO", None, &device).unwrap()
}

#[test]
fn every_stage_runs_on_a_published_model_and_goes_on_from_a_checkpoint() {
    let (base, runs) = (base(), tempfile::tempdir().unwrap());
    // The output layer of the base is its table of embeddings; a copy of one is trained without the other.
    let recipe = recipe(base.path(), &["lora.modules_to_save=[\"lm_head\"]"]);
    let whole = run(&recipe, runs.path(), Backend::Flex).unwrap();
    let names = |dir: &Path| -> Vec<String> {
        let files = files(dir).into_iter();
        files
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(
        names(&whole.dir.join("model")),
        [
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
            "alignment.safetensors",
            "encoder.safetensors",
            "model.toml",
            "projector.safetensors",
        ],
        "the base is referred to, not copied"
    );
    let steps = RunDir::open(&whole.dir).unwrap().checkpoints().unwrap();
    let saved = fs::read(steps.path_of(2).join("model.safetensors")).unwrap();
    let saved = safetensors::SafeTensors::deserialize(&saved).unwrap();
    for name in saved.names() {
        assert!(
            !name.starts_with("aligner.lm.") || is_lora(name),
            "{name} is the base's"
        );
    }
    let copy_of_head = "aligner.lm.modules_to_save.lm_head";
    assert!(saved.names().contains(&copy_of_head));
    let adapter = fs::read(whole.dir.join("model/adapter/adapter_model.safetensors")).unwrap();
    let adapter = safetensors::SafeTensors::deserialize(&adapter).unwrap();
    let head = adapter.tensor("base_model.model.lm_head.weight").unwrap();
    let original = fs::read(base.path().join("model.safetensors")).unwrap();
    let original = safetensors::SafeTensors::deserialize(&original).unwrap();
    let original = original.tensor("model.embed_tokens.weight").unwrap();
    assert_eq!(head.shape(), original.shape());
    assert!(head.data() != original.data(), "it was trained");
    let answer = said(&whole.dir);

    for cut in [1, 2, 5] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("tiny-20000101-000000");
        copy(&whole.dir, &dir);
        fs::remove_dir_all(dir.join("model")).unwrap();
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
        let again = options(root.path(), Backend::Flex, Some(resumed));
        run_with(&recipe, &again).unwrap();
        assert_eq!(metrics(&dir), metrics(&whole.dir), "cut at {cut}");
        assert_eq!(
            files(&dir.join("model")),
            files(&whole.dir.join("model")),
            "cut at {cut}"
        );
        assert_eq!(said(&dir), answer);
    }

    // The base must stay what it was, for a prediction and for going on.
    let file = base.path().join("chat_template.jinja");
    let template = fs::read_to_string(&file).unwrap();
    fs::write(&file, template.replace("answer", "Answer")).unwrap();
    let device = Backend::Flex.open().unwrap();
    let refused = Model::load(&whole.dir.join("model"), &device)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("chat_template.jinja") && refused.contains("base.path"),
        "{refused}"
    );
    let resumed = RunDir::open(&whole.dir).unwrap();
    let refused = run_with(&recipe, &options(runs.path(), Backend::Flex, Some(resumed)));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("chat_template.jinja")
    );
    fs::write(&file, template).unwrap();
    fs::write(base.path().join("added.json"), "{}").unwrap();
    let refused = Model::load(&whole.dir.join("model"), &device)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("added.json"), "{refused}");
}

#[test]
fn a_published_model_that_is_trained_on_is_stored_whole() {
    let (base, runs) = (base(), tempfile::tempdir().unwrap());
    let recipe = recipe(base.path(), &["stage.language.train=[\"lm\"]"]);
    let outcome = run(&recipe, runs.path(), Backend::Flex).unwrap();
    let stored = outcome.dir.join("model/lm");
    for file in [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ] {
        assert_eq!(
            fs::read(stored.join(file)).unwrap(),
            fs::read(base.path().join(file)).unwrap()
        );
    }
    assert!(stored.join("model.safetensors").is_file());
    drop(base);
    said(&outcome.dir);
}

#[test]
fn a_recipe_without_its_model_says_where_it_looked() {
    let gone = Path::new("/no/such/model");
    let error = Recipe::read(&document(gone, &SETS))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("pretrained.toml") && error.contains("/no/such/model/config.json"),
        "{error}"
    );
    let base = base();
    let sets = ["lm.dtype=bf16", "stage.language.train=[\"lm\"]"];
    let error = Recipe::read(&document(base.path(), &sets))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("lm.dtype") && error.contains("lora"),
        "{error}"
    );
    let recipe = recipe(base.path(), &["lm.dtype=bf16"]);
    let runs = tempfile::tempdir().unwrap();
    let error = run(&recipe, runs.path(), Backend::Flex).unwrap_err();
    assert!(error.to_string().contains("--device cuda"), "{error}");
    assert!(error.is_usage());
}

#[test]
fn a_question_is_put_through_the_chat_template_and_cannot_leave_it() {
    let base = base();
    let device = Backend::Flex.open().unwrap();
    let tokenizer = load_pretrained(base.path(), Default::default(), &device)
        .unwrap()
        .tokenizer;
    let begin = tokenizer.bos.unwrap();
    let text = |text: &str| tokenizer.encode(text).unwrap();
    let turn = Turn {
        before: [vec![begin], text("user: ")].concat(),
        after: text("\nanswer: "),
    };
    assert_eq!(tokenizer.turn, Some(turn.clone()));
    let mut prompt = recipe(base.path(), &[]).prompt;
    let sequence = |prompt: &molglot_lm::PromptTemplate, asked: &str| {
        prompt
            .sequence(&tokenizer, 2, "CC", asked, Some("An acid."), 500)
            .unwrap()
    };
    let found = sequence(&prompt, "Why? <end><begin>");
    let start = turn.before.len();
    assert_eq!(found.ids[..start], turn.before);
    assert_eq!(found.slots, [start as u32, start as u32 + 1]);
    let specials = |ids: &[u32], id: u32| ids.iter().filter(|&&own| own == id).count();
    assert_eq!(specials(&found.ids, begin), 1, "the user's is text");
    assert_eq!(
        specials(&found.ids, tokenizer.eos),
        1,
        "the end of the answer"
    );
    let answer = found.labels[0] as usize;
    assert!(found.ids[..answer].ends_with(&turn.after));
    prompt.chat = false;
    let found = sequence(&prompt, "Why?");
    assert_eq!(found.ids[0], begin);
    assert_eq!(found.slots, [1, 2]);
}

#[test]
fn exports_read_back_and_refuse_what_is_not_there() {
    let runs = tempfile::tempdir().unwrap();
    let device = Backend::Flex.open().unwrap();
    let outcome = run(&tiny(&[]), runs.path(), Backend::Flex).unwrap();
    let own = Model::load(&outcome.dir.join("model"), &device).unwrap();
    let base = base();
    let trained = run(&recipe(base.path(), &[]), runs.path(), Backend::Flex).unwrap();
    let published = Model::load(&trained.dir.join("model"), &device).unwrap();
    let both = "lora.modules_to_save=[\"embed_tokens\", \"lm_head\"]";
    let trained = run(&recipe(base.path(), &[both]), runs.path(), Backend::Flex).unwrap();
    let copied = Model::load(&trained.dir.join("model"), &device).unwrap();
    for (name, model) in [
        ("own", &own),
        ("published", &published),
        ("copied", &copied),
    ] {
        for layout in [Layout::Hf, Layout::Peft, Layout::Merged] {
            let out = runs.path().join(format!("{name}-{layout:?}"));
            let lm = outcome.dir.join("model/lm");
            let exported = export(model, layout, &out, &lm, &device).unwrap();
            let largest = exported
                .probe
                .logits
                .iter()
                .fold(0f32, |most, x| most.max(x.abs()));
            eprintln!("{name} {layout:?}: {:e} of {largest}", exported.difference);
            // Merged weights are rounded once more; the others are the same bits.
            let bound = match layout {
                Layout::Merged => 1e-5 * f64::from(largest),
                _ => 0.0,
            };
            assert!(exported.difference <= bound, "{name} {layout:?}");
            let bytes = exported.probe.to_safetensors().unwrap();
            let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            assert_eq!(
                parsed.tensor("logits").unwrap().shape()[2],
                model.lm.vocab_size
            );
            let again = export(model, layout, &out, &lm, &device)
                .unwrap_err()
                .to_string();
            assert!(again.contains("not empty"), "{again}");
            if layout != Layout::Peft {
                let (_, config) = load_dir(&out, FloatDType::F32, &device).unwrap();
                let untied = name == "copied" && layout == Layout::Merged;
                let wanted = DecoderConfig {
                    tie_word_embeddings: model.lm.tie_word_embeddings && !untied,
                    ..model.lm.clone()
                };
                assert_eq!(config, wanted);
                assert!(load_pretrained(&out, Default::default(), &device).is_ok());
            }
        }
    }
    let mut plain = own;
    plain.config.lora = None;
    let refused = export(
        &plain,
        Layout::Peft,
        &runs.path().join("x"),
        runs.path(),
        &device,
    );
    assert!(refused.unwrap_err().to_string().contains("--to hf"));
}
