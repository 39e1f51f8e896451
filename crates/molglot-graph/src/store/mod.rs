//! Graphs as files: safetensors, exact to the bit, with what is needed to trust them again.
//!
//! A file holds every part of a [`GeomGraph`] as a tensor. `N` nodes, `E` edges, `L` arcs; what a graph
//! has no use for has length 0:
//!
//! | tensor | type | shape | |
//! |---|---|---|---|
//! | `counts` | u64 | `[2]` | atoms, motifs |
//! | `nodes` | u8 | `[N]` | kind: 0 atom, 1 motif, 2 graph, 3 residue, 4 virtual |
//! | `types` | u16 | `[N]` | type in the vocabulary of the node set |
//! | `chains`, `sources` | u32 | `[N]` | number of the chain; row of the residue or atom in the structure |
//! | `positions` | f32 | `[N, 3]` | angstrom |
//! | `frames` | f32 | `[N, 4, 3]` | origin, then the x, y and z axis |
//! | `edges` | u32 | `[E, 2]` | from, to |
//! | `edge_kinds` | u8 | `[E]` | 0 bond, 1 atom to motif, 2 motif to atom, 3 motif to graph, 4 graph to motif, 5 atom to residue, 6 sequential, 7 radius, 8 nearest, 9 pair |
//! | `relations` | u16 | `[E]` | number of the relation |
//! | `arcs`, `arc_bins` | u32, u8 | `[L, 2]`, `[L]` | the line graph: two edges, and the bin of their angle |
//! | `atom_features`, `bond_features` | u8 | `[atoms, 9]`, `[bonds, 3]` | OGB categories |
//! | `members` | u32 | `[M, 2]` | atom, motif |
//! | `node_sets.K.rows`, `edge_sets.K.rows` | u64 | `[2]` | first row of set `K`, and the row behind its last |
//! | `node_sets.K.scalars`, `edge_sets.K.scalars` | f32 | `[rows, width]` | |
//! | `node_sets.K.vectors`, `edge_sets.K.vectors` | f32 | `[rows, vectors, 3]` | |
//!
//! The metadata `molglot.graph` is JSON: `version` of this layout, `spec`, `labels` of the nodes (`A/MET1`, `A/MET1/CA`),
//! `key` in a [cache](crate::cache), and `digest`, the SHA-256 of all of it and of the tensors.

mod read;
mod write;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use read::decode;
pub use write::encode;

use crate::{EdgeKind, GeomGraph, GraphSpec, NodeKind};

/// The version of the layout. What is written under another one is not read.
pub const VERSION: u32 = 1;
/// The name of the metadata.
const ABOUT: &str = "molglot.graph";

/// The kinds of nodes by their numbers in files.
const NODE_KINDS: [NodeKind; 5] = [
    NodeKind::Atom,
    NodeKind::Motif,
    NodeKind::Graph,
    NodeKind::Residue,
    NodeKind::Virtual,
];
/// The kinds of edges by their numbers in files.
const EDGE_KINDS: [EdgeKind; 10] = [
    EdgeKind::Bond,
    EdgeKind::AtomToMotif,
    EdgeKind::MotifToAtom,
    EdgeKind::MotifToGraph,
    EdgeKind::GraphToMotif,
    EdgeKind::AtomToResidue,
    EdgeKind::Sequential,
    EdgeKind::Radius,
    EdgeKind::Nearest,
    EdgeKind::Pair,
];

/// A graph with what it was built by and what its nodes are called.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGraph {
    /// The graph.
    pub graph: GeomGraph,
    /// The spec that it was built by.
    pub spec: GraphSpec,
    /// Per node, its name in the file it comes from; or none at all.
    pub labels: Vec<String>,
}

/// Why a graph cannot be written, or a file is no graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is no safetensors file.
    #[error("this is no safetensors file: {0}")]
    NotSafetensors(String),
    /// The file is none of a graph.
    #[error("this safetensors file holds no graph: its metadata has no `{ABOUT}` that can be read")]
    NotAGraph,
    /// The file has another layout.
    #[error("the graph has layout {0}, this program reads {VERSION}: build it again")]
    Version(u32),
    /// A tensor is missing or is not what it should be.
    #[error("tensor `{name}` {what}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// The content is not what was written.
    #[error("the content differs from its checksum: the file is damaged")]
    Digest,
}

impl StoreError {
    fn tensor(name: &str, what: impl Into<String>) -> Self {
        Self::Tensor {
            name: name.to_owned(),
            what: what.into(),
        }
    }
}

/// The metadata of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct About {
    version: u32,
    key: Option<String>,
    spec: GraphSpec,
    labels: Vec<String>,
    digest: String,
}

/// The version alone, which every layout has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl About {
    fn metadata(&self) -> HashMap<String, String> {
        // One entry, so that the same graph always gives the same bytes: a map of more would be written in any order.
        HashMap::from([(ABOUT.to_owned(), self.json())])
    }

    /// Texts, numbers and a spec that was read or written before always have a JSON form.
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The digest of the metadata without its digest, and of the tensors, by name.
    fn digest<'a>(
        &self,
        tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>,
    ) -> String {
        let mut bare = self.clone();
        bare.digest.clear();
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(bare.json().as_bytes());
        for (name, shape, bytes) in tensors {
            add(name.as_bytes());
            for &size in shape {
                add(&(size as u64).to_le_bytes());
            }
            add(bytes);
        }
        hex(&hash.finalize())
    }
}

/// Bytes in base 16.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Whether the parts of a graph fit each other, so that no reader runs out of one of them.
fn check(graph: &GeomGraph, labels: &[String]) -> Result<(), StoreError> {
    let (nodes, edges) = (graph.nodes.len(), graph.edges.len());
    let each = |name: &str, length: usize, of: usize| match length == of {
        true => Ok(()),
        false => Err(StoreError::tensor(
            name,
            format!("has {length} rows instead of {of}"),
        )),
    };
    let some = |name: &str, length: usize, of: usize| match length {
        0 => Ok(()),
        _ => each(name, length, of),
    };
    let below = |name: &str, rows: &[[u32; 2]], limit: usize| {
        let fits = rows.iter().flatten().all(|&row| (row as usize) < limit);
        fits.then_some(())
            .ok_or_else(|| StoreError::tensor(name, format!("has numbers of {limit} and more")))
    };
    some("labels", labels.len(), nodes)?;
    some("types", graph.types.len(), nodes)?;
    some("chains", graph.chains.len(), nodes)?;
    some("sources", graph.sources.len(), nodes)?;
    some("positions", graph.positions.len(), nodes)?;
    some("frames", graph.frames.len(), nodes)?;
    each("edge_kinds", graph.edge_kinds.len(), edges)?;
    each("relations", graph.relations.len(), edges)?;
    below("edges", &graph.edges, nodes)?;
    each(
        "arc_bins",
        graph.line_graph.bins.len(),
        graph.line_graph.arcs.len(),
    )?;
    below("arcs", &graph.line_graph.arcs, edges)?;
    let sets = [
        ("node", &graph.node_sets, nodes),
        ("edge", &graph.edge_sets, edges),
    ];
    for (what, sets, limit) in sets {
        for (number, set) in sets.iter().enumerate() {
            let name = format!("{what}_sets.{number}");
            if set.rows.start > set.rows.end || set.rows.end > limit {
                return Err(StoreError::tensor(
                    &format!("{name}.rows"),
                    format!("are not among {limit}"),
                ));
            }
            for (part, table) in [("scalars", &set.scalars), ("vectors", &set.vectors)] {
                let name = format!("{name}.{part}");
                each(&name, table.values.len(), set.rows.len() * table.width)?;
            }
            if set.vectors.width % 3 != 0 {
                let name = format!("{name}.vectors");
                return Err(StoreError::tensor(
                    &name,
                    "does not have three columns a vector",
                ));
            }
        }
    }
    Ok(())
}
