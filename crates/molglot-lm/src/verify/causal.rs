//! Hidden states, logits, losses, gradients and cached steps of a decoder.

use molglot_core::{KvCache, LanguageModel};
use molglot_tensor::{
    Device,
    burn::{module::Module, tensor::FloatDType},
    golden::{Comparison, GoldenError},
    ops::RopeTable,
};

use super::{Input, embed, gradients, logits, tensor3, values};
use crate::decoder::{Decoder, load_dir};

pub(super) fn run(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let device = device.clone().autodiff();
    let dir = comparison.golden().dir().join("model");
    let (model, _) = load_dir(&dir, FloatDType::F32, &device).map_err(GoldenError::new)?;
    for scenario in ["plain", "right", "left", "gaps"] {
        if comparison
            .golden()
            .ints(&format!("in.{scenario}.input_ids"))
            .is_ok()
        {
            tokens(comparison, &model, scenario)?;
        }
    }
    embeddings(comparison, &model, &device)?;
    angles(comparison, &model)?;
    steps(comparison, &model.valid())
}

/// One scenario of token ids.
fn tokens(
    comparison: &mut Comparison<'_>,
    model: &Decoder,
    scenario: &str,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let (shape, ids) = golden.ints(&format!("in.{scenario}.input_ids"))?;
    let input = Input::read(golden, &format!("in.{scenario}."), &shape);
    let mut states = model.hidden_states(embed(model, &ids, &shape), &input.layout);
    let kept = input.kept(model.width());
    for (number, state) in states.iter().enumerate() {
        let name = format!("out.{scenario}.hidden_states.{number}");
        if golden.floats(&name).is_ok() {
            comparison.at(&name, &values(state.clone()), &kept);
        }
    }
    let Some(last) = states.pop() else {
        return Ok(());
    };
    let name = format!("out.{scenario}.last_hidden_state");
    if golden.floats(&name).is_ok() {
        comparison.at(&name, &values(last.clone()), &kept);
    }
    let logits = logits(model, last);
    comparison.at(
        &format!("out.{scenario}.logits"),
        &values(logits.clone()),
        &input.kept(model.vocab_size()),
    );
    if let Ok((_, labels)) = golden.ints(&format!("in.{scenario}.labels")) {
        let loss = input.loss(logits, &labels);
        comparison.all(&format!("out.{scenario}.loss"), &values(loss.clone()));
        let rename = |path: &str| model.architecture().base_name(path);
        gradients(
            comparison,
            &format!("grad.{scenario}."),
            model,
            &loss,
            &rename,
        )?;
    }
    Ok(())
}

/// Embeddings given from outside, as soft tokens are.
fn embeddings(
    comparison: &mut Comparison<'_>,
    model: &Decoder,
    device: &Device,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let Ok((shape, given)) = golden.floats("in.embeds.inputs_embeds") else {
        return Ok(());
    };
    let input = Input::read(golden, "in.embeds.", &shape);
    let given = tensor3(&shape, given, device).require_grad();
    let Some(last) = model.hidden_states(given.clone(), &input.layout).pop() else {
        return Ok(());
    };
    let (states, classes) = (input.kept(model.width()), input.kept(model.vocab_size()));
    comparison.at(
        "out.embeds.last_hidden_state",
        &values(last.clone()),
        &states,
    );
    let logits = logits(model, last);
    comparison.at("out.embeds.logits", &values(logits.clone()), &classes);
    let (_, labels) = golden.ints("in.embeds.labels")?;
    let loss = input.loss(logits, &labels);
    comparison.all("out.embeds.loss", &values(loss.clone()));
    match given.grad(&loss.backward()) {
        Some(grad) => comparison.at("grad.embeds.inputs_embeds", &values(grad), &states),
        None => comparison.fail(
            "grad.embeds.inputs_embeds",
            &GoldenError::new("no gradient reached the embeddings"),
        ),
    }
    Ok(())
}

/// The rotary angles.
fn angles(comparison: &mut Comparison<'_>, model: &Decoder) -> Result<(), GoldenError> {
    let frequencies = model.inverse_frequencies();
    let Ok((_, positions)) = comparison.golden().ints("in.rope.position_ids") else {
        return Ok(());
    };
    let most = positions.iter().copied().max().unwrap_or(0) as usize;
    let table = RopeTable::new(frequencies, most + 1);
    let (mut cosines, mut sines) = (Vec::new(), Vec::new());
    for position in positions {
        let (cos, sin) = table.angles(position as usize);
        // The reference stores both halves, which are alike.
        cosines.extend([cos, cos].concat());
        sines.extend([sin, sin].concat());
    }
    comparison.all("out.rope.cos", &cosines);
    comparison.all("out.rope.sin", &sines);
    comparison.all("out.rope.inv_freq", frequencies);
    Ok(())
}

/// Logits of every step of the greedy continuation of a batch padded on the left, from the cache.
fn steps(comparison: &mut Comparison<'_>, model: &Decoder) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let Ok((shape, _)) = golden.floats("out.greedy.step_logits") else {
        return Ok(());
    };
    let (rows, steps, classes) = (shape[0], shape[1], shape[2]);
    let (prompt, ids) = golden.ints("in.gen.input_ids")?;
    let (_, mask) = golden.ints("in.gen.attention_mask")?;
    let (width, sequences) = golden.ints("out.greedy.sequences")?;
    let padding: Vec<usize> = mask
        .chunks(prompt[1])
        .map(|row| row.iter().take_while(|&&bit| bit == 0).count())
        .collect();
    let mut cache = KvCache::new(&padding);
    let mut found = vec![0f32; rows * steps * classes];
    for step in 0..steps {
        let input = if step == 0 {
            embed(model, &ids, &prompt)
        } else {
            let fed: Vec<i64> = sequences
                .chunks(width[1])
                .map(|row| row[prompt[1] + step - 1])
                .collect();
            embed(model, &fed, &[rows, 1])
        };
        let logits = values(model.advance(input, &mut cache));
        for (row, logits) in logits.chunks(classes).enumerate() {
            found[(row * steps + step) * classes..][..classes].copy_from_slice(logits);
        }
    }
    comparison.all("out.greedy.step_logits", &found);
    Ok(())
}
