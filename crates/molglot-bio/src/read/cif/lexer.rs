//! Words of CIF text.
//!
//! Source: S. R. Hall, N. Spadaccini, *The STAR File*; CIF 1.1 syntax, iucr.org.

use memchr::{memchr, memmem};

use super::super::error::{Fault, Reason};

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `data_NAME`, with the name.
    Data(&'a [u8]),
    /// `loop_`.
    Loop,
    /// `save_` with or without a name, `global_`, `stop_`.
    Keyword,
    /// `_category.item`.
    Tag(&'a [u8]),
    /// A value.
    Value(Value<'a>),
    /// The end of the text.
    End,
}

/// A value without its quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value<'a> {
    pub(super) text: &'a [u8],
    /// Whether it stood in quotes: then `.` and `?` are text.
    quoted: bool,
}

impl<'a> Value<'a> {
    /// The text; `None` for `.` (not applicable) and `?` (unknown).
    #[inline]
    pub(super) fn known(self) -> Option<&'a [u8]> {
        (self.quoted || !matches!(self.text, b"." | b"?")).then_some(self.text)
    }
}

/// Splits CIF text into words.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The byte behind the last word.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The next word.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Token<'a>, Fault> {
        let Some(first) = self.skip_blank() else {
            return Ok(Token::End);
        };
        if let Some(value) = self.delimited(first)? {
            return Ok(Token::Value(value));
        }
        let word = self.bare();
        Ok(match first {
            b'_' => Token::Tag(word),
            b'd' | b'D' if starts(word, b"data_") => Token::Data(&word[5..]),
            b'l' | b'L' if word.eq_ignore_ascii_case(b"loop_") => Token::Loop,
            b's' | b'S' if starts(word, b"save_") || word.eq_ignore_ascii_case(b"stop_") => {
                Token::Keyword
            }
            b'g' | b'G' if word.eq_ignore_ascii_case(b"global_") => Token::Keyword,
            _ => Token::Value(Value {
                text: word,
                quoted: false,
            }),
        })
    }

    /// The next word where it is a value; else nothing is read. The caller knows that a tag or keyword would end what
    /// it reads.
    #[inline]
    pub(super) fn next_value(&mut self) -> Result<Option<Value<'a>>, Fault> {
        let Some(first) = self.skip_blank() else {
            return Ok(None);
        };
        if matches!(
            first,
            b'_' | b'\'' | b'"' | b';' | b'd' | b'D' | b'l' | b'L' | b's' | b'S' | b'g' | b'G'
        ) {
            let start = self.at;
            return match self.next()? {
                Token::Value(value) => Ok(Some(value)),
                _ => {
                    self.at = start;
                    Ok(None)
                }
            };
        }
        Ok(Some(Value {
            text: self.bare(),
            quoted: false,
        }))
    }

    /// Skips white space and comments; the byte that follows.
    #[inline]
    fn skip_blank(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if byte > b' ' && byte != b'#' {
                return Some(byte);
            }
            if byte == b'#' {
                let rest = &self.text[self.at..];
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            } else {
                self.at += 1;
            }
        }
    }

    /// A word that ends at white space.
    #[inline]
    fn bare(&mut self) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .position(|&byte| byte <= b' ')
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// A quoted value or a text field, if one starts here.
    #[inline]
    fn delimited(&mut self, first: u8) -> Result<Option<Value<'a>>, Fault> {
        let text = match first {
            b'\'' | b'"' => self.quoted(first)?,
            b';' if self.at == 0 || matches!(self.text[self.at - 1], b'\n' | b'\r') => {
                self.text_field()?
            }
            _ => return Ok(None),
        };
        Ok(Some(Value { text, quoted: true }))
    }

    /// A quote ends at its like before white space, on the same line.
    fn quoted(&mut self, quote: u8) -> Result<&'a [u8], Fault> {
        let start = self.at + 1;
        let mut end = start;
        while let Some(&byte) = self.text.get(end) {
            if byte == quote && self.text.get(end + 1).is_none_or(|&next| next <= b' ') {
                self.at = end + 1;
                return Ok(&self.text[start..end]);
            }
            if byte == b'\n' || byte == b'\r' {
                break;
            }
            end += 1;
        }
        Err(Fault::at(self.at, Reason::UnclosedQuote))
    }

    /// A text field ends at a line that starts with a semicolon; the line end before that is not part of it.
    fn text_field(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at + 1;
        let rest = &self.text[start..];
        let Some(end) = memmem::find(rest, b"\n;").or_else(|| memmem::find(rest, b"\r;")) else {
            return Err(Fault::at(self.at, Reason::UnclosedText));
        };
        self.at = start + end + 2;
        let field = &rest[..end];
        Ok(field.strip_suffix(b"\r").unwrap_or(field))
    }
}

fn starts(word: &[u8], keyword: &[u8]) -> bool {
    word.get(..keyword.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(keyword))
}

/// Whether a tag is of a category (`_category.`), in any case.
pub(super) fn item<'a>(tag: &'a [u8], category: &[u8]) -> Option<&'a [u8]> {
    let dot = memchr(b'.', tag)?;
    tag[..dot]
        .eq_ignore_ascii_case(category)
        .then_some(&tag[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<String>, Reason> {
        let mut lexer = Lexer::new(text.as_bytes());
        let mut words = Vec::new();
        loop {
            let show = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
            words.push(match lexer.next().map_err(|fault| fault.reason)? {
                Token::End => return Ok(words),
                Token::Data(name) => format!("DATA {}", show(name)),
                Token::Loop => "LOOP".to_owned(),
                Token::Keyword => "KEY".to_owned(),
                Token::Tag(tag) => show(tag),
                Token::Value(value) => match value.known() {
                    Some(text) => format!("={}", show(text)),
                    None => "none".to_owned(),
                },
            });
        }
    }

    #[test]
    fn quotes_end_before_white_space_only() {
        let text = "data_X _a 'O5'' _b \"a\"b\" 5'-D ';' '' 'a b'#c' \n";
        assert_eq!(
            words(text).unwrap(),
            [
                "DATA X", "_a", "=O5'", "_b", "=a\"b", "=5'-D", "=;", "=", "=a b'#c"
            ]
        );
    }

    #[test]
    fn text_fields_start_at_a_line_start_only() {
        let text = "_a\n;one\n two;\r\n;\n_b ;three\n;\r\nfour\n;five";
        assert_eq!(
            words(text).unwrap(),
            ["_a", "=one\n two;", "_b", "=;three", "=\r\nfour", "=five"]
        );
    }

    #[test]
    fn keywords_have_no_case_and_quotes_hide_them() {
        assert_eq!(
            words("DATA_x Loop_ SAVE_a save_ global_ stop_ 'loop_' loop_x data lo").unwrap(),
            [
                "DATA x", "LOOP", "KEY", "KEY", "KEY", "KEY", "=loop_", "=loop_x", "=data", "=lo"
            ]
        );
    }

    #[test]
    fn unknown_and_inapplicable_differ_from_their_quoted_text() {
        assert_eq!(
            words(". ? '.' \"?\" .. # ? .").unwrap(),
            ["none", "none", "=.", "=?", "=.."]
        );
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        assert!(matches!(words("_a 'b\n_c d'"), Err(Reason::UnclosedQuote)));
        assert!(matches!(words("_a \"b"), Err(Reason::UnclosedQuote)));
        assert!(matches!(words("_a\n;b\n c"), Err(Reason::UnclosedText)));
    }
}
