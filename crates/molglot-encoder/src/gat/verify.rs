//! Graph attention against torch_geometric.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::ALPHABETICAL;
use molglot_tensor::{
    Device, Init,
    golden::{Comparison, Golden, GoldenError},
    params,
    weights::same_names,
};

use super::{GatConfig, HeadsConfig};
use crate::EncoderConfig;
use crate::verify::{
    StoredResidue, gradients, json, letter, load, loads, number, structures, tensor, values,
};

/// The graph from coordinates, attention and residues of every layer, their mean, gradients.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = config(golden)?;
    let batch = batch(golden, &config, device)?;
    let blank = config.init(&mut Init::new(0, device));
    let gat = load(golden, blank, false, &same_names)?;
    let hidden = gat.hidden(&batch);
    let listed = |from: &[u32], to: &[u32]| -> Vec<i64> {
        from.iter().chain(to).map(|&node| node.into()).collect()
    };
    // Stored as an input: here it is made from coordinates.
    let edges = listed(batch.edge_from.index(), batch.edge_to.index());
    comparison.ints("in.edge_index", &edges);
    let with_loops = listed(hidden.edges.from.index(), hidden.edges.to.index());
    comparison.ints("out.attention_edge_index", &with_loops);
    for (layer, attention) in hidden.attention.iter().enumerate() {
        let name = format!("out.attention.{layer}");
        comparison.all(&name, &values(attention.clone()));
    }
    for (layer, nodes) in hidden.nodes[1..].iter().enumerate() {
        comparison.all(&format!("out.layer.{layer}"), &values(nodes.clone()));
    }
    let features = gat.encode(&batch);
    loads(comparison, &EncoderConfig::Gat(config), &batch, &features)?;
    comparison.all("out.graph_mean", &values(features.graph));
    let cotangent = tensor(golden, "in.cotangent", device)?;
    let grads = (features.node * cotangent).sum().backward();
    let found = params::gradients(&gat, &grads);
    gradients(comparison, "grad.", &found, &same_names)
}

fn config(golden: &Golden) -> Result<GatConfig, GoldenError> {
    let stored = json(golden, "config.json")?;
    let layers = stored["layers"].as_array().map(Vec::as_slice);
    let heads = |layer: &serde_json::Value| {
        Ok(HeadsConfig {
            heads: number(&layer["heads"])?,
            width: number(&layer["out_channels"])?,
            concat: layer["concat"].as_bool().unwrap_or(true),
        })
    };
    Ok(GatConfig {
        layers: layers
            .unwrap_or_default()
            .iter()
            .map(heads)
            .collect::<Result<_, _>>()?,
    })
}

fn batch(golden: &Golden, config: &GatConfig, device: &Device) -> Result<GraphBatch, GoldenError> {
    let (_, places) = golden.floats("in.ca_position")?;
    let (_, graphs) = golden.ints("in.graph_id")?;
    let (shape, one_hot) = golden.floats("in.node_feature")?;
    let rows = one_hot.chunks(shape[1]).zip(places.chunks(3));
    let residues = rows.zip(graphs).map(|((kind, atoms), graph)| {
        let kind = kind.iter().position(|&value| value == 1.0);
        StoredResidue {
            graph,
            chain: 0,
            letter: letter(ALPHABETICAL, kind.unwrap_or(ALPHABETICAL.len())),
            atoms,
        }
    });
    let graphs = structures(&config.spec(), &residues.collect::<Vec<_>>())?;
    Ok(GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device))
}
