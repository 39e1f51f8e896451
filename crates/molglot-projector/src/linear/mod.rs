//! One linear layer, as LLaVA and M3LLM have it.

use molglot_core::{Features, GraphBatch, Projector, SoftTokens};
use molglot_tensor::burn;
use molglot_tensor::{
    Init,
    burn::module::Module,
    nn::{Linear, LinearConfig},
};
use serde::{Deserialize, Serialize};

use crate::reduction::Reduction;

/// Settings of the linear projector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinearProjectorConfig {
    /// How many tokens a molecule becomes.
    pub reduction: Reduction,
}

impl LinearProjectorConfig {
    /// Draws the parameters: `input` features to `output`, the width of the language model.
    pub fn init(&self, input: usize, output: usize, init: &mut Init) -> LinearProjector {
        LinearProjector {
            project: LinearConfig::new(input, output).init(init),
            reduction: self.reduction,
        }
    }
}

/// `W x + b` for every row that the reduction keeps.
#[derive(Module, Debug)]
pub struct LinearProjector {
    project: Linear,
    #[module(skip)]
    reduction: Reduction,
}

impl Projector for LinearProjector {
    fn project(&self, features: &Features, graph: &GraphBatch) -> SoftTokens {
        let (rows, owner) = self.reduction.apply(features, graph);
        SoftTokens {
            tokens: self.project.forward(rows),
            owner,
        }
    }

    fn token_count(&self, atoms: usize, motifs: usize) -> usize {
        self.reduction.token_count(atoms, motifs)
    }
}
