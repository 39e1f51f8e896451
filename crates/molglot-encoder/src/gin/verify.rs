//! GIN against MoleculeSTM.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::{GeomGraph, GraphSpec, Molecule};
use molglot_tensor::burn::module::Module;
use molglot_tensor::{
    Device, Init,
    golden::{Comparison, Golden, GoldenError},
    params,
};

use super::{Conv, GinConfig, published_name};
use crate::EncoderConfig;
use crate::verify::{gradients, json, load, loads, number, statistics, tensor, values};

/// Features from SMILES, every layer, batch norm in both modes, running statistics, gradients.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = json(golden, "config.json")?;
    let config = GinConfig {
        conv: match config["gnn_type"].as_str() {
            Some("gcn") => Conv::Gcn,
            _ => Conv::Gin,
        },
        layers: number(&config["num_layer"])?,
        width: number(&config["emb_dim"])?,
        chirality_rows: number(&config["atom_feature_dims"][1])?,
    };
    let graphs = molecules(golden, &GraphSpec::molecular())?;
    let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device);
    features(comparison, &batch);
    let ends = batch.edge_from.index().iter().chain(batch.edge_to.index());
    let ends: Vec<i64> = ends.map(|&node| i64::from(node)).collect();
    comparison.ints("out.edge_index", &ends);

    for (mode, batch_statistics) in [("eval", false), ("train", true)] {
        let blank = config.init(&mut Init::new(0, device));
        let gin = load(golden, blank, batch_statistics, &published_name)?;
        let features = gin.encode(&batch);
        if mode == "eval" {
            comparison.all("out.atom_embedding", &values(features.layers[0].clone()));
            loads(
                comparison,
                &EncoderConfig::Gin(config.clone()),
                &batch,
                &features,
            )?;
        }
        for (layer, state) in features.layers[1..].iter().enumerate() {
            let name = format!("out.{mode}.layer.{layer}");
            comparison.all(&name, &values(state.clone()));
        }
        let name = format!("out.{mode}.graph_mean");
        comparison.all(&name, &values(features.graph.clone()));
        let cotangent = tensor(golden, "in.cotangent", device)?;
        let grads = (features.graph * cotangent).sum().backward();
        let found = params::gradients(&gin, &grads);
        let prefix = format!("grad.{mode}.");
        gradients(comparison, &prefix, &found, &published_name)?;
        if batch_statistics {
            statistics(comparison, "out.train.", &gin.valid(), &published_name)?;
        }
    }
    Ok(())
}

/// The molecules of a case as the spec has them.
pub(crate) fn molecules(golden: &Golden, spec: &GraphSpec) -> Result<Vec<GeomGraph>, GoldenError> {
    let listed = json(golden, "molecules.json")?;
    let rows = listed.as_array().map(Vec::as_slice).unwrap_or_default();
    let graphs = rows.iter().map(|row| {
        let smiles = row["smiles"].as_str().unwrap_or_default();
        let molecule = Molecule::from_smiles(smiles).map_err(GoldenError::new)?;
        Ok(spec.build(&molecule))
    });
    graphs.collect()
}

/// Compares the categories of atoms and bonds.
pub(crate) fn features(comparison: &mut Comparison<'_>, batch: &GraphBatch) {
    let rows = |columns: &[Vec<u32>]| -> Vec<i64> {
        let count = columns.first().map_or(0, Vec::len);
        let rows = (0..count).flat_map(|row| columns.iter().map(move |column| column[row]));
        rows.map(i64::from).collect()
    };
    comparison.ints("out.atom_features", &rows(&batch.atom_columns));
    comparison.ints("out.bond_features", &rows(&batch.bond_columns));
}
