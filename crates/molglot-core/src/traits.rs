//! The four roles. A model is one of each.

use molglot_graph::GraphSpec;
use molglot_tensor::{Tensor, burn::module::Module};

use crate::{
    Aligned, Batch, Features, GraphBatch, KvCache, Loss, Pairs, SoftTokens, TextBatch, TextOutput,
    TextRead,
};

/// What may be done to the input of an encoder without changing its features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symmetry {
    /// Anything: the encoder does not read coordinates.
    NoCoordinates,
    /// Rotations, translations and reflections: it cannot tell a molecule from its mirror image.
    Isometries,
    /// Rotations and translations: it sees chirality.
    RigidMotions,
}

/// Reads molecules.
pub trait Encoder: Module {
    /// The graph that it wants.
    fn spec(&self) -> GraphSpec;

    /// Width `D` of its features.
    fn width(&self) -> usize;

    /// What it is blind to.
    fn symmetry(&self) -> Symmetry;

    /// Features at every level.
    fn encode(&self, graph: &GraphBatch) -> Features;

    /// Width `H` of the state of a pair; 0 where no account is kept of pairs.
    fn pair_width(&self) -> usize {
        0
    }

    /// The same features, and what is known of pairs where account is kept of them.
    fn encode_pairs(&self, graph: &GraphBatch) -> (Features, Option<Pairs>) {
        (self.encode(graph), None)
    }
}

/// Turns features into soft tokens.
pub trait Projector: Module {
    /// `D` to `E`, a varying number of rows per molecule.
    fn project(&self, features: &Features, graph: &GraphBatch) -> SoftTokens;

    /// Number of soft tokens for a molecule of so many units and motifs: known before any tensor is, so that prompts can
    /// be laid out on the host.
    fn token_count(&self, units: usize, motifs: usize) -> usize;
}

/// Reads and writes text.
pub trait LanguageModel: Module {
    /// Width `E` of its embeddings.
    fn width(&self) -> usize;

    /// Number of blocks.
    fn layers(&self) -> usize;

    /// `[B, T, E]`: the embeddings of a batch.
    fn embed(&self, text: &TextBatch) -> Tensor<3>;

    /// Runs the model on embeddings and reads what [`TextBatch::read`] asks for.
    fn decode(&self, prompt: Tensor<3>, text: &TextBatch) -> TextOutput;

    /// `[B, V]`: feeds `[B, T, E]` after what the cache holds and returns the logits of the last position.
    fn advance(&self, embeddings: Tensor<3>, cache: &mut KvCache) -> Tensor<2>;
}

/// Judges a forward pass.
pub trait Objective: Module {
    /// What it wants to be read from the language model.
    fn reads(&self) -> TextRead;

    /// The number of items that [`Objective::loss`] will report, known on the host before the pass.
    fn weight(&self, batch: &Batch) -> f64;

    /// The loss.
    fn loss(&self, aligned: &Aligned, batch: &Batch) -> Loss;
}
