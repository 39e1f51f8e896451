//! Bridges from encoder features to soft tokens: one folder each, one line in the registry below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod linear;
pub mod mlp;
pub mod reduction;

use linear::{LinearProjector, LinearProjectorConfig};
use mlp::{MlpProjector, MlpProjectorConfig};
use molglot_core::{Features, GraphBatch, Projector, SoftTokens, registry};
use molglot_tensor::burn;

registry! {
    /// Every projector that a recipe can name.
    ProjectorConfig => AnyProjector: Projector;
    init(input: usize, output: usize);
    {
        Linear(LinearProjectorConfig => LinearProjector),
        Mlp(MlpProjectorConfig => MlpProjector),
    }
    fn project(&self, features: &Features, graph: &GraphBatch) -> SoftTokens;
    fn token_count(&self, atoms: usize, motifs: usize) -> usize;
}
