//! Records of a CSV file, which may run over several lines.
//!
//! The `csv` crate splits a record into fields, but where the record ends is decided here, so that an unclosed quote
//! costs one row and bounded memory rather than the rest of the file.

use std::io;

use super::bytes::{Line, Lines};

/// A record, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CsvRecord {
    /// The fields of the record that begins at `line`.
    Fields { line: u64, fields: Vec<Vec<u8>> },
    /// The row at `line` is unusable.
    Bad { line: u64, reason: String },
}

/// Where in a record the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

impl State {
    /// The state after one line and its line end.
    fn after(mut self, line: &[u8]) -> Self {
        for &byte in line {
            self = match (self, byte) {
                (Self::FieldStart, b'"') | (Self::QuoteInQuoted, b'"') => Self::Quoted,
                (Self::Quoted, b'"') => Self::QuoteInQuoted,
                (Self::Quoted, _) => Self::Quoted,
                (_, b',') => Self::FieldStart,
                _ => Self::Plain,
            };
        }
        self
    }
}

/// The next record, or `None` at the end. Blank lines between records are skipped.
pub(super) fn next(lines: &mut Lines, limit: usize) -> io::Result<Option<CsvRecord>> {
    let first = loop {
        match lines.next()? {
            Some(line) if line.bytes.as_ref().is_some_and(Vec::is_empty) => {}
            Some(line) => break line,
            None => return Ok(None),
        }
    };
    let number = first.number;
    let Some(bytes) = first.bytes else {
        return Ok(Some(too_long(number, limit)));
    };
    let mut state = State::FieldStart.after(&bytes);
    let mut record = bytes;
    let mut more: Vec<Line> = Vec::new();
    while state == State::Quoted {
        let reason = match lines.next()? {
            Some(line) => match line.bytes.clone() {
                Some(bytes) if record.len() + bytes.len() < limit => {
                    state = state.after(&bytes);
                    record.push(b'\n');
                    record.extend_from_slice(&bytes);
                    more.push(line);
                    continue;
                }
                _ => {
                    more.push(line);
                    format!("a quoted field is not closed within {limit} bytes")
                }
            },
            None => "a quoted field is not closed before the end of the file".to_owned(),
        };
        // The quote is the mistake of the first line alone; the lines after it are rows of their own.
        lines.hand_back(more);
        return Ok(Some(CsvRecord::Bad {
            line: number,
            reason,
        }));
    }
    Ok(Some(split(number, &record)))
}

fn too_long(line: u64, limit: usize) -> CsvRecord {
    CsvRecord::Bad {
        line,
        reason: format!("the row is longer than {limit} bytes"),
    }
}

fn split(line: u64, record: &[u8]) -> CsvRecord {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(record.len() + 1)
        .from_reader(record);
    let mut fields = csv::ByteRecord::new();
    match reader.read_byte_record(&mut fields) {
        Ok(_) => CsvRecord::Fields {
            line,
            fields: fields.iter().map(<[u8]>::to_vec).collect(),
        },
        Err(error) => CsvRecord::Bad {
            line,
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{CsvRecord, Lines, next};

    fn all(text: &str, limit: usize) -> Vec<CsvRecord> {
        let mut lines = Lines::new(Box::new(Cursor::new(text.as_bytes().to_vec())), limit);
        std::iter::from_fn(|| next(&mut lines, limit).unwrap()).collect()
    }

    fn fields(line: u64, fields: &[&str]) -> CsvRecord {
        CsvRecord::Fields {
            line,
            fields: fields
                .iter()
                .map(|field| field.as_bytes().to_vec())
                .collect(),
        }
    }

    #[test]
    fn quotes_commas_and_line_breaks() {
        assert_eq!(
            all("a,b\n\"x, \"\"y\"\"\nz\",5\" pipe\r\n\n\"\",\"q\"\n", 1000),
            [
                fields(1, &["a", "b"]),
                fields(2, &["x, \"y\"\nz", "5\" pipe"]),
                fields(5, &["", "q"]),
            ]
        );
    }

    #[test]
    fn an_unclosed_quote_costs_one_row() {
        let found = all("a,\"b\nc,d\ne,f\n", 1000);
        assert!(
            matches!(&found[0], CsvRecord::Bad { line: 1, reason } if reason.contains("end of the file"))
        );
        assert_eq!(found[1..], [fields(2, &["c", "d"]), fields(3, &["e", "f"])]);
        let found = all("a,\"b\ncccccccccccc,d\ne,f\n", 16);
        assert!(
            matches!(&found[0], CsvRecord::Bad { line: 1, reason } if reason.contains("16 bytes"))
        );
        assert_eq!(
            found[1..],
            [fields(2, &["cccccccccccc", "d"]), fields(3, &["e", "f"])]
        );
    }
}
