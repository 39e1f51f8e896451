//! What every registered encoder must obey.

use molglot_chem::Molecule;
use molglot_core::{Encoder, Features, GraphBatch};
use molglot_encoder::{AnyEncoder, EncoderConfig};
use molglot_graph::GeomGraph;
use molglot_tensor::{
    Backend, Device, Init, Tensor,
    burn::module::Module,
    params,
    weights::{self, same_names},
};

const MOLECULES: [&str; 6] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C",
    "[Na+].[Cl-]",
    "CCO",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "O=C=O",
];

fn encoders(device: &Device) -> Vec<(EncoderConfig, AnyEncoder)> {
    let all = EncoderConfig::all().into_iter();
    all.map(|config| (config.clone(), config.init(&mut Init::new(11, device))))
        .collect()
}

fn graphs(encoder: &AnyEncoder, smiles: &[&str]) -> Vec<GeomGraph> {
    smiles
        .iter()
        .map(|smiles| {
            encoder
                .spec()
                .build(&Molecule::from_smiles(smiles).unwrap())
        })
        .collect()
}

fn encode(encoder: &AnyEncoder, graphs: &[GeomGraph], device: &Device) -> Features {
    encoder.encode(&GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn assert_close(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1f32, |most, value| most.max(value.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-5 * scale, "{what}: {a} is not {b}");
    }
}

#[test]
fn every_level_has_its_shape() {
    let device = Backend::Flex.open().unwrap();
    for (config, encoder) in encoders(&device) {
        let graphs = graphs(&encoder, &MOLECULES);
        let features = encode(&encoder, &graphs, &device);
        let (atoms, motifs) = (
            graphs.iter().map(|g| g.atoms).sum::<usize>(),
            graphs.iter().map(|g| g.motifs).sum::<usize>(),
        );
        let width = encoder.width();
        assert_eq!(features.node.dims(), [atoms, width], "{}", config.kind());
        assert_eq!(features.motif.dims(), [motifs, width], "{}", config.kind());
        assert_eq!(
            features.graph.dims(),
            [graphs.len(), width],
            "{}",
            config.kind()
        );
        assert!(
            features
                .layers
                .iter()
                .all(|layer| layer.dims() == [atoms, width]),
            "{}",
            config.kind()
        );
    }
}

#[test]
fn a_batch_of_one_is_a_batch_of_many() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (config, encoder) in encoders(&device) {
            let graphs = graphs(&encoder, &MOLECULES);
            let together = encode(&encoder, &graphs, &device);
            let apart: Vec<Features> = graphs
                .iter()
                .map(|g| encode(&encoder, std::slice::from_ref(g), &device))
                .collect();
            let joined = |level: fn(&Features) -> &Tensor<2>| -> Vec<f32> {
                apart
                    .iter()
                    .flat_map(|features| values(level(features).clone()))
                    .collect()
            };
            let name = config.kind();
            assert_close(&name, &joined(|f| &f.node), &values(together.node.clone()));
            assert_close(
                &name,
                &joined(|f| &f.motif),
                &values(together.motif.clone()),
            );
            assert_close(
                &name,
                &joined(|f| &f.graph),
                &values(together.graph.clone()),
            );
        }
    }
}

#[test]
fn another_order_of_atoms_changes_nothing() {
    let device = Backend::Flex.open().unwrap();
    for (config, encoder) in encoders(&device) {
        let spellings = [
            "OC(=O)C(C)c1ccc(CC(C)C)cc1",
            "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
            "c1cc(CC(C)C)ccc1C(C(O)=O)C",
        ];
        let molecules: Vec<Vec<f32>> = graphs(&encoder, &spellings)
            .iter()
            .map(|graph| values(encode(&encoder, std::slice::from_ref(graph), &device).graph))
            .collect();
        assert_close(&config.kind(), &molecules[0], &molecules[1]);
        assert_close(&config.kind(), &molecules[2], &molecules[1]);
        let other = values(encode(&encoder, &graphs(&encoder, &["CCO"]), &device).graph);
        assert!(
            other
                .iter()
                .zip(&molecules[0])
                .any(|(a, b)| (a - b).abs() > 1e-3),
            "{}: all alike",
            config.kind()
        );
    }
}

#[test]
fn a_gradient_reaches_every_parameter() {
    // Every category of every feature cannot occur in a few molecules: a table counts when any of its rows is reached.
    let device = Backend::Flex.open().unwrap().autodiff();
    for (config, encoder) in encoders(&device) {
        let graphs = graphs(&encoder, &MOLECULES);
        let features = encode(&encoder, &graphs, &device);
        let sum = |x: Tensor<2>| x.powi_scalar(3).sum();
        let grads = (sum(features.node) + sum(features.motif) + sum(features.graph)).backward();
        let reached = params::gradients(&encoder, &grads);
        for info in params::list(&encoder).iter().filter(|info| info.trainable) {
            let grad = reached.iter().find(|(path, _)| *path == info.path);
            let moved = grad.is_some_and(|(_, grad)| grad.iter().any(|value| *value != 0.0));
            assert!(moved, "{}: no gradient at {}", config.kind(), info.path);
        }
    }
}

#[test]
fn one_seed_one_model_and_weights_come_back() {
    let device = Backend::Flex.open().unwrap();
    for (config, encoder) in encoders(&device) {
        let graphs = graphs(&encoder, &MOLECULES);
        let bits = |encoder: &AnyEncoder| -> Vec<u32> {
            values(encode(encoder, &graphs, &device).graph)
                .iter()
                .map(|value| value.to_bits())
                .collect()
        };
        assert_eq!(
            bits(&encoder),
            bits(&config.init(&mut Init::new(11, &device)))
        );
        let other = config.init(&mut Init::new(12, &device));
        assert_ne!(bits(&encoder), bits(&other));
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
        assert_eq!(bits(&encoder), bits(&loaded));
    }
}

#[test]
fn upward_edges_leave_atoms_as_the_plain_gin_has_them() {
    use molglot_encoder::{gin::GinConfig, hierarchical::HierarchicalConfig};
    let device = Backend::Flex.open().unwrap();
    let plain = GinConfig {
        layers: 3,
        width: 16,
        chirality_rows: 5,
    }
    .init(&mut Init::new(3, &device));
    let settings = HierarchicalConfig {
        layers: 3,
        width: 16,
        chirality_rows: 5,
        directed: true,
    };
    let upward = settings.init(&mut Init::new(4, &device));
    let bytes = weights::to_bytes(&plain, &|_| true, &same_names).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let own = |path: &str| !path.contains("virtual");
    let upward = weights::Weights::read(file.path())
        .unwrap()
        .load_where(upward, &own, &same_names)
        .unwrap();
    let molecule = Molecule::from_smiles(MOLECULES[0]).unwrap();
    let features = |encoder: &dyn Fn(&GraphBatch) -> Features, spec: molglot_graph::GraphSpec| {
        values(encoder(&GraphBatch::new(&[&spec.build(&molecule)], &device)).node)
    };
    let from_plain = features(&|batch| plain.encode(batch), plain.spec());
    let from_upward = features(&|batch| upward.encode(batch), upward.spec());
    assert_close("atoms", &from_upward, &from_plain);
}

#[test]
fn evaluation_does_not_move_batch_statistics() {
    let device = Backend::Flex.open().unwrap().autodiff();
    for (config, encoder) in encoders(&device) {
        let graphs = graphs(&encoder, &MOLECULES);
        let valid = encoder.valid();
        let plain = device.clone().inner();
        let before = weights::to_bytes(&valid, &|_| true, &same_names).unwrap();
        encode(&valid, &graphs, &plain);
        assert_eq!(
            before,
            weights::to_bytes(&valid, &|_| true, &same_names).unwrap(),
            "{}",
            config.kind()
        );
        encode(&encoder, &graphs, &device);
        let after = weights::to_bytes(&encoder.valid(), &|_| true, &same_names).unwrap();
        assert_ne!(
            before,
            after,
            "{}: training left the statistics alone",
            config.kind()
        );
    }
}
