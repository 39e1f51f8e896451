//! Features of molecules, structures and sequences, for other programs.

pub mod inputs;
pub mod manifest;
pub mod output;
mod rows;
pub mod stream;
mod table;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use clap::ValueEnum;
use molglot_core::{Encoder, Features, GraphBatch};
use molglot_graph::GeomGraph;
use molglot_tensor::{Device, Tensor};
use safetensors::{Dtype, tensor::TensorView};

use self::{inputs::Key, rows::About, table::TableWriter};
use crate::{error::Error, model::Model};

/// Molecules per forward pass.
const BATCH: usize = 64;

/// Which features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// One row per molecule or structure.
    Graph,
    /// One row per BRICS motif.
    Motif,
    /// One row per atom of a molecule or residue of a protein.
    Node,
}

impl Level {
    /// What the command and the columns of tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Motif => "motif",
            Self::Node => "node",
        }
    }

    /// The column that says how many rows a graph has, where that is not always one.
    fn count_column(self) -> Option<&'static str> {
        match self {
            Self::Graph => None,
            Self::Motif => Some("motifs"),
            Self::Node => Some("nodes"),
        }
    }

    /// How many rows a graph has.
    pub fn count(self, graph: &GeomGraph) -> usize {
        match self {
            Self::Graph => 1,
            Self::Motif => graph.motifs,
            Self::Node => GraphBatch::units_of(graph),
        }
    }
}

/// The rows of a level.
fn level_rows(features: Features, level: Level) -> Tensor<2> {
    match level {
        Level::Graph => features.graph,
        Level::Motif => features.motif,
        Level::Node => features.node,
    }
}

/// Features of many molecules, packed: row `i` of `features` belongs to the molecule `m` with
/// `offsets[m] <= i < offsets[m + 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Row-major `[R, D]`.
    pub features: Vec<f32>,
    /// Width `D`.
    pub width: usize,
    /// One more than there are molecules.
    pub offsets: Vec<i64>,
}

/// Features of molecules at one level from a model made [`Model::valid`].
pub fn embed(model: &Model, graphs: &[GeomGraph], level: Level, device: &Device) -> Embedded {
    embed_graphs(&model.aligner.encoder, graphs, level, device)
}

/// Features of graphs at one level from an encoder in evaluation.
pub fn embed_graphs(
    encoder: &impl Encoder,
    graphs: &[GeomGraph],
    level: Level,
    device: &Device,
) -> Embedded {
    let mut out = Embedded {
        features: Vec::new(),
        width: encoder.width(),
        offsets: vec![0],
    };
    for chunk in graphs.chunks(BATCH) {
        let features = encoder.encode(&GraphBatch::new(&chunk.iter().collect::<Vec<_>>(), device));
        let rows = level_rows(features, level);
        out.features.extend(rows.into_data().iter::<f32>());
        for graph in chunk {
            let last = out.offsets.last().copied().unwrap_or(0);
            out.offsets.push(last + level.count(graph) as i64);
        }
    }
    out
}

impl Embedded {
    /// A safetensors file: `features` `[R, D]` f32, `offsets` `[M + 1]` i64, and in the metadata `smiles`, a JSON list of
    /// the `M` molecules.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] when safetensors refuses.
    pub fn to_safetensors(&self, smiles: &[String]) -> Result<Vec<u8>, Error> {
        let rows = self.features.len() / self.width.max(1);
        let features: Vec<u8> = self
            .features
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let offsets: Vec<u8> = self
            .offsets
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let view =
            |dtype, shape, bytes| TensorView::new(dtype, shape, bytes).map_err(Error::internal);
        let tensors = [
            (
                "features",
                view(Dtype::F32, vec![rows, self.width], &features)?,
            ),
            (
                "offsets",
                view(Dtype::I64, vec![self.offsets.len()], &offsets)?,
            ),
        ];
        let list = serde_json::to_string(smiles).map_err(Error::internal)?;
        let metadata = HashMap::from([("smiles".to_owned(), list)]);
        safetensors::serialize(tensors, Some(metadata)).map_err(Error::internal)
    }
}

/// Writes a Parquet table of molecules called by their SMILES, with their features at each level.
///
/// # Errors
///
/// Where it cannot be written.
pub fn write_parquet(
    output: &mut (dyn Write + Send),
    keys: &[Key],
    embedded: &[(Level, Embedded)],
) -> io::Result<()> {
    let levels: Vec<Level> = embedded.iter().map(|(level, _)| *level).collect();
    let width = embedded.first().map_or(0, |(_, embedded)| embedded.width);
    let about = About::from([("level".to_owned(), names(&levels))]);
    let mut table = TableWriter::new(output, &levels, &about, width)?;
    for (molecule, key) in keys.iter().enumerate() {
        let ends = |(_, embedded): &(Level, Embedded)| {
            (
                embedded.offsets[molecule] as usize,
                embedded.offsets[molecule + 1] as usize,
            )
        };
        let ends: Vec<(usize, usize)> = embedded.iter().map(ends).collect();
        let counts: Vec<u64> = ends.iter().map(|(from, to)| (to - from) as u64).collect();
        let mut sources = embedded.iter().zip(&ends);
        table.push(key, &counts, |_, values| {
            if let Some(((_, embedded), (from, to))) = sources.next() {
                values.extend_from_slice(&embedded.features[from * width..to * width]);
            }
            Ok(())
        })?;
    }
    table.finish()
}

/// Names of levels, as metadata has them.
pub fn names(levels: &[Level]) -> String {
    let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    names.join(",")
}
