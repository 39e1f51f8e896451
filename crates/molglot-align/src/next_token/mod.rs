//! Next-token prediction on the labelled positions.

use molglot_core::{Aligned, Batch, Loss, Objective, TextOutput, TextRead};
use molglot_tensor::burn;
use molglot_tensor::{Init, Tensor, burn::module::Module, ops::cross_entropy};
use serde::{Deserialize, Serialize};

/// Next-token prediction has no settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NextTokenConfig {}

impl NextTokenConfig {
    /// Nothing to draw.
    pub fn init(&self, _: &mut Init) -> NextToken {
        NextToken::default()
    }
}

/// Cross-entropy of each labelled token, weighted by token: a long answer counts more than a short one, and several
/// micro-batches equal one large batch.
#[derive(Module, Debug, Default)]
pub struct NextToken {
    /// A module needs a field; the loss has nothing to learn.
    stateless: bool,
}

impl NextToken {
    /// `[L]`: the loss of every label, in the order of the labels; `None` when the output holds neither logits nor losses.
    pub fn per_label(aligned: &Aligned, batch: &Batch) -> Option<Tensor<1>> {
        match (&aligned.output, &batch.text) {
            (Some(TextOutput::Logits(logits)), Some(text)) => {
                Some(cross_entropy(logits.clone(), &text.targets))
            }
            (Some(TextOutput::Losses(losses)), Some(_)) => Some(losses.clone()),
            _ => None,
        }
    }
}

impl Objective for NextToken {
    fn reads(&self) -> TextRead {
        TextRead::Losses
    }

    fn weight(&self, batch: &Batch) -> f64 {
        batch
            .text
            .as_ref()
            .map_or(0.0, |text| text.targets.len() as f64)
    }

    fn loss(&self, aligned: &Aligned, batch: &Batch) -> Loss {
        let losses = Self::per_label(aligned, batch)
            .unwrap_or_else(|| panic!("next-token prediction needs logits: the stage has no text"));
        Loss {
            sum: losses.sum(),
            weight: self.weight(batch),
        }
    }
}
