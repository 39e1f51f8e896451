//! The hierarchical encoder against its formulas.

use molglot_core::{Encoder, GraphBatch};
use molglot_tensor::burn::module::Module;
use molglot_tensor::{
    Device, Init, Tensor,
    golden::{Comparison, Golden, GoldenError},
    params,
    weights::same_names,
};

use super::HierarchicalConfig;
use crate::{
    EncoderConfig,
    gin::verify::{features, molecules},
    verify::{gradients, json, load, loads, number, statistics, tensor, values},
};

/// Features and motifs from SMILES; every layer, every level and gradients with edges both ways, upward, and both ways with
/// the statistics of the batch.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    for (mode, directed, batch_statistics) in [
        ("both", false, false),
        ("upward", true, false),
        ("train", false, true),
    ] {
        let golden = comparison.golden();
        let config = config(golden, directed)?;
        let blank = config.init(&mut Init::new(0, device));
        let encoder = load(golden, blank, batch_statistics, &same_names)?;
        let graphs = molecules(golden, &encoder.spec())?;
        let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device);
        features(comparison, &batch);
        comparison.ints("out.motif_of_atom", &motif_of_atom(&batch));
        let found = encoder.encode(&batch);
        if !batch_statistics {
            loads(
                comparison,
                &EncoderConfig::Hierarchical(config),
                &batch,
                &found,
            )?;
        }
        for (layer, state) in found.layers[1..].iter().enumerate() {
            let name = format!("out.{mode}.layer.{layer}");
            comparison.all(&name, &values(state.clone()));
        }
        let mut loss = Tensor::zeros([1], device);
        for (level, rows) in [
            ("node", found.node),
            ("motif", found.motif),
            ("graph", found.graph),
        ] {
            // Atoms are the last of the layers.
            if level != "node" {
                comparison.all(&format!("out.{mode}.{level}"), &values(rows.clone()));
            }
            let cotangent = tensor(golden, &format!("in.cotangent_{level}"), device)?;
            loss = loss + (rows * cotangent).sum();
        }
        let found = params::gradients(&encoder, &loss.backward());
        gradients(comparison, &format!("grad.{mode}."), &found, &same_names)?;
        if batch_statistics {
            statistics(comparison, "out.train.", &encoder.valid(), &same_names)?;
        }
    }
    Ok(())
}

fn config(golden: &Golden, directed: bool) -> Result<HierarchicalConfig, GoldenError> {
    let stored = json(golden, "config.json")?;
    Ok(HierarchicalConfig {
        layers: number(&stored["num_layer"])?,
        width: number(&stored["emb_dim"])?,
        chirality_rows: number(&stored["atom_feature_dims"][1])?,
        directed,
    })
}

/// Motifs do not overlap: every atom has one.
fn motif_of_atom(batch: &GraphBatch) -> Vec<i64> {
    let mut found = vec![-1; batch.atoms];
    let members = batch.member_atoms.index().iter();
    for (&atom, &motif) in members.zip(batch.member_motifs.index()) {
        found[atom as usize] = motif.into();
    }
    found
}
