//! How good a model of a structure is.

use molglot_core::{Encoder, GraphBatch};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{Dropout, Linear, LinearConfig},
};

use super::{Gvp, GvpConfig, Variant};

/// Added to what the last layer says: scores lie around it.
const CENTRE: f32 = 0.5;

/// gvp-pytorch's `MQAModel`: a score for each structure from the mean of its residues.
#[derive(Module, Debug)]
pub struct QualityModel {
    /// Residues to features.
    pub encoder: Gvp,
    expand: Linear,
    contract: Linear,
    dropout: Dropout,
}

impl QualityModel {
    /// Draws the parameters; the encoder is of the variant [`Variant::Quality`] whatever the configuration says.
    pub fn new(config: &GvpConfig, init: &mut Init) -> Self {
        let config = GvpConfig {
            variant: Variant::Quality,
            ..config.clone()
        };
        let encoder = config.init(init);
        let width = encoder.width();
        Self {
            encoder,
            expand: LinearConfig::new(width, 2 * width).init(init),
            contract: LinearConfig::new(2 * width, 1).init(init),
            dropout: Dropout::new(config.dropout),
        }
    }

    /// The score of pooled features: `[B, D] -> [B]`.
    pub fn score(&self, pooled: Tensor<2>) -> Tensor<1> {
        let hidden = self.dropout.forward(relu(self.expand.forward(pooled)));
        self.contract.forward(hidden).squeeze_dim(1) + CENTRE
    }

    /// `[B]`: the scores of structures.
    pub fn forward(&self, graph: &GraphBatch) -> Tensor<1> {
        self.score(self.encoder.encode(graph).graph)
    }
}
