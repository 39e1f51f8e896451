//! Steps of an optimizer: PyTorch's AdamW with schedule, clipping, decay and accumulation, on a whole Llama and on an
//! adapter.

use molglot_align::ObjectiveConfig;
use molglot_core::{Batch, LanguageModel, Sequence, TextBatch, TextOutput, TextRead};
use molglot_encoder::EncoderConfig;
use molglot_lm::{
    Decoder,
    decoder::load_dir,
    lora::{Adapter, is_lora},
};
use molglot_projector::ProjectorConfig;
use molglot_tensor::{
    Device, Init, Tensor,
    burn::{
        module::Module,
        optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer},
        tensor::FloatDType,
    },
    clip::clip_global_norm,
    golden::{Comparison, Golden, GoldenError, Verdict},
    ops::cross_entropy,
    params,
    weights::{Rename, Weights},
};
use serde_json::Value;

use crate::{
    aligner::Aligner,
    config::{Input, Part, StageConfig},
    optim::{Schedule, adamw, everything_decays},
    train::Learner,
};

/// # Errors
///
/// [`GoldenError`] when the case or its model cannot be read.
pub(super) fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    let device = device.clone().autodiff();
    let mut comparison = Comparison::new(golden);
    match golden.meta()["kind"].as_str() {
        Some("adamw") => whole(&mut comparison, &device)?,
        Some("lora") if golden.meta()["train"].is_object() => adapter(&mut comparison, &device)?,
        _ => return Ok(None),
    }
    comparison.finish().map(Some)
}

/// A stage with the settings of a case, and its number of steps.
fn stage(settings: &Value, decay: &str) -> Result<(StageConfig, u64), GoldenError> {
    let bad = |name: &str| GoldenError::new(format!("meta.json: no number `{name}`"));
    let number = |name: &str| settings[name].as_f64().ok_or_else(|| bad(name));
    let beta = |at: usize| settings["betas"][at].as_f64().ok_or_else(|| bad("betas"));
    let steps = settings["steps"].as_u64().ok_or_else(|| bad("steps"))?;
    let stage = StageConfig {
        name: "reference".to_owned(),
        input: Input::Captions,
        objective: ObjectiveConfig::NextToken(Default::default()),
        train: vec![Part::Lm],
        epochs: 1,
        batch_size: 3,
        accumulate: 1,
        learning_rate: number("lr")?,
        final_learning_rate: 0.0,
        warmup: number("warmup")? / steps as f64,
        weight_decay: number(decay)?,
        clip: number("clip")?,
        betas: [beta(0)?, beta(1)?],
        epsilon: number("eps")?,
        pack: false,
        recompute: false,
        max_steps: None,
    };
    Ok((stage, steps))
}

/// The batches of a case: tables `[N, B, T]`, or `[B, T]` for the same one again and again.
struct Batches(Vec<TextBatch>);

impl Batches {
    fn read(golden: &Golden, device: &Device) -> Result<Self, GoldenError> {
        let (shape, ids) = golden.ints("in.input_ids")?;
        let (_, labels) = golden.ints("in.labels")?;
        let (_, mask) = golden.ints("in.attention_mask")?;
        let (rows, length) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let sequence = |row: usize| {
            let at = row * length;
            let row = &mask[at..at + length];
            let real = row.iter().filter(|&&real| real == 1).count();
            Sequence {
                ids: ids[at..at + real].iter().map(|&id| id as u32).collect(),
                slots: Vec::new(),
                labels: (1..real as u32)
                    .filter(|&label| labels[at + label as usize] != -100)
                    .collect(),
            }
        };
        let sequences: Vec<Sequence> = (0..ids.len() / length).map(sequence).collect();
        let batch = |rows: &[Sequence]| {
            let rows: Vec<&Sequence> = rows.iter().collect();
            TextBatch::new(&rows, 0, TextRead::Labels, device)
        };
        Ok(Self(sequences.chunks(rows).map(batch).collect()))
    }

    fn get(&self, number: usize) -> &TextBatch {
        &self.0[number % self.0.len()]
    }
}

fn mean_loss(model: &Decoder, text: &TextBatch) -> Result<Tensor<1>, GoldenError> {
    match model.decode(model.embed(text), text) {
        TextOutput::Logits(logits) => Ok(cross_entropy(logits, &text.targets).mean()),
        _ => Err(GoldenError::new("no logits")),
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
    mut model: Decoder,
    batches: &Batches,
    stage: &StageConfig,
    mut optimizer: ModuleOptimizer,
    (steps, micro): (u64, usize),
) -> Result<(Decoder, Trace), GoldenError> {
    let schedule = Schedule::of(stage, steps);
    let mut trace = Trace::default();
    for step in 0..steps {
        let mut accumulator = GradientsAccumulator::<Decoder>::new();
        let mut sum = 0.0;
        for part in 0..micro {
            let text = batches.get(step as usize * micro + part);
            let loss = mean_loss(&model, text)?.div_scalar(micro as f64);
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
    Ok((model, trace))
}

/// The same steps as a stage of a run takes them.
fn train_as_a_stage(
    lm: Decoder,
    batches: &Batches,
    stage: &StageConfig,
    steps: u64,
    device: &Device,
) -> Result<(Decoder, Trace), GoldenError> {
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
        let batches = [Batch {
            text: Some(batches.get(number as usize).clone()),
            ..Batch::default()
        }];
        let step;
        (learner, step) = learner
            .step(&batches, &mut optimizer, schedule.at(number), stage.clip)
            .map_err(GoldenError::new)?;
        trace.loss.push(step.loss as f32);
        trace.grad_norm.push(step.grad_norm as f32);
        trace.lr.push(schedule.at(number) as f32);
    }
    Ok((learner.aligner.lm, trace))
}

/// Compares what the steps did and the parameters after them.
fn compare(
    comparison: &mut Comparison<'_>,
    mode: &str,
    trace: &Trace,
    parameters: &Weights,
) -> Result<(), GoldenError> {
    comparison.all(&format!("out.{mode}.loss"), &trace.loss);
    comparison.all(&format!("out.{mode}.grad_norm"), &trace.grad_norm);
    let (whole, norm) = (
        format!("out.{mode}.final."),
        format!("out.{mode}.final_norm."),
    );
    let value = |name: &str| {
        let missing = || GoldenError::new(format!("the model has no parameter {name}"));
        Ok(parameters.get(name).ok_or_else(missing)?.1)
    };
    for name in comparison.golden().names()? {
        if name == format!("out.{mode}.lr") {
            comparison.all(&name, &trace.lr);
        } else if let Some(parameter) = name.strip_prefix(&whole) {
            comparison.all(&name, &value(parameter)?);
        } else if let Some(parameter) = name.strip_prefix(&norm) {
            let values = value(parameter)?;
            let square: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
            comparison.all(&name, &[square.sqrt() as f32]);
        }
    }
    Ok(())
}

fn load(golden: &Golden, device: &Device) -> Result<Decoder, GoldenError> {
    let (model, _) =
        load_dir(&golden.dir().join("model"), FloatDType::F32, device).map_err(GoldenError::new)?;
    Ok(params::with_stable_ids(model))
}

/// Parameters by their names in files.
fn stored(
    model: &Decoder,
    keep: &dyn Fn(&str) -> bool,
    rename: Rename<'_>,
) -> Result<Weights, GoldenError> {
    Weights::of(&model.valid(), keep, rename).map_err(GoldenError::new)
}

/// Every parameter trains, in three ways of decaying and accumulating.
fn whole(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let settings = &golden.meta()["hyper"];
    let (stage, steps) = stage(settings, "wd")?;
    let batches = Batches::read(golden, device)?;
    let mut check = |mode: &str, (model, trace): (Decoder, Trace)| {
        let rename = |path: &str| model.architecture().base_name(path);
        let parameters = stored(&model, &|_| true, &rename)?;
        compare(comparison, mode, &trace, &parameters)
    };

    let model = load(golden, device)?;
    let found = train(
        model,
        &batches,
        &stage,
        everything_decays(&stage).into(),
        (steps, 1),
    )?;
    check("all_decay", found)?;

    let model = load(golden, device)?;
    let found = train_as_a_stage(model, &batches, &stage, steps, device)?;
    check("no_decay_norm", found)?;

    let micro = settings["accum"].as_u64().unwrap_or(1) as usize;
    let model = load(golden, device)?;
    let found = train(model, &batches, &stage, adamw(&stage), (steps, micro))?;
    check("no_decay_norm_accum", found)?;
    schedules(comparison)
}

/// An adapter trains and its base stays.
fn adapter(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let settings = &golden.meta()["train"];
    let (stage, steps) = stage(settings, "weight_decay")?;
    let name = settings["adapter"].as_str().unwrap_or_default();
    let mut adapter =
        Adapter::read(&golden.dir().join("adapters").join(name)).map_err(GoldenError::new)?;
    // The reference trained without dropping anything.
    adapter.config.lora_dropout = 0.0;
    let model = adapter
        .attach(load(golden, device)?, &mut Init::new(1, device))
        .map_err(GoldenError::new)?;
    let model = params::set_trainable(params::with_stable_ids(model), is_lora);
    let architecture = model.architecture();
    let base = |model: &Decoder| -> Result<Vec<(String, Vec<f32>)>, GoldenError> {
        let base = stored(model, &|path| !is_lora(path), &|path| {
            architecture.base_name(path)
        })?;
        let value = |name: &str| Some((name.to_owned(), base.get(name)?.1));
        Ok(base.names().filter_map(value).collect())
    };
    let before = base(&model)?;
    let batches = Batches::read(golden, device)?;
    let (model, trace) = train(model, &batches, &stage, adamw(&stage), (steps, 1))?;
    let parameters = stored(&model, &is_lora, &|path| architecture.adapter_name(path))?;
    compare(comparison, "train", &trace, &parameters)?;
    comparison.same("the base did not move", &(base(&model)? == before), &true);
    Ok(())
}

/// Learning rates. Past the last step, where no run goes, the reference rises again along the cosine; here it stays at the
/// floor, and that part is not compared.
fn schedules(comparison: &mut Comparison<'_>) -> Result<(), GoldenError> {
    const PREFIX: &str = "out.schedule.";
    for name in comparison.golden().names()? {
        let Some(kind) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let of_cosine = kind.strip_prefix("cosine_w").and_then(|numbers| {
            let (warmup, total) = numbers.split_once("_t")?;
            Some((warmup.parse().ok()?, total.parse().ok()?))
        });
        let Some((warmup, total)) = of_cosine else {
            comparison.skip(&name, "a stage has the cosine schedule alone");
            continue;
        };
        let schedule = Schedule {
            peak: 1.0,
            floor: 0.0,
            warmup,
            total,
        };
        let steps = comparison.golden().floats(&name)?.1.len() as u64;
        let found: Vec<f32> = (0..steps).map(|step| schedule.at(step) as f32).collect();
        let kept: Vec<bool> = (0..steps).map(|step| step <= total).collect();
        comparison.at(&name, &found, &kept);
    }
    Ok(())
}
