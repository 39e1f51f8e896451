use molglot_metrics::retrieval::{Direction, InBatch, in_batch, ranks, recall};
use proptest::prelude::*;

const DIRECTIONS: [Direction; 2] = [Direction::RowToColumn, Direction::ColumnToRow];

fn direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(DIRECTIONS.to_vec())
}

/// A square matrix of few distinct scores, so that ties, NaN and infinities are common.
fn similarity() -> impl Strategy<Value = (usize, Vec<f32>)> {
    let score = prop_oneof![
        8 => (-3_i8..4).prop_map(f32::from),
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
    ];
    (1_usize..24).prop_flat_map(move |n| (Just(n), prop::collection::vec(score.clone(), n * n)))
}

/// A square matrix of scores that are all but surely distinct.
fn random_similarity(n: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(0.0_f32..1.0, n * n)
}

fn transpose(similarity: &[f32], n: usize) -> Vec<f32> {
    (0..n * n)
        .map(|i| similarity[(i % n) * n + i / n])
        .collect()
}

proptest! {
    #[test]
    fn an_identity_matrix_is_perfect(n in 1_usize..40, batch in 1_usize..50, seed: u64, direction in direction()) {
        let similarity: Vec<f32> = (0..n * n).map(|i| f32::from(u8::from(i / n == i % n))).collect();
        let full = recall(&similarity, n, direction).unwrap();
        let batched = in_batch(&similarity, n, direction, InBatch { batch, permutations: 2, seed }).unwrap();
        prop_assert_eq!(batched.batch, batch.min(n));
        for found in [full, batched.recall] {
            prop_assert_eq!((found.at_1, found.at_5, found.at_10, found.median_rank, found.mrr), (1.0, 1.0, 1.0, 1.0, 1.0));
        }
    }

    #[test]
    fn the_order_of_the_items_does_not_matter((n, similarity) in similarity(), direction in direction(), by in 0_usize..24) {
        // Items by + 0, by + 1, ... reversed: a permutation that moves every item for most `by`.
        let order: Vec<usize> = (0..n).rev().map(|i| (i + by) % n).collect();
        let moved: Vec<f32> = (0..n * n).map(|i| similarity[order[i / n] * n + order[i % n]]).collect();
        prop_assert_eq!(recall(&moved, n, direction), recall(&similarity, n, direction));
    }

    #[test]
    fn a_direction_is_the_other_of_the_transpose((n, similarity) in similarity(), batch in 1_usize..30, seed: u64) {
        let turned = transpose(&similarity, n);
        let options = InBatch { batch, permutations: 2, seed };
        prop_assert_eq!(
            ranks(&similarity, n, Direction::RowToColumn),
            ranks(&turned, n, Direction::ColumnToRow)
        );
        prop_assert_eq!(
            in_batch(&similarity, n, Direction::RowToColumn, options),
            in_batch(&turned, n, Direction::ColumnToRow, options)
        );
    }

    #[test]
    fn recall_grows_with_k_and_stays_in_range((n, similarity) in similarity(), direction in direction()) {
        let found = recall(&similarity, n, direction).unwrap();
        prop_assert!(0.0 <= found.at_1 && found.at_1 <= found.at_5 && found.at_5 <= found.at_10 && found.at_10 <= 1.0);
        prop_assert!(found.at_1 <= found.mrr && found.mrr <= 1.0);
        prop_assert!((1.0..=n as f64).contains(&found.median_rank));
    }

    /// Fewer candidates can only help: an item's rank in a batch is never above its rank among all.
    #[test]
    fn a_batch_is_no_harder_than_the_full_set((n, similarity) in similarity(), direction in direction(), seed: u64) {
        let full = recall(&similarity, n, direction).unwrap();
        // A batch that divides n uses each item once per permutation.
        for batch in (1..=n).filter(|batch| n.is_multiple_of(*batch)) {
            let found = in_batch(&similarity, n, direction, InBatch { batch, permutations: 1, seed }).unwrap();
            prop_assert_eq!(found.items, n);
            prop_assert!(found.recall.at_1 >= full.at_1 && found.recall.at_5 >= full.at_5);
            prop_assert!(found.recall.median_rank <= full.median_rank && found.recall.mrr >= full.mrr - 1e-12);
        }
    }

    #[test]
    fn any_matrix_has_a_number_or_a_reason(
        scores in prop::collection::vec(any::<f32>(), 0..40), n in 0_usize..8, batch in 0_usize..9, permutations in 0_usize..3,
        direction in direction(),
    ) {
        let square = n > 0 && n * n == scores.len();
        prop_assert_eq!(recall(&scores, n, direction).is_ok(), square);
        let found = in_batch(&scores, n, direction, InBatch { batch, permutations, seed: 0 });
        prop_assert_eq!(found.is_ok(), square && batch > 0 && permutations > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn random_scores_are_at_chance(similarity in random_similarity(200), direction in direction(), seed: u64) {
        let found = in_batch(&similarity, 200, direction, InBatch { batch: 20, permutations: 10, seed }).unwrap();
        prop_assert_eq!(found.items, 200);
        // One permutation of 200 queries has a standard deviation of sqrt(p (1 - p) / 200): 0.015, 0.031 and 0.035.
        // Five of them are allowed, though the ten permutations are closer still.
        for (value, chance, allowed) in
            [(found.recall.at_1, 0.05, 0.077), (found.recall.at_5, 0.25, 0.153), (found.recall.at_10, 0.5, 0.177)]
        {
            prop_assert!((value - chance).abs() < allowed, "{value} is not near {chance}");
        }
    }
}
