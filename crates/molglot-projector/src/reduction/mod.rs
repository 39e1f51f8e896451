//! How many tokens a molecule becomes: the reductions of M3LLM (arXiv 2411.04708).

use molglot_core::{Features, GraphBatch};
use molglot_tensor::{RowIndex, Tensor, ops::segment_mean};
use serde::{Deserialize, Serialize};

/// Which rows of the features become tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Every atom, every motif and the molecule: `n + m + 1` tokens.
    #[default]
    None,
    /// The mean atom, the mean motif and the molecule: 3 tokens.
    Hierarchical,
    /// The mean of all `n + m + 1` rows: 1 token.
    All,
}

impl Reduction {
    /// Picks or averages rows, before any projection.
    ///
    /// # Shapes
    ///
    /// - output: `[S, D]` and the molecule of each of the `S` rows; within a molecule atoms come first, then motifs,
    ///   then the molecule itself
    pub fn apply(self, features: &Features, graph: &GraphBatch) -> (Tensor<2>, RowIndex) {
        let each_graph = || 0..graph.graphs as u32;
        match self {
            Self::None => (every_level(features), every_owner(graph)),
            Self::Hierarchical => {
                let levels = vec![
                    segment_mean(features.node.clone(), &graph.graph_of_unit),
                    segment_mean(features.motif.clone(), &graph.graph_of_motif),
                    features.graph.clone(),
                ];
                let owners = each_graph()
                    .chain(each_graph())
                    .chain(each_graph())
                    .collect();
                (Tensor::cat(levels, 0), RowIndex::new(graph.graphs, owners))
            }
            Self::All => {
                let mean = segment_mean(every_level(features), &every_owner(graph));
                (mean, RowIndex::new(graph.graphs, each_graph().collect()))
            }
        }
    }

    /// Number of tokens for a molecule of so many atoms and motifs.
    pub fn token_count(self, atoms: usize, motifs: usize) -> usize {
        match self {
            Self::None => atoms + motifs + 1,
            Self::Hierarchical => 3,
            Self::All => 1,
        }
    }
}

fn every_level(features: &Features) -> Tensor<2> {
    Tensor::cat(
        vec![
            features.node.clone(),
            features.motif.clone(),
            features.graph.clone(),
        ],
        0,
    )
}

fn every_owner(graph: &GraphBatch) -> RowIndex {
    let units = graph.graph_of_unit.index().iter();
    let owners = units
        .chain(graph.graph_of_motif.index())
        .copied()
        .chain(0..graph.graphs as u32);
    RowIndex::new(graph.graphs, owners.collect())
}
