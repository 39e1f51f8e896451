//! SELFIES as numbers.

use std::collections::HashMap;

use super::error::VocabularyError;
use super::split::split;

/// The symbol that fills up strings to a common length; [`decode`](super::decode) skips it.
pub const PADDING: &str = "[nop]";

/// Symbols and their labels, which count from 0 in the order of the symbols.
///
/// ```
/// use molglot_chem::selfies::{PADDING, Vocabulary, alphabet};
///
/// let symbols = alphabet(["[C][=O]", "[C][F]"])?;
/// let vocabulary = Vocabulary::new([PADDING.to_owned()].into_iter().chain(symbols))?;
/// assert_eq!(vocabulary.symbols(), ["[nop]", "[=O]", "[C]", "[F]"]);
/// let labels = vocabulary.labels("[C][F]", 3)?;
/// assert_eq!(labels, [2, 3, 0]);
/// assert_eq!(vocabulary.selfies(&labels)?, "[C][F][nop]");
/// assert_eq!(vocabulary.one_hot(&labels[..2])?, [0, 0, 1, 0, 0, 0, 0, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Vocabulary {
    symbols: Vec<String>,
    labels: HashMap<String, u32>,
}

impl Vocabulary {
    /// Numbers the symbols. A vocabulary for strings of several fragments needs `.`, one for padded
    /// strings needs [`PADDING`].
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Duplicate`] for a symbol that is there twice.
    pub fn new<S: Into<String>>(
        symbols: impl IntoIterator<Item = S>,
    ) -> Result<Self, VocabularyError> {
        let symbols: Vec<String> = symbols.into_iter().map(Into::into).collect();
        let mut labels = HashMap::with_capacity(symbols.len());
        for (label, symbol) in (0..).zip(&symbols) {
            if labels.insert(symbol.clone(), label).is_some() {
                return Err(VocabularyError::Duplicate(symbol.clone()));
            }
        }
        Ok(Self { symbols, labels })
    }

    /// The symbols by label.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The label of a symbol.
    pub fn label(&self, symbol: &str) -> Option<u32> {
        self.labels.get(symbol).copied()
    }

    /// The labels of a string, filled up with [`PADDING`] to a length of at least `padded`.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Unknown`] for a symbol, padding included, that is not in the vocabulary,
    /// and [`VocabularyError::Selfies`] for a malformed string.
    pub fn labels(&self, selfies: &str, padded: usize) -> Result<Vec<u32>, VocabularyError> {
        let label = |symbol: &str| {
            self.label(symbol)
                .ok_or_else(|| VocabularyError::Unknown(symbol.to_owned()))
        };
        let mut labels: Vec<u32> = Vec::with_capacity(padded);
        for symbol in split(selfies) {
            labels.push(label(symbol?)?);
        }
        if labels.len() < padded {
            labels.resize(padded, label(PADDING)?);
        }
        Ok(labels)
    }

    /// The string of a sequence of labels.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Label`] for a label beyond the vocabulary.
    pub fn selfies(&self, labels: &[u32]) -> Result<String, VocabularyError> {
        let symbols = (0..).zip(labels).map(|(position, &label)| {
            self.symbols
                .get(label as usize)
                .map(String::as_str)
                .ok_or(VocabularyError::Label {
                    position,
                    label,
                    size: self.symbols.len(),
                })
        });
        symbols.collect()
    }

    /// The one-hot matrix of a sequence of labels, `(labels, symbols)` in row-major order.
    ///
    /// # Errors
    ///
    /// [`VocabularyError::Label`] for a label beyond the vocabulary.
    pub fn one_hot(&self, labels: &[u32]) -> Result<Vec<u8>, VocabularyError> {
        let size = self.symbols.len();
        let mut matrix = vec![0; labels.len() * size];
        for (position, &label) in labels.iter().enumerate() {
            if label as usize >= size {
                return Err(VocabularyError::Label {
                    position,
                    label,
                    size,
                });
            }
            matrix[position * size + label as usize] = 1;
        }
        Ok(matrix)
    }

    /// The labels behind a one-hot matrix, the inverse of [`Vocabulary::one_hot`].
    ///
    /// # Errors
    ///
    /// [`VocabularyError::OneHot`] for a row that is not one-hot, an incomplete last row included.
    pub fn from_one_hot(&self, matrix: &[u8]) -> Result<Vec<u32>, VocabularyError> {
        let size = self.symbols.len();
        let rows = matrix.chunks(size.max(1)).enumerate();
        rows.map(|(row, columns)| {
            let hot = columns.iter().position(|&column| column == 1);
            let rest = columns.iter().filter(|&&column| column != 0).count();
            match hot {
                Some(label) if rest == 1 && columns.len() == size => Ok(label as u32),
                _ => Err(VocabularyError::OneHot { row }),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        let vocabulary = Vocabulary::new(["[C]", "[F]"]).unwrap();
        let unknown = |symbol: &str| Err(VocabularyError::Unknown(symbol.to_owned()));
        assert_eq!(vocabulary.labels("[C].[F]", 0), unknown("."));
        assert_eq!(vocabulary.labels("[C]", 2), unknown(PADDING));
        assert_eq!(vocabulary.labels("[C][F]", 2), Ok(vec![0, 1]));
        assert!(matches!(
            vocabulary.labels("[C", 0),
            Err(VocabularyError::Selfies(_))
        ));
        let label = VocabularyError::Label {
            position: 1,
            label: 2,
            size: 2,
        };
        assert_eq!(vocabulary.selfies(&[0, 2]), Err(label.clone()));
        assert_eq!(vocabulary.one_hot(&[0, 2]), Err(label));
        assert_eq!(
            Vocabulary::new(["[C]", "[C]"]).unwrap_err(),
            VocabularyError::Duplicate("[C]".to_owned())
        );
    }

    #[test]
    fn one_hot_rows_hold_one_one() {
        let vocabulary = Vocabulary::new(["[C]", "[F]"]).unwrap();
        let matrix = vocabulary.one_hot(&[1, 0, 1]).unwrap();
        assert_eq!(vocabulary.from_one_hot(&matrix), Ok(vec![1, 0, 1]));
        for bad in [&[1, 0, 1, 1][..], &[1, 0, 0, 0], &[0, 1, 2, 0], &[1, 0, 1]] {
            assert_eq!(
                vocabulary.from_one_hot(bad),
                Err(VocabularyError::OneHot { row: 1 })
            );
        }
        assert_eq!(
            Vocabulary::new(Vec::<String>::new())
                .unwrap()
                .from_one_hot(&[]),
            Ok(vec![])
        );
    }
}
