//! Molecules in, answers out.

use molglot_chem::Molecule;
use molglot_core::{
    Encoder, GraphBatch, LanguageModel, Projector, Sequence, TextBatch, TextRead, splice,
};
use molglot_graph::GeomGraph;
use molglot_lm::{GenerateConfig, Prompts, generate};
use molglot_tensor::Device;

use crate::{error::Error, model::Model};

/// A molecule that the model is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The molecule as the encoder reads it.
    pub graph: &'a GeomGraph,
    /// The molecule as the user wrote it.
    pub smiles: &'a str,
    /// Replaces the instruction that the model was trained with.
    pub instruction: Option<&'a str>,
    /// Where answers are drawn, molecules with other numbers get other draws.
    pub number: u64,
}

/// What the model (made [`Model::valid`]) says about each molecule. They are one batch to the model, and none has an
/// influence on what is said about another.
///
/// # Errors
///
/// For each molecule by itself: [`Error`] when its prompt cannot be made or is too long for the model.
pub fn answers(
    model: &Model,
    questions: &[Question<'_>],
    config: &GenerateConfig,
    device: &Device,
) -> Vec<Result<String, Error>> {
    let mut sequences = Vec::with_capacity(questions.len());
    let (mut answers, mut good) = (Vec::with_capacity(questions.len()), Vec::new());
    for question in questions {
        let sequence = sequence(model, question);
        if sequence.is_ok() {
            good.push(*question);
        }
        answers.push(sequence.map(|sequence| sequences.push(sequence)));
    }
    let mut texts = texts(model, &good, &sequences, config, device).into_iter();
    let missing = || Err(Error::internal("an answer is missing"));
    answers
        .into_iter()
        .map(|answer| answer.and_then(|()| texts.next().unwrap_or_else(missing)))
        .collect()
}

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
    let question = Question {
        graph,
        smiles,
        instruction,
        number: 0,
    };
    let mut answers = answers(model, &[question], &model.config.generate, device);
    answers
        .pop()
        .unwrap_or_else(|| Err(Error::internal("an answer is missing")))
}

fn sequence(model: &Model, question: &Question<'_>) -> Result<Sequence, Error> {
    let Model {
        aligner,
        collator,
        config,
        ..
    } = model;
    let graph = question.graph;
    let soft_tokens = aligner
        .projector
        .token_count(GraphBatch::units_of(graph), graph.motifs);
    let sequence = config.prompt.sequence(
        &collator.tokenizer,
        soft_tokens,
        question.smiles,
        question.instruction.unwrap_or(&config.prompt.instruction),
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
    Ok(sequence)
}

/// Answers to prompts that are known to fit.
fn texts(
    model: &Model,
    questions: &[Question<'_>],
    sequences: &[Sequence],
    config: &GenerateConfig,
    device: &Device,
) -> Vec<Result<String, Error>> {
    if questions.is_empty() {
        return Vec::new();
    }
    match batch(model, questions, sequences, config, device) {
        Ok(texts) => texts.into_iter().map(Ok).collect(),
        Err(error) if questions.len() == 1 => vec![Err(error)],
        // Whoever spoils the batch must not spoil the others' answers.
        Err(_) => questions
            .chunks(1)
            .zip(sequences.chunks(1))
            .flat_map(|(question, sequence)| texts(model, question, sequence, config, device))
            .collect(),
    }
}

fn batch(
    model: &Model,
    questions: &[Question<'_>],
    sequences: &[Sequence],
    config: &GenerateConfig,
    device: &Device,
) -> Result<Vec<String>, Error> {
    let Model {
        aligner, collator, ..
    } = model;
    let graphs: Vec<&GeomGraph> = questions.iter().map(|question| question.graph).collect();
    let graph = GraphBatch::new(&graphs, device);
    let sequences: Vec<&Sequence> = sequences.iter().collect();
    let text = TextBatch::new(&sequences, collator.tokenizer.pad, TextRead::Labels, device);
    let soft = aligner
        .projector
        .project(&aligner.encoder.encode(&graph), &graph);
    let embeddings = splice(aligner.lm.embed(&text), &text, Some(&soft))?;
    let streams = questions.iter().map(|question| question.number).collect();
    let prompts = Prompts::from_text(embeddings, &text).with_streams(streams);
    let mut config = config.clone();
    for &stop in &collator.tokenizer.stops {
        if !config.eos_token_id.contains(&stop) {
            config.eos_token_id.push(stop);
        }
    }
    let found = generate(
        &aligner.lm,
        &prompts,
        &config,
        collator.limit,
        &mut |_, _, _| {},
    )?;
    found
        .iter()
        .map(|continuations| {
            let tokens = continuations.first().map_or(&[][..], |best| &best.tokens);
            Ok(collator.tokenizer.decode(tokens)?.trim().to_owned())
        })
        .collect()
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
