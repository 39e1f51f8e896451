//! Amino-acid sequences in the one-letter code.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The one-letter codes a [`Sequence`] may hold.
///
/// The 20 standard amino acids, then selenocysteine `U` and pyrrolysine `O`, then the ambiguous codes `B` (aspartate or
/// asparagine), `Z` (glutamate or glutamine), `J` (leucine or isoleucine) and `X` (any). Source: IUPAC-IUB
/// recommendations 1983 (*Eur. J. Biochem.* 138:9), with `U`, `O` and `J` as UniProt and NCBI write them.
pub const ALPHABET: &str = "ACDEFGHIKLMNPQRSTVWYUOBZJX";

/// A protein's residues, N- to C-terminus, in the one-letter code.
///
/// Never empty, upper case, and only letters of [`ALPHABET`]: what a sequence encoder may rely on without looking again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(String);

impl Sequence {
    /// Reads residues from text: white space is removed, lower case becomes upper case, and one `*` at the end is
    /// dropped.
    ///
    /// `*` is what translation writes for a stop codon. At the end it says only that the reading frame is complete;
    /// anywhere else it says that the frame is broken, so there it is an error and not a residue. Gaps (`-`, `.`) belong
    /// to alignments and are errors too.
    ///
    /// # Errors
    /// [`SequenceError`]: nothing is left, an inner stop, or the first character that is not in [`ALPHABET`].
    pub fn parse(text: &str) -> Result<Self, SequenceError> {
        let mut residues = String::with_capacity(text.len());
        let mut stop = None;
        for (index, letter) in text.chars().filter(|c| !c.is_whitespace()).enumerate() {
            if let Some(position) = stop {
                return Err(SequenceError::InnerStop { position });
            }
            let residue = letter.to_ascii_uppercase();
            let position = index + 1;
            if residue == '*' {
                stop = Some(position);
            } else if ALPHABET.contains(residue) {
                residues.push(residue);
            } else {
                return Err(SequenceError::Letter { position, letter });
            }
        }
        if residues.is_empty() {
            return Err(SequenceError::Empty);
        }
        Ok(Self(residues))
    }

    /// The residues as text, one ASCII letter each: its byte length is the number of residues.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sequence {
    type Err = SequenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl AsRef<str> for Sequence {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why text is not a [`Sequence`]. Positions count from 1 and leave white space out, as residue numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SequenceError {
    /// No residue is left once white space and a stop at the end are removed.
    #[error("the sequence is empty")]
    Empty,
    /// A character that is no amino-acid code.
    #[error("{letter:?} at position {position} is no amino-acid letter (one of {ALPHABET})")]
    Letter {
        /// Where, from 1.
        position: usize,
        /// The character as it was written.
        letter: char,
    },
    /// A stop `*` with more characters behind it.
    #[error("stop '*' at position {position} is not at the end of the sequence")]
    InnerStop {
        /// Where, from 1.
        position: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_case_and_the_last_stop_are_normalised() {
        for text in [
            "MKVUO",
            "mkvuo",
            " M K\tV\r\nU\u{a0}O ",
            "MKVUO*",
            "mkvuo *\n",
        ] {
            assert_eq!(Sequence::parse(text).unwrap().as_str(), "MKVUO", "{text:?}");
        }
    }

    #[test]
    fn every_letter_of_the_alphabet_is_kept() {
        assert_eq!(Sequence::parse(ALPHABET).unwrap().as_str(), ALPHABET);
        assert_eq!(ALPHABET.len(), 26);
    }

    #[test]
    fn an_error_names_position_and_letter() {
        let cases = [
            ("", SequenceError::Empty),
            (" \r\n", SequenceError::Empty),
            ("*", SequenceError::Empty),
            (
                "MK-V",
                SequenceError::Letter {
                    position: 3,
                    letter: '-',
                },
            ),
            (
                "M K\n1",
                SequenceError::Letter {
                    position: 3,
                    letter: '1',
                },
            ),
            (
                "Mß",
                SequenceError::Letter {
                    position: 2,
                    letter: 'ß',
                },
            ),
            ("MK*V", SequenceError::InnerStop { position: 3 }),
            ("MK**", SequenceError::InnerStop { position: 3 }),
        ];
        for (text, error) in cases {
            assert_eq!(Sequence::parse(text), Err(error), "{text:?}");
        }
        let message = Sequence::parse("mk?v").unwrap_err().to_string();
        assert_eq!(
            message,
            "'?' at position 3 is no amino-acid letter (one of ACDEFGHIKLMNPQRSTVWYUOBZJX)"
        );
    }
}
