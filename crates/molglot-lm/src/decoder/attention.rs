//! Causal grouped-query attention.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::Module,
    nn::LinearConfig,
    ops::{KeyRanges, RopeAngles, attention, rope},
};

use super::DecoderConfig;
use crate::lora::LoraLinear;

/// Keys and values of one block, `[B, K, G, D]` each.
pub(super) type Remembered = (Tensor<4>, Tensor<4>);

/// Query heads in groups that share a key and a value head (Ainslie et al., 2023, arXiv 2305.13245).
#[derive(Module, Debug)]
pub(super) struct Attention {
    pub(super) q_proj: LoraLinear,
    pub(super) k_proj: LoraLinear,
    pub(super) v_proj: LoraLinear,
    pub(super) o_proj: LoraLinear,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    scale: f64,
    cap: Option<f64>,
}

/// Where the tokens of a pass stand, for one block.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// How queries and keys turn; `None` when positions were added to the embeddings.
    pub(super) angles: Option<RopeAngles>,
    /// What each query sees.
    pub(super) ranges: KeyRanges,
    /// Decides what dropout drops in this block.
    pub(super) seed: u64,
}

impl Attention {
    pub(super) fn new(config: &DecoderConfig, init: &mut Init) -> Self {
        let DecoderConfig {
            hidden_size,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            ..
        } = *config;
        let mut linear = |input, output, bias| {
            LoraLinear::new(
                LinearConfig::new(input, output).with_bias(bias),
                config.initializer_range,
                init,
            )
        };
        let (queries, keys) = (
            num_attention_heads * head_dim,
            num_key_value_heads * head_dim,
        );
        Self {
            q_proj: linear(hidden_size, queries, config.query_bias),
            k_proj: linear(hidden_size, keys, config.query_bias),
            v_proj: linear(hidden_size, keys, config.query_bias),
            o_proj: linear(queries, hidden_size, config.output_bias),
            heads: num_attention_heads,
            kv_heads: num_key_value_heads,
            head_dim,
            scale: config.query_scale.powf(-0.5),
            cap: config.score_cap,
        }
    }

    /// Attends from `T` new positions to them and to whatever `past` holds; returns the keys and values of all.
    ///
    /// # Shapes
    ///
    /// - `x` and output: `[B, T, E]`
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        place: &Place,
        past: Option<Remembered>,
    ) -> (Tensor<3>, Remembered) {
        let [batch, new, _] = x.dims();
        let (heads, kv_heads, size) = (self.heads, self.kv_heads, self.head_dim);
        let split = |x: Tensor<3>, heads: usize| x.reshape([batch, new, heads, size]);
        let turn = |x: Tensor<4>| match &place.angles {
            Some(angles) => rope(x, angles),
            None => x,
        };
        let q = turn(split(self.q_proj.forward(x.clone(), place.seed), heads));
        let k = turn(split(
            self.k_proj.forward(x.clone(), place.seed + 1),
            kv_heads,
        ));
        let v = split(self.v_proj.forward(x, place.seed + 2), kv_heads);
        let (k, v) = match past {
            Some((keys, values)) => (
                Tensor::cat(vec![keys, k], 1),
                Tensor::cat(vec![values, v], 1),
            ),
            None => (k, v),
        };
        let (scale, cap) = (self.scale as f32, self.cap.map(|cap| cap as f32));
        let out = attention(q, k.clone(), v.clone(), &place.ranges, scale, cap);
        let out = out.reshape([batch, new, heads * size]);
        (self.o_proj.forward(out, place.seed + 3), (k, v))
    }
}
