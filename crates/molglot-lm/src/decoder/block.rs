//! One layer of the stack.

use molglot_tensor::burn;
use molglot_tensor::{Init, Tensor, burn::module::Module};

use super::{
    DecoderConfig,
    attention::{Attention, Place, Remembered},
    mlp::Mlp,
    norm::Norm,
};
use crate::lora::LoraLinear;

/// Pre-norm attention and feed-forward parts around a residual stream; Gemma 2 norms what they return too.
#[derive(Module, Debug)]
pub(super) struct Block {
    input_layernorm: Norm,
    self_attn: Attention,
    /// Before the feed-forward part, or after attention where the feed-forward part has a norm of its own.
    post_attention_layernorm: Norm,
    pre_feedforward_layernorm: Option<Norm>,
    mlp: Mlp,
    post_feedforward_layernorm: Option<Norm>,
}

impl Block {
    pub(super) fn new(config: &DecoderConfig, init: &mut Init) -> Self {
        let around = config.architecture.norms_outputs();
        Self {
            input_layernorm: Norm::new(config, init),
            self_attn: Attention::new(config, init),
            post_attention_layernorm: Norm::new(config, init),
            pre_feedforward_layernorm: around.then(|| Norm::new(config, init)),
            mlp: Mlp::new(config, init),
            post_feedforward_layernorm: around.then(|| Norm::new(config, init)),
        }
    }

    /// # Shapes
    ///
    /// - `x` and output: `[B, T, E]`
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        place: &Place,
        past: Option<Remembered>,
    ) -> (Tensor<3>, Remembered) {
        let (attended, remembered) =
            self.self_attn
                .forward(self.input_layernorm.forward(x.clone()), place, past);
        let seed = place.seed + 4;
        let out = match (
            &self.pre_feedforward_layernorm,
            &self.post_feedforward_layernorm,
        ) {
            (Some(before), Some(after)) => {
                let x = x + self.post_attention_layernorm.forward(attended);
                x.clone() + after.forward(self.mlp.forward(before.forward(x), seed))
            }
            _ => {
                let x = x + attended;
                x.clone()
                    + self
                        .mlp
                        .forward(self.post_attention_layernorm.forward(x), seed)
            }
        };
        (out, remembered)
    }

    /// The linear layers with their names inside the block.
    pub(super) fn linears(&mut self) -> Vec<(&'static str, &mut LoraLinear)> {
        let (attention, mlp) = (&mut self.self_attn, &mut self.mlp);
        let mut all = vec![
            ("self_attn.q_proj", &mut attention.q_proj),
            ("self_attn.k_proj", &mut attention.k_proj),
            ("self_attn.v_proj", &mut attention.v_proj),
            ("self_attn.o_proj", &mut attention.o_proj),
        ];
        all.extend(mlp.gate_proj.as_mut().map(|gate| ("mlp.gate_proj", gate)));
        all.push(("mlp.up_proj", &mut mlp.up_proj));
        all.push(("mlp.down_proj", &mut mlp.down_proj));
        all
    }
}
