//! What can be wrong with a tokenizer.

use std::path::Path;

/// What went wrong with a tokenizer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The `tokenizers` crate refused.
    #[error("tokenizer: {0}")]
    Inner(String),
    /// A special token is missing.
    #[error("{file}: the tokenizer has no `{token}` token; it is not one that this program wrote")]
    Special {
        /// The file.
        file: String,
        /// The token.
        token: &'static str,
    },
    /// A file of the directory cannot be used.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong, and the remedy where there is one.
        reason: String,
    },
    /// A value of a configuration cannot be used.
    #[error("{file}: `{key}`: {reason}")]
    Key {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The directory says nothing about a token that is asked for.
    #[error("the tokenizer of {dir} has no {role}; name one as `{role}` in tokenizer_config.json")]
    NoToken {
        /// The directory.
        dir: String,
        /// What is asked for, as `tokenizer_config.json` names it.
        role: &'static str,
    },
}

impl TokenizerError {
    /// What is wrong with a file.
    pub(crate) fn file(file: &Path, reason: impl Into<String>) -> Self {
        Self::File {
            file: file.display().to_string(),
            reason: reason.into(),
        }
    }
}

pub(super) fn inner(error: impl std::fmt::Display) -> TokenizerError {
    TokenizerError::Inner(error.to_string())
}
