//! What can be wrong with a recipe, in the words of the person who has to mend it.

use std::fmt;
use std::path::PathBuf;

/// Where in the recipe, or in which flag, something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In the text of a recipe.
    Text {
        /// The name of the recipe file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The line itself with the spot marked, ready to print.
        snippet: String,
    },
    /// In a `--set` flag.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text {
                file, line, column, ..
            } => write!(f, "{file}:{line}:{column}"),
            Self::Flag(flag) => write!(f, "--set {flag}"),
        }
    }
}

impl Place {
    /// The marked source line on lines of its own, or nothing for a flag.
    fn snippet(&self) -> &str {
        match self {
            Self::Text { snippet, .. } => snippet,
            Self::Flag(_) => "",
        }
    }
}

/// A recipe that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The text is not TOML.
    #[error("{place}: not valid TOML: {message}{}", place.snippet())]
    Syntax {
        /// Where the parser stopped.
        place: Box<Place>,
        /// What the parser says.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{place}: unknown key `{path}`{}{}{}{}", did_you_mean(suggestion.as_deref()), place.snippet(),
        list("valid keys", valid), on_a_line(note.as_deref()))]
    UnknownKey {
        /// Where the key stands.
        place: Box<Place>,
        /// The dotted path of the key.
        path: String,
        /// The keys that are valid there.
        valid: Vec<String>,
        /// The valid key that was probably meant.
        suggestion: Option<String>,
        /// What else explains the mistake.
        note: Option<String>,
    },
    /// A choice that does not exist.
    #[error("{place}: `{path}` has no choice {found:?}{}{}{}", did_you_mean(suggestion.as_deref()), place.snippet(),
        list("choices", valid))]
    UnknownVariant {
        /// Where the value stands.
        place: Box<Place>,
        /// The dotted path of the value.
        path: String,
        /// What was written.
        found: String,
        /// The choices there are.
        valid: Vec<String>,
        /// The choice that was probably meant.
        suggestion: Option<String>,
    },
    /// A key that must be there is not.
    #[error("{place}: the key `{path}` is missing; add it there{}", place.snippet())]
    MissingKey {
        /// Where the table that lacks it begins.
        place: Box<Place>,
        /// The dotted path of the key.
        path: String,
    },
    /// A value of the wrong type, or outside what its type can hold.
    #[error("{place}: `{path}` must be {expected}, but it is {found}{}", place.snippet())]
    WrongType {
        /// Where the value stands.
        place: Box<Place>,
        /// The dotted path of the value.
        path: String,
        /// What was written.
        found: String,
        /// What has to stand there.
        expected: String,
    },
    /// A value of the right type that makes no sense.
    #[error("{place}: `{path}`: {message}{}", place.snippet())]
    Invalid {
        /// Where the value stands.
        place: Box<Place>,
        /// The dotted path of the value.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// A `--set` flag that cannot be applied.
    #[error("--set {flag}: {reason}{}", on_a_line(Some(remedy)))]
    BadSet {
        /// The flag's argument.
        flag: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// No builtin recipe has this name, and it is no file.
    #[error("there is no recipe `{name}`{}{}\nfor a recipe of your own give the path of its .toml file",
        did_you_mean(suggestion.as_deref()), list("builtin recipes", builtin))]
    UnknownRecipe {
        /// What was asked for.
        name: String,
        /// The builtin recipes.
        builtin: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The recipe file cannot be read.
    #[error("{}: the recipe cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn list(title: &str, names: &[String]) -> String {
    if names.is_empty() {
        format!("\n{title}: none")
    } else {
        format!("\n{title}: {}", names.join(", "))
    }
}

fn on_a_line(text: Option<&str>) -> String {
    match text {
        Some(text) if !text.is_empty() => format!("\n{text}"),
        _ => String::new(),
    }
}
