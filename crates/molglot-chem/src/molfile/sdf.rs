//! SD files: molfiles with data items, one record after another.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ions = "sodium\n\n\n  1  0  0  0  0  0            999 V2000
//!     0.0000    0.0000    0.0000 Na  0  3
//! M  END\n> <role>\ncation\n\n$$$$\n";
//! for record in molglot_chem::sdf::SdfReader::new(ions.as_bytes()) {
//!     let record = record?;
//!     assert_eq!(record.molecule.net_charge(), 1);
//!     assert_eq!(record.data, [("role".to_owned(), "cation".to_owned())]);
//! }
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::{SdfError, SdfErrorKind};
use super::{Options, Record, WriteError, read_with};

/// The longest line that is read, in bytes.
pub const MAX_LINE: usize = 1 << 20;

/// The longest record that is read, in bytes.
pub const MAX_RECORD: usize = 1 << 26;

/// Reads the records of an SD file one by one, in memory of one record.
///
/// A record that is broken is an error, and the reader goes on with the next one; after an error of
/// the file itself it ends. A last record without `$$$$` is read.
#[derive(Debug)]
pub struct SdfReader<R> {
    input: R,
    options: Options,
    buffer: Vec<u8>,
    records: usize,
    lines: usize,
    failed: bool,
}

impl<R: BufRead> SdfReader<R> {
    /// Reads with the default options.
    pub fn new(input: R) -> Self {
        Self::with_options(input, Options::default())
    }

    /// Reads with options.
    pub fn with_options(input: R, options: Options) -> Self {
        Self {
            input,
            options,
            buffer: Vec::new(),
            records: 0,
            lines: 0,
            failed: false,
        }
    }

    /// The same reader with other options, from the next record on.
    pub fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Fills the buffer with the next record. Says how many lines it has, or 0 at the end.
    fn advance(&mut self) -> Result<usize, (usize, SdfErrorKind)> {
        self.buffer.clear();
        let mut lines = 0;
        let mut broken = None;
        loop {
            let start = self.buffer.len();
            let length = (&mut self.input)
                .take(MAX_LINE as u64 + 1)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|error| (lines + 1, SdfErrorKind::Io(error)))?;
            if length == 0 {
                break;
            }
            lines += 1;
            let is_end = self.buffer[start..].starts_with(b"$$$$");
            if length > MAX_LINE {
                self.input
                    .skip_until(b'\n')
                    .map_err(|error| (lines, SdfErrorKind::Io(error)))?;
                broken.get_or_insert((lines, SdfErrorKind::LineTooLong));
            } else if self.buffer.len() > MAX_RECORD {
                broken.get_or_insert((lines, SdfErrorKind::RecordTooLong));
            }
            if broken.is_some() {
                self.buffer.clear();
            }
            if is_end {
                break;
            }
        }
        self.lines += lines;
        match broken {
            Some((line, kind)) => Err((self.lines - lines + line, kind)),
            // Blank lines behind the last record are none.
            None if !self.buffer.contains(&b'$') && self.buffer.trim_ascii().is_empty() => Ok(0),
            None => Ok(lines),
        }
    }
}

impl<R: BufRead> Iterator for SdfReader<R> {
    type Item = Result<Record, SdfError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let lines = match self.advance() {
            Ok(0) => return None,
            Ok(lines) => lines,
            Err((line, kind)) => {
                self.records += 1;
                self.failed = matches!(kind, SdfErrorKind::Io(_));
                return Some(Err(SdfError {
                    record: self.records,
                    line,
                    kind,
                }));
            }
        };
        self.records += 1;
        let before = self.lines - lines;
        Some(
            read_with(&self.buffer, self.options).map_err(|error| SdfError {
                record: self.records,
                line: before + error.line,
                kind: SdfErrorKind::Molfile(error.kind),
            }),
        )
    }
}

/// Opens an SD file, compressed by gzip or not; the content decides, not the name.
///
/// # Errors
///
/// If the file cannot be opened or read.
pub fn open(path: impl AsRef<Path>) -> io::Result<SdfReader<Box<dyn BufRead + Send>>> {
    let mut input = BufReader::with_capacity(1 << 16, File::open(path)?);
    let is_gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let input: Box<dyn BufRead + Send> = if is_gzip {
        Box::new(BufReader::with_capacity(
            1 << 16,
            MultiGzDecoder::new(input),
        ))
    } else {
        Box::new(input)
    };
    Ok(SdfReader::new(input))
}

/// Writes a record with its data items and `$$$$`.
///
/// # Errors
///
/// If the record has no place in the format, or `output` fails.
pub fn write(output: &mut impl Write, record: &Record) -> io::Result<()> {
    let mut text = super::write(record).map_err(io::Error::other)?;
    for (name, value) in &record.data {
        let fits = !name.contains(['<', '>', '\n', '\r'])
            && !value.contains('\r')
            && (value.is_empty()
                || value
                    .split('\n')
                    .all(|line| !line.is_empty() && !line.starts_with("$$$$")));
        if !fits {
            return Err(io::Error::other(WriteError::Data(name.clone())));
        }
        text.push_str(&format!("> <{name}>\n{value}\n"));
        if !value.is_empty() {
            text.push('\n');
        }
    }
    text.push_str("$$$$\n");
    output.write_all(text.as_bytes())
}
