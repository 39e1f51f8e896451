//! Why a structure could not be read.

use std::fmt;
use std::io;

use thiserror::Error;

/// A structure that could not be read: where and why.
#[derive(Debug, Error)]
pub struct ReadError {
    /// The file, or the member of an archive as `archive.tar/member`.
    pub file: String,
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    #[source]
    pub reason: Reason,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What is wrong with a structure file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is there.
    #[error("the file is empty")]
    Empty,
    /// The content is neither PDB nor mmCIF.
    #[error("this is neither PDB nor mmCIF text (nor gzip or tar of it)")]
    UnknownFormat,
    /// A MessagePack-encoded mmCIF file.
    #[error("this is BinaryCIF, which is not read; use the mmCIF file of the same entry")]
    BinaryCif,
    /// There is no atom in the file.
    #[error("there are no atoms in it")]
    NoAtoms,
    /// An atom line of a PDB file ends before its coordinates do.
    #[error("the atom line has {length} columns, but its coordinates end in column 54")]
    ShortLine {
        /// Its columns.
        length: usize,
    },
    /// A coordinate is missing, not a number, or not finite.
    #[error("{axis} is {text:?}, which is no finite coordinate in angstrom")]
    Coordinate {
        /// `x`, `y` or `z`.
        axis: char,
        /// What is written there.
        text: String,
    },
    /// A name or id that cannot be one.
    #[error("{text:?} is no {what}: up to 8 printable ASCII characters are")]
    Name {
        /// Which name it is.
        what: &'static str,
        /// What is written there.
        text: String,
    },
    /// `loop_` is not followed by a tag.
    #[error("loop_ has no tags")]
    LoopWithoutTags,
    /// The values of a loop do not fill its last row.
    #[error("the loop of {category} has {tags} tags, but {values} values do not make whole rows")]
    RaggedLoop {
        /// The category.
        category: String,
        /// Its tags.
        tags: usize,
        /// Its values.
        values: usize,
    },
    /// A category other than the atoms has more rows than any file needs.
    #[error("the loop of {category} has more than {limit} rows")]
    TooManyRows {
        /// The category.
        category: String,
        /// The limit.
        limit: usize,
    },
    /// A tag is not followed by a value.
    #[error("{tag} has no value")]
    TagWithoutValue {
        /// The tag.
        tag: String,
    },
    /// A value stands where none can.
    #[error("the value {text:?} belongs to no tag; is a quote missing before it?")]
    StrayValue {
        /// The value.
        text: String,
    },
    /// A quote is not closed on its line.
    #[error("the quote is not closed on its line")]
    UnclosedQuote,
    /// A text field is not closed.
    #[error("the text field is not closed by a line that starts with ';'")]
    UnclosedText,
    /// `_atom_site` lacks what every atom needs.
    #[error("_atom_site has no column {column}")]
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// The content is larger than [`Limits::bytes`](super::Limits::bytes).
    #[error("it holds more than {limit} bytes; raise the limit to read it")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A line is longer than [`Limits::line`](super::Limits::line).
    #[error("a line is longer than {limit} bytes: this is no PDB or mmCIF text")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Compressed data unpacks to more than [`Limits::ratio`](super::Limits::ratio) times its size.
    #[error("it unpacks to more than {ratio} times its size: a decompression bomb?")]
    Bomb {
        /// The limit.
        ratio: u64,
    },
    /// The compressed data or the archive ends too early.
    #[error("the {what} is truncated; fetch it again")]
    Truncated {
        /// Which one: `gzip data` or `tar archive`.
        what: &'static str,
    },
    /// The compressed data or the archive is damaged.
    #[error("the {what} is damaged: {detail}")]
    Damaged {
        /// Which one: `gzip data` or `tar archive`.
        what: &'static str,
        /// What was found.
        detail: String,
    },
    /// No file is there that matches.
    #[error("no structure file is there")]
    NoFiles,
    /// `pdbtbx` refused it or failed on it.
    #[error("pdbtbx does not read it: {0}")]
    Pdbtbx(String),
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is wrong and the byte where; the line is counted once the error is final.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) offset: Option<usize>,
}

impl Fault {
    pub(super) fn at(offset: usize, reason: Reason) -> Self {
        Self {
            reason,
            offset: Some(offset),
        }
    }

    pub(super) fn in_file(self, file: &str, bytes: &[u8]) -> ReadError {
        let line = self.offset.map(|offset| {
            let before = &bytes[..offset.min(bytes.len())];
            memchr::memchr_iter(b'\n', before).count() + 1
        });
        ReadError {
            file: file.to_owned(),
            line,
            reason: self.reason,
        }
    }
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            offset: None,
        }
    }
}

/// What stands in a file, for a message: at most 40 bytes of it, Latin-1 where it is not UTF-8.
pub(super) fn shown(text: &[u8]) -> String {
    super::text(&text[..text.len().min(40)])
}
