//! The scenarios of a BERT case.

use std::path::Path;

use molglot_tensor::{
    Device, Tensor, TensorData,
    burn::tensor::FloatDType,
    golden::{Comparison, GoldenError},
};

use super::{Scenario, gradients, values};
use crate::{
    Bert, BertConfig,
    bert::{load_dir, published_name},
};

pub(super) fn run(
    comparison: &mut Comparison<'_>,
    dir: &Path,
    device: &Device,
) -> Result<(), GoldenError> {
    let (model, config) = load_dir(dir, FloatDType::F32, device).map_err(GoldenError::new)?;
    for name in ["pad", "pair", "one"] {
        scenario(comparison, name, &model, &config)?;
    }
    Ok(())
}

fn scenario(
    comparison: &mut Comparison<'_>,
    name: &str,
    model: &Bert,
    config: &BertConfig,
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let case = Scenario::read(golden, name, config.pad_token_id, config.vocab_size)?;
    if case.batch.length() > model.max_length() {
        return Err(GoldenError::new(format!(
            "in.{name}.input_ids: the model has {} positions",
            model.max_length()
        )));
    }
    let types = config.type_vocab_size;
    if case
        .batch
        .types()
        .iter()
        .any(|&kind| kind as usize >= types)
    {
        return Err(GoldenError::new(format!(
            "in.{name}.token_type_ids: the model has {types} types"
        )));
    }
    let last = model.forward(&case.batch);
    case.tokens(
        comparison,
        &format!("out.{name}.last_hidden_state"),
        last.clone(),
    );
    let pooled = model
        .pool(last.clone())
        .ok_or_else(|| GoldenError::new("the checkpoint has no pooler"))?;
    comparison.all(
        &format!("out.{name}.pooler_output"),
        &values(pooled.clone()),
    );
    if name == "one" {
        return Ok(());
    }
    for (number, state) in model.hidden_states(&case.batch).into_iter().enumerate() {
        case.tokens(
            comparison,
            &format!("out.{name}.hidden_states.{number}"),
            state,
        );
    }
    let mean = case.batch.mean(last);
    comparison.all(&format!("out.{name}.mean_pooled"), &values(mean.clone()));
    if name == "pair" {
        let weighted = |weights: &str, x: Tensor<2>| -> Result<Tensor<1>, GoldenError> {
            let (shape, values) = golden.floats(weights)?;
            if shape != x.dims() {
                return Err(GoldenError::new(format!(
                    "{weights}: {shape:?} is not {:?}",
                    x.dims()
                )));
            }
            let weights = TensorData::new(values, shape);
            let weights = Tensor::<2>::from_data(weights, &x.device());
            Ok((x * weights).sum())
        };
        let loss = weighted("in.pair.loss_weight_mean", mean)?
            + weighted("in.pair.loss_weight_pooled", pooled)?;
        comparison.all("out.pair.loss", &values(loss.clone()));
        gradients(comparison, name, model, &loss, published_name)?;
    }
    Ok(())
}
