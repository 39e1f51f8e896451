//! Uni-Mol: padding, pairs and heads.

use molglot_core::GraphBatch;
use molglot_encoder::unimol::{Tokens, UnimolConfig, UnimolPretraining};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{Backend, Device, Init};

use crate::{
    inputs::{Point, Source, mirror, turn},
    laws::{assert_close, values},
};

const SMILES: &str = "CC(=O)Nc1ccc(O)cc1";

fn model(device: &Device) -> UnimolPretraining {
    let config = UnimolConfig {
        layers: 2,
        heads: 6,
        head_width: 4,
        feed_forward: 20,
        kernels: 8,
        ..UnimolConfig::default()
    };
    UnimolPretraining::new(&config, &mut Init::new(3, device))
}

fn batch(graphs: &[GeomGraph], device: &Device) -> GraphBatch {
    GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device)
}

fn graph(motion: impl Fn(Point) -> Point) -> GeomGraph {
    let source = Source::molecule(SMILES).moved(motion);
    source.graph(&GraphSpec::unimol())
}

/// Longer padding changes no real token, and all padding is alike.
#[test]
fn padding_says_nothing() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let model = model(&device);
        let batch = batch(&[graph(|place| place)], &device);
        let states = |least: usize| {
            let tokens = Tokens::padded(&batch, least);
            (values(model.unimol.hidden(&tokens).last), tokens)
        };
        let ((short, tokens), (long, _)) = (states(1), states(24));
        let width = short.len() / tokens.length;
        assert_eq!(tokens.length, 13);
        assert_close("real", &long[..short.len()], &short, 1e-5);
        let padding: Vec<&[f32]> = long[short.len()..].chunks(width).collect();
        for row in &padding {
            assert_close("padding", row, padding[0], 1e-6);
        }
    }
}

/// The types of a pair are ordered, and so are the scores: what begins is not what ends.
#[test]
fn pairs_have_a_direction() {
    let device = Backend::Flex.open().unwrap();
    let tokens = Tokens::new(&batch(&[graph(|place| place)], &device));
    let (length, cls, carbon) = (tokens.length, 1, 4);
    assert_eq!(tokens.pair_types[1], cls * 31 + carbon);
    assert_eq!(tokens.pair_types[length], carbon * 31 + cls);
    let pairs = model(&device).unimol.hidden(&tokens).pairs;
    let (one_way, other) = (values(pairs.clone()), values(pairs.swap_dims(2, 3)));
    let apart = one_way.iter().zip(&other).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) > 1e-4);
}

/// Said coordinates turn with the molecule and are mirrored with it; said distances are symmetric and stay.
#[test]
fn heads_know_no_direction_of_their_own() {
    let device = Backend::Flex.open().unwrap();
    let model = model(&device);
    let told = |motion: fn(Point) -> Point| {
        let tokens = Tokens::new(&batch(&[graph(motion)], &device));
        let hidden = model.unimol.hidden(&tokens);
        let places = values(model.coordinates(&hidden, &tokens));
        let distances = model.distances(&hidden);
        let (back, distances) = (values(distances.clone().swap_dims(1, 2)), values(distances));
        assert_close("symmetric", &back, &distances, 1e-6);
        (places, tokens.positions, distances)
    };
    let (still, start, distances) = told(|place| place);
    let moved = still.iter().zip(start.as_flattened());
    let moved = moved.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(moved > 1e-4, "the head moves nothing: {moved:e}");
    // Molecules lie about their centroid, so that what is left of a motion is what it does to directions.
    for (name, motion) in [("turned", turn as fn(Point) -> Point), ("mirrored", mirror)] {
        let (found, _, others) = told(motion);
        let origin = motion([0.0; 3]);
        let expected = still.as_chunks::<3>().0.iter().flat_map(|&place| {
            let [x, y, z] = motion(place);
            [x - origin[0], y - origin[1], z - origin[2]]
        });
        assert_close(name, &found, &expected.collect::<Vec<_>>(), 1e-4);
        assert_close(name, &others, &distances, 1e-4);
    }
}
