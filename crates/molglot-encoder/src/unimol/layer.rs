//! One block.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::Module,
    nn::{Dropout, LayerNorm, Linear, LinearConfig},
    ops::{KeyRanges, attention_softmax, gelu, head_mix, pair_scores},
};

use super::{EPSILON, STD, UnimolConfig};

/// Attention to which pairs say something, and what it says to pairs.
#[derive(Module, Debug)]
struct PairAttention {
    in_proj: Linear,
    out_proj: Linear,
    dropout: Dropout,
    heads: usize,
}

impl PairAttention {
    fn new(config: &UnimolConfig, init: &mut Init) -> Self {
        let width = config.width();
        Self {
            in_proj: LinearConfig::new(width, 3 * width).init_normal(init, STD),
            out_proj: LinearConfig::new(width, width).init_normal(init, STD),
            dropout: Dropout::new(config.attention_dropout),
            heads: config.heads,
        }
    }

    fn forward(
        &self,
        x: Tensor<3>,
        pairs: Tensor<4>,
        visible: &KeyRanges,
    ) -> (Tensor<3>, Tensor<4>) {
        let size = x.dims()[2] / self.heads;
        let joint = self.in_proj.forward(x);
        let scores = pair_scores(joint.clone(), pairs, (size as f64).powf(-0.5));
        let p = attention_softmax(scores.clone(), visible, 1.0);
        let mixed = head_mix(self.dropout.forward(p), joint);
        (self.out_proj.forward(mixed), scores)
    }
}

/// Pre-norm attention and feed-forward parts around a residual stream; the scores of attention are the state of pairs.
#[derive(Module, Debug)]
pub struct UnimolLayer {
    self_attn: PairAttention,
    self_attn_layer_norm: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    final_layer_norm: LayerNorm,
    dropout: Dropout,
}

impl UnimolLayer {
    pub(super) fn new(config: &UnimolConfig, init: &mut Init) -> Self {
        let (width, inner) = (config.width(), config.feed_forward);
        Self {
            self_attn: PairAttention::new(config, init),
            self_attn_layer_norm: LayerNorm::new(width, EPSILON, init),
            fc1: LinearConfig::new(width, inner).init_normal(init, STD),
            fc2: LinearConfig::new(inner, width).init_normal(init, STD),
            final_layer_norm: LayerNorm::new(width, EPSILON, init),
            dropout: Dropout::new(config.dropout),
        }
    }

    /// # Shapes
    ///
    /// - `x` and output: `[B, T, E]`
    /// - `pairs` and output: `[B, H, T, T]`, scores before the softmax
    pub fn forward(
        &self,
        x: Tensor<3>,
        pairs: Tensor<4>,
        visible: &KeyRanges,
    ) -> (Tensor<3>, Tensor<4>) {
        let y = self.self_attn_layer_norm.forward(x.clone());
        let (attended, pairs) = self.self_attn.forward(y, pairs, visible);
        let x = x + self.dropout.forward(attended);
        let y = self.final_layer_norm.forward(x.clone());
        let fed = self.fc2.forward(gelu(self.fc1.forward(y)));
        (x + self.dropout.forward(fed), pairs)
    }
}
