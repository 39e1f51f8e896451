//! Attention with several heads (Vaswani et al., 2017, arXiv 1706.03762).

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::Module,
    nn::{Linear, LinearConfig},
    ops::{KeyRanges, RopeAngles, attention, rope},
};

/// Sizes of an [`Attention`].
#[derive(Clone, Copy, Debug)]
pub struct AttentionConfig {
    /// Width of what asks, and of the output.
    pub width: usize,
    /// Width of what is looked at: `width` where a sequence looks at itself.
    pub context: usize,
    /// Number of heads, a divisor of `width`.
    pub heads: usize,
    /// Width of the normal distribution that weights start from.
    pub std: f64,
}

/// Heads that ask, look and mix, and the layer that joins them.
#[derive(Module, Debug)]
pub struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: usize,
}

impl AttentionConfig {
    /// Draws the parameters.
    pub fn init(&self, init: &mut Init) -> Attention {
        let mut linear = |input| LinearConfig::new(input, self.width).init_normal(init, self.std);
        Attention {
            query: linear(self.width),
            key: linear(self.context),
            value: linear(self.context),
            output: linear(self.width),
            heads: self.heads,
        }
    }
}

impl Attention {
    /// What the queries take from the keys that they may see. With angles, queries and keys are rotated by their positions.
    ///
    /// # Shapes
    ///
    /// - `queries` and output: `[B, Q, E]`
    /// - `context`: `[B, K, C]`, the same tensor as `queries` where a sequence looks at itself
    /// - `angles`: of the positions of the queries, which are then those of the keys
    pub fn forward(
        &self,
        queries: Tensor<3>,
        context: Tensor<3>,
        visible: &KeyRanges,
        angles: Option<&RopeAngles>,
    ) -> Tensor<3> {
        let [batch, asking, width] = queries.dims();
        let size = width / self.heads;
        let split = |x: Tensor<3>| {
            let [_, length, _] = x.dims();
            x.reshape([batch, length, self.heads, size])
        };
        let turned = |x: Tensor<4>| match angles {
            Some(angles) => rope(x, angles),
            None => x,
        };
        let q = turned(split(self.query.forward(queries)));
        let k = turned(split(self.key.forward(context.clone())));
        let v = split(self.value.forward(context));
        let scale = (size as f32).powf(-0.5);
        let mixed = attention(q, k, v, visible, scale, None).reshape([batch, asking, width]);
        self.output.forward(mixed)
    }
}
