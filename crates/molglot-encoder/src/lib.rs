//! Geometric encoders: one folder each, one line in the registry below.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod gin;
pub mod hierarchical;

use gin::{Gin, GinConfig};
use hierarchical::{Hierarchical, HierarchicalConfig};
use molglot_core::{Encoder, Features, GraphBatch, Symmetry, registry};
use molglot_graph::GraphSpec;
use molglot_tensor::burn;

registry! {
    /// Every encoder that a recipe can name.
    EncoderConfig => AnyEncoder: Encoder;
    init();
    {
        Gin(GinConfig => Gin),
        Hierarchical(HierarchicalConfig => Hierarchical),
    }
    fn spec(&self) -> GraphSpec;
    fn width(&self) -> usize;
    fn symmetry(&self) -> Symmetry;
    fn encode(&self, graph: &GraphBatch) -> Features;
}
