//! Retrieval against the reference: a 40 x 40 matrix without ties, computed in Python with NumPy.

use std::fs;
use std::path::PathBuf;

use molglot_metrics::retrieval::{Direction, ranks, recall};
use safetensors::SafeTensors;
use serde_json::Value;

const N: usize = 40;

/// Ranks and counts are exact; this is for the float64 sums.
const TOLERANCE: f64 = 1e-9;

/// The reference case: its tensor file and its `retrieval` numbers. `None`, with a note, where it is not at hand.
fn case() -> Option<(Vec<u8>, Value)> {
    let Some(root) = std::env::var_os("MOLGLOT_GOLDEN") else {
        eprintln!("skipped: MOLGLOT_GOLDEN is not set");
        return None;
    };
    let case = PathBuf::from(root).join("metrics");
    let tensors = fs::read(case.join("io.safetensors")).unwrap();
    let expected: Value =
        serde_json::from_slice(&fs::read(case.join("expected.json")).unwrap()).unwrap();
    Some((tensors, expected["retrieval"].clone()))
}

fn similarity(tensors: &SafeTensors<'_>) -> Vec<f32> {
    let bytes = tensors.tensor("in.similarity").unwrap();
    bytes
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

#[test]
fn ranks_and_recall_match_the_reference() {
    let Some((bytes, expected)) = case() else {
        return;
    };
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let similarity = similarity(&tensors);

    for (direction, name) in [
        (Direction::RowToColumn, "row_to_column"),
        (Direction::ColumnToRow, "column_to_row"),
    ] {
        let reference_ranks: Vec<i64> = tensors
            .tensor(&format!("out.rank_{name}"))
            .unwrap()
            .data()
            .chunks_exact(8)
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        // The reference counts ranks from 0.
        let found_ranks: Vec<i64> = ranks(&similarity, N, direction)
            .unwrap()
            .into_iter()
            .map(|rank| rank as i64 - 1)
            .collect();
        assert_eq!(found_ranks, reference_ranks, "{name}");

        let found = recall(&similarity, N, direction).unwrap();
        for (key, value) in [
            ("R@1", found.at_1),
            ("R@5", found.at_5),
            ("R@10", found.at_10),
            ("MRR", found.mrr),
            ("median_rank", found.median_rank),
        ] {
            let reference = expected[name][key].as_f64().unwrap();
            assert!(
                (value - reference).abs() < TOLERANCE,
                "{name} {key}: {value}, reference {reference}"
            );
        }
    }
}

/// The reference cuts the items into batches of 8 in their given order; each batch is a full set of its own.
#[test]
fn accuracy_in_given_batches_matches_the_reference() {
    let Some((bytes, expected)) = case() else {
        return;
    };
    let similarity = similarity(&SafeTensors::deserialize(&bytes).unwrap());
    let reference = expected["in_batch_8_row_accuracy"].as_f64().unwrap();

    let starts = (0..N).step_by(8);
    let batches = starts.len() as f64;
    let accuracy = starts
        .map(|start| {
            let block: Vec<f32> = (0..64)
                .map(|i| similarity[(start + i / 8) * N + start + i % 8])
                .collect();
            recall(&block, 8, Direction::RowToColumn).unwrap().at_1
        })
        .sum::<f64>()
        / batches;
    assert!(
        (accuracy - reference).abs() < TOLERANCE,
        "{accuracy}, reference {reference}"
    );
}
