//! The values that flow along the line.

use molglot_tensor::{RowIndex, Tensor};

use crate::{GraphBatch, TextBatch, TextOutput};

/// One batch: molecules, text, or both.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The molecules, when the stage looks at them.
    pub graph: Option<GraphBatch>,
    /// The text that the language model reads, when it reads any.
    pub text: Option<TextBatch>,
    /// `[B, V]`: text vectors computed before, when the language model is frozen and there is no need to run it again.
    pub anchors: Option<Tensor<2>>,
}

/// Everything an encoder says about a batch, at every level at once.
#[derive(Clone, Debug)]
pub struct Features {
    /// `[U, D]`: units, which are the residues of structures and the atoms of molecules.
    pub node: Tensor<2>,
    /// `[M, D]`: motifs; no rows where the encoder knows none.
    pub motif: Tensor<2>,
    /// `[B, D]`: whole molecules or structures.
    pub graph: Tensor<2>,
    /// The units after every layer, input first: each `[U, _]`, of the width of its layer.
    pub layers: Vec<Tensor<2>>,
}

/// What an encoder that keeps a state for every ordered pair of nodes says beside its features.
///
/// The nodes of a graph are tokens in a row: what begins it, its units in order, what ends it; padded on the right to `T`.
/// Letters as elsewhere, `H` being the width of the state of a pair.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// Per graph, how many of its tokens are no padding.
    pub lengths: Vec<usize>,
    /// `U` units among `B * T` tokens.
    pub units: RowIndex,
    /// `[B, T]` row-major: where the tokens are, angstrom.
    pub positions: Vec<[f32; 3]>,
    /// `[B, T, T, H]`: pairs after the last layer; without meaning at padding.
    pub states: Tensor<4>,
    /// `[B, T, T, H]`: what the layers did to pairs; 0 at padding.
    pub changes: Tensor<4>,
    /// `[B]` each: how far the norms of tokens and of changes of pairs are from what they should be, a mean over a graph.
    pub norm_excess: [Tensor<1>; 2],
}

impl Pairs {
    /// `T`.
    pub fn length(&self) -> usize {
        self.states.dims()[1]
    }
}

/// Vectors that stand in a prompt where tokens would: packed rows, a varying number per molecule.
#[derive(Clone, Debug)]
pub struct SoftTokens {
    /// `[S, E]`, the rows of one molecule in a row.
    pub tokens: Tensor<2>,
    /// `S` rows into `B` molecules.
    pub owner: RowIndex,
}

/// What one forward pass produced, for the objective to judge.
#[derive(Clone, Debug)]
pub struct Aligned {
    /// What the encoder said.
    pub features: Option<Features>,
    /// What the projector made of it.
    pub soft: Option<SoftTokens>,
    /// What the language model answered.
    pub output: Option<TextOutput>,
}

/// A loss as a sum and the weight it is to be divided by.
///
/// Kept apart so that several micro-batches add up to exactly one large batch: sums over sums of weights.
#[derive(Clone, Debug)]
pub struct Loss {
    /// `[1]`: sum over the items.
    pub sum: Tensor<1>,
    /// Number of items: labelled tokens, or pairs.
    pub weight: f64,
}

impl Loss {
    /// `[1]`: the mean.
    pub fn mean(&self) -> Tensor<1> {
        self.sum.clone().div_scalar(self.weight.max(1.0))
    }
}
