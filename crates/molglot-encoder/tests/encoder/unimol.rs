//! Uni-Mol: padding and pairs.

use molglot_core::GraphBatch;
use molglot_encoder::unimol::{Tokens, Unimol, UnimolConfig};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{Backend, Device, Init};

use crate::{
    inputs::{Point, Source},
    laws::{assert_close, values},
};

const SMILES: &str = "CC(=O)Nc1ccc(O)cc1";

fn model(device: &Device) -> Unimol {
    let config = UnimolConfig {
        layers: 2,
        heads: 6,
        head_width: 4,
        feed_forward: 20,
        kernels: 8,
        ..UnimolConfig::default()
    };
    config.init(&mut Init::new(3, device))
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
            (values(model.hidden(&tokens).last), tokens)
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
    let pairs = model(&device).hidden(&tokens).pairs;
    let (one_way, other) = (values(pairs.clone()), values(pairs.swap_dims(2, 3)));
    let apart = one_way.iter().zip(&other).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) > 1e-4);
}
