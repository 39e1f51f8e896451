//! Logits processors, value by value, with the probabilities after them.

use molglot_tensor::golden::{Comparison, GoldenError};
use serde_json::Value;

use crate::generate::processors::{Processor, softmax};

/// Largest difference, relative to the value or absolute below 1.
const TOLERANCE: f64 = 1e-6;

/// The row whose maximum is shared by twelve tokens. Which of them stay when a nucleus ends among them is left to
/// `torch.sort`, whose order of equal values depends on the processor that it ran on: only their number is compared.
const TIES: usize = 3;

pub(super) fn run(comparison: &mut Comparison<'_>) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let (shape, logits) = golden.floats("in.logits")?;
    let (text_shape, texts) = golden.ints("in.input_ids")?;
    for scenario in golden.meta()["scenarios"].as_array().into_iter().flatten() {
        let name = scenario["name"].as_str().unwrap_or_default();
        let steps = scenario["chain"].as_array().into_iter().flatten();
        let chain: Vec<Processor> = steps.map(processor).collect::<Result<_, _>>()?;
        let mut found = logits.clone();
        for (row, text) in found.chunks_mut(shape[1]).zip(texts.chunks(text_shape[1])) {
            let text: Vec<u32> = text.iter().map(|&id| id as u32).collect();
            chain.iter().for_each(|step| step.apply(&text, row));
        }
        compare(comparison, &format!("out.{name}"), &found, shape[1])?;
    }
    Ok(())
}

fn processor(step: &Value) -> Result<Processor, GoldenError> {
    let value = &step["value"];
    let bad = || GoldenError::new(format!("meta.json: {step} is no known processor"));
    let number = || value.as_f64().ok_or_else(bad);
    let count = |value: &Value| value.as_u64().map(|count| count as usize).ok_or_else(bad);
    let eos = || -> Result<Vec<u32>, GoldenError> {
        let list = value["eos_token_id"].as_array().ok_or_else(bad)?;
        list.iter().map(|id| Ok(count(id)? as u32)).collect()
    };
    Ok(match step["processor"].as_str().ok_or_else(bad)? {
        "temperature" => Processor::Temperature(number()?),
        "top_k" => Processor::TopK(count(value)?),
        "top_p" => Processor::TopP(number()?),
        "min_p" => Processor::MinP(number()?),
        "typical_p" => Processor::TypicalP(number()?),
        "repetition_penalty" => Processor::RepetitionPenalty(number()?),
        "no_repeat_ngram_size" => Processor::NoRepeatNgram(count(value)?),
        "min_new_tokens" => Processor::MinLength {
            length: count(&value["prompt_length"])? + count(&value["min_new_tokens"])?,
            eos: eos()?,
        },
        "min_length" => Processor::MinLength {
            length: count(&value["min_length"])?,
            eos: eos()?,
        },
        _ => return Err(bad()),
    })
}

fn compare(
    comparison: &mut Comparison<'_>,
    name: &str,
    found: &[f32],
    width: usize,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let sorted = |row: &[f32]| {
        let mut row = row.to_vec();
        row.sort_by(f32::total_cmp);
        row
    };
    let (_, wanted) = golden.floats(name)?;
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for (row, (found, wanted)) in found.chunks(width).zip(wanted.chunks(width)).enumerate() {
        let (found, wanted) = if row == TIES && name.starts_with("out.top_p") {
            (sorted(found), sorted(wanted))
        } else {
            (found.to_vec(), wanted.to_vec())
        };
        let both = found.into_iter().zip(wanted);
        pairs.extend(both.map(|(found, wanted)| (f64::from(found), f64::from(wanted))));
    }
    near(comparison, name, &pairs);
    let probabilities = format!("{name}.probs");
    if let Ok((_, wanted)) = golden.floats(&probabilities) {
        let found = found.chunks(width).flat_map(softmax);
        let pairs: Vec<(f64, f64)> = found.zip(wanted.into_iter().map(f64::from)).collect();
        near(comparison, &probabilities, &pairs);
    }
    Ok(())
}

fn near(comparison: &mut Comparison<'_>, name: &str, pairs: &[(f64, f64)]) {
    let off = |(found, wanted): &(f64, f64)| {
        found != wanted && (found - wanted).abs() > TOLERANCE * wanted.abs().max(1.0)
    };
    // A value that is no number is off too.
    let off = |pair: &(f64, f64)| off(pair) || pair.0.is_nan();
    match pairs.iter().position(off) {
        None => comparison.exact(name),
        Some(at) => {
            let (found, wanted) = pairs[at];
            let what = format!("{name}: value {at} is {found} and not {wanted}");
            comparison.fail(name, &GoldenError::new(what));
        }
    }
}
