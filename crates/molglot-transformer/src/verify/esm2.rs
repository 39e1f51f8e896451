//! The scenarios of an ESM-2 case.

use std::path::Path;

use molglot_tensor::{
    Device, RowIndex, Tensor,
    burn::tensor::FloatDType,
    golden::{Comparison, Golden, GoldenError},
    ops::{cross_entropy, gather_rows},
};

use super::{Scenario, gradients, values};
use crate::{
    MaskedLm,
    esm2::{load_masked_lm, published_name},
};

/// Marks a token without a label.
const IGNORED: i64 = -100;

pub(super) fn run(
    comparison: &mut Comparison<'_>,
    dir: &Path,
    device: &Device,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let (model, config) = load_masked_lm(dir, FloatDType::F32, device).map_err(GoldenError::new)?;
    let read = |name: &str| Scenario::read(golden, name, config.pad_token_id, config.vocab_size);

    let case = read("pad")?;
    let last = model.esm.forward(&case.batch);
    for (number, state) in model.esm.hidden_states(&case.batch).into_iter().enumerate() {
        case.tokens(
            comparison,
            &format!("out.pad.hidden_states.{number}"),
            state,
        );
    }
    case.tokens(comparison, "out.pad.logits", logits(&model, last.clone()));
    case.tokens(comparison, "out.pad.last_hidden_state", last);

    let case = read("one")?;
    let last = model.esm.forward(&case.batch);
    case.tokens(comparison, "out.one.last_hidden_state", last);

    let case = read("mlm")?;
    let embeddings = model.esm.embed(&case.batch);
    case.tokens(comparison, "out.mlm.embeddings", embeddings);
    let last = model.esm.forward(&case.batch);
    case.tokens(comparison, "out.mlm.logits", logits(&model, last.clone()));
    let loss = loss(&model, &case, golden, last.clone())?;
    case.tokens(comparison, "out.mlm.last_hidden_state", last);
    comparison.all("out.mlm.loss", &values(loss.clone()));
    gradients(comparison, "mlm", &model, &loss, |path| {
        match path.strip_prefix("esm.") {
            Some(path) => format!("esm.{}", published_name(path)),
            None => path.to_owned(),
        }
    })
}

/// `[B, T, E]` to `[B, T, V]`.
fn logits(model: &MaskedLm, states: Tensor<3>) -> Tensor<3> {
    let [batch, length, width] = states.dims();
    let rows = model.logits(states.reshape([batch * length, width]));
    rows.reshape([batch, length, model.esm.vocab_size()])
}

/// `[1]`: mean cross-entropy over the labels.
fn loss(
    model: &MaskedLm,
    case: &Scenario,
    golden: &Golden,
    states: Tensor<3>,
) -> Result<Tensor<1>, GoldenError> {
    let [batch, length, width] = states.dims();
    let (shape, labels) = golden.ints("in.mlm.labels")?;
    let known =
        |label: i64| label == IGNORED || (0..model.esm.vocab_size() as i64).contains(&label);
    if shape != [batch, case.length] || !labels.iter().all(|&label| known(label)) {
        return Err(GoldenError::new(
            "in.mlm.labels: not a token or -100 for every token of the ids",
        ));
    }
    let (mut places, mut targets) = (Vec::new(), Vec::new());
    for (row, labels) in labels.chunks(case.length).enumerate() {
        let labelled = labels.iter().take(length).enumerate();
        for (at, &label) in labelled.filter(|(_, label)| **label != IGNORED) {
            places.push((row * length + at) as u32);
            targets.push(label as u32);
        }
    }
    let rows = states.reshape([batch * length, width]);
    let states = gather_rows(rows, &RowIndex::new(batch * length, places));
    Ok(cross_entropy(model.logits(states), &targets.into()).mean())
}
