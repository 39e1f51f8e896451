//! Twenty steps of PyTorch's AdamW on a Llama: schedule, clipping, decay and accumulation.

use molglot_align::ObjectiveConfig;
use molglot_core::{Batch, LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_encoder::EncoderConfig;
use molglot_lm::{
    Decoder, LoraConfig,
    decoder::{Architecture, load_dir},
    lora::is_lora,
};
use molglot_projector::ProjectorConfig;
use molglot_tensor::{
    Backend, Device, Init, Tensor,
    burn::{
        module::Module,
        optim::{AdamWConfig, GradientsAccumulator, GradientsParams, ModuleOptimizer},
        tensor::FloatDType,
    },
    clip::clip_global_norm,
    golden::Golden,
    ops::cross_entropy,
    params,
    weights::{self, Weights},
};
use molglot_train::{
    aligner::Aligner,
    config::{Input, Part, StageConfig},
    optim::{Schedule, adamw},
    train::Learner,
};

fn case(name: &str) -> Option<Golden> {
    let found = Golden::find(name).unwrap();
    if found.is_none() {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case {name} is not run");
    }
    found
}

/// A stage with the settings of a case.
fn stage(settings: &serde_json::Value, decay: &str, steps: u64) -> StageConfig {
    let number = |name: &str| settings[name].as_f64().unwrap();
    StageConfig {
        name: "reference".to_owned(),
        input: Input::Captions,
        objective: ObjectiveConfig::NextToken(Default::default()),
        train: vec![Part::Lm],
        epochs: 1,
        batch_size: 3,
        accumulate: 1,
        learning_rate: number("lr"),
        final_learning_rate: 0.0,
        warmup: number("warmup") / steps as f64,
        weight_decay: number(decay),
        clip: number("clip"),
        betas: [0, 1].map(|at| settings["betas"][at].as_f64().unwrap()),
        epsilon: number("eps"),
        pack: false,
        recompute: false,
        max_steps: None,
    }
}

/// Batch `number` of tables `[N, B, T]`, or the only one of tables `[B, T]`.
fn batch(golden: &Golden, number: usize, device: &Device) -> TextBatch {
    let (shape, ids) = golden.ints("in.input_ids").unwrap();
    let [labels, mask] =
        ["in.labels", "in.attention_mask"].map(|name| golden.ints(name).unwrap().1);
    let (rows, length) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let sequence = |row: usize| {
        let at = (number * rows + row) * length;
        let real = mask[at..at + length]
            .iter()
            .filter(|&&real| real == 1)
            .count();
        Sequence {
            ids: ids[at..at + real].iter().map(|&id| id as u32).collect(),
            slots: Vec::new(),
            labels: (1..real as u32)
                .filter(|&label| labels[at + label as usize] != -100)
                .collect(),
        }
    };
    let sequences: Vec<Sequence> = (0..rows).map(sequence).collect();
    TextBatch::new(
        &sequences.iter().collect::<Vec<_>>(),
        0,
        TextRead::Labels,
        device,
    )
}

fn mean_loss(model: &Decoder, text: &TextBatch) -> Tensor<1> {
    match model.decode(model.embed(text), text) {
        TextOutput::Logits(logits) => cross_entropy(logits, &text.targets).mean(),
        _ => panic!("no logits"),
    }
}

/// What every step did.
#[derive(Default)]
struct Trace {
    loss: Vec<f32>,
    grad_norm: Vec<f32>,
    lr: Vec<f32>,
}

/// Steps whose loss is the mean of the losses of `micro` batches each.
fn train(
    golden: &Golden,
    mut model: Decoder,
    stage: &StageConfig,
    mut optimizer: ModuleOptimizer,
    (steps, micro, batches): (u64, usize, usize),
    device: &Device,
) -> (Decoder, Trace) {
    let schedule = Schedule::of(stage, steps);
    let mut trace = Trace::default();
    for step in 0..steps {
        let mut accumulator = GradientsAccumulator::<Decoder>::new();
        let mut sum = 0.0;
        for part in 0..micro {
            let number = (step as usize * micro + part) % batches;
            let loss = mean_loss(&model, &batch(golden, number, device)).div_scalar(micro as f64);
            sum += loss.clone().into_scalar::<f32>();
            accumulator.accumulate(&model, GradientsParams::from_grads(loss.backward(), &model));
        }
        let mut grads = accumulator.grads();
        trace.loss.push(sum);
        trace
            .grad_norm
            .push(clip_global_norm(&model, &mut grads, stage.clip) as f32);
        trace.lr.push(schedule.at(step) as f32);
        model = optimizer.step(schedule.at(step), model, grads);
    }
    (model, trace)
}

/// The same steps as a stage of a run takes them.
fn train_as_a_stage(
    golden: &Golden,
    lm: Decoder,
    stage: &StageConfig,
    steps: u64,
    device: &Device,
) -> (Decoder, Trace) {
    let mut init = Init::new(0, device);
    let encoder = EncoderConfig::all()[0].init(&mut init);
    let projector = ProjectorConfig::all()[0].init(4, lm.width(), &mut init);
    let learner = Learner {
        aligner: Aligner {
            encoder,
            projector,
            lm,
        },
        objective: stage.objective.init(&mut init),
    };
    let mut learner = params::with_stable_ids(learner).planned(stage);
    let mut optimizer = adamw(stage);
    let schedule = Schedule::of(stage, steps);
    let mut trace = Trace::default();
    for number in 0..steps {
        let text = batch(golden, number as usize, device);
        let batches = [Batch {
            text: Some(text),
            ..Batch::default()
        }];
        let step;
        (learner, step) = learner
            .step(&batches, &mut optimizer, schedule.at(number), stage.clip)
            .unwrap();
        trace.loss.push(step.loss as f32);
        trace.grad_norm.push(step.grad_norm as f32);
        trace.lr.push(schedule.at(number) as f32);
    }
    (learner.aligner.lm, trace)
}

/// Values of parameters by their names in files.
fn stored(
    model: &Decoder,
    keep: &dyn Fn(&str) -> bool,
    rename: &dyn Fn(&str) -> String,
) -> Vec<(String, Vec<f32>)> {
    let bytes = weights::to_bytes(&model.valid(), keep, rename).unwrap();
    let parsed = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let values = |bytes: &[u8]| {
        bytes
            .as_chunks::<4>()
            .0
            .iter()
            .copied()
            .map(f32::from_le_bytes)
            .collect()
    };
    let mut found: Vec<(String, Vec<f32>)> = parsed
        .iter()
        .map(|(name, view)| (name.to_owned(), values(view.data())))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn compare(
    golden: &Golden,
    mode: &str,
    place: &str,
    trace: &Trace,
    parameters: &[(String, Vec<f32>)],
) {
    let mut worst = (0f64, String::new());
    let mut check = |name: &str, actual: &[f32]| {
        let part = golden
            .check(name, actual)
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        if part >= worst.0 {
            worst = (part, name.to_owned());
        }
    };
    check(&format!("out.{mode}.loss"), &trace.loss);
    check(&format!("out.{mode}.grad_norm"), &trace.grad_norm);
    let names = golden.names().unwrap();
    if names.contains(&format!("out.{mode}.lr")) {
        check(&format!("out.{mode}.lr"), &trace.lr);
    }
    let (whole, norm) = (
        format!("out.{mode}.final."),
        format!("out.{mode}.final_norm."),
    );
    let value = |name: &str| &parameters.iter().find(|(own, _)| own == name).unwrap().1;
    let mut found = 0;
    for name in &names {
        if let Some(parameter) = name.strip_prefix(&whole) {
            check(name, value(parameter));
            found += 1;
        } else if let Some(parameter) = name.strip_prefix(&norm) {
            let square: f64 = value(parameter)
                .iter()
                .map(|&value| f64::from(value).powi(2))
                .sum();
            check(name, &[square.sqrt() as f32]);
            found += 1;
        }
    }
    assert!(found >= 2, "{mode}: no final values");
    eprintln!(
        "{place}: worst difference is {:.2} of its tolerance ({})",
        worst.0, worst.1
    );
}

fn load(golden: &Golden, device: &Device) -> Decoder {
    let (model, _) = load_dir(&golden.dir().join("model"), FloatDType::F32, device).unwrap();
    params::with_stable_ids(model)
}

#[test]
fn twenty_steps_equal_pytorch() {
    let Some(golden) = case("adamw") else { return };
    let settings = golden.meta()["hyper"].clone();
    let steps = settings["steps"].as_u64().unwrap();
    let stage = stage(&settings, "wd", steps);
    let all = |_: &str| true;
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();

        let everything_decays = AdamWConfig::new()
            .with_beta_1(stage.betas[0] as f32)
            .with_beta_2(stage.betas[1] as f32)
            .with_epsilon(stage.epsilon as f32)
            .with_weight_decay(stage.weight_decay as f32);
        let shape = (steps, 1, 20);
        let (model, trace) = train(
            &golden,
            load(&golden, &device),
            &stage,
            everything_decays.init(),
            shape,
            &device,
        );
        let place = format!("adamw, {backend}, all_decay");
        compare(
            &golden,
            "all_decay",
            &place,
            &trace,
            &stored(&model, &all, &|path| Architecture::Llama.base_name(path)),
        );

        let (model, trace) =
            train_as_a_stage(&golden, load(&golden, &device), &stage, steps, &device);
        let place = format!("adamw, {backend}, no_decay_norm");
        compare(
            &golden,
            "no_decay_norm",
            &place,
            &trace,
            &stored(&model, &all, &|path| Architecture::Llama.base_name(path)),
        );

        let micro = settings["accum"].as_u64().unwrap() as usize;
        let shape = (steps, micro, 20);
        let (model, trace) = train(
            &golden,
            load(&golden, &device),
            &stage,
            adamw(&stage),
            shape,
            &device,
        );
        let place = format!("adamw, {backend}, no_decay_norm_accum");
        compare(
            &golden,
            "no_decay_norm_accum",
            &place,
            &trace,
            &stored(&model, &all, &|path| Architecture::Llama.base_name(path)),
        );
    }
}

#[test]
fn ten_steps_of_an_adapter_equal_peft() {
    let Some(golden) = case("lora") else { return };
    let settings = golden.meta()["train"].clone();
    let steps = settings["steps"].as_u64().unwrap();
    let stage = stage(&settings, "weight_decay", steps);
    let adapter = settings["adapter"].as_str().unwrap();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut model = load(&golden, &device);
        let described = &golden.meta()["adapters"][adapter];
        let config = LoraConfig {
            r: described["r"].as_u64().unwrap() as usize,
            lora_alpha: described["lora_alpha"].as_f64().unwrap(),
            ..LoraConfig::default()
        };
        model
            .attach_lora(&config, &mut Init::new(1, &device))
            .unwrap();
        let file = golden
            .dir()
            .join("adapters")
            .join(adapter)
            .join("adapter_model.safetensors");
        let model = Weights::read(&file)
            .unwrap()
            .load_where(model, &is_lora, &|path| {
                Architecture::Llama.adapter_name(path)
            })
            .unwrap();
        let model = params::set_trainable(params::with_stable_ids(model), is_lora);
        let before = stored(&model, &|path| !is_lora(path), &|path| {
            Architecture::Llama.base_name(path)
        });
        let (model, trace) = train(
            &golden,
            model,
            &stage,
            adamw(&stage),
            (steps, 1, 1),
            &device,
        );
        let place = format!("lora, {backend}, train");
        compare(
            &golden,
            "train",
            &place,
            &trace,
            &stored(&model, &is_lora, &|path| {
                Architecture::Llama.adapter_name(path)
            }),
        );
        assert_eq!(
            stored(&model, &|path| !is_lora(path), &|path| Architecture::Llama
                .base_name(path)),
            before,
            "{backend}: the base moved"
        );
    }
}

#[test]
fn the_schedule_is_that_of_transformers() {
    let Some(golden) = case("adamw") else { return };
    for (warmup, total) in [(5, 30), (0, 10)] {
        let name = format!("out.schedule.cosine_w{warmup}_t{total}");
        let schedule = Schedule {
            peak: 1.0,
            floor: 0.0,
            warmup,
            total,
        };
        let steps = golden.floats(&name).unwrap().1.len() as u64;
        let found: Vec<f32> = (0..steps).map(|step| schedule.at(step) as f32).collect();
        // Past the last step, where no run goes, theirs rises again along the cosine; ours stays at
        // the floor.
        let kept: Vec<bool> = (0..steps).map(|step| step <= total).collect();
        let part = golden.check_where(&name, &found, &kept).unwrap();
        assert!(
            (total..steps).all(|step| schedule.at(step) == 0.0),
            "{name}: beyond the end"
        );
        eprintln!("{name}: worst difference is {part:.2} of its tolerance");
    }
    eprintln!("adamw: not compared: out.schedule.constant_w6, out.schedule.linear_w4_t20");
}
