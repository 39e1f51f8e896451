//! Laws of logits processors, and draws against their probabilities. Against transformers, see `golden`.

use molglot_lm::generate::{
    Sampler,
    processors::{Processor, softmax},
};
use proptest::prelude::*;

fn logits() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(
        prop_oneof![9 => -8f32..8.0, 1 => Just(f32::NEG_INFINITY)],
        2..40,
    )
}

/// The tokens that are not forbidden.
fn left(row: &[f32]) -> Vec<usize> {
    (0..row.len())
        .filter(|&token| row[token] > f32::NEG_INFINITY)
        .collect()
}

fn after(processor: &Processor, text: &[u32], row: &[f32]) -> Vec<f32> {
    let mut row = row.to_vec();
    processor.apply(text, &mut row);
    row
}

proptest! {
    /// A filter forbids tokens, changes no other, and never forbids the likeliest one (but for `TypicalP`).
    #[test]
    fn filters_only_forbid(row in logits(), k in 1usize..50, p in 0.01f64..1.0) {
        prop_assume!(!left(&row).is_empty());
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for processor in [Processor::TopK(k), Processor::TopP(p), Processor::MinP(p), Processor::TypicalP(p)] {
            let found = after(&processor, &[], &row);
            for token in left(&found) {
                prop_assert_eq!(found[token], row[token]);
            }
            prop_assert!(!left(&found).is_empty(), "{:?}", processor);
            if !matches!(processor, Processor::TypicalP(_)) {
                prop_assert!(found.contains(&top), "{:?}", processor);
            }
        }
    }

    #[test]
    fn what_stays_has_the_probability_that_was_asked_for(row in logits(), p in 0.01f64..1.0) {
        prop_assume!(!left(&row).is_empty());
        let probabilities = softmax(&row);
        let mass = |row: &[f32]| left(row).iter().map(|&token| probabilities[token]).sum::<f64>();
        let nucleus = after(&Processor::TopP(p), &[], &row);
        prop_assert!(mass(&nucleus) >= p - 1e-9);
        // Without its least likely token it would have less.
        let least = left(&nucleus).into_iter().map(|token| probabilities[token]).fold(1.0, f64::min);
        prop_assert!(mass(&nucleus) - least <= p + 1e-9);
        prop_assert!(mass(&after(&Processor::TypicalP(p), &[], &row)) >= p - 1e-9);
    }

    #[test]
    fn no_run_of_tokens_comes_twice(row in logits(), text in prop::collection::vec(0u32..4, 0..12), size in 1usize..4) {
        let found = after(&Processor::NoRepeatNgram(size), &text, &row);
        for token in 0..row.len() {
            let mut longer = text.clone();
            longer.push(token as u32);
            let last = longer.len().checked_sub(size).map(|start| &longer[start..]);
            let again = last.is_some_and(|last| text.windows(size).any(|run| run == last));
            prop_assert_eq!(found[token], if again { f32::NEG_INFINITY } else { row[token] });
        }
    }

    #[test]
    fn a_draw_is_never_forbidden_and_depends_on_its_numbers_alone(
        row in logits(), seed: u64, stream: u64, number in 0usize..4,
    ) {
        let draws = |mut sampler: Sampler| -> Vec<Option<u32>> { (0..8).map(|_| sampler.draw(&row)).collect() };
        let found = draws(Sampler::new(seed, stream, number));
        prop_assert_eq!(&found, &draws(Sampler::new(seed, stream, number)));
        let left = left(&row);
        for token in found {
            match token {
                None => prop_assert!(left.is_empty()),
                Some(token) => prop_assert!(left.contains(&(token as usize))),
            }
        }
    }
}

#[test]
fn tokens_are_drawn_by_their_probability() {
    let row = [0.0, 1.0, f32::NEG_INFINITY, 2.0, -1.0];
    let draws = 40_000;
    let mut sampler = Sampler::new(7, 3, 0);
    let mut counts = [0f64; 5];
    for _ in 0..draws {
        counts[sampler.draw(&row).unwrap() as usize] += 1.0;
    }
    for (count, p) in counts.iter().zip(softmax(&row)) {
        let deviation = (f64::from(draws) * p * (1.0 - p)).sqrt();
        assert!(
            (count - f64::from(draws) * p).abs() <= 4.0 * deviation,
            "{counts:?}"
        );
    }
}

#[test]
fn prompts_and_continuations_get_other_draws() {
    let flat = [0.0; 1000];
    let first = |stream, number| Sampler::new(1, stream, number).draw(&flat).unwrap();
    let mut found = vec![
        first(0, 0),
        first(0, 1),
        first(1, 0),
        first(1, 1),
        first(2, 0),
    ];
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 5);
}
