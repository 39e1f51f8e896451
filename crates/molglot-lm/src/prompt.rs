//! How a molecule and an instruction become a sequence.

use molglot_core::Sequence;
use serde::{Deserialize, Serialize};

use crate::tokenizer::{Tokenizer, TokenizerError};

/// Where the soft tokens go.
const GRAPH: &str = "{graph}";

/// A prompt with places for the molecule (`{graph}`), its SMILES (`{smiles}`) and the instruction (`{instruction}`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptTemplate {
    /// The text before the answer.
    pub template: String,
    /// The instruction used in training and when the user gives none.
    pub instruction: String,
    /// Whether a published model is asked through its chat template, when it has one.
    pub chat: bool,
}

impl Default for PromptTemplate {
    fn default() -> Self {
        Self {
            template: "{graph}\n{instruction}\n".to_owned(),
            instruction: "Describe the molecule.".to_owned(),
            chat: true,
        }
    }
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The molecule has no place, or more than one.
    #[error(
        "prompt.template must contain `{{graph}}` exactly once, where the molecule goes; it has it {0} times"
    )]
    Graph(usize),
    /// The tokenizer refused.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

impl PromptTemplate {
    /// The sequence of a prompt, and of an answer when there is one: the answer and the end token are labels.
    ///
    /// `soft_tokens` is how many soft tokens the molecule will become. A sequence longer than `limit` loses the end of
    /// its answer, never the end token: a model that never sees it never learns to stop.
    ///
    /// # Errors
    ///
    /// [`PromptError`].
    pub fn sequence(
        &self,
        tokenizer: &Tokenizer,
        soft_tokens: usize,
        smiles: &str,
        instruction: &str,
        answer: Option<&str>,
        limit: usize,
    ) -> Result<Sequence, PromptError> {
        let mut parts = self.template.split(GRAPH);
        let (Some(before), Some(after), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(PromptError::Graph(self.template.matches(GRAPH).count()));
        };
        let fill = |text: &str| {
            text.replace("{smiles}", smiles)
                .replace("{instruction}", instruction)
        };
        let turn = tokenizer.turn.as_ref().filter(|_| self.chat);
        let mut ids = match turn {
            Some(turn) => turn.before.clone(),
            None => tokenizer.bos.into_iter().collect(),
        };
        ids.extend(tokenizer.encode(&fill(before))?);
        let slots = ids.len() as u32..(ids.len() + soft_tokens) as u32;
        ids.extend(std::iter::repeat_n(tokenizer.graph, soft_tokens));
        let after = fill(after);
        match turn {
            // The template ends the turn; white space before that would be the user's.
            Some(turn) => {
                ids.extend(tokenizer.encode(after.trim_end())?);
                ids.extend(&turn.after);
            }
            None => ids.extend(tokenizer.encode(&after)?),
        }
        let mut sequence = Sequence {
            ids,
            slots: slots.collect(),
            labels: Vec::new(),
        };
        if let Some(answer) = answer {
            append_labelled(
                &mut sequence,
                tokenizer.encode(answer)?,
                tokenizer.eos,
                limit,
            );
        }
        Ok(sequence)
    }
}

/// A text by itself, every token but the first a label.
///
/// # Errors
///
/// [`TokenizerError`].
pub fn plain(tokenizer: &Tokenizer, text: &str, limit: usize) -> Result<Sequence, TokenizerError> {
    let mut sequence = Sequence {
        ids: tokenizer.bos.into_iter().collect(),
        ..Sequence::default()
    };
    append_labelled(&mut sequence, tokenizer.encode(text)?, tokenizer.eos, limit);
    Ok(sequence)
}

fn append_labelled(sequence: &mut Sequence, mut answer: Vec<u32>, eos: u32, limit: usize) {
    let start = sequence.ids.len();
    // The first token of a sequence is predicted from nothing.
    let first = start.max(1) as u32;
    answer.truncate(limit.saturating_sub(start + 1));
    sequence.ids.extend(answer);
    sequence.ids.push(eos);
    sequence.labels = (first..sequence.ids.len() as u32).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer() -> Tokenizer {
        Tokenizer::train(["Describe the molecule. It is an acid."].into_iter(), 300).unwrap()
    }

    #[test]
    fn only_the_answer_and_the_end_are_labels() {
        let tokenizer = tokenizer();
        let template = PromptTemplate::default();
        let sequence = template
            .sequence(
                &tokenizer,
                5,
                "CC",
                "Describe the molecule.",
                Some("An acid."),
                1000,
            )
            .unwrap();
        assert_eq!(sequence.slots, [1, 2, 3, 4, 5]);
        assert!(
            sequence
                .slots
                .iter()
                .all(|&slot| sequence.ids[slot as usize] == tokenizer.graph)
        );
        let labelled: Vec<u32> = sequence
            .labels
            .iter()
            .map(|&label| sequence.ids[label as usize])
            .collect();
        assert_eq!(tokenizer.decode(&labelled).unwrap(), "An acid.");
        assert_eq!(labelled.last(), Some(&tokenizer.eos));
    }

    #[test]
    fn a_long_answer_is_cut_but_still_ends() {
        let tokenizer = tokenizer();
        let sequence = plain(&tokenizer, &"acid ".repeat(100), 20).unwrap();
        assert_eq!(sequence.ids.len(), 20);
        assert_eq!(sequence.ids.last(), Some(&tokenizer.eos));
    }

    #[test]
    fn a_template_without_a_molecule_is_refused() {
        let template = PromptTemplate {
            template: "{instruction}".into(),
            ..PromptTemplate::default()
        };
        let error = template
            .sequence(&tokenizer(), 1, "", "", None, 10)
            .unwrap_err();
        assert!(error.to_string().contains("exactly once"), "{error}");
    }
}
