//! GearNet against TorchDrug.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::TORCHDRUG;
use molglot_tensor::burn::module::Module;
use molglot_tensor::{
    Device, Init,
    golden::{Comparison, Golden, GoldenError},
    ops::segment_sum,
    params,
    weights::same_names,
};

use super::{GearnetConfig, Readout};
use crate::EncoderConfig;
use crate::verify::{
    StoredResidue, gradients, json, letter, load, loads, number, statistics, structures, tensor,
    values,
};

/// The graph from coordinates, every layer, both readouts, batch norm in both modes, running statistics, gradients.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = config(golden)?;
    let batch = batch(golden, &config, device)?;
    let order = graph(comparison, &config, &batch);
    for training in [false, true] {
        let blank = config.init(&mut Init::new(0, device));
        let gearnet = load(golden, blank, training, &same_names)?;
        let features = gearnet.encode(&batch);
        let sum = segment_sum(features.node.clone(), &batch.graph_of_unit);
        if training {
            comparison.all("out.train.graph_feature_sum", &values(sum));
            statistics(comparison, "out.train.", &gearnet.valid(), &same_names)?;
            continue;
        }
        loads(
            comparison,
            &EncoderConfig::Gearnet(config.clone()),
            &batch,
            &features,
        )?;
        for (layer, state) in features.layers[1..].iter().enumerate() {
            comparison.all(&format!("out.hidden.{layer}"), &values(state.clone()));
        }
        for (layer, state) in gearnet.hidden(&batch).edges.into_iter().enumerate() {
            let width = state.dims()[1];
            let sorted = sorted(&values(state), width, &order);
            comparison.all(&format!("out.edge_hidden.{layer}"), &sorted);
        }
        comparison.all("out.node_feature", &values(features.node));
        comparison.all("out.graph_feature_sum", &values(sum));
        comparison.all("out.graph_feature_mean", &values(features.graph.clone()));
        let cotangent = tensor(golden, "in.cotangent", device)?;
        let grads = (features.graph * cotangent).sum().backward();
        let found = params::gradients(&gearnet, &grads);
        gradients(comparison, "grad.", &found, &same_names)?;
    }
    Ok(())
}

fn config(golden: &Golden) -> Result<GearnetConfig, GoldenError> {
    let stored = json(golden, "config.json")?;
    let hidden = stored["hidden_dims"].as_array().map(Vec::as_slice);
    let on = |name: &str| stored[name].as_bool().unwrap_or_default();
    Ok(GearnetConfig {
        hidden: hidden
            .unwrap_or_default()
            .iter()
            .map(number)
            .collect::<Result<_, _>>()?,
        edge_messages: !stored["num_angle_bin"].is_null(),
        short_cut: on("short_cut"),
        batch_norm: on("batch_norm"),
        concat_hidden: on("concat_hidden"),
        readout: Readout::Mean,
    })
}

fn batch(
    golden: &Golden,
    config: &GearnetConfig,
    device: &Device,
) -> Result<GraphBatch, GoldenError> {
    let (_, places) = golden.floats("in.ca_position")?;
    let (_, chains) = golden.ints("in.chain_id")?;
    let (_, graphs) = golden.ints("in.graph_id")?;
    let (shape, one_hot) = golden.floats("in.node_feature")?;
    let rows = one_hot.chunks(shape[1]).zip(places.chunks(3));
    let residues =
        rows.zip(chains.into_iter().zip(graphs))
            .map(|((kind, atoms), (chain, graph))| StoredResidue {
                graph,
                chain,
                letter: letter(
                    TORCHDRUG,
                    kind.iter().position(|&value| value == 1.0).unwrap_or(20),
                ),
                atoms,
            });
    let graphs = structures(&config.spec(), &residues.collect::<Vec<_>>())?;
    Ok(GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device))
}

/// Compares edges, their features and the line graph, and gives the rows of the edges in the order of the reference:
/// ascending by source, target and relation.
fn graph(
    comparison: &mut Comparison<'_>,
    config: &GearnetConfig,
    batch: &GraphBatch,
) -> Vec<usize> {
    let ends = batch.edge_from.index().iter().zip(batch.edge_to.index());
    let edges: Vec<[i64; 3]> = ends
        .zip(&batch.relations)
        .map(|((&from, &to), &relation)| [from.into(), to.into(), relation.into()])
        .collect();
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_unstable_by_key(|&row| edges[row]);
    let listed: Vec<i64> = order.iter().flat_map(|&row| edges[row]).collect();
    comparison.ints("out.edge_list", &listed);
    let (true, Some(line)) = (config.edge_messages, &batch.line) else {
        return order;
    };
    let features = &batch.edge_sets[0].scalars;
    let listed = sorted(&features.values, features.width, &order);
    comparison.all("out.edge_feature", &listed);
    let mut place = vec![0; order.len()];
    order
        .iter()
        .zip(0i64..)
        .for_each(|(&row, number)| place[row] = number);
    let arcs = line.from.index().iter().zip(line.to.index());
    let mut arcs: Vec<[i64; 3]> = arcs
        .zip(&line.bins)
        .map(|((&from, &to), &bin)| [place[from as usize], place[to as usize], bin.into()])
        .collect();
    arcs.sort_unstable();
    comparison.ints("out.line_graph", arcs.as_flattened());
    order
}

fn sorted(values: &[f32], width: usize, order: &[usize]) -> Vec<f32> {
    let rows = order.iter().flat_map(|row| &values[row * width..][..width]);
    rows.copied().collect()
}
