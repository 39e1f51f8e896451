//! How molecules and captions are compared, kept as the alignment left it.

use molglot_align::hscale::{HScale, HScaleConfig};
use molglot_core::{Encoder, GraphBatch, Projector};
use molglot_encoder::{AnyEncoder, EncoderConfig};
use molglot_lm::{Decoder, DecoderConfig, decoder::ConfigError};
use molglot_projector::{AnyProjector, ProjectorConfig};
use molglot_tensor::burn;
use molglot_tensor::{Device, Init, Tensor, burn::module::Module};

use crate::aligner::Aligner;

/// An encoder and a projector, and the objective that they were aligned by.
///
/// A later stage may go on training both for the language model to read, and what captions had in common with molecules
/// may be lost there. Retrieval is asked of them as they were when they had been trained for that.
#[derive(Module, Debug)]
pub struct Alignment {
    /// The encoder at the end of the alignment.
    pub encoder: AnyEncoder,
    /// The projector at the end of the alignment.
    pub projector: AnyProjector,
    /// The language model that captions were read with, when a later stage trains it; otherwise it is the base of the
    /// model's own.
    pub lm: Option<Decoder>,
    /// Vectors, statistics of the training captions, similarity.
    pub objective: HScale,
}

impl Alignment {
    /// What `aligner` and `objective` are now, apart from what becomes of them: evaluation alone, no training.
    ///
    /// `keep_lm`: whether the language model will change.
    pub fn snapshot(aligner: &Aligner, objective: &HScale, keep_lm: bool) -> Self {
        Self {
            encoder: aligner.encoder.valid(),
            projector: aligner.projector.valid(),
            lm: keep_lm.then(|| aligner.lm.without_lora().valid()),
            objective: objective.valid(),
        }
    }

    /// One to load stored parameters into, for a language model of `width`; `lm` when one is kept.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the language model's sizes do not fit each other.
    pub fn blank(
        encoder: &EncoderConfig,
        projector: &ProjectorConfig,
        settings: &HScaleConfig,
        lm: Option<&DecoderConfig>,
        width: usize,
        device: &Device,
    ) -> Result<Self, ConfigError> {
        let mut init = Init::new(0, device);
        let encoder = encoder.init(&mut init);
        Ok(Self {
            projector: projector.init(encoder.width(), width, &mut init),
            lm: lm.map(|config| config.init(&mut init)).transpose()?,
            objective: settings.init(&mut init).with_width(2 * width, device),
            encoder,
        })
    }

    /// The language model that captions are read with.
    pub fn reader(&self, aligner: &Aligner) -> Decoder {
        self.lm.clone().unwrap_or_else(|| aligner.lm.without_lora())
    }

    /// `[B, 2E]`: molecules as vectors.
    pub fn molecules(&self, graph: &GraphBatch) -> Tensor<2> {
        let features = self.encoder.encode(graph);
        let soft = self.projector.project(&features, graph);
        self.objective.molecules(&soft)
    }
}
