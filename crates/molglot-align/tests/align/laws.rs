//! What the contrastive objective must obey.

use molglot_align::hscale::{HScale, HScaleConfig, Halves, mean_and_deviation};
use molglot_core::{Aligned, Batch, Objective, TextOutput};
use molglot_tensor::{Backend, Device, Init, Tensor};

use crate::support::{captions, matrix, noise, soft, values};

const HALVES: [Halves; 2] = [Halves::Joined, Halves::Split];

fn objective(config: &HScaleConfig, device: &Device) -> HScale {
    config.init(&mut Init::new(0, device))
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-5 * b.abs().max(1.0)
}

#[test]
fn both_ways_round_is_the_same_with_sides_exchanged() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for halves in HALVES {
            let (a, b) = (
                matrix(noise(5, 12, 1), 12, &device),
                matrix(noise(5, 12, 2), 12, &device),
            );
            let loss = |symmetric: bool, a: &Tensor<2>, b: &Tensor<2>| {
                let config = HScaleConfig {
                    halves,
                    symmetric,
                    ..HScaleConfig::default()
                };
                values(objective(&config, &device).contrast(a.clone(), b.clone()))[0]
            };
            let both = loss(true, &a, &b);
            assert!(close(loss(true, &b, &a), both), "{backend}, {halves:?}");
            assert!(
                close((loss(false, &a, &b) + loss(false, &b, &a)) / 2.0, both),
                "{backend}, {halves:?}"
            );
            assert!(
                (loss(false, &a, &b) - loss(false, &b, &a)).abs() > 1e-3,
                "{backend}, {halves:?}: one way only"
            );
        }
    }
}

#[test]
fn identical_pairs_cost_nothing_as_the_temperature_falls() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for halves in HALVES {
            let x = matrix(noise(6, 12, 1), 12, &device);
            let loss = |temperature: f64| {
                let config = HScaleConfig {
                    halves,
                    temperature,
                    ..HScaleConfig::default()
                };
                values(objective(&config, &device).contrast(x.clone(), x.clone()))[0]
            };
            let losses = [1.0, 0.3, 0.1, 0.03, 0.003].map(loss);
            assert!(
                losses.is_sorted_by(|a, b| a >= b),
                "{backend}, {halves:?}: {losses:?}"
            );
            assert!(
                losses[0] > 1.0 && losses[4].abs() < 1e-6,
                "{backend}, {halves:?}: {losses:?}"
            );
        }
    }
}

#[test]
fn a_constant_dimension_has_a_gradient_where_the_published_code_has_none() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut tokens = noise(7, 4, 1);
        tokens.chunks_mut(4).for_each(|token| token[2] = 0.5);
        let counts = [4, 1, 2];
        let text = matrix(noise(3, 8, 2), 8, &device);
        let gradient = |epsilon: f64| {
            let leaf = matrix(tokens.clone(), 4, &device).require_grad();
            let objective = objective(
                &HScaleConfig {
                    epsilon,
                    ..HScaleConfig::default()
                },
                &device,
            );
            let loss = objective.contrast(
                objective.molecules(&soft(leaf.clone(), &counts)),
                text.clone(),
            );
            assert!(values(loss.clone())[0].is_finite(), "{backend}");
            values(leaf.grad(&loss.backward()).unwrap())
        };
        let ours = gradient(HScaleConfig::default().epsilon);
        assert!(
            ours.iter().all(|value| value.is_finite()),
            "{backend}: {ours:?}"
        );
        assert!(ours.iter().any(|value| *value != 0.0), "{backend}");
        assert!(
            gradient(0.0).iter().any(|value| value.is_nan()),
            "{backend}: without it, NaN as published"
        );
    }
}

#[test]
fn a_zero_vector_has_a_finite_loss_and_gradient() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let mut vectors = noise(4, 8, 1);
        vectors[8..16].fill(0.0);
        let leaf = matrix(vectors, 8, &device).require_grad();
        let loss = objective(&HScaleConfig::default(), &device)
            .contrast(leaf.clone(), matrix(noise(4, 8, 2), 8, &device));
        assert!(values(loss.clone())[0].is_finite(), "{backend}");
        let gradient = values(leaf.grad(&loss.backward()).unwrap());
        assert!(gradient.iter().all(|value| value.is_finite()), "{backend}");
    }
}

#[test]
fn mean_and_deviation_are_those_of_the_definition() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let (rows, counts) = (noise(9, 3, 4), [2, 1, 6]);
        let packed = soft(matrix(rows.clone(), 3, &device), &counts);
        let found = values(mean_and_deviation(packed.tokens, &packed.owner, 0.0));
        let mut start = 0;
        for (row, count) in counts.into_iter().enumerate() {
            for column in 0..3 {
                let own: Vec<f64> = (start..start + count)
                    .map(|at| f64::from(rows[at * 3 + column]))
                    .collect();
                let mean = own.iter().sum::<f64>() / count as f64;
                let variance =
                    own.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
                assert!(close(found[row * 6 + column], mean as f32), "{backend}");
                assert!(
                    close(found[row * 6 + 3 + column], variance.sqrt() as f32),
                    "{backend}"
                );
            }
            start += count;
        }
    }
}

#[test]
fn the_first_token_is_left_out_unless_it_is_the_only_one() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let states = |first: f32| {
            let mut states = noise(6, 4, 3);
            states[..4].fill(first);
            matrix(states, 4, &device)
        };
        let text = captions(&[3, 1, 2], &device);
        let read = |skip_first_token: bool, states: Tensor<2>| {
            let config = HScaleConfig {
                skip_first_token,
                ..HScaleConfig::default()
            };
            values(objective(&config, &device).captions(states, &text))
        };
        assert_eq!(
            read(true, states(0.0)),
            read(true, states(900.0)),
            "{backend}"
        );
        assert_ne!(
            read(false, states(0.0)),
            read(false, states(900.0)),
            "{backend}"
        );
        let alone = &read(true, states(0.0))[8..12];
        assert!(
            alone
                .iter()
                .zip(&noise(6, 4, 3)[12..16])
                .all(|(a, b)| close(*a, *b)),
            "{backend}"
        );
    }
}

#[test]
fn standardised_captions_have_mean_0_and_deviation_1() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let vectors: Vec<f32> = noise(40, 8, 5)
            .iter()
            .map(|value| 300.0 + 7.0 * value)
            .collect();
        let vectors = matrix(vectors, 8, &device);
        let fitted = objective(&HScaleConfig::default(), &device).with_statistics(vectors.clone());
        let out = fitted.standardised(vectors);
        let mean = values(out.clone().mean_dim(0));
        let square = values(out.square().mean_dim(0));
        assert!(
            mean.iter().all(|value| value.abs() < 1e-4),
            "{backend}: {mean:?}"
        );
        assert!(
            square.iter().all(|value| (value - 1.0).abs() < 1e-4),
            "{backend}: {square:?}"
        );
    }
}

#[test]
fn captions_computed_before_are_captions() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let text = captions(&[3, 1, 4], &device);
        let states = matrix(noise(8, 4, 6), 4, &device);
        let tokens = soft(matrix(noise(7, 4, 7), 4, &device), &[2, 3, 2]);
        for halves in HALVES {
            let objective = objective(
                &HScaleConfig {
                    halves,
                    ..HScaleConfig::default()
                },
                &device,
            );
            let anchors = objective.captions(states.clone(), &text);
            let loss = |output: Option<TextOutput>, batch: &Batch| {
                let aligned = Aligned {
                    features: None,
                    soft: Some(tokens.clone()),
                    output,
                };
                values(objective.loss(&aligned, batch).sum)[0].to_bits()
            };
            let live = Batch {
                text: Some(text.clone()),
                ..Batch::default()
            };
            let stored = Batch {
                anchors: Some(anchors),
                ..Batch::default()
            };
            assert_eq!(
                loss(Some(TextOutput::States(states.clone())), &live),
                loss(None, &stored),
                "{backend}"
            );
        }
    }
}

#[test]
fn similarity_is_the_cosine() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for halves in HALVES {
            let config = HScaleConfig {
                halves,
                mean_weight: 0.7,
                deviation_weight: 0.3,
                ..HScaleConfig::default()
            };
            let x = matrix(noise(4, 12, 1), 12, &device);
            let found = values(
                objective(&config, &device).similarity(x.clone(), x.clone().mul_scalar(3.0)),
            );
            for row in 0..4 {
                assert!(close(found[row * 5], 1.0), "{backend}, {halves:?}");
                assert!(
                    found[row * 4..][..4]
                        .iter()
                        .all(|value| value.abs() <= 1.0 + 1e-5),
                    "{backend}, {halves:?}"
                );
            }
        }
    }
}
