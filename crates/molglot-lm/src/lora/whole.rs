//! Parts of the base that an adapter trains whole.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Module, Param},
        tensor::FloatDType,
    },
};

use super::LoraError;

/// Where copies begin in the path of a parameter of a decoder.
pub(crate) const COPIES: &str = "modules_to_save";

/// Weights that stand in for those of the base, in f32 whatever that is held in: PEFT's `modules_to_save`. The base keeps its
/// own, so that it can be had without the adapter, and where its output layer is its table of embeddings, a copy of one
/// leaves the other as it is.
#[derive(Module, Debug, Default)]
pub struct Whole {
    /// `[V, E]`: the table of embeddings.
    pub embed_tokens: Option<Param<Tensor<2>>>,
    /// `[V, E]`: the output layer.
    pub lm_head: Option<Param<Tensor<2>>>,
}

impl Whole {
    /// Copies the parts that are named, unless they are copied already.
    ///
    /// # Errors
    ///
    /// [`LoraError::NoSuchModule`].
    pub(crate) fn attach(
        &mut self,
        names: &[String],
        embed_tokens: &Param<Tensor<2>>,
        lm_head: &Param<Tensor<2>>,
        init: &mut Init,
    ) -> Result<(), LoraError> {
        for name in names {
            let (copy, original) = match name.as_str() {
                "embed_tokens" => (&mut self.embed_tokens, embed_tokens),
                "lm_head" => (&mut self.lm_head, lm_head),
                _ => return Err(LoraError::NoSuchModule { name: name.clone() }),
            };
            copy.get_or_insert_with(|| init.given(original.val().inner().cast(FloatDType::F32)));
        }
        Ok(())
    }
}
