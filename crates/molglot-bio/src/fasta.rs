//! Protein sequences in FASTA.
//!
//! Header and sequence lines are read by the `bio` crate, one record at a time. Its own record iterator stops without
//! an error at a header that is only `>`, and stops for good at the first unreadable record; here a bad record is an
//! error with its place and name, and the next record is read.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use bio::io::fasta::{FastaRead, Reader, Record as RawRecord};
use thiserror::Error;

use crate::sequence::{Sequence, SequenceError};

/// One FASTA record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The header up to the first white space, without `>`.
    pub id: String,
    /// The rest of the header, trimmed; `None` if there is none.
    pub description: Option<String>,
    /// The residues.
    pub sequence: Sequence,
}

/// A record that could not be read, by place and name.
#[derive(Debug, Error)]
pub struct FastaError {
    /// The record's number in the file, from 1.
    pub record: usize,
    /// The line its header is on, from 1.
    pub line: usize,
    /// Its id, where the header could be read and has one.
    pub id: Option<String>,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

impl fmt::Display for FastaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FASTA record {} at line {}", self.record, self.line)?;
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// What is wrong with a FASTA record.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The input does not start with a header: it is not FASTA, and nothing after it is read.
    #[error("expected a header line that starts with '>'")]
    NoHeader,
    /// The header has no id right after `>`.
    #[error("the header has no id after '>'")]
    NoId,
    /// The residues are missing or hold something else.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The record holds bytes that are not UTF-8.
    #[error("the record is not UTF-8 text")]
    NotUtf8,
    /// The input could not be read further.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the records of a FASTA input in order; it is buffered here and may be of any size.
///
/// `\n` and `\r\n` end a line. Blank lines and a byte-order mark before the first header are skipped. Sequences are
/// checked and normalised by [`Sequence::parse`].
///
/// # Errors
/// Each item is a [`FastaError`] where its record has no id, no residues, a character that is no residue, or bytes that
/// are not UTF-8; the next item is then the next record. An input that does not start with a header, or that fails to
/// be read, ends the iterator after its error.
pub fn read<R: Read>(reader: R) -> Records<R> {
    Records {
        input: BufReader::new(reader),
        record: 0,
        line: 1,
        ended: false,
    }
}

/// The records of a FASTA input; made by [`read`].
#[derive(Debug)]
pub struct Records<R> {
    input: BufReader<R>,
    /// Records begun so far.
    record: usize,
    /// The line that the next byte of `input` is on, from 1.
    line: usize,
    ended: bool,
}

impl<R: Read> Records<R> {
    /// The bytes that are buffered next; none at the end of the input.
    fn peek(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.input.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Not what `fill_buf` returned: a borrow returned from inside a loop would last for all of its turns.
        Ok(self.input.buffer())
    }

    /// Skips what may stand before the first header: white space and the three bytes of a UTF-8 byte-order mark.
    fn skip_to_text(&mut self) -> io::Result<()> {
        while let Some(&byte) = self.peek()?.first() {
            if !(byte.is_ascii_whitespace() || matches!(byte, 0xEF | 0xBB | 0xBF)) {
                break;
            }
            self.line += usize::from(byte == b'\n');
            self.input.consume(1);
        }
        Ok(())
    }

    /// Reads the record whose header comes next, and skips to the one behind it.
    fn read_record(&mut self) -> Result<Record, (Option<String>, Reason)> {
        let mut raw = RawRecord::new();
        let mut lines = RecordLines {
            records: self,
            in_record: false,
            at_line_start: true,
        };
        let read = Reader::from_bufread(&mut lines).read(&mut raw);
        let id = (!raw.id().is_empty()).then(|| raw.id().to_owned());
        if let Err(error) = read {
            let utf8 = error.kind() == ErrorKind::InvalidData;
            // A line that is not UTF-8 leaves the rest of its record unread. Where the input itself is what failed,
            // it fails again here.
            let reason = match io::copy(&mut lines, &mut io::sink()) {
                Ok(_) if utf8 => Reason::NotUtf8,
                Ok(_) => Reason::Io(error),
                Err(error) => Reason::Io(error),
            };
            return Err((id, reason));
        }
        let Some(id) = id else {
            return Err((None, Reason::NoId));
        };
        // `bio` keeps a `String` and gives its bytes, so nothing is ever replaced here.
        match Sequence::parse(&String::from_utf8_lossy(raw.seq())) {
            Ok(sequence) => {
                let description = raw
                    .desc()
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned);
                Ok(Record {
                    id,
                    description,
                    sequence,
                })
            }
            Err(error) => Err((Some(id), error.into())),
        }
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, FastaError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let start = if self.record == 0 {
            self.skip_to_text()
        } else {
            Ok(())
        };
        let first = start.and_then(|()| Ok(self.peek()?.first().copied()));
        let line = self.line;
        let result = match first {
            Ok(None) => {
                self.ended = true;
                return None;
            }
            Ok(Some(b'>')) => self.read_record(),
            Ok(Some(_)) => Err((None, Reason::NoHeader)),
            Err(error) => Err((None, Reason::Io(error))),
        };
        self.record += 1;
        let record = self.record;
        Some(result.map_err(|(id, reason)| {
            self.ended = matches!(reason, Reason::NoHeader | Reason::Io(_));
            FastaError {
                record,
                line,
                id,
                reason,
            }
        }))
    }
}

/// The lines of one record as an input of their own, which ends where the next header begins.
struct RecordLines<'a, R> {
    records: &'a mut Records<R>,
    /// Whether the record's own header is begun: the next `>` at a line start is then another record's.
    in_record: bool,
    at_line_start: bool,
}

impl<R: Read> BufRead for RecordLines<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let (in_record, at_line_start) = (self.in_record, self.at_line_start);
        let bytes = self.records.peek()?;
        if in_record && at_line_start && bytes.first() == Some(&b'>') {
            return Ok(&[]);
        }
        // At most one line at a time, so that a header is always met at a line start.
        let end = bytes
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(bytes.len(), |newline| newline + 1);
        Ok(&bytes[..end])
    }

    fn consume(&mut self, amount: usize) {
        if let Some(last) = self.records.input.buffer()[..amount].last() {
            self.in_record = true;
            self.at_line_start = *last == b'\n';
            self.records.line += usize::from(self.at_line_start);
        }
        self.records.input.consume(amount);
    }
}

impl<R: Read> Read for RecordLines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(buffer)?;
        self.consume(amount);
        Ok(amount)
    }
}
