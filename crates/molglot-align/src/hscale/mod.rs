//! H-SCALE: the holistic alignment of Prot2Text-V2 (arXiv 2505.11194).
//!
//! A molecule's soft tokens and a caption's hidden states are each reduced to `[mean; population deviation]`, and
//! InfoNCE asks which caption belongs to which molecule.

use molglot_core::{Aligned, Batch, Loss, Objective, SoftTokens, TextBatch, TextOutput, TextRead};
use molglot_tensor::burn;
use molglot_tensor::{
    Device, Init, RowIndex, Tensor,
    burn::module::{Module, Param},
    ops::{gather_rows, segment_mean},
};
use serde::{Deserialize, Serialize};

use crate::info_nce::{info_nce, unit_rows};

/// How the mean and the deviation are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halves {
    /// As one vector (the published code).
    #[default]
    Joined,
    /// As two vectors with a loss each (the published figure).
    Split,
}

/// Settings of H-SCALE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HScaleConfig {
    /// Softmax temperature.
    pub temperature: f64,
    /// Whether mean and deviation are one vector or two.
    pub halves: Halves,
    /// Weight of the mean's loss when split.
    pub mean_weight: f64,
    /// Weight of the deviation's loss when split.
    pub deviation_weight: f64,
    /// Ask both ways round: also which molecule belongs to which caption. The published code asks one way.
    pub symmetric: bool,
    /// The block of the language model after which captions are read; the middle one when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_layer: Option<usize>,
    /// Leave the first token out of a caption: without a beginning-of-text token before it, it becomes an attention
    /// sink whose large state hides the rest.
    pub skip_first_token: bool,
    /// Shift and scale every dimension of the caption vectors to mean 0 and deviation 1 over the training set. Hidden
    /// states share a large common direction; this takes it out.
    pub standardise: bool,
    /// Added to variances before the root. 0 is the published code, whose gradient is NaN where a dimension is constant.
    pub epsilon: f64,
}

impl Default for HScaleConfig {
    fn default() -> Self {
        Self {
            temperature: 0.05,
            halves: Halves::Joined,
            mean_weight: 1.0,
            deviation_weight: 1.0,
            symmetric: true,
            text_layer: None,
            skip_first_token: true,
            standardise: true,
            epsilon: 1e-12,
        }
    }
}

impl HScaleConfig {
    /// An objective that has not seen a training set yet: captions are not standardised until
    /// [`HScale::with_statistics`].
    pub fn init(&self, init: &mut Init) -> HScale {
        HScale {
            shift: init.constant([1, 1], 0.0).set_require_grad(false),
            scale: init.constant([1, 1], 1.0).set_require_grad(false),
            temperature: self.temperature,
            halves: self.halves,
            mean_weight: self.mean_weight,
            deviation_weight: self.deviation_weight,
            symmetric: self.symmetric,
            text_layer: self.text_layer.unwrap_or(0),
            skip_first_token: self.skip_first_token,
            epsilon: self.epsilon,
        }
    }
}

/// See the module.
#[derive(Module, Debug)]
pub struct HScale {
    /// `[1, 2E]` once known: subtracted from caption vectors.
    shift: Param<Tensor<2>>,
    /// `[1, 2E]` once known: multiplies caption vectors after the shift.
    scale: Param<Tensor<2>>,
    temperature: f64,
    #[module(skip)]
    halves: Halves,
    mean_weight: f64,
    deviation_weight: f64,
    symmetric: bool,
    text_layer: usize,
    skip_first_token: bool,
    epsilon: f64,
}

impl HScale {
    /// Standardises caption vectors by the mean and deviation of `vectors`, those of the training set.
    ///
    /// # Shapes
    ///
    /// - `vectors`: `[N, 2E]`
    #[must_use]
    pub fn with_statistics(self, vectors: Tensor<2>) -> Self {
        let mean = vectors.clone().mean_dim(0);
        let deviation = ((vectors - mean.clone()).square().mean_dim(0) + self.epsilon).sqrt();
        Self {
            shift: self.shift.map(|_| mean.detach()),
            scale: self.scale.map(|_| deviation.recip().detach()),
            ..self
        }
    }

    /// With room for the statistics of vectors of this width: what stored ones are loaded into.
    #[must_use]
    pub fn with_width(self, width: usize, device: &Device) -> Self {
        Self {
            shift: self.shift.map(|_| Tensor::zeros([1, width], device)),
            scale: self.scale.map(|_| Tensor::ones([1, width], device)),
            ..self
        }
    }

    /// `[B, 2E]`: the molecules, one row each.
    pub fn molecules(&self, soft: &SoftTokens) -> Tensor<2> {
        mean_and_deviation(soft.tokens.clone(), &soft.owner, self.epsilon)
    }

    /// `[B, 2E]`: the captions as the language model left them, before any standardisation.
    ///
    /// # Shapes
    ///
    /// - `states`: `[K, E]`, one row per real token of `text`
    pub fn captions(&self, states: Tensor<2>, text: &TextBatch) -> Tensor<2> {
        let owner = &text.sequence_of_token;
        if !self.skip_first_token {
            return mean_and_deviation(states, owner, self.epsilon);
        }
        let mut kept = Vec::new();
        let mut owners = Vec::new();
        for sequence in 0..owner.rows() {
            let tokens = owner.positions(sequence);
            // A caption of a single token keeps it: an empty one would have no vector at all.
            for &token in tokens
                .get(1..)
                .filter(|rest| !rest.is_empty())
                .unwrap_or(tokens)
            {
                kept.push(token);
                owners.push(sequence as u32);
            }
        }
        let states = gather_rows(states, &RowIndex::new(owner.len(), kept));
        mean_and_deviation(states, &RowIndex::new(owner.rows(), owners), self.epsilon)
    }

    /// `[B, 2E]`: caption vectors shifted and scaled as the training set says.
    pub fn standardised(&self, captions: Tensor<2>) -> Tensor<2> {
        (captions - self.shift.val()) * self.scale.val()
    }

    /// `[B, B]`: cosines of molecule `i` and caption `j`; with split halves, their weighted mean.
    pub fn similarity(&self, molecules: Tensor<2>, captions: Tensor<2>) -> Tensor<2> {
        let total: f64 = self
            .views(molecules.clone(), captions.clone())
            .map(|(weight, ..)| weight)
            .sum();
        self.views(molecules, captions)
            .map(|(weight, a, b)| {
                unit_rows(a)
                    .matmul(unit_rows(b).transpose())
                    .mul_scalar(weight / total)
            })
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| unreachable!("there is at least one view"))
    }

    /// The pairs of vectors that are compared, with the weight of each comparison.
    fn views(
        &self,
        molecules: Tensor<2>,
        captions: Tensor<2>,
    ) -> impl Iterator<Item = (f64, Tensor<2>, Tensor<2>)> {
        let [_, width] = molecules.dims();
        let half = |x: &Tensor<2>, from: usize| x.clone().slice_dim(1, from..from + width / 2);
        match self.halves {
            Halves::Joined => vec![(1.0, molecules, captions)],
            Halves::Split => vec![
                (self.mean_weight, half(&molecules, 0), half(&captions, 0)),
                (
                    self.deviation_weight,
                    half(&molecules, width / 2),
                    half(&captions, width / 2),
                ),
            ],
        }
        .into_iter()
    }

    /// `[1]`: the loss of molecule and caption vectors, summed over pairs.
    pub fn contrast(&self, molecules: Tensor<2>, captions: Tensor<2>) -> Tensor<1> {
        self.views(molecules, captions)
            .map(|(weight, molecules, captions)| {
                let (molecules, captions) = (unit_rows(molecules), unit_rows(captions));
                let forth = info_nce(molecules.clone(), captions.clone(), self.temperature).sum();
                let both = if self.symmetric {
                    (forth + info_nce(captions, molecules, self.temperature).sum()).div_scalar(2.0)
                } else {
                    forth
                };
                both.mul_scalar(weight)
            })
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| unreachable!("there is at least one view"))
    }
}

impl Objective for HScale {
    fn reads(&self) -> TextRead {
        TextRead::Layer(self.text_layer)
    }

    fn weight(&self, batch: &Batch) -> f64 {
        batch
            .graph
            .as_ref()
            .map_or(0.0, |graph| graph.graphs as f64)
    }

    fn loss(&self, aligned: &Aligned, batch: &Batch) -> Loss {
        let soft = aligned
            .soft
            .as_ref()
            .unwrap_or_else(|| panic!("H-SCALE needs molecules: the stage has none"));
        let captions = match (&batch.anchors, &aligned.output, &batch.text) {
            (Some(anchors), ..) => anchors.clone(),
            (None, Some(TextOutput::States(states)), Some(text)) => {
                self.captions(states.clone(), text)
            }
            _ => panic!("H-SCALE needs captions: the stage has no text"),
        };
        let sum = self.contrast(self.molecules(soft), self.standardised(captions));
        Loss {
            sum,
            weight: self.weight(batch),
        }
    }
}

/// `[mean; population deviation]` of the rows of each owner.
///
/// # Shapes
///
/// - `rows`: `[K, E]`
/// - output: `[B, 2E]` with `B = owner.rows()`
pub fn mean_and_deviation(rows: Tensor<2>, owner: &RowIndex, epsilon: f64) -> Tensor<2> {
    let mean = segment_mean(rows.clone(), owner);
    let centred = rows - gather_rows(mean.clone(), owner);
    let deviation = (segment_mean(centred.square(), owner) + epsilon).sqrt();
    Tensor::cat(vec![mean, deviation], 1)
}
