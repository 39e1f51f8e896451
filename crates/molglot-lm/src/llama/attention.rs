//! Causal grouped-query attention.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::module::Module,
    nn::LinearConfig,
    ops::{KeyRanges, RopeTable, attention_softmax, rope},
};

use super::LlamaConfig;
use crate::lora::LoraLinear;

/// Keys and values of one block.
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
}

impl Attention {
    pub(super) fn new(config: &LlamaConfig, init: &mut Init) -> Self {
        let LlamaConfig {
            hidden_size,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            ..
        } = *config;
        let mut linear = |input, output| {
            LoraLinear::new(
                LinearConfig::new(input, output).without_bias(),
                config.initializer_range,
                init,
            )
        };
        Self {
            q_proj: linear(hidden_size, num_attention_heads * head_dim),
            k_proj: linear(hidden_size, num_key_value_heads * head_dim),
            v_proj: linear(hidden_size, num_key_value_heads * head_dim),
            o_proj: linear(num_attention_heads * head_dim, hidden_size),
            heads: num_attention_heads,
            kv_heads: num_key_value_heads,
            head_dim,
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
        table: &RopeTable,
        past: Option<&Remembered>,
    ) -> (Tensor<3>, Remembered) {
        let [batch, new, _] = x.dims();
        let (heads, kv_heads, size) = (self.heads, self.kv_heads, self.head_dim);
        let start = past.map_or(0, |(keys, _)| keys.dims()[2]);
        let split = |x: Tensor<3>, heads: usize| x.reshape([batch, new, heads, size]);
        let positions: Vec<u32> = (start as u32..(start + new) as u32).collect();
        let angles = table.at(1, &positions, &x.device());
        let q = rope(split(self.q_proj.forward(x.clone()), heads), &angles).swap_dims(1, 2);
        let k = rope(split(self.k_proj.forward(x.clone()), kv_heads), &angles).swap_dims(1, 2);
        let v = split(self.v_proj.forward(x), kv_heads).swap_dims(1, 2);
        let (k, v) = match past {
            Some((keys, values)) => (
                Tensor::cat(vec![keys.clone(), k], 2),
                Tensor::cat(vec![values.clone(), v], 2),
            ),
            None => (k, v),
        };
        // The queries of a group lie in a row and meet their shared keys in one multiplication: nothing is repeated.
        let group = heads / kv_heads;
        let all = start + new;
        let q = q.reshape([batch, kv_heads, group * new, size]);
        let ranges = KeyRanges::causal(new, all, &q.device());
        let scores = q
            .matmul(k.clone().swap_dims(2, 3))
            .reshape([batch, heads, new, all]);
        let p = attention_softmax(scores, &ranges, (size as f32).powf(-0.5)).reshape([
            batch,
            kv_heads,
            group * new,
            all,
        ]);
        let out = p.matmul(v.clone()).reshape([batch, heads, new, size]);
        let out = out.swap_dims(1, 2).reshape([batch, new, heads * size]);
        (self.o_proj.forward(out), (k, v))
    }
}
