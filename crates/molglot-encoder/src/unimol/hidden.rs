//! States of atoms and pairs.

use molglot_core::Pairs;
use molglot_tensor::{RowIndex, Tensor, burn::tensor::activation::relu};

use super::{Tokens, tokens::mask};

/// How far a norm may be from what it should be.
const TOLERANCE: f64 = 1.0;
/// Added to a sum of squares before its root, so that the root has a slope at 0.
const TINY: f64 = 1e-10;

/// What the layers made of `B` molecules of `T` tokens.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// `[B, H, T, T]`: what distances say of pairs.
    pub bias: Tensor<4>,
    /// The tokens, embedded and after every layer: each `[B, T, E]`.
    pub layers: Vec<Tensor<3>>,
    /// `[B, T, E]`: the normed tokens after the last layer.
    pub last: Tensor<3>,
    /// `[B, H, T, T]`: the scores of the last layer, those of all before it added. Not symmetric, and without meaning at padding.
    pub pairs: Tensor<4>,
}

impl Hidden {
    /// `[B, T, T, H]`: what the layers did to pairs, 0 at padding.
    pub fn pair_changes(&self, tokens: &Tokens) -> Tensor<4> {
        let changes = (self.pairs.clone() - self.bias.clone()).permute([0, 2, 3, 1]);
        let real = real_pairs(&changes, tokens);
        changes * real
    }

    /// How far the norms of tokens and of changes of pairs are from the roots of their widths, beyond one: each `[B]`, the
    /// mean over what is no padding. Pre-training adds a hundredth of the mean of both to its loss.
    pub fn norm_excess(&self, tokens: &Tokens) -> [Tensor<1>; 2] {
        let x = self.layers[self.layers.len() - 1].clone();
        let [batch, length, _] = x.dims();
        let mean = |excess: Tensor<2>, real: &[bool]| {
            let [batch, cells] = excess.dims();
            let real = mask(real, [batch, cells], &excess.device());
            let count = real.clone().sum_dim(1).clamp_min(1.0);
            ((excess * real).sum_dim(1) / count).reshape([batch])
        };
        let atoms = excess(x).reshape([batch, length]);
        let pairs = excess(self.pair_changes(tokens)).reshape([batch, length * length]);
        [
            mean(atoms, &tokens.real()),
            mean(pairs, &tokens.real_pairs()),
        ]
    }

    /// What there is to say of pairs, with the places of units among the tokens.
    pub(super) fn told(&self, tokens: &Tokens, units: RowIndex) -> Pairs {
        Pairs {
            lengths: tokens.lengths.clone(),
            units,
            positions: tokens.positions.clone(),
            states: self.pairs.clone().permute([0, 2, 3, 1]),
            changes: self.pair_changes(tokens),
            norm_excess: self.norm_excess(tokens),
        }
    }
}

/// `max(| |x| - sqrt(width) | - 1, 0)` along the last axis.
fn excess<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let root = (x.dims()[D - 1] as f64).sqrt();
    let norm = x.square().sum_dim(D - 1).add_scalar(TINY).sqrt();
    relu(norm.sub_scalar(root).abs().sub_scalar(TOLERANCE))
}

/// `[B, T, T, 1]`: 1 where both tokens are no padding.
pub(super) fn real_pairs(pairs: &Tensor<4>, tokens: &Tokens) -> Tensor<4> {
    let [batch, length, ..] = pairs.dims();
    mask(
        &tokens.real_pairs(),
        [batch, length, length, 1],
        &pairs.device(),
    )
}
