//! Lines of a file, plain or gzip, with a limit on their length.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// A byte order mark in UTF-8, which some programs put before the text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Opens a file, unpacking it if its first bytes say gzip.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(CHUNK, File::open(path)?);
    Ok(if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// A line as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    /// The bytes without the line end; `None` for a line over the limit, which is skipped and not kept.
    pub(crate) bytes: Option<Vec<u8>>,
}

impl Line {
    /// Whether there is nothing on the line to read.
    pub(crate) fn is_blank(&self) -> bool {
        self.bytes
            .as_ref()
            .is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
    }
}

/// Lines one after another; some can be handed back to be read again.
pub(crate) struct Lines {
    reader: Box<dyn BufRead + Send>,
    limit: usize,
    number: u64,
    returned: VecDeque<Line>,
}

impl Lines {
    /// `limit` is the longest line that is kept, in bytes.
    pub(crate) fn new(reader: Box<dyn BufRead + Send>, limit: usize) -> Self {
        Self {
            reader,
            limit,
            number: 0,
            returned: VecDeque::new(),
        }
    }

    /// The number of the last line read, from 1; 0 at the beginning.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Hands lines back: they come next, in this order.
    pub(crate) fn hand_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.returned.push_front(line);
        }
    }

    /// The next line, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.returned.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Some(Vec::new());
        let mut any = false;
        // Room for what is taken off again: a carriage return, and before the first line a byte order mark.
        let room = self
            .limit
            .saturating_add(if self.number == 0 { 1 + BOM.len() } else { 1 });
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            match &mut bytes {
                Some(kept) if kept.len() + part.len() <= room => {
                    kept.extend_from_slice(part);
                }
                // Memory stays bounded: the rest of the line is read and forgotten.
                _ => bytes = None,
            }
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let bytes = bytes
            .map(|mut bytes| {
                if bytes.last() == Some(&b'\r') {
                    bytes.pop();
                }
                if number == 1 && bytes.starts_with(BOM) {
                    bytes.drain(..BOM.len());
                }
                bytes
            })
            .filter(|bytes| bytes.len() <= self.limit);
        Ok(Some(Line { number, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{Line, Lines};

    fn all(text: &[u8], limit: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::new(Box::new(Cursor::new(text.to_vec())), limit);
        let mut found = Vec::new();
        while let Some(Line { number, bytes }) = lines.next().unwrap() {
            found.push((number, bytes));
        }
        found
    }

    #[test]
    fn line_ends_marks_and_limits() {
        let found = all(b"\xef\xbb\xbfab\r\n\nabcdef\ncd", 4);
        assert_eq!(
            found,
            [
                (1, Some(b"ab".to_vec())),
                (2, Some(Vec::new())),
                (3, None),
                (4, Some(b"cd".to_vec())),
            ]
        );
        assert_eq!(
            all(b"abcd\r\nabcde\r\n", 4),
            [(1, Some(b"abcd".to_vec())), (2, None)]
        );
        assert!(all(b"", 4).is_empty());
    }

    #[test]
    fn lines_handed_back_come_again_in_order() {
        let mut lines = Lines::new(Box::new(Cursor::new(b"a\nb\nc\n".to_vec())), 9);
        let a = lines.next().unwrap().unwrap();
        let b = lines.next().unwrap().unwrap();
        lines.hand_back(vec![a.clone(), b.clone()]);
        assert_eq!(lines.next().unwrap(), Some(a));
        assert_eq!(lines.next().unwrap(), Some(b));
        assert_eq!(lines.next().unwrap().unwrap().number, 3);
    }
}
