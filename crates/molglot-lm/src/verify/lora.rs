//! PEFT's adapters on a decoder: logits, losses, gradients, merged weights.

use molglot_tensor::{
    Device, Init,
    burn::tensor::FloatDType,
    golden::{Comparison, GoldenError},
    params,
    weights::Weights,
};

use super::{Input, embed, gradients, logits, values};
use crate::{
    decoder::{Decoder, load_dir},
    lora::{Adapter, is_lora},
};

pub(super) fn run(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let device = device.clone().autodiff();
    let golden = comparison.golden();
    let (shape, ids) = golden.ints("in.input_ids")?;
    let (_, labels) = golden.ints("in.labels")?;
    let input = Input::read(golden, "in.", &shape);
    let run = |model: &Decoder| {
        let states = model
            .hidden_states(embed(model, &ids, &shape), &input.layout)
            .pop();
        states.map(|last| logits(model, last))
    };
    let load = || {
        let dir = golden.dir().join("model");
        load_dir(&dir, FloatDType::F32, &device).map_err(GoldenError::new)
    };
    let (base, _) = load()?;
    let kept = input.kept(base.vocab_size());
    if let Some(logits) = run(&base) {
        comparison.at("out.base.logits", &values(logits), &kept);
    }
    let adapters = golden.meta()["adapters"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for name in adapters.keys() {
        let dir = golden.dir().join("adapters").join(name);
        let adapter = Adapter::read(&dir).map_err(GoldenError::new)?;
        let (model, _) = load()?;
        let model = adapter
            .attach(model, &mut Init::new(0, &device))
            .map_err(GoldenError::new)?;
        // The adapter trains, but drops nothing.
        let model =
            params::set_trainable(model, |path| is_lora(path) && !path.ends_with("training"));
        let Some(logits) = run(&model) else { continue };
        comparison.at(
            &format!("out.{name}.logits"),
            &values(logits.clone()),
            &kept,
        );
        let loss = input.loss(logits, &labels);
        comparison.all(&format!("out.{name}.loss"), &values(loss.clone()));
        let rename = |path: &str| model.architecture().adapter_name(path);
        gradients(comparison, &format!("grad.{name}."), &model, &loss, &rename)?;
        let merged = model.merged();
        if let Some(logits) = run(&merged) {
            comparison.at(&format!("out.{name}.merged_logits"), &values(logits), &kept);
        }
        merged_weights(comparison, &format!("out.{name}.merged."), &merged)?;
    }
    for name in golden.names()? {
        if name.starts_with("out.train.") {
            comparison.skip(&name, "steps of an optimizer, which molglot-train has");
        }
    }
    Ok(())
}

/// Weights after merging, read back as they would be written.
fn merged_weights(
    comparison: &mut Comparison<'_>,
    prefix: &str,
    model: &Decoder,
) -> Result<(), GoldenError> {
    let rename = |path: &str| model.architecture().base_name(path);
    let weights = Weights::of(model, &|_| true, &rename).map_err(GoldenError::new)?;
    for name in comparison.golden().names()? {
        let Some(wanted) = name.strip_prefix(prefix) else {
            continue;
        };
        match weights.get(wanted) {
            Some((_, values)) => comparison.all(&name, &values),
            None => comparison.fail(
                &name,
                &GoldenError::new(format!("{name}: the merged model has no such weight")),
            ),
        }
    }
    Ok(())
}
