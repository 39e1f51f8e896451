//! Lines and fixed columns.

use std::io::BufRead;

/// The lines of a text, counted from 1. Either line end is taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }

    /// The number of the line that was read last; the first has number 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest;
        // Reading from a slice does not fail.
        let length = self.rest.skip_until(b'\n').unwrap_or(0);
        if length == 0 {
            return None;
        }
        self.number += 1;
        let line = &text[..length];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The columns `start..start + width`, as far as the line has them, without blanks around.
pub(super) fn column(line: &[u8], start: usize, width: usize) -> &[u8] {
    let end = line.len().min(start + width);
    line.get(start..end).unwrap_or_default().trim_ascii()
}

/// A whole number; blank columns are 0.
pub(super) fn integer(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return text.is_empty().then_some(0);
    }
    if digits.len() > 9 {
        return None;
    }
    let mut value = 0i32;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i32::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// A whole number in columns.
pub(super) fn number(line: &[u8], start: usize, width: usize) -> Option<i32> {
    integer(column(line, start, width))
}

/// A finite decimal number; blank columns are 0.
pub(super) fn decimal(text: &[u8]) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    match fixed_point(text) {
        Some(value) => Some(value),
        None => {
            let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            value.is_finite().then_some(value)
        }
    }
}

/// Digits with at most one point, few enough that the quotient of two exact numbers is the nearest
/// double.
fn fixed_point(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() < 2 || digits.len() > 16 {
        return None;
    }
    let mut mantissa = 0u64;
    let mut decimals = None;
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if decimals.is_none() => decimals = Some(digits.len() - 1 - at),
            _ => return None,
        }
    }
    let value = mantissa as f64 / POWERS[decimals?];
    Some(if negative { -value } else { value })
}

/// UTF-8, or Latin-1 where it is not: the format names no encoding, and both are found.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_either_way() {
        let mut lines = Lines::new(b"a\r\n\nb");
        assert_eq!(lines.next(), Some(&b"a"[..]));
        assert_eq!(lines.next(), Some(&b""[..]));
        assert_eq!(lines.next(), Some(&b"b"[..]));
        assert_eq!((lines.next(), lines.number()), (None, 3));
    }

    #[test]
    fn numbers_are_read_as_written() {
        for (written, value) in [
            ("", Some(0)),
            ("-3", Some(-3)),
            ("+7", Some(7)),
            ("1x", None),
        ] {
            assert_eq!(integer(written.as_bytes()), value, "{written:?}");
        }
        assert_eq!(integer(b"-"), None);
        assert_eq!(integer(b"99999999999"), None);
    }

    #[test]
    fn decimals_are_the_nearest_double() {
        for written in [
            "-0.0001",
            "12.3456",
            ".5",
            "1.5e-3",
            "-7",
            "3",
            "123456789.123456789",
        ] {
            assert_eq!(
                decimal(written.as_bytes()),
                Some(written.parse().unwrap()),
                "{written}"
            );
        }
        for written in [".", "-", "1.2.3", "nan", "inf", "1,5"] {
            assert_eq!(decimal(written.as_bytes()), None, "{written}");
        }
    }

    #[test]
    fn columns_may_be_missing() {
        assert_eq!(column(b"  1 22", 0, 3), b"1");
        assert_eq!(column(b"  1 22", 3, 9), b"22");
        assert_eq!(column(b"  1 22", 9, 3), b"");
    }
}
