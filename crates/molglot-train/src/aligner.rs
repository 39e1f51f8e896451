//! The whole model on one screen: encode, project, embed, splice, decode.

use molglot_core::{Aligned, Batch, Encoder, LanguageModel, Projector, SpliceError, splice};
use molglot_encoder::AnyEncoder;
use molglot_lm::Decoder;
use molglot_projector::AnyProjector;
use molglot_tensor::burn;
use molglot_tensor::burn::module::Module;

/// An encoder, a projector and a language model.
#[derive(Module, Debug)]
pub struct Aligner {
    /// Reads molecules.
    pub encoder: AnyEncoder,
    /// Makes soft tokens of what the encoder says.
    pub projector: AnyProjector,
    /// Reads and writes text.
    pub lm: Decoder,
}

impl Aligner {
    /// One pass over a batch, over whatever of molecules and text it holds.
    ///
    /// # Errors
    ///
    /// [`SpliceError`] when the slots of a prompt do not fit its molecule.
    pub fn forward(&self, batch: &Batch) -> Result<Aligned, SpliceError> {
        let features = batch.graph.as_ref().map(|graph| self.encoder.encode(graph));
        let soft = features
            .as_ref()
            .zip(batch.graph.as_ref())
            .map(|(f, graph)| self.projector.project(f, graph));
        let mut output = None;
        if let Some(text) = &batch.text {
            let embedded = self.lm.embed(text);
            let prompt = splice(embedded, text, soft.as_ref().filter(|_| text.has_slots()))?;
            output = Some(self.lm.decode(prompt, text));
        }
        Ok(Aligned {
            features,
            soft,
            output,
        })
    }
}
