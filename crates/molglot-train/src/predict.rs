//! Molecules in, answers out.

use molglot_chem::Molecule;
use molglot_core::{
    Batch, Encoder, GraphBatch, LanguageModel, Projector, Sequence, TextBatch, TextRead, splice,
};
use molglot_graph::GeomGraph;
use molglot_lm::generate;
use molglot_tensor::Device;

use crate::{error::Error, model::Model};

/// What the model (made [`Model::valid`]) says about a molecule; `instruction` replaces the one it was trained with.
///
/// # Errors
///
/// [`Error`] when the prompt cannot be made or is too long for the model.
pub fn answer(
    model: &Model,
    graph: &GeomGraph,
    smiles: &str,
    instruction: Option<&str>,
    device: &Device,
) -> Result<String, Error> {
    let Model {
        aligner,
        collator,
        config,
        ..
    } = model;
    let soft_tokens = aligner
        .projector
        .token_count(GraphBatch::units_of(graph), graph.motifs);
    let instruction = instruction.unwrap_or(&config.prompt.instruction);
    let sequence = config.prompt.sequence(
        &collator.tokenizer,
        soft_tokens,
        smiles,
        instruction,
        None,
        collator.limit,
    )?;
    if sequence.ids.len() >= collator.limit {
        return Err(Error::Usage(format!(
            "the prompt has {} tokens and the model has room for {}; use a shorter instruction or a smaller molecule",
            sequence.ids.len(),
            collator.limit
        )));
    }
    let batch = prompt_batch(collator.tokenizer.pad, graph, &sequence, device);
    let (Some(graph), Some(text)) = (&batch.graph, &batch.text) else {
        return Err(Error::internal("a prompt has a molecule and text"));
    };
    let soft = aligner
        .projector
        .project(&aligner.encoder.encode(graph), graph);
    let prompt = splice(aligner.lm.embed(text), text, Some(&soft))?;
    let tokens = generate(
        &aligner.lm,
        prompt,
        &[collator.tokenizer.eos],
        &config.generate,
        collator.limit,
        device,
    );
    Ok(collator.tokenizer.decode(&tokens)?.trim().to_owned())
}

fn prompt_batch(pad: u32, graph: &GeomGraph, sequence: &Sequence, device: &Device) -> Batch {
    Batch {
        graph: Some(GraphBatch::new(&[graph], device)),
        text: Some(TextBatch::new(&[sequence], pad, TextRead::Labels, device)),
        anchors: None,
    }
}

/// Reads a SMILES string as the model's encoder wants it.
///
/// # Errors
///
/// The reason and the column, in words.
pub fn read_smiles(model: &Model, smiles: &str) -> Result<GeomGraph, String> {
    let molecule = Molecule::from_smiles(smiles).map_err(|error| error.to_string())?;
    Ok(model.aligner.encoder.spec().build(&molecule))
}
