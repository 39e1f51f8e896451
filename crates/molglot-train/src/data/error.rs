//! What can be wrong with data: a row, or the whole table.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::record::Record;

/// A row that cannot be used. Other rows are not affected, unless [`RowError::fatal`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowError {
    /// The file.
    pub file: PathBuf,
    /// The line where the row begins, from 1.
    pub line: u64,
    /// The id of the row, if it could be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// Whether the rest of the file could not be read either, for example because it is cut off.
    #[serde(skip)]
    pub fatal: bool,
}

impl RowError {
    /// The longest reason that is kept, in characters; a reason may quote the row, and a row may be huge.
    const MAX_REASON: usize = 400;

    /// An error about one row.
    pub fn new(
        file: impl Into<PathBuf>,
        line: u64,
        id: Option<String>,
        reason: impl Into<String>,
    ) -> Self {
        let mut reason = reason.into();
        if let Some((at, _)) = reason.char_indices().nth(Self::MAX_REASON) {
            reason.truncate(at);
            reason.push_str(" ...");
        }
        Self {
            file: file.into(),
            line,
            id,
            reason,
            fatal: false,
        }
    }

    /// An error about a record that was read but turned out to be unusable, for example an invalid SMILES.
    pub fn of(file: impl Into<PathBuf>, record: &Record, reason: impl Into<String>) -> Self {
        Self::new(file, record.line, Some(record.id.clone()), reason)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if let Some(id) = &self.id {
            write!(f, "row {id}: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for RowError {}

/// A table, or what the recipe wants of it, that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The file ends early or is damaged: what follows the line is lost.
    #[error("{}:{line}: {reason}; the rest of the file cannot be read, so get the file again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The line where reading stopped, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The extension says nothing about the format, and neither does the recipe.
    #[error("{}: the extension is none of .tsv .txt .csv .jsonl (or one of these with .gz); rename the file or set \
        `format = \"tsv\"`, \"csv\" or \"jsonl\" beside its path", file.display())]
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// A column is not there.
    #[error("{}: there is no column {wanted} for the {role}; the columns are: {found}; {remedy}", file.display())]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// What the column is for: `id`, `smiles` or `caption`.
        role: &'static str,
        /// The names that were looked for.
        wanted: String,
        /// The names that are there.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// A column name that stands twice in the header.
    #[error("{}: the column {name:?} stands twice in the header, so it is not clear which is the {role}; rename one", file.display())]
    DoubleColumn {
        /// The file.
        file: PathBuf,
        /// What the column is for.
        role: &'static str,
        /// Its name.
        name: String,
    },
    /// A table without rows.
    #[error("{}: there are no rows in it", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// More rows are unusable than the recipe allows.
    #[error("{bad} of {rows} rows are unusable ({:.2} %), more than `max_bad_fraction = {limit}` allows; the first are:{}\n\
        mend the rows, or raise `max_bad_fraction` if they may be left out",
        100.0 * *bad as f64 / (*rows).max(1) as f64, lines(first))]
    TooManyBad {
        /// How many rows are unusable.
        bad: u64,
        /// How many rows there are.
        rows: u64,
        /// The largest fraction the recipe allows.
        limit: f64,
        /// The first errors, three at most.
        first: Vec<RowError>,
    },
    /// Nothing is left to train on, or more is to be held out than there is.
    #[error("`held_out = {wanted}` cannot be had of {rows} rows; {remedy}")]
    HeldOut {
        /// What the recipe asks for.
        wanted: String,
        /// How many rows there are.
        rows: usize,
        /// What to do.
        remedy: String,
    },
    /// A result cannot be written.
    #[error("{}: cannot be written: {reason}", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

fn lines(errors: &[RowError]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}
