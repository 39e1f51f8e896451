//! Samples to batches: where tensors begin.

use std::sync::Arc;

use molglot_core::{Batch, GraphBatch, Projector, Sequence, TextBatch, TextRead};
use molglot_graph::GeomGraph;
use molglot_lm::{
    PromptTemplate, Tokenizer,
    prompt::{PromptError, plain},
};
use molglot_tensor::Device;

use crate::{config::Input, data::Sample};

/// Everything that turns samples into batches.
#[derive(Clone, Debug)]
pub struct Collator {
    /// Text to ids.
    pub tokenizer: Tokenizer,
    /// The prompt.
    pub prompt: PromptTemplate,
    /// Longest sequence that the language model has positions for.
    pub limit: usize,
}

/// A sample as tokens and a graph.
#[derive(Clone, Debug)]
pub struct Item {
    /// Text, when the stage has any.
    pub text: Sequence,
    /// The molecule.
    pub graph: Arc<GeomGraph>,
}

impl Collator {
    /// Prepares one sample for a stage of this input.
    ///
    /// # Errors
    ///
    /// [`PromptError`] when the prompt or the tokenizer does not work.
    pub fn item(
        &self,
        sample: &Sample,
        input: Input,
        projector: &impl Projector,
    ) -> Result<Item, PromptError> {
        let graph = Arc::clone(&sample.graph);
        let text = match input {
            Input::Captions | Input::Pairs => plain(&self.tokenizer, &sample.caption, self.limit)?,
            Input::Prompts => self.prompt.sequence(
                &self.tokenizer,
                projector.token_count(GraphBatch::units_of(&graph), graph.motifs),
                &sample.smiles,
                &self.prompt.instruction,
                Some(&sample.caption),
                self.limit,
            )?,
        };
        Ok(Item { text, graph })
    }

    /// Joins items: molecules unless the input is captions alone, text as `read` asks, short texts in shared rows when
    /// `pack` says so.
    pub fn batch(
        &self,
        items: &[&Item],
        input: Input,
        read: TextRead,
        pack: bool,
        device: &Device,
    ) -> Batch {
        let text: Vec<&Sequence> = items.iter().map(|item| &item.text).collect();
        let join = if pack {
            TextBatch::packed
        } else {
            TextBatch::new
        };
        Batch {
            graph: (input != Input::Captions).then(|| self.graphs(items, device)),
            text: Some(join(&text, self.tokenizer.pad, read, device)),
            anchors: None,
        }
    }

    /// The molecules of items.
    pub fn graphs(&self, items: &[&Item], device: &Device) -> GraphBatch {
        let graphs: Vec<&GeomGraph> = items.iter().map(|item| item.graph.as_ref()).collect();
        GraphBatch::new(&graphs, device)
    }
}
