//! From a graph to the bytes of a file.

use safetensors::{Dtype, tensor::TensorView};

use super::{About, EDGE_KINDS, NODE_KINDS, StoreError, StoredGraph, VERSION, check};
use crate::{Features, GeomGraph};

/// The bytes of a safetensors file of the graph, the same for the same graph. `key` names it in a cache.
///
/// # Errors
///
/// [`StoreError::Tensor`]: parts of the graph do not fit each other, which no graph has that was built by a spec.
pub fn encode(stored: &StoredGraph, key: Option<&str>) -> Result<Vec<u8>, StoreError> {
    check(&stored.graph, &stored.labels)?;
    let tensors = tensors(&stored.graph);
    let mut about = About {
        version: VERSION,
        key: key.map(str::to_owned),
        spec: stored.spec.clone(),
        labels: stored.labels.clone(),
        digest: String::new(),
    };
    about.digest = about.digest(tensors.iter().map(|tensor| {
        let Tensor {
            name, shape, bytes, ..
        } = tensor;
        (name.as_str(), shape.as_slice(), bytes.as_slice())
    }));
    let fail = |error| StoreError::NotSafetensors(format!("{error}"));
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes);
        Ok((tensor.name.as_str(), view.map_err(fail)?))
    });
    let views = views.collect::<Result<Vec<_>, _>>()?;
    safetensors::serialize(views, Some(about.metadata())).map_err(fail)
}

struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn new<const N: usize>(
        name: impl Into<String>,
        dtype: Dtype,
        shape: &[usize],
        values: impl Iterator<Item = [u8; N]>,
    ) -> Self {
        let mut bytes = Vec::with_capacity(shape.iter().product::<usize>() * N);
        values.for_each(|value| bytes.extend(value));
        Self {
            name: name.into(),
            dtype,
            shape: shape.to_vec(),
            bytes,
        }
    }

    fn u8(name: &str, shape: &[usize], values: impl Iterator<Item = u8>) -> Self {
        Self::new(name, Dtype::U8, shape, values.map(|value| [value]))
    }

    fn u16(name: &str, values: &[u16]) -> Self {
        let bytes = values.iter().map(|value| value.to_le_bytes());
        Self::new(name, Dtype::U16, &[values.len()], bytes)
    }

    fn u32(name: &str, shape: &[usize], values: impl Iterator<Item = u32>) -> Self {
        Self::new(name, Dtype::U32, shape, values.map(u32::to_le_bytes))
    }

    fn u64(name: &str, values: [usize; 2]) -> Self {
        let bytes = values.iter().map(|&value| (value as u64).to_le_bytes());
        Self::new(name, Dtype::U64, &[2], bytes)
    }

    fn f32<'a>(name: &str, shape: &[usize], values: impl Iterator<Item = &'a f32>) -> Self {
        Self::new(
            name,
            Dtype::F32,
            shape,
            values.map(|value| value.to_le_bytes()),
        )
    }
}

/// Every tensor, by name.
fn tensors(graph: &GeomGraph) -> Vec<Tensor> {
    let number = |place: Option<usize>| place.unwrap_or_default() as u8;
    let nodes = graph.nodes.iter();
    let nodes = nodes.map(|node| number(NODE_KINDS.iter().position(|kind| kind == node)));
    let kinds = graph.edge_kinds.iter();
    let kinds = kinds.map(|edge| number(EDGE_KINDS.iter().position(|kind| kind == edge)));
    let pairs = |name, rows: &[[u32; 2]]| {
        Tensor::u32(name, &[rows.len(), 2], rows.iter().flatten().copied())
    };
    let frames = graph.frames.iter();
    let frames = frames.flat_map(|frame| frame.origin.iter().chain(frame.axes.iter().flatten()));
    let members = graph.members.iter();
    let members: Vec<[u32; 2]> = members.map(|member| [member.atom, member.motif]).collect();
    let line = &graph.line_graph;
    let mut tensors = vec![
        Tensor::u64("counts", [graph.atoms, graph.motifs]),
        Tensor::u8("nodes", &[graph.nodes.len()], nodes),
        Tensor::u16("types", &graph.types),
        Tensor::u32(
            "chains",
            &[graph.chains.len()],
            graph.chains.iter().copied(),
        ),
        Tensor::u32(
            "sources",
            &[graph.sources.len()],
            graph.sources.iter().copied(),
        ),
        Tensor::f32(
            "positions",
            &[graph.positions.len(), 3],
            graph.positions.iter().flatten(),
        ),
        Tensor::f32("frames", &[graph.frames.len(), 4, 3], frames),
        pairs("edges", &graph.edges),
        Tensor::u8("edge_kinds", &[graph.edge_kinds.len()], kinds),
        Tensor::u16("relations", &graph.relations),
        pairs("arcs", &line.arcs),
        Tensor::u8("arc_bins", &[line.bins.len()], line.bins.iter().copied()),
        Tensor::u8(
            "atom_features",
            &[graph.atom_features.len(), 9],
            graph.atom_features.iter().flatten().copied(),
        ),
        Tensor::u8(
            "bond_features",
            &[graph.bond_features.len(), 3],
            graph.bond_features.iter().flatten().copied(),
        ),
        pairs("members", &members),
    ];
    for (what, sets) in [("node", &graph.node_sets), ("edge", &graph.edge_sets)] {
        for (number, set) in sets.iter().enumerate() {
            tensors.extend(of_set(&format!("{what}_sets.{number}"), set));
        }
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    tensors
}

fn of_set(name: &str, set: &Features) -> [Tensor; 3] {
    let rows = set.rows.len();
    [
        Tensor::u64(&format!("{name}.rows"), [set.rows.start, set.rows.end]),
        Tensor::f32(
            &format!("{name}.scalars"),
            &[rows, set.scalars.width],
            set.scalars.values.iter(),
        ),
        Tensor::f32(
            &format!("{name}.vectors"),
            &[rows, set.vectors.width / 3, 3],
            set.vectors.values.iter(),
        ),
    ]
}
