//! What every registered encoder must obey.

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_encoder::{
    AnyEncoder, EncoderConfig,
    esm2::Esm2Config,
    gat::{GatConfig, HeadsConfig},
    gearnet::{GearnetConfig, Readout},
    gin::{Conv, GinConfig},
    gvp::{GvpConfig, Variant},
    scannet::ScannetConfig,
    unimol::UnimolConfig,
};
use molglot_graph::{GeomGraph, NodeKind};
use molglot_tensor::{
    Backend, Device, Init, Tensor,
    burn::module::Module,
    params,
    weights::{self, same_names},
};

use crate::{
    inputs::{Point, Random, Source, is_of_structures, mirror, sources, turn},
    permute::permuted,
};

/// Everything registered as it comes, and other branches of the same code.
fn configs() -> Vec<EncoderConfig> {
    let mut all: Vec<_> = EncoderConfig::all().into_iter().map(smaller).collect();
    all.push(EncoderConfig::Gin(GinConfig {
        conv: Conv::Gcn,
        layers: 3,
        width: 24,
        ..GinConfig::default()
    }));
    all.push(EncoderConfig::Gearnet(GearnetConfig {
        hidden: vec![24, 24, 16],
        edge_messages: false,
        concat_hidden: false,
        readout: Readout::Mean,
        ..GearnetConfig::default()
    }));
    all.push(EncoderConfig::Gearnet(GearnetConfig {
        hidden: vec![16, 16],
        short_cut: false,
        batch_norm: false,
        ..GearnetConfig::default()
    }));
    all.push(EncoderConfig::Gvp(GvpConfig {
        variant: Variant::Quality,
        scalars: 20,
        vectors: 4,
        edge_vectors: 2,
        layers: 2,
        neighbours: 8,
        sequence: true,
        vector_gate: true,
        ..GvpConfig::default()
    }));
    let heads = |heads, width, concat| HeadsConfig {
        heads,
        width,
        concat,
    };
    all.push(EncoderConfig::Gat(GatConfig {
        layers: vec![heads(3, 5, true), heads(2, 4, false)],
    }));
    all.push(EncoderConfig::Scannet(ScannetConfig {
        gaussians: 5,
        atom_filters: 12,
        pooled: 6,
        residue_width: 7,
        filters: 11,
        site_width: 1,
    }));
    all
}

/// The published sizes of transformers are too large to be drawn in every test.
fn smaller(config: EncoderConfig) -> EncoderConfig {
    match config {
        EncoderConfig::Unimol(config) => EncoderConfig::Unimol(UnimolConfig {
            layers: 3,
            heads: 8,
            feed_forward: 96,
            ..config
        }),
        EncoderConfig::Esm2(config) => EncoderConfig::Esm2(Esm2Config {
            layers: 2,
            heads: 4,
            ..config
        }),
        config => config,
    }
}

fn encoders(device: &Device) -> Vec<(String, EncoderConfig, AnyEncoder)> {
    let named = configs().into_iter().enumerate();
    named
        .map(|(number, config)| {
            let encoder = config.init(&mut Init::new(11, device));
            (format!("{number} {}", config.kind()), config, encoder)
        })
        .collect()
}

fn graphs(encoder: &AnyEncoder, sources: &[Source]) -> Vec<GeomGraph> {
    let spec = encoder.spec();
    sources.iter().map(|source| source.graph(&spec)).collect()
}

fn usual(encoder: &AnyEncoder) -> Vec<GeomGraph> {
    graphs(encoder, &sources(&encoder.spec()))
}

fn encode(encoder: &AnyEncoder, graphs: &[GeomGraph], device: &Device) -> Features {
    encoder.encode(&GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device))
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Every level in a row, with its name.
fn levels(features: &Features) -> Vec<(String, Vec<f32>)> {
    let mut levels = vec![
        ("node".to_owned(), values(features.node.clone())),
        ("motif".to_owned(), values(features.motif.clone())),
        ("graph".to_owned(), values(features.graph.clone())),
    ];
    let layers = features.layers.iter().enumerate();
    levels.extend(layers.map(|(layer, x)| (format!("layer {layer}"), values(x.clone()))));
    levels
}

/// The largest difference as a part of the largest value.
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1f32, |most, value| most.max(value.abs()));
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0f32, |most, difference| match difference.is_nan() {
        true => f32::INFINITY,
        false => most.max(difference),
    }) / scale
}

pub(crate) fn assert_close(what: &str, a: &[f32], b: &[f32], tolerance: f32) {
    let worst = relative(a, b);
    assert!(worst <= tolerance, "{what}: off by {worst:e}");
}

fn assert_same(what: &str, a: &Features, b: &Features, tolerance: f32) {
    for ((level, a), (_, b)) in levels(a).into_iter().zip(levels(b)) {
        assert_close(&format!("{what}, {level}"), &a, &b, tolerance);
    }
}

#[test]
fn every_level_has_its_shape() {
    let device = Backend::Flex.open().unwrap();
    for (name, _, encoder) in encoders(&device) {
        let graphs = usual(&encoder);
        let features = encode(&encoder, &graphs, &device);
        let units = graphs.iter().map(GraphBatch::units_of).sum::<usize>();
        let motifs = graphs.iter().map(|graph| graph.motifs).sum::<usize>();
        let width = encoder.width();
        assert_eq!(features.node.dims(), [units, width], "{name}");
        assert_eq!(features.motif.dims(), [motifs, width], "{name}");
        assert_eq!(features.graph.dims(), [graphs.len(), width], "{name}");
        assert!(features.layers.len() > 1, "{name}");
        assert!(
            features.layers.iter().all(|layer| layer.dims()[0] == units),
            "{name}"
        );
    }
}

#[test]
fn a_batch_of_one_is_a_batch_of_many() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (name, _, encoder) in encoders(&device) {
            let graphs = usual(&encoder);
            let together = levels(&encode(&encoder, &graphs, &device));
            let apart: Vec<_> = graphs
                .iter()
                .map(|graph| levels(&encode(&encoder, std::slice::from_ref(graph), &device)))
                .collect();
            for (number, (level, together)) in together.iter().enumerate() {
                let joined: Vec<f32> = apart
                    .iter()
                    .flat_map(|levels| levels[number].1.clone())
                    .collect();
                assert_close(
                    &format!("{name}, {backend}, {level}"),
                    &joined,
                    together,
                    1e-5,
                );
            }
        }
    }
}

/// One node, no edges, no nodes at all: every number is a number.
#[test]
fn next_to_nothing_is_encoded() {
    for backend in Backend::cpus() {
        for device in [backend.open().unwrap(), backend.open().unwrap().autodiff()] {
            for (name, _, encoder) in encoders(&device) {
                let whole = usual(&encoder);
                let single = whole[whole.len() - 1].clone();
                assert_eq!(GraphBatch::units_of(&single), 1);
                let without_edges = without_edges(&whole[0]);
                let nothing = without_nodes(&single);
                for graph in [single.clone(), without_edges, nothing.clone()] {
                    let features = encode(&encoder, std::slice::from_ref(&graph), &device);
                    let units = GraphBatch::units_of(&graph);
                    assert_eq!(features.node.dims(), [units, encoder.width()], "{name}");
                    assert_eq!(features.graph.dims(), [1, encoder.width()], "{name}");
                    for (level, values) in levels(&features) {
                        assert!(
                            values.iter().all(|value| value.is_finite()),
                            "{name}, {level}"
                        );
                    }
                }
                if is_of_structures(&encoder.spec()) && !device.is_autodiff() {
                    let among = encode(
                        &encoder,
                        &[single.clone(), nothing, single.clone()],
                        &device,
                    );
                    let alone = values(encode(&encoder, &[single], &device).graph);
                    let zeros = vec![0.0; alone.len()];
                    let expected = [alone.clone(), zeros, alone].concat();
                    assert_close(&name, &values(among.graph), &expected, 1e-5);
                }
            }
        }
    }
}

fn without_edges(graph: &GeomGraph) -> GeomGraph {
    let mut graph = graph.clone();
    graph.edges.clear();
    graph.edge_kinds.clear();
    graph.relations.clear();
    graph.bond_features.clear();
    graph.line_graph = molglot_graph::LineGraph::default();
    for set in &mut graph.edge_sets {
        *set = molglot_graph::Features::default();
    }
    graph
}

/// A structure of which nothing is left; molecules always have an atom.
fn without_nodes(graph: &GeomGraph) -> GeomGraph {
    if !graph.nodes.contains(&NodeKind::Residue) {
        return graph.clone();
    }
    GeomGraph {
        node_sets: vec![molglot_graph::Features::default(); graph.node_sets.len()],
        edge_sets: vec![molglot_graph::Features::default(); graph.edge_sets.len()],
        ..GeomGraph::default()
    }
}

/// Turning and moving changes nothing; mirroring changes nothing for those blind to it, and something for the others.
#[test]
fn the_declared_symmetry_holds() {
    let device = Backend::Flex.open().unwrap();
    for (name, _, encoder) in encoders(&device) {
        let spec = encoder.spec();
        let all = sources(&spec);
        let of = |motion: fn(Point) -> Point| {
            let moved: Vec<Source> = all.iter().map(|source| source.moved(motion)).collect();
            encode(&encoder, &graphs(&encoder, &moved), &device)
        };
        let still = of(|place| place);
        assert_same(&format!("{name}, turned"), &of(turn), &still, 1e-4);
        let mirrored = of(mirror);
        match encoder.symmetry() {
            Symmetry::NoCoordinates | Symmetry::Isometries => {
                assert_same(&format!("{name}, mirrored"), &mirrored, &still, 1e-4);
            }
            Symmetry::RigidMotions => {
                let change = relative(&values(mirrored.node), &values(still.node.clone()));
                assert!(change > 0.05, "{name} sees no mirror: {change:e}");
            }
        }
        if encoder.symmetry() != Symmetry::NoCoordinates {
            let wider = of(|place| place.map(|x| 1.5 * x));
            let change = relative(&values(wider.node), &values(still.node));
            assert!(change > 1e-3, "{name} sees no coordinates: {change:e}");
        }
    }
}

#[test]
fn another_order_of_nodes_is_another_order_of_rows() {
    let device = Backend::Flex.open().unwrap();
    for (name, _, encoder) in encoders(&device) {
        let graph = usual(&encoder).swap_remove(0);
        let units = GraphBatch::units_of(&graph);
        let order = Random(5).order(units);
        let (before, after) = (
            encode(&encoder, std::slice::from_ref(&graph), &device),
            encode(&encoder, &[permuted(&graph, &order)], &device),
        );
        let width = encoder.width();
        let rows = values(before.node.clone());
        let moved: Vec<f32> = order
            .iter()
            .flat_map(|&old| rows[old * width..][..width].to_vec())
            .collect();
        assert_close(&name, &values(after.node), &moved, 1e-5);
        assert_close(&name, &values(after.graph), &values(before.graph), 1e-5);
        assert_close(&name, &values(after.motif), &values(before.motif), 1e-5);
    }
}

/// Another spelling of a molecule, another order of chains.
#[test]
fn what_is_the_same_thing_has_the_same_features() {
    let device = Backend::Flex.open().unwrap();
    for (name, _, encoder) in encoders(&device) {
        let spec = encoder.spec();
        let (same, other) = if is_of_structures(&spec) {
            let all = sources(&spec);
            let Source::Structure(chains) = all[1].clone() else {
                unreachable!()
            };
            let (first, second): (Vec<_>, Vec<_>) =
                chains.into_iter().partition(|residue| residue.chain == 0);
            let swapped = Source::Structure([second, first].concat());
            (vec![all[1].clone(), swapped], all[0].clone())
        } else if encoder.symmetry() == Symmetry::NoCoordinates {
            let spellings = [
                "OC(=O)C(C)c1ccc(CC(C)C)cc1",
                "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
                "c1cc(CC(C)C)ccc1C(C(O)=O)C",
            ];
            (
                spellings.map(Source::molecule).to_vec(),
                Source::molecule("CCO"),
            )
        } else {
            continue;
        };
        let of = |source: &Source| values(encode(&encoder, &[source.graph(&spec)], &device).graph);
        for source in &same[1..] {
            assert_close(&name, &of(source), &of(&same[0]), 1e-5);
        }
        assert!(
            relative(&of(&other), &of(&same[0])) > 1e-3,
            "{name}: all alike"
        );
    }
}

#[test]
fn a_gradient_reaches_every_parameter() {
    // Every category of every feature cannot occur in a few molecules: a table counts when any of its rows is reached.
    let device = Backend::Flex.open().unwrap().autodiff();
    for (name, _, encoder) in encoders(&device) {
        let features = encode(&encoder, &usual(&encoder), &device);
        let scaled = |x: Tensor<2>| match x.dims()[0] {
            0 => Tensor::zeros([1], &device),
            _ => (x.clone() / x.abs().max().detach().unsqueeze())
                .powi_scalar(3)
                .sum(),
        };
        let levels = [features.node, features.motif, features.graph];
        let grads = levels
            .map(scaled)
            .into_iter()
            .reduce(|sum, level| sum + level)
            .unwrap()
            .backward();
        let reached = params::gradients(&encoder, &grads);
        for info in params::list(&encoder).iter().filter(|info| info.trainable) {
            let grad = reached.iter().find(|(path, _)| *path == info.path);
            let moved = grad.is_some_and(|(_, grad)| grad.iter().any(|value| *value != 0.0));
            assert!(moved, "{name}: no gradient at {}", info.path);
            let finite = grad.is_some_and(|(_, grad)| grad.iter().all(|value| value.is_finite()));
            assert!(finite, "{name}: {}", info.path);
        }
    }
}

#[test]
fn one_seed_one_model_and_weights_come_back() {
    let device = Backend::Flex.open().unwrap();
    for (name, config, encoder) in encoders(&device) {
        let graphs = usual(&encoder);
        let bits = |encoder: &AnyEncoder| -> Vec<u32> {
            levels(&encode(encoder, &graphs, &device))
                .iter()
                .flat_map(|(_, values)| values.iter().map(|value| value.to_bits()))
                .collect()
        };
        let wanted = bits(&encoder);
        assert_eq!(wanted, bits(&encoder), "{name}");
        assert_eq!(
            wanted,
            bits(&config.init(&mut Init::new(11, &device))),
            "{name}"
        );
        let other = config.init(&mut Init::new(12, &device));
        assert_ne!(wanted, bits(&other), "{name}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            weights::to_bytes(&encoder, &|_| true, &same_names).unwrap(),
        )
        .unwrap();
        let loaded = weights::Weights::read(file.path())
            .unwrap()
            .load_into(other, &same_names)
            .unwrap();
        assert_eq!(wanted, bits(&loaded), "{name}");
    }
}

#[test]
fn evaluation_does_not_move_batch_statistics() {
    let device = Backend::Flex.open().unwrap().autodiff();
    for (name, _, encoder) in encoders(&device) {
        let graphs = usual(&encoder);
        let stored = |encoder: &AnyEncoder| {
            weights::to_bytes(encoder, &|path| path.contains(".running_"), &same_names).unwrap()
        };
        let valid = encoder.valid();
        let plain = device.clone().inner();
        let before = stored(&valid);
        encode(&valid, &graphs, &plain);
        assert_eq!(before, stored(&valid), "{name}");
        encode(&encoder, &graphs, &device);
        let has_statistics = params::list(&encoder)
            .iter()
            .any(|info| info.path.contains(".running_"));
        assert_eq!(
            before != stored(&encoder.valid()),
            has_statistics,
            "{name}: training left the statistics alone"
        );
    }
}
