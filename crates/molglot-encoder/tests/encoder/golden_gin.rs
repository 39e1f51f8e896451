//! MoleculeSTM's GIN: features from SMILES, every layer, batch norm in both modes, gradients.

use molglot_chem::Molecule;
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::gin::{Gin, GinConfig, published_name};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{
    Backend, Device, Init, Tensor, TensorData, burn::module::Module, golden::Golden,
    ops::gather_rows, params, weights,
};

fn graphs(golden: &Golden) -> Vec<GeomGraph> {
    let text = std::fs::read_to_string(golden.dir().join("molecules.json")).unwrap();
    let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = listed
        .as_array()
        .cloned()
        .or_else(|| listed["molecules"].as_array().cloned())
        .unwrap();
    let smiles = |row: &serde_json::Value| {
        row.as_str()
            .or_else(|| row["smiles"].as_str())
            .unwrap()
            .to_owned()
    };
    rows.iter()
        .map(|row| GraphSpec::molecular().build(&Molecule::from_smiles(&smiles(row)).unwrap()))
        .collect()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The stored weights; with `batch_statistics` the batch norms use those of the batch.
fn model(golden: &Golden, device: &Device, batch_statistics: bool) -> Gin {
    let blank = GinConfig {
        layers: 3,
        width: 32,
        chirality_rows: 4,
    }
    .init(&mut Init::new(0, device));
    let stored = weights::Weights::read(&golden.dir().join("model.safetensors"))
        .unwrap()
        .without(|name| {
            name.ends_with("num_batches_tracked") || name.starts_with("graph_pred_linear")
        });
    let gin = stored.load_into(blank, &published_name).unwrap();
    params::set_trainable(gin, |path| batch_statistics || !path.ends_with("training"))
}

#[test]
fn features_layers_and_gradients_equal_moleculestm() {
    let Some(golden) = Golden::find("gin_moleculestm").unwrap() else {
        eprintln!("MOLGLOT_GOLDEN is not set: the reference case is not run");
        return;
    };
    let graphs = graphs(&golden);
    let atoms: Vec<i64> = graphs
        .iter()
        .flat_map(|g| g.atom_features.iter().flatten())
        .map(|&v| i64::from(v))
        .collect();
    assert_eq!(atoms, golden.ints("out.atom_features").unwrap().1);
    let bonds: Vec<i64> = graphs
        .iter()
        .flat_map(|g| g.bond_features.iter().flatten())
        .map(|&v| i64::from(v))
        .collect();
    assert_eq!(bonds, golden.ints("out.bond_features").unwrap().1);

    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), &device);
        for (mode, batch_statistics) in [("eval", false), ("train", true)] {
            let gin = model(&golden, &device, batch_statistics);
            let features = gin.encode(&batch);
            let mut worst = 0f64;
            let mut check = |name: &str, actual: Vec<f32>| {
                let part = golden
                    .check(name, &actual)
                    .unwrap_or_else(|error| panic!("{backend}, {mode}: {error}"));
                worst = worst.max(part);
            };
            if mode == "eval" {
                check("out.atom_embedding", values(features.layers[0].clone()));
            }
            for layer in 0..3 {
                check(
                    &format!("out.{mode}.layer.{layer}"),
                    values(features.layers[layer + 1].clone()),
                );
            }
            check(
                &format!("out.{mode}.graph_mean"),
                values(features.graph.clone()),
            );

            let (shape, cotangent) = golden.floats("in.cotangent").unwrap();
            let cotangent = Tensor::<2>::from_data(TensorData::new(cotangent, shape), &device);
            let grads = (features.graph * cotangent).sum().backward();
            let found = params::gradients(&gin, &grads);
            let prefix = format!("grad.{mode}.");
            for name in golden
                .names()
                .unwrap()
                .iter()
                .filter(|name| name.starts_with(&prefix))
            {
                let (_, grad) = found
                    .iter()
                    .find(|(path, _)| published_name(path) == name[prefix.len()..])
                    .unwrap();
                check(name, grad.clone());
            }
            if batch_statistics {
                let stored = weights::to_bytes(&gin.valid(), &|_| true, &published_name).unwrap();
                let stored = safetensors::SafeTensors::deserialize(&stored).unwrap();
                for name in golden
                    .names()
                    .unwrap()
                    .iter()
                    .filter(|name| name.contains(".running_"))
                {
                    let bytes = stored
                        .tensor(&name["out.train.".len()..])
                        .unwrap()
                        .data()
                        .to_vec();
                    check(
                        name,
                        bytes
                            .as_chunks::<4>()
                            .0
                            .iter()
                            .copied()
                            .map(f32::from_le_bytes)
                            .collect(),
                    );
                }
            }
            eprintln!(
                "gin_moleculestm, {backend}, {mode}: worst difference is {worst:.2} of its tolerance"
            );
        }
    }
}

#[test]
fn the_mean_of_atoms_is_the_molecule() {
    let device = Backend::Flex.open().unwrap();
    let graph = GraphSpec::molecular().build(&Molecule::from_smiles("CCO").unwrap());
    let batch = GraphBatch::new(&[&graph], &device);
    let gin = GinConfig {
        layers: 2,
        width: 8,
        chirality_rows: 5,
    }
    .init(&mut Init::new(1, &device));
    let features = gin.encode(&batch);
    let mean = features.node.clone().mean_dim(0);
    let difference = values((mean - features.graph).abs().max());
    assert!(difference[0] < 1e-6);
    assert_eq!(
        gather_rows(features.node, &batch.member_atoms).dims(),
        [3, 8]
    );
}
