//! Message passing over more and more edges: how long an edge takes should not depend on how many there are.

use molglot_tensor::{
    RowIndex, Tensor, TensorData,
    ops::{MessageIndex, message_sums},
};

use super::{Setting, Work, Workload, language::finish};
use crate::error::Error;

/// Nodes and edges of one graph of the union.
const NODES: usize = 100;
const EDGES: usize = 1000;
/// Width of a node.
const WIDTH: usize = 128;
/// Kinds of edges.
const KINDS: usize = 8;

pub(super) static WORKLOADS: [Workload; 4] = [
    at("messages_1k", |at| work(at, 1)),
    at("messages_10k", |at| work(at, 10)),
    at("messages_100k", |at| work(at, 100)),
    at("messages_1m", |at| work(at, 1000)),
];

const fn at(name: &'static str, prepare: fn(&Setting<'_>) -> Result<Work, Error>) -> Workload {
    Workload {
        name,
        unit: "edges/s",
        full_size: false,
        prepare,
    }
}

/// Messages and their gradients in a union of so many graphs.
fn work(at: &Setting<'_>, graphs: usize) -> Result<Work, Error> {
    let device = at.device.clone().autodiff();
    let (nodes, edges) = (graphs * NODES, graphs * EDGES);
    let end = |factor: usize| {
        let row = move |edge: usize| (edge / EDGES * NODES + edge * factor % NODES) as u32;
        RowIndex::new(nodes, (0..edges).map(row).collect())
    };
    let kinds = (0..edges).map(|edge| (edge % KINDS) as u32).collect();
    let index = MessageIndex::new(
        RowIndex::new(nodes, (0..nodes as u32).collect()),
        end(7919),
        end(31),
        RowIndex::new(KINDS, kinds),
    );
    let rows = |count: usize, salt: usize| {
        let value = |i: usize| ((i * 7919 + salt) % 1000) as f32 / 500.0 - 1.0;
        let values: Vec<f32> = (0..count * WIDTH).map(value).collect();
        let data = TensorData::new(values, [count, WIDTH]);
        Tensor::<2>::from_data(data, &device).require_grad()
    };
    let (x, kinds) = (rows(nodes, 1), rows(KINDS, 2));
    let scale = Tensor::<1>::ones([1], &device).require_grad();
    // Enough rounds that the clock sees milliseconds.
    let rounds = 1000usize.div_ceil(graphs).min(100);
    Ok(Box::new(move || {
        for _ in 0..rounds {
            let out = message_sums(x.clone(), scale.clone(), kinds.clone(), &index);
            std::hint::black_box(out.sum().backward());
            finish(&device);
        }
        (rounds * edges) as f64
    }))
}
