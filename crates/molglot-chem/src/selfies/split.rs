//! Strings as sequences of symbols.

use std::collections::BTreeSet;

use super::error::{DecodeError, DecodeErrorKind};

/// The symbols of a SELFIES in order, among them `.` between fragments.
///
/// After an error there is nothing more.
///
/// ```
/// let symbols: Result<Vec<_>, _> = molglot_chem::selfies::split("[C][=O].[Na+1]").collect();
/// assert_eq!(symbols?, ["[C]", "[=O]", ".", "[Na+1]"]);
/// # Ok::<(), molglot_chem::selfies::DecodeError>(())
/// ```
pub fn split(selfies: &str) -> Symbols<'_> {
    Symbols {
        text: selfies,
        at: 0,
    }
}

/// The iterator of [`split`].
#[derive(Debug, Clone)]
pub struct Symbols<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Symbols<'a> {
    /// What has not been read yet.
    pub fn as_str(&self) -> &'a str {
        &self.text[self.at..]
    }
}

impl<'a> Iterator for Symbols<'a> {
    type Item = Result<&'a str, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.as_str();
        let length = match rest.as_bytes().first()? {
            b'.' => Ok(1),
            b'[' => rest
                .bytes()
                .position(|byte| byte == b']')
                .map(|at| at + 1)
                .ok_or(DecodeErrorKind::UnclosedSymbol),
            _ if self.text.contains('[') => Err(DecodeErrorKind::Stray),
            _ => Err(DecodeErrorKind::NoSymbol),
        };
        self.at += *length.as_ref().unwrap_or(&rest.len());
        Some(
            length
                .map(|length| &rest[..length])
                .map_err(|kind| DecodeError::new(start, kind)),
        )
    }
}

/// The number of symbols, dots included.
///
/// # Errors
///
/// As [`split`]: text outside brackets and a bracket that is not closed.
pub fn length(selfies: &str) -> Result<usize, DecodeError> {
    split(selfies).try_fold(0, |count, symbol| symbol.map(|_| count + 1))
}

/// The symbols that occur in any of the strings, without the dot.
///
/// # Errors
///
/// As [`split`], for the first string that is malformed.
pub fn alphabet<S: AsRef<str>>(
    selfies: impl IntoIterator<Item = S>,
) -> Result<BTreeSet<String>, DecodeError> {
    let mut alphabet = BTreeSet::new();
    for selfies in selfies {
        for symbol in split(selfies.as_ref()) {
            let symbol = symbol?;
            if symbol != "." && !alphabet.contains(symbol) {
                alphabet.insert(symbol.to_owned());
            }
        }
    }
    Ok(alphabet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(selfies: &str) -> DecodeError {
        length(selfies).unwrap_err()
    }

    #[test]
    fn errors_have_offsets() {
        assert_eq!(error("CCO"), DecodeError::new(0, DecodeErrorKind::NoSymbol));
        assert_eq!(
            error("[C][C"),
            DecodeError::new(3, DecodeErrorKind::UnclosedSymbol)
        );
        assert_eq!(
            error("[C]x[C]"),
            DecodeError::new(3, DecodeErrorKind::Stray)
        );
        assert_eq!(error("[C]\r"), DecodeError::new(3, DecodeErrorKind::Stray));
        assert_eq!(split("[C]x[C]").count(), 2);
    }

    #[test]
    fn dots_are_symbols_of_the_string_and_not_of_the_alphabet() {
        assert_eq!(length(".[C]..[é]."), Ok(6));
        assert_eq!(length(""), Ok(0));
        let alphabet = alphabet(["[C][O]", "[C].[F]"]).unwrap();
        assert!(alphabet.iter().eq(["[C]", "[F]", "[O]"]));
    }
}
