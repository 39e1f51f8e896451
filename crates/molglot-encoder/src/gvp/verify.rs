//! GVP-GNN against gvp-pytorch.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::{BY_NAME, EdgeKind, GeomGraph, NodeKind, Table};
use molglot_tensor::{
    Device, Init, Tensor,
    golden::{Comparison, Golden, GoldenError},
    params,
};

use super::{
    GvpConfig, GvpLayer, QualityModel, State, Variant, published_name, weights::layer_name,
};
use crate::EncoderConfig;
use crate::verify::{
    StoredResidue, gradients, json, letter, load, loads, number, structures, tensor, values,
};

/// `CPDModel`: features, embedding, every layer and gradients, also of the structure turned and moved.
pub(crate) fn design(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = config(golden, Variant::Design)?;
    let rename = |path: &str| published_name(Variant::Design, path);
    let model = load(
        golden,
        config.init(&mut Init::new(0, device)),
        false,
        &rename,
    )?;
    let graphs = graphs(golden, &config, "in.coords")?;
    features(comparison, &graphs, "out.");

    let hidden = |graphs: &[GeomGraph]| {
        let batch = batch(graphs, device);
        let hidden = model.hidden(&batch);
        (hidden.nodes, hidden.edges, model.encode(&batch))
    };
    let outputs = |graphs: &[GeomGraph]| {
        let (nodes, edges, features) = hidden(graphs);
        let mut named = states(&nodes[1..]);
        named.extend(state("out.embed.node", &nodes[0]));
        named.extend(
            edges
                .iter()
                .flat_map(|edges| state("out.embed.edge", edges)),
        );
        let mean = values(features.graph);
        let (scalars, lengths) = mean.split_at(config.scalars);
        named.push(("out.mean_s".to_owned(), scalars.to_vec()));
        named.push(("out.mean_vnorm".to_owned(), lengths.to_vec()));
        named
    };
    let stored = with_features(
        golden,
        &graphs,
        "out.",
        &["node_s", "node_v", "edge_s", "edge_v"],
    )?;
    let told = batch(&stored, device);
    loads(
        comparison,
        &EncoderConfig::Gvp(config.clone()),
        &told,
        &model.encode(&told),
    )?;
    for (name, values) in outputs(&stored) {
        comparison.all(&name, &values);
    }
    end_to_end(comparison, &outputs(&graphs))?;

    let (nodes, ..) = hidden(&stored);
    let last = nodes[nodes.len() - 1].clone();
    let scalars = last.scalar_part() * tensor(golden, "in.cotangent_s", device)?;
    let vectors = last.vector_part().swap_dims(1, 2) * tensor(golden, "in.cotangent_v", device)?;
    let grads = (scalars.sum() + vectors.sum()).backward();
    gradients(
        comparison,
        "grad.",
        &params::gradients(&model, &grads),
        &rename,
    )?;

    let turned = self::graphs(golden, &config, "in.rotated_coords")?;
    features(comparison, &turned, "out.rotated.");
    let stored = ["node_s", "node_v", "edge_v"];
    let (nodes, ..) = hidden(&with_features(golden, &turned, "out.rotated.", &stored)?);
    for (name, values) in state("out.rotated.layer_last.node", &nodes[nodes.len() - 1]) {
        comparison.all(&name, &values);
    }
    Ok(())
}

/// `MQAModel`: features, every layer, pooled features, score and gradients of two chains.
pub(crate) fn quality(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = config(golden, Variant::Quality)?;
    let rename = |path: &str| published_name(Variant::Quality, path);
    let blank = QualityModel::new(&config, &mut Init::new(0, device));
    let model = load(golden, blank, false, &rename)?;
    let graphs = graphs(golden, &config, "in.coords")?;
    features(comparison, &graphs, "out.");

    let outputs = |graphs: &[GeomGraph]| {
        let batch = batch(graphs, device);
        let features = model.encoder.encode(&batch);
        let mut named = states(&model.encoder.hidden(&batch).nodes[1..]);
        named.push(("out.node_scalar".to_owned(), values(features.node)));
        named.push(("out.pooled".to_owned(), values(features.graph)));
        named.push(("out.score".to_owned(), values(model.forward(&batch))));
        named
    };
    let stored = with_features(
        golden,
        &graphs,
        "out.",
        &["node_s", "node_v", "edge_s", "edge_v"],
    )?;
    let told = batch(&stored, device);
    let features = model.encoder.encode(&told);
    loads(comparison, &EncoderConfig::Gvp(config), &told, &features)?;
    for (name, values) in outputs(&stored) {
        comparison.all(&name, &values);
    }
    end_to_end(comparison, &outputs(&graphs))?;
    let score = model.forward(&told);
    let grads = (score * tensor(golden, "in.cotangent", device)?)
        .sum()
        .backward();
    gradients(
        comparison,
        "grad.",
        &params::gradients(&model, &grads),
        &rename,
    )
}

/// `GVPConvLayer` with a vector gate on a graph with repeated edges, loops and a node without messages.
pub(crate) fn gate(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let config = json(golden, "config.json")?;
    let (nodes, edges) = (sizes(&config["node_dims"])?, sizes(&config["edge_dims"])?);
    let blank = GvpLayer::new(nodes, edges, true, 0.0, &mut Init::new(0, device));
    let layer = load(golden, blank, false, &layer_name)?;
    let (shape, index) = golden.ints("in.edge_index")?;
    let (from, to) = index.split_at(shape[1]);
    let ends = from.iter().zip(to);
    let graph = GeomGraph {
        nodes: vec![NodeKind::Residue; golden.floats("in.node_s")?.0[0]],
        edges: ends.map(|(&from, &to)| [from as u32, to as u32]).collect(),
        edge_kinds: vec![EdgeKind::Nearest; shape[1]],
        relations: vec![0; shape[1]],
        ..GeomGraph::default()
    };
    let batch = GraphBatch::new(&[&graph], device);
    let input = |name: &str| tensor::<3>(golden, name, device);
    let (scalars, vectors) = (
        tensor::<2>(golden, "in.node_s", device)?.require_grad(),
        input("in.node_v")?.require_grad(),
    );
    let run = |vectors: Tensor<3>, edge_vectors: Tensor<3>| -> Result<State, GoldenError> {
        let held = tensor(golden, "in.edge_s", device)?;
        let edges = State::new(held, edge_vectors.swap_dims(1, 2));
        let x = State::new(scalars.clone(), vectors.swap_dims(1, 2));
        Ok(layer.forward(x, Some(&edges), &batch))
    };
    let turned = run(input("in.rotated.node_v")?, input("in.rotated.edge_v")?)?;
    let out = run(vectors.clone(), input("in.edge_v")?)?;
    for (name, values) in [state("out.node", &out), state("out.rotated.node", &turned)].concat() {
        comparison.all(&name, &values);
    }
    let by_scalars = out.scalar_part() * tensor(golden, "in.cotangent_s", device)?;
    let by_vectors = out.vector_part().swap_dims(1, 2) * input("in.cotangent_v")?;
    let grads = (by_scalars.sum() + by_vectors.sum()).backward();
    let mut found = params::gradients(&layer, &grads);
    let inputs = [
        ("in.node_s", scalars.grad(&grads).map(values)),
        ("in.node_v", vectors.grad(&grads).map(values)),
    ];
    for (name, grad) in inputs {
        found.extend(grad.map(|grad| (name.to_owned(), grad)));
    }
    gradients(comparison, "grad.", &found, &layer_name)
}

fn config(golden: &Golden, variant: Variant) -> Result<GvpConfig, GoldenError> {
    let stored = json(golden, "config.json")?;
    let (nodes, edges) = (sizes(&stored["node_h_dim"])?, sizes(&stored["edge_h_dim"])?);
    let on = |name: &str| stored[name].as_bool().unwrap_or_default();
    Ok(GvpConfig {
        variant,
        scalars: nodes.0,
        vectors: nodes.1,
        edge_scalars: edges.0,
        edge_vectors: edges.1,
        layers: number(&stored["num_layers"])?,
        neighbours: number(&stored["top_k"])? as u16,
        sequence: on("seq_in"),
        vector_gate: on("vector_gate"),
        dropout: 0.0,
    })
}

fn sizes(stored: &serde_json::Value) -> Result<(usize, usize), GoldenError> {
    Ok((number(&stored[0])?, number(&stored[1])?))
}

fn graphs(
    golden: &Golden,
    config: &GvpConfig,
    coords: &str,
) -> Result<Vec<GeomGraph>, GoldenError> {
    let (shape, places) = golden.floats(coords)?;
    let or = |name: &str, default: i64| match config.sequence {
        true => golden.ints(name).map(|(_, values)| values),
        false => Ok(vec![default; shape[0]]),
    };
    let rows = or("in.sequence_ids", 0)?
        .into_iter()
        .zip(or("in.graph_id", 0)?);
    let residues = rows.zip(places.chunks(shape[1] * shape[2]));
    let residues = residues.map(|((kind, graph), atoms)| StoredResidue {
        graph,
        chain: 0,
        letter: letter(BY_NAME, kind as usize),
        atoms,
    });
    structures(&config.spec(), &residues.collect::<Vec<_>>())
}

fn batch(graphs: &[GeomGraph], device: &Device) -> GraphBatch {
    GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), device)
}

/// A kind of features of a graph, by the name that cases give it.
fn table<'a>(graph: &'a mut GeomGraph, name: &str) -> &'a mut Table {
    match name {
        "node_s" => &mut graph.node_sets[0].scalars,
        "node_v" => &mut graph.node_sets[0].vectors,
        "edge_s" => &mut graph.edge_sets[0].scalars,
        _ => &mut graph.edge_sets[0].vectors,
    }
}

/// Compares edges and features of graphs with those stored.
fn features(comparison: &mut Comparison<'_>, graphs: &[GeomGraph], prefix: &str) {
    let mut graphs = graphs.to_vec();
    let (mut ends, mut first) = ([Vec::new(), Vec::new()], 0);
    for graph in &graphs {
        for edge in &graph.edges {
            ends[0].push(first + i64::from(edge[0]));
            ends[1].push(first + i64::from(edge[1]));
        }
        first += graph.nodes.len() as i64;
    }
    comparison.ints("out.edge_index", &ends.concat());
    for kind in ["node_s", "node_v", "edge_s", "edge_v"] {
        let name = format!("{prefix}{kind}");
        if comparison.golden().floats(&name).is_ok() {
            let rows = graphs.iter_mut().map(|graph| table(graph, kind));
            let rows: Vec<f32> = rows.flat_map(|table| table.values.clone()).collect();
            comparison.all(&name, &rows);
        }
    }
}

/// The graphs with stored features in place of their own.
fn with_features(
    golden: &Golden,
    graphs: &[GeomGraph],
    prefix: &str,
    kinds: &[&str],
) -> Result<Vec<GeomGraph>, GoldenError> {
    let mut graphs = graphs.to_vec();
    for kind in kinds {
        let (_, values) = golden.floats(&format!("{prefix}{kind}"))?;
        let mut rest = values.as_slice();
        for graph in &mut graphs {
            let table = table(graph, kind);
            let (own, others) = rest.split_at(table.values.len().min(rest.len()));
            table.values = own.to_vec();
            rest = others;
        }
    }
    Ok(graphs)
}

/// Scalars `[N, S]` and vectors `[N, V, 3]` by name.
fn state(name: &str, state: &State) -> Vec<(String, Vec<f32>)> {
    vec![
        (format!("{name}_s"), values(state.scalar_part())),
        (
            format!("{name}_v"),
            values(state.vector_part().swap_dims(1, 2)),
        ),
    ]
}

fn states(layers: &[State]) -> Vec<(String, Vec<f32>)> {
    let named = layers.iter().enumerate();
    named
        .flat_map(|(layer, x)| state(&format!("out.layer.{layer}.node"), x))
        .collect()
}

/// Compares what comes of coordinates instead of stored features, inside the tolerance that the case has for that.
fn end_to_end(
    comparison: &mut Comparison<'_>,
    outputs: &[(String, Vec<f32>)],
) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    for (name, found) in outputs {
        let Some(tolerance) = golden.meta()["end_to_end_atol"][name].as_f64() else {
            continue;
        };
        let (_, wanted) = golden.floats(name)?;
        let mut differences = found
            .iter()
            .zip(&wanted)
            .map(|(a, b)| f64::from(a - b).abs());
        // Written so that a difference that is no number is one too many.
        let is_inside = |difference: f64| difference <= tolerance;
        if found.len() != wanted.len() || !differences.all(is_inside) {
            let reason = format!("{name}, from coordinates: off by more than {tolerance:e}");
            comparison.fail(name, &GoldenError::new(reason));
        }
    }
    Ok(())
}
