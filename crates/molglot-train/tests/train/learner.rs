//! One optimizer step.

use molglot_core::{Batch, Encoder, LanguageModel, Sequence, TextBatch, TextRead};
use molglot_tensor::{
    Backend, Device, Init,
    burn::module::Module,
    params,
    weights::{self, Weights},
};
use molglot_train::{
    aligner::Aligner,
    config::{Part, Recipe, StageConfig},
    optim::adamw,
    train::Learner,
};

use crate::support::tiny;

const VOCABULARY: usize = 300;

fn learner(recipe: &Recipe, stage: &StageConfig, device: &Device) -> Learner {
    let mut init = Init::new(3, device);
    let encoder = recipe.encoder.config.init(&mut init);
    let molglot_lm::LmSettings::Llama(settings) = &recipe.lm else {
        panic!("the tiny recipe draws its language model")
    };
    let lm = settings.config(VOCABULARY).init(&mut init).unwrap();
    let projector = recipe
        .projector
        .init(encoder.width(), lm.width(), &mut init);
    let objective = stage.objective.init(&mut init);
    params::with_stable_ids(Learner {
        aligner: Aligner {
            encoder,
            projector,
            lm,
        },
        objective,
    })
    .planned(stage)
}

/// A text of so many tokens, labelled from the second on.
fn text(length: usize, salt: usize) -> Sequence {
    let ids = (0..length)
        .map(|i| ((i * 17 + salt * 29) % VOCABULARY) as u32)
        .collect();
    Sequence {
        ids,
        slots: Vec::new(),
        labels: (1..length as u32).collect(),
    }
}

fn batch(texts: &[&Sequence], device: &Device) -> Batch {
    Batch {
        text: Some(TextBatch::new(texts, 0, TextRead::Labels, device)),
        ..Batch::default()
    }
}

fn values(learner: &Learner) -> Vec<f32> {
    let bytes = weights::to_bytes(&learner.valid(), &|_| true, &weights::same_names).unwrap();
    let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<&str> = parsed.names().into_iter().collect();
    names.sort_unstable();
    let of = |name: &str| parsed.tensor(name).unwrap().data().to_vec();
    names
        .into_iter()
        .flat_map(of)
        .collect::<Vec<u8>>()
        .as_chunks::<4>()
        .0
        .iter()
        .copied()
        .map(f32::from_le_bytes)
        .collect()
}

#[test]
fn micro_batches_equal_one_large_batch() {
    let recipe = tiny(&[]);
    let stage = StageConfig {
        learning_rate: 1e-2,
        clip: 0.5,
        ..recipe.stages[0].clone()
    };
    // Texts of very different lengths: a mean of means would be another number.
    let texts = [text(40, 1), text(3, 2), text(25, 3), text(4, 4)];
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let run = |parts: &[&[usize]]| {
            let batches: Vec<Batch> = parts
                .iter()
                .map(|part| {
                    batch(
                        &part.iter().map(|&row| &texts[row]).collect::<Vec<_>>(),
                        &device,
                    )
                })
                .collect();
            let (learner, step) = learner(&recipe, &stage, &device)
                .step(
                    &batches,
                    &mut adamw(&stage),
                    stage.learning_rate,
                    stage.clip,
                )
                .unwrap();
            (values(&learner), step)
        };
        let (large, one) = run(&[&[0, 1, 2, 3]]);
        for parts in [&[&[0, 1][..], &[2, 3]][..], &[&[0], &[1], &[2], &[3]]] {
            let (small, several) = run(parts);
            assert_eq!(several.weight, one.weight, "{backend}");
            assert!(
                (several.loss - one.loss).abs() < 1e-5,
                "{backend}: {several:?} is not {one:?}"
            );
            assert!(
                (several.grad_norm - one.grad_norm).abs() < 1e-5,
                "{backend}: {several:?} is not {one:?}"
            );
            // Adam's first step is about the sign of a gradient: where that is rounding, the step
            // is anything.
            let far = large
                .iter()
                .zip(&small)
                .filter(|(a, b)| (**a - **b).abs() > 1e-4)
                .count();
            assert!(
                far * 1000 <= large.len(),
                "{backend}: {far} of {} values differ",
                large.len()
            );
        }
    }
}

#[test]
fn a_stage_moves_what_it_trains_and_nothing_else() {
    let recipe = tiny(&[]);
    let device = Backend::Flex.open().unwrap().autodiff();
    let stage = StageConfig {
        train: vec![Part::Lm],
        learning_rate: 1e-2,
        ..recipe.stages[0].clone()
    };
    let before = learner(&recipe, &stage, &device);
    let bytes = |learner: &Learner, part: &str| {
        let keep = |path: &str| path.starts_with(part);
        weights::to_bytes(&learner.valid(), &keep, &weights::same_names).unwrap()
    };
    let old =
        ["aligner.encoder", "aligner.projector", "aligner.lm"].map(|part| bytes(&before, part));
    let batches = [batch(&[&text(9, 1)], &device)];
    let (after, _) = before
        .step(&batches, &mut adamw(&stage), 1e-2, 1.0)
        .unwrap();
    let new =
        ["aligner.encoder", "aligner.projector", "aligner.lm"].map(|part| bytes(&after, part));
    assert_eq!(
        [0, 1, 2].map(|part| old[part] == new[part]),
        [true, true, false]
    );
}

/// What an adapter trains whole moves with its update; what it was copied from stays, and everything else.
#[test]
fn a_stage_of_an_adapter_moves_its_copies_and_nothing_of_the_base() {
    let recipe = tiny(&["lora.modules_to_save=[\"lm_head\", \"embed_tokens\"]"]);
    let stage = StageConfig {
        train: vec![Part::Lora],
        ..recipe.stages[0].clone()
    };
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut learner = learner(&recipe, &stage, &device);
        let lm = &mut learner.aligner.lm;
        lm.attach_lora(&recipe.lora, &mut Init::new(4, &device))
            .unwrap();
        let learner = params::with_stable_ids(learner).planned(&stage);
        let by_path = |learner: &Learner| {
            Weights::of(&learner.valid(), &|_| true, &weights::same_names).unwrap()
        };
        let before = by_path(&learner);
        let batches = [batch(&[&text(9, 1)], &device)];
        let (after, step) = learner
            .step(&batches, &mut adamw(&stage), 1e-2, 1.0)
            .unwrap();
        assert!(step.grad_norm > 0.0);
        let after = by_path(&after);
        let moved: Vec<&str> = before
            .names()
            .filter(|name| before.get(name) != after.get(name))
            .collect();
        let all = |path: &str| path.contains(".lora.") || path.contains(".modules_to_save.");
        assert!(moved.iter().all(|path| all(path)), "{backend}: {moved:?}");
        for part in [
            "modules_to_save.lm_head",
            "modules_to_save.embed_tokens",
            ".lora.b",
        ] {
            assert!(
                moved.iter().any(|path| path.contains(part)),
                "{backend}: {part}"
            );
        }
    }
}

#[test]
fn a_step_that_is_not_finite_changes_nothing() {
    let recipe = tiny(&[]);
    let stage = recipe.stages[0].clone();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let broken = params::with_stable_ids(learner(&recipe, &stage, &device));
        let broken = Learner {
            aligner: overflowing(broken.aligner),
            objective: broken.objective,
        };
        let before = values(&broken);
        let batches = [batch(&[&text(9, 1)], &device)];
        let (after, step) = broken
            .step(&batches, &mut adamw(&stage), 1e-2, 1.0)
            .unwrap();
        assert!(
            !(step.loss.is_finite() && step.grad_norm.is_finite()),
            "{backend}: {step:?}"
        );
        assert_eq!(values(&after), before, "{backend}");
    }
}

/// A model whose logits are beyond f32.
fn overflowing(aligner: Aligner) -> Aligner {
    struct Grow;
    impl molglot_tensor::burn::module::ModuleMapper for Grow {
        fn map_float<const D: usize>(
            &mut self,
            param: molglot_tensor::burn::module::Param<molglot_tensor::Tensor<D>>,
        ) -> molglot_tensor::burn::module::Param<molglot_tensor::Tensor<D>> {
            param.map(|value| value.mul_scalar(1e30).detach().require_grad())
        }
    }
    Aligner {
        lm: aligner.lm.map(&mut Grow),
        ..aligner
    }
}
