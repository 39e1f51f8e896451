//! Two linear layers with a GELU between them.

use molglot_core::{Features, GraphBatch, Projector, SoftTokens};
use molglot_tensor::burn;
use molglot_tensor::{
    Init,
    burn::{module::Module, tensor::activation::gelu},
    nn::{Linear, LinearConfig},
};
use serde::{Deserialize, Serialize};

use crate::reduction::Reduction;

/// Settings of the MLP projector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpProjectorConfig {
    /// How many tokens a molecule becomes.
    pub reduction: Reduction,
    /// Width of the hidden layer; the width of the language model when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
}

impl MlpProjectorConfig {
    /// Draws the parameters: `input` features to `output`, the width of the language model.
    pub fn init(&self, input: usize, output: usize, init: &mut Init) -> MlpProjector {
        let hidden = self.hidden.unwrap_or(output);
        MlpProjector {
            fc1: LinearConfig::new(input, hidden).init(init),
            fc2: LinearConfig::new(hidden, output).init(init),
            reduction: self.reduction,
        }
    }
}

/// `W2 gelu(W1 x + b1) + b2` for every row that the reduction keeps.
///
/// There is no activation and no dropout after the second layer: Prot2Text-V2 has both, and with them its soft tokens
/// can hardly be negative.
#[derive(Module, Debug)]
pub struct MlpProjector {
    fc1: Linear,
    fc2: Linear,
    #[module(skip)]
    reduction: Reduction,
}

impl Projector for MlpProjector {
    fn project(&self, features: &Features, graph: &GraphBatch) -> SoftTokens {
        let (rows, owner) = self.reduction.apply(features, graph);
        SoftTokens {
            tokens: self.fc2.forward(gelu(self.fc1.forward(rows))),
            owner,
        }
    }

    fn token_count(&self, atoms: usize, motifs: usize) -> usize {
        self.reduction.token_count(atoms, motifs)
    }
}
