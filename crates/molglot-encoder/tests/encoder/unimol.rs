//! Uni-Mol: padding and pairs.

use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::unimol::{Tokens, Unimol, UnimolConfig};
use molglot_graph::{GeomGraph, GraphSpec, NodeKind};
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

/// With pairs come the same features; units stand where their tokens are, pairs and norms where their graphs are.
#[test]
fn pairs_are_told_beside_the_same_features() {
    let device = Backend::Flex.open().unwrap();
    let model = model(&device);
    let small = Source::molecule("CO").graph(&GraphSpec::unimol());
    let batch = batch(&[small, graph(|place| place)], &device);
    let (features, pairs) = model.encode_pairs(&batch);
    let (alone, pairs) = (model.encode(&batch), pairs.unwrap());
    assert_eq!(values(features.node), values(alone.node));
    assert_eq!(values(features.graph), values(alone.graph));
    assert_eq!((pairs.lengths.clone(), pairs.length()), (vec![4, 13], 13));
    assert_eq!(pairs.states.dims(), [2, 13, 13, model.pair_width()]);
    let places: Vec<u32> = (1..3).chain(14..25).collect();
    assert_eq!(pairs.units.index(), places);
    for (unit, &token) in batch.nodes_of(NodeKind::Atom).zip(pairs.units.index()) {
        assert_eq!(batch.positions[unit], pairs.positions[token as usize]);
    }
    let changes = values(pairs.changes.clone());
    let row = pairs.length() * model.pair_width();
    assert!(changes[4 * row..13 * row].iter().all(|&value| value == 0.0));
    assert!(
        changes[..model.pair_width()]
            .iter()
            .all(|&value| value != 0.0)
    );
    let [tokens, changed] = pairs.norm_excess.map(values);
    assert_eq!((tokens.len(), changed.len()), (2, 2));
}
