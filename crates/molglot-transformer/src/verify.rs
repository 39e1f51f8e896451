//! Running a reference case of BERT or ESM-2.

mod bert;
mod esm2;

use std::path::PathBuf;

use molglot_tensor::{
    Device, Tensor,
    burn::module::Module,
    golden::{Comparison, Golden, GoldenError, Verdict},
    params,
};

use crate::SequenceBatch;

/// Runs a case and compares every output and gradient with it; `None` when the case is of another kind.
///
/// Every folder of the case that holds the model, under whatever names, must give the same.
///
/// # Errors
///
/// [`GoldenError`] when the case is incomplete or its model cannot be loaded.
pub fn verify(golden: &Golden, device: &Device) -> Result<Option<Verdict>, GoldenError> {
    let run = match golden.meta()["kind"].as_str() {
        Some("bert") => bert::run,
        Some("esm2") => esm2::run,
        _ => return Ok(None),
    };
    let device = device.clone().autodiff();
    let mut comparison = Comparison::new(golden);
    for dir in models(golden)? {
        run(&mut comparison, &dir, &device)?;
    }
    comparison.finish().map(Some)
}

/// `model` and every `model_*` of a case.
fn models(golden: &Golden) -> Result<Vec<PathBuf>, GoldenError> {
    let entries = golden.dir().read_dir().map_err(GoldenError::new)?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            path.is_dir() && name.is_some_and(|name| name == "model" || name.starts_with("model_"))
        })
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(GoldenError::new(format!(
            "{}: the case has no folder `model`",
            golden.dir().display()
        )));
    }
    Ok(found)
}

/// The sequences of a scenario, and where the reference has their tokens.
struct Scenario {
    batch: SequenceBatch,
    /// Length of the reference's rows.
    length: usize,
}

impl Scenario {
    /// From `in.<name>.{input_ids, attention_mask, token_type_ids}`, of which only the first must be there; padding is on
    /// the right.
    fn read(golden: &Golden, name: &str, pad: u32, vocabulary: usize) -> Result<Self, GoldenError> {
        let (shape, ids) = golden.ints(&format!("in.{name}.input_ids"))?;
        let [_, length] = shape[..] else {
            return Err(GoldenError::new(format!(
                "in.{name}.input_ids: {shape:?} is not [B, T]"
            )));
        };
        let names = golden.names()?;
        let beside = |input: &str| -> Result<Option<Vec<i64>>, GoldenError> {
            let input = format!("in.{name}.{input}");
            if !names.contains(&input) {
                return Ok(None);
            }
            let (other, table) = golden.ints(&input)?;
            if other != shape {
                return Err(GoldenError::new(format!(
                    "{input}: {other:?} is not {shape:?}, the shape of the ids"
                )));
            }
            Ok(Some(table))
        };
        let mask = beside("attention_mask")?.unwrap_or_else(|| vec![1; ids.len()]);
        let lengths: Vec<usize> = mask
            .chunks(length.max(1))
            .map(|row| row.iter().take_while(|&&seen| seen == 1).count())
            .collect();
        let on_the_right =
            |(row, &kept): (&[i64], &usize)| kept > 0 && row[kept..].iter().all(|&seen| seen == 0);
        if lengths.is_empty() || !mask.chunks(length).zip(&lengths).all(on_the_right) {
            return Err(GoldenError::new(format!(
                "in.{name}.attention_mask: rows must be ones, at least one, and then zeros"
            )));
        }
        if ids.iter().any(|&id| id < 0 || id as usize >= vocabulary) {
            return Err(GoldenError::new(format!(
                "in.{name}.input_ids: an id is not one of {vocabulary} tokens"
            )));
        }
        let rows = |table: &[i64]| -> Vec<Vec<u32>> {
            let cut = |(row, &kept): (&[i64], &usize)| {
                row[..kept].iter().map(|&value| value as u32).collect()
            };
            table.chunks(length).zip(&lengths).map(cut).collect()
        };
        let mut batch = SequenceBatch::new(&rows(&ids), pad);
        if let Some(types) = beside("token_type_ids")? {
            batch = batch.with_types(&rows(&types));
        }
        Ok(Self { batch, length })
    }

    /// Compares `[B, T, W]` at the tokens.
    fn tokens(&self, comparison: &mut Comparison<'_>, name: &str, tensor: Tensor<3>) {
        let [_, length, width] = tensor.dims();
        let actual = values(tensor);
        let mut placed = vec![0f32; self.batch.sequences() * self.length * width];
        let mut kept = vec![false; placed.len()];
        for (row, &tokens) in self.batch.lengths().iter().enumerate() {
            let (from, to) = (row * length * width, row * self.length * width);
            let count = tokens * width;
            placed[to..to + count].copy_from_slice(&actual[from..from + count]);
            kept[to..to + count].fill(true);
        }
        comparison.at(name, &placed, &kept);
    }
}

/// Compares the gradients of a loss with every `grad.<scenario>.*` of the case.
fn gradients<M: Module>(
    comparison: &mut Comparison<'_>,
    scenario: &str,
    model: &M,
    loss: &Tensor<1>,
    published: impl Fn(&str) -> String,
) -> Result<(), GoldenError> {
    let prefix = format!("grad.{scenario}.");
    let found = params::gradients(model, &loss.backward());
    for name in comparison.golden().names()? {
        let Some(wanted) = name.strip_prefix(&prefix) else {
            continue;
        };
        match found.iter().find(|(path, _)| published(path) == wanted) {
            Some((_, grad)) => comparison.all(&name, grad),
            None => comparison.fail(
                &name,
                &GoldenError::new(format!("{name}: the model has no such parameter")),
            ),
        }
    }
    Ok(())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
