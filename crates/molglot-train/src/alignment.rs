//! How molecules and captions are compared, kept as the alignment left it.

use molglot_align::hscale::{HScale, HScaleConfig};
use molglot_core::{Encoder, GraphBatch, Projector};
use molglot_projector::{AnyProjector, ProjectorConfig};
use molglot_tensor::burn;
use molglot_tensor::{Device, Init, Tensor, burn::module::Module};

use crate::aligner::Aligner;

/// A projector and the objective that it was aligned by.
///
/// A later stage goes on training the projector for the language model to read, and what captions had in common with
/// molecules may be lost there. Retrieval is asked of the projector as it was when it had been trained for that.
#[derive(Module, Debug)]
pub struct Alignment {
    /// The projector at the end of the alignment.
    pub projector: AnyProjector,
    /// Vectors, statistics of the training captions, similarity.
    pub objective: HScale,
}

impl Alignment {
    /// One to load stored parameters into: `input` features to a language model of `width`.
    pub fn blank(
        projector: &ProjectorConfig,
        settings: &HScaleConfig,
        input: usize,
        width: usize,
        device: &Device,
    ) -> Self {
        let mut init = Init::new(0, device);
        Self {
            projector: projector.init(input, width, &mut init),
            objective: settings.init(&mut init).with_width(2 * width, device),
        }
    }

    /// `[B, 2E]`: molecules as vectors.
    pub fn molecules(&self, aligner: &Aligner, graph: &GraphBatch) -> Tensor<2> {
        let features = aligner.encoder.encode(graph);
        self.objective
            .molecules(&self.projector.project(&features, graph))
    }
}
