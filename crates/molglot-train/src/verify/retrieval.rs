//! Retrieval: ranks and what is made of them. The other metrics of the case are named as uncovered.

use molglot_metrics::retrieval::{Direction, RetrievalError, ranks, recall};
use molglot_tensor::{
    Device,
    golden::{Comparison, Golden, GoldenError, Verdict},
};
use serde_json::Value;

/// Ranks and counts are exact; this is for the f64 sums.
const TOLERANCE: f64 = 1e-9;

/// # Errors
///
/// [`GoldenError`] when the case cannot be read.
pub(super) fn verify(golden: &Golden, _: &Device) -> Result<Option<Verdict>, GoldenError> {
    if golden.meta()["kind"] != "metric" {
        return Ok(None);
    }
    let mut comparison = Comparison::new(golden);
    let (shape, similarity) = golden.floats("in.similarity")?;
    let expected = golden.json("expected.json")?;
    retrieval(
        &mut comparison,
        &similarity,
        shape[0],
        &expected["retrieval"],
    )
    .map_err(GoldenError::new)?;
    for part in expected.as_object().into_iter().flat_map(|map| map.keys()) {
        if part != "retrieval" {
            comparison.uncovered(&format!("expected.{part}"));
        }
    }
    comparison.finish().map(Some)
}

fn retrieval(
    comparison: &mut Comparison<'_>,
    similarity: &[f32],
    n: usize,
    expected: &Value,
) -> Result<(), RetrievalError> {
    for (direction, name) in [
        (Direction::RowToColumn, "row_to_column"),
        (Direction::ColumnToRow, "column_to_row"),
    ] {
        // The reference counts ranks from 0.
        let found = ranks(similarity, n, direction)?;
        let found: Vec<i64> = found.iter().map(|&rank| rank as i64 - 1).collect();
        comparison.ints(&format!("out.rank_{name}"), &found);
        let found = recall(similarity, n, direction)?;
        let known = [
            ("R@1", found.at_1),
            ("R@5", found.at_5),
            ("R@10", found.at_10),
            ("MRR", found.mrr),
            ("median_rank", found.median_rank),
        ];
        for (key, wanted) in expected[name].as_object().into_iter().flatten() {
            let place = format!("expected.retrieval.{name}.{key}");
            match known.iter().find(|(own, _)| own == key) {
                Some((_, found)) => near(comparison, &place, *found, wanted),
                None => comparison.uncovered(&place),
            }
        }
    }
    for (key, wanted) in expected.as_object().into_iter().flatten() {
        let place = format!("expected.retrieval.{key}");
        match key.as_str() {
            "row_to_column" | "column_to_row" => {}
            "in_batch_8_row_accuracy" => {
                let found = in_order(similarity, n, 8)?;
                near(comparison, &place, found, wanted);
            }
            _ => comparison.uncovered(&place),
        }
    }
    Ok(())
}

/// First places among batches of consecutive items, each a full set of its own.
fn in_order(similarity: &[f32], n: usize, batch: usize) -> Result<f64, RetrievalError> {
    let starts = (0..n).step_by(batch);
    let count = starts.len() as f64;
    let mut sum = 0.0;
    for start in starts {
        let block: Vec<f32> = (0..batch * batch)
            .map(|i| similarity[(start + i / batch) * n + start + i % batch])
            .collect();
        sum += recall(&block, batch, Direction::RowToColumn)?.at_1;
    }
    Ok(sum / count)
}

fn near(comparison: &mut Comparison<'_>, name: &str, found: f64, wanted: &Value) {
    match wanted.as_f64() {
        Some(wanted) if (found - wanted).abs() < TOLERANCE => comparison.exact(name),
        _ => {
            let what = format!("{name}: {found} and not {wanted}");
            comparison.fail(name, &GoldenError::new(what));
        }
    }
}
