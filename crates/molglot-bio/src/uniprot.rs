//! Proteins in the flat text of UniProt.
//!
//! Source: *UniProt Knowledgebase user manual*, uniprot.org.

use std::io::{self, BufRead, BufReader, Read};

use thiserror::Error;

use crate::sequence::{Sequence, SequenceError};

/// One UniProt entry, without the evidence tags (`{ECO:...}`) of its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's name, as in `B3GA1_HUMAN`.
    pub name: String,
    /// Whether it is of Swiss-Prot, not of TrEMBL.
    pub reviewed: bool,
    /// The accession numbers, the primary one first.
    pub accessions: Vec<String>,
    /// The recommended full name, else the first submitted or other one.
    pub description: String,
    /// The organism, as in `Homo sapiens (Human)`.
    pub organism: String,
    /// The comments in order: topic, as in `FUNCTION`, and text.
    pub comments: Vec<(String, String)>,
    /// The residues.
    pub sequence: Sequence,
}

impl Entry {
    /// What the protein does: its FUNCTION comments.
    #[must_use]
    pub fn function(&self) -> String {
        self.comment("FUNCTION")
    }

    /// Where it is in the cell: its SUBCELLULAR LOCATION comments.
    #[must_use]
    pub fn location(&self) -> String {
        self.comment("SUBCELLULAR LOCATION")
    }

    /// The comments of one topic, joined by blanks; empty where there is none.
    #[must_use]
    pub fn comment(&self, topic: &str) -> String {
        let texts: Vec<&str> = self
            .comments
            .iter()
            .filter(|(known, _)| known == topic)
            .map(|(_, text)| text.as_str())
            .collect();
        texts.join(" ")
    }
}

/// An entry that could not be read, by place and name.
#[derive(Debug, Error)]
#[error("UniProt entry {entry} at line {line}{}: {reason}", .name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default())]
pub struct UniprotError {
    /// The entry's number in the file, from 1.
    pub entry: usize,
    /// The line that is to blame, from 1.
    pub line: usize,
    /// The entry's name, where it was read.
    pub name: Option<String>,
    /// What is wrong with it.
    #[source]
    pub reason: UniprotReason,
}

/// What is wrong with a UniProt entry.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UniprotReason {
    /// The entry does not start with an ID line: this is no UniProt text.
    #[error("expected a line that starts with 'ID   '")]
    NoId,
    /// The entry has no accession number.
    #[error("the entry has no AC line")]
    NoAccession,
    /// The sequence is missing or holds something else than residues.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The ID line promises another length than the sequence has.
    #[error("the ID line promises {promised} residues, but there are {found}")]
    Length {
        /// The number in the ID line.
        promised: usize,
        /// The length of the sequence.
        found: usize,
    },
    /// The input ends before the entry does.
    #[error("the entry has no '//' at its end; the file is truncated")]
    NoEnd,
    /// A line or an entry is larger than entries are.
    #[error("the entry is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line is not UTF-8.
    #[error("the line is not UTF-8 text")]
    NotUtf8,
    /// The input could not be read further.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The largest entries, with their references and features, take a few MiB.
const LARGEST: usize = 64 << 20;

/// Reads the entries of a UniProt text in order; the input is buffered here and may be of any size.
///
/// # Errors
/// Each item is a [`UniprotError`] where its entry cannot be read; the next item is then the next entry. An input that
/// does not start with an entry, or that fails to be read, ends the iterator after its error.
pub fn read<R: Read>(reader: R) -> Entries<R> {
    Entries {
        input: BufReader::new(reader),
        entry: 0,
        line: 0,
        ended: false,
    }
}

/// The entries of a UniProt text; made by [`read`].
#[derive(Debug)]
pub struct Entries<R> {
    input: BufReader<R>,
    entry: usize,
    /// Lines read so far.
    line: usize,
    ended: bool,
}

/// A fault and the line that is to blame.
type Fault = (usize, UniprotReason);

impl<R: Read> Entries<R> {
    /// Reads a line into `buffer`, without its end; `false` at the end of the input. Of a longer line than any entry is,
    /// the rest is left.
    fn next_line(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        buffer.clear();
        let mut limited = (&mut self.input).take(LARGEST as u64 + 1);
        if limited.read_until(b'\n', buffer)? == 0 {
            return Ok(false);
        }
        self.line += usize::from(buffer.last() == Some(&b'\n'));
        while let Some(b'\n' | b'\r') = buffer.last() {
            buffer.pop();
        }
        Ok(true)
    }

    fn read_entry(&mut self, draft: &mut Draft) -> Result<Option<Entry>, Fault> {
        let mut buffer = Vec::new();
        let mut size = 0;
        let mut fault: Option<Fault> = None;
        loop {
            let line = self.line + 1;
            match self.next_line(&mut buffer) {
                Ok(true) => {}
                Ok(false) if size == 0 => return Ok(None),
                Ok(false) => return Err(fault.unwrap_or((line, UniprotReason::NoEnd))),
                Err(error) => {
                    self.ended = true;
                    return Err((line, error.into()));
                }
            }
            if size == 0 && buffer.trim_ascii().is_empty() {
                continue;
            }
            if size == 0 && !buffer.starts_with(b"ID   ") {
                self.ended = self.entry == 0;
                fault = Some((line, UniprotReason::NoId));
                if self.ended {
                    return fault.map_or(Ok(None), Err);
                }
            }
            size += buffer.len() + 1;
            if buffer == b"//" {
                break;
            }
            if fault.is_some() {
                continue;
            }
            if size > LARGEST {
                fault = Some((line, UniprotReason::TooLarge { limit: LARGEST }));
                continue;
            }
            match std::str::from_utf8(&buffer) {
                Ok(text) => draft.read_line(text, line),
                Err(_) => fault = Some((line, UniprotReason::NotUtf8)),
            }
        }
        match fault {
            Some(fault) => Err(fault),
            None => draft.finish(self.line).map(Some),
        }
    }
}

impl<R: Read> Iterator for Entries<R> {
    type Item = Result<Entry, UniprotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut draft = Draft::default();
        let result = self.read_entry(&mut draft);
        self.entry += 1;
        let entry = self.entry;
        match result {
            Ok(entry) => entry.map(Ok),
            Err((line, reason)) => Some(Err(UniprotError {
                entry,
                line,
                name: (!draft.name.is_empty()).then_some(draft.name),
                reason,
            })),
        }
    }
}

/// What is read of an entry so far.
#[derive(Default)]
struct Draft {
    name: String,
    reviewed: bool,
    promised: Option<usize>,
    id_line: usize,
    accessions: Vec<String>,
    description: String,
    organism: String,
    comments: Vec<(String, String)>,
    /// Whether the next CC line may go on with a comment.
    in_comment: bool,
    sequence: String,
    sequence_line: usize,
}

impl Draft {
    fn read_line(&mut self, line: &str, number: usize) {
        let (code, text) = line.split_at_checked(2).unwrap_or((line, ""));
        let text = text.trim();
        match code {
            "ID" => {
                let mut words = text.split_whitespace();
                self.name = words.next().unwrap_or_default().to_owned();
                self.reviewed = words.next().is_some_and(|word| word == "Reviewed;");
                self.promised = words.next().and_then(|word| word.parse().ok());
                self.id_line = number;
            }
            "AC" => {
                let accessions = text
                    .split(';')
                    .map(str::trim)
                    .filter(|text| !text.is_empty());
                self.accessions.extend(accessions.map(str::to_owned));
            }
            "DE" if self.description.is_empty() => {
                if let Some((_, name)) = text.split_once("Full=") {
                    self.description = untagged(name.trim_end_matches(';'));
                }
            }
            "OS" => join(&mut self.organism, text),
            "CC" => self.read_comment(text),
            "SQ" => self.sequence_line = number,
            "  " if self.sequence_line > 0 => {
                self.sequence
                    .extend(text.chars().filter(|c| !c.is_whitespace()));
            }
            _ => {}
        }
    }

    fn read_comment(&mut self, text: &str) {
        if let Some(comment) = text.strip_prefix("-!- ") {
            let (topic, text) = comment.split_once(':').unwrap_or((comment, ""));
            self.comments
                .push((topic.to_owned(), text.trim().to_owned()));
            self.in_comment = true;
        } else if text.starts_with("-----") {
            // The licence between two rules is no comment.
            self.in_comment = false;
        } else if let (true, Some((_, comment))) = (self.in_comment, self.comments.last_mut()) {
            join(comment, text);
        }
    }

    /// Makes the entry, which ended on line `end`.
    fn finish(&mut self, end: usize) -> Result<Entry, Fault> {
        if self.accessions.is_empty() {
            return Err((self.id_line, UniprotReason::NoAccession));
        }
        let place = if self.sequence_line > 0 {
            self.sequence_line
        } else {
            end
        };
        let sequence = Sequence::parse(&self.sequence).map_err(|error| (place, error.into()))?;
        let found = sequence.as_str().len();
        if let Some(promised) = self.promised.filter(|&promised| promised != found) {
            return Err((self.id_line, UniprotReason::Length { promised, found }));
        }
        Ok(Entry {
            name: std::mem::take(&mut self.name),
            reviewed: self.reviewed,
            accessions: std::mem::take(&mut self.accessions),
            description: std::mem::take(&mut self.description),
            organism: untagged(self.organism.trim_end_matches('.')),
            comments: std::mem::take(&mut self.comments)
                .into_iter()
                .map(|(topic, text)| (topic, untagged(&text)))
                .collect(),
            sequence,
        })
    }
}

/// Adds a line. A line that ends in a hyphen is broken inside a word.
fn join(text: &mut String, line: &str) {
    let in_word = text.ends_with('-') && !text.ends_with(" -");
    if !text.is_empty() && !in_word {
        text.push(' ');
    }
    text.push_str(line);
}

/// The text without evidence tags and the blanks before them.
fn untagged(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((before, tag)) = rest.split_once("{ECO:") {
        kept.push_str(before.trim_end());
        rest = tag.split_once('}').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}
