//! Geometric encoders: one folder each, one line in the registry below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod esm2;
pub mod gat;
pub mod gearnet;
pub mod gin;
pub mod gvp;
pub mod hierarchical;
mod published;
pub mod scannet;
mod settings;
pub mod unimol;
mod verify;

pub use molglot_transformer::LoadError;
pub use verify::verify;

use esm2::{Esm2Config, Esm2Encoder};
use gat::{Gat, GatConfig};
use gearnet::{Gearnet, GearnetConfig};
use gin::{Gin, GinConfig};
use gvp::{Gvp, GvpConfig};
use hierarchical::{Hierarchical, HierarchicalConfig};
use molglot_core::{Encoder, Features, GraphBatch, Pairs, Symmetry, registry};
use molglot_graph::GraphSpec;
use molglot_tensor::{Tensor, burn};
use scannet::{Scannet, ScannetConfig};
use unimol::{Unimol, UnimolConfig};

registry! {
    /// Every encoder that a recipe can name.
    EncoderConfig => AnyEncoder: Encoder;
    init();
    {
        Gin(GinConfig => Gin),
        Hierarchical(HierarchicalConfig => Hierarchical),
        Gearnet(GearnetConfig => Gearnet),
        Gvp(GvpConfig => Gvp),
        Unimol(UnimolConfig => Unimol),
        Esm2(Esm2Config => Esm2Encoder),
        Gat(GatConfig => Gat),
        Scannet(ScannetConfig => Scannet),
    }
    fn spec(&self) -> GraphSpec;
    fn width(&self) -> usize;
    fn symmetry(&self) -> Symmetry;
    fn encode(&self, graph: &GraphBatch) -> Features;
    fn pair_width(&self) -> usize;
    fn encode_pairs(&self, graph: &GraphBatch) -> (Features, Option<Pairs>);
}

/// The features of graphs without units: no rows of them, zeros for the whole.
fn no_units(graph: &GraphBatch, width: usize) -> Features {
    let none = Tensor::zeros([0, width], &graph.device);
    Features {
        node: none.clone(),
        motif: none,
        graph: Tensor::zeros([graph.graphs, width], &graph.device),
        layers: Vec::new(),
    }
}
