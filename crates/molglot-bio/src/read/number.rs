//! Numbers as structure files write them.

/// A decimal number as PDB columns and CIF values hold it: surrounding blanks, a sign, digits and a point. A standard
/// uncertainty in parentheses (`1.0(3)`) is left out. Anything else that Rust reads as a number is read too, but not
/// what is infinite or no number.
#[inline]
pub(super) fn float(text: &[u8]) -> Option<f32> {
    const POWERS: [f64; 16] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ];
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // Up to 15 digits are exact in a double, and so is one division by a power of ten up to that.
    if digits.len() > 16 {
        return slow_float(text);
    }
    let mut mantissa = 0u64;
    let mut point = None;
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at + 1),
            _ => return slow_float(text),
        }
    }
    if digits.len() == usize::from(point.is_some()) || mantissa >= 1_000_000_000_000_000 {
        return slow_float(text);
    }
    let decimals = point.map_or(0, |point| digits.len() - point);
    let value = (mantissa as f64 / POWERS[decimals]) as f32;
    Some(if negative { -value } else { value })
}

#[cold]
fn slow_float(text: &[u8]) -> Option<f32> {
    let text = std::str::from_utf8(text).ok()?;
    let value = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((value, uncertainty)) if uncertainty.bytes().all(|byte| byte.is_ascii_digit()) => {
            value
        }
        _ => text,
    };
    value.parse().ok().filter(|value: &f32| value.is_finite())
}

/// A whole number with surrounding blanks.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i32> {
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let mut value = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    i32::try_from(if negative { -value } else { value }).ok()
}

/// A whole number in a PDB column of fixed width, which may go on in hybrid-36 where decimal digits run out: after
/// `9999` come `A000` to `ZZZZ` and `a000` to `zzzz`. Source: R. W. Grosse-Kunstleve, *hybrid-36*, cci.lbl.gov.
#[inline]
pub(super) fn hybrid36(column: &[u8]) -> Option<i32> {
    let text = column.trim_ascii();
    let first = *text.first()?;
    if !first.is_ascii_alphabetic() {
        return integer(text);
    }
    if text.len() != column.len() || text.len() > 5 {
        return None;
    }
    let upper = first.is_ascii_uppercase();
    let mut value = 0i64;
    for &byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' if upper => byte - b'A' + 10,
            b'a'..=b'z' if !upper => byte - b'a' + 10,
            _ => return None,
        };
        value = value * 36 + i64::from(digit);
    }
    let width = text.len() as u32;
    let leading = 36i64.pow(width - 1);
    let offset = if upper { -10 * leading } else { 16 * leading };
    i32::try_from(value + offset + 10i64.pow(width)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_what_rust_reads() {
        for text in [
            "21.482",
            "-86.728",
            "0.000",
            "1",
            "-.5",
            "5.",
            "+3.25",
            "1e3",
            "-1.5E-2",
            "99999.999",
            "0.1234567890123456789",
            "123456789012345678",
        ] {
            assert_eq!(float(text.as_bytes()), text.parse().ok(), "{text}");
        }
        assert_eq!(float(b"  1.0(3)"), Some(1.0));
        assert_eq!(float(b"1.0(12) "), Some(1.0));
        for bad in [
            "", ".", "-", "nan", "inf", "1e9999", "1.2.3", "12x.0", "?", "1.0(x)", "(3)", "1 2",
        ] {
            assert_eq!(float(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn integers_stop_at_their_bounds() {
        assert_eq!(integer(b" -5 "), Some(-5));
        assert_eq!(integer(b"2147483647"), Some(i32::MAX));
        assert_eq!(integer(b"-2147483648"), Some(i32::MIN));
        for bad in [
            "",
            "-",
            "2147483648",
            "4294967297",
            "99999999999",
            "1.0",
            "****",
            "A0",
        ] {
            assert_eq!(integer(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn hybrid36_goes_on_where_digits_end() {
        let cases = [
            ("9999", Some(9999)),
            ("A000", Some(10_000)),
            ("A00Z", Some(10_035)),
            ("ZZZZ", Some(1_223_055)),
            ("a000", Some(1_223_056)),
            ("zzzz", Some(2_436_111)),
            ("A0000", Some(100_000)),
            ("zzzzz", Some(87_440_031)),
            (" -12", Some(-12)),
            ("****", None),
            (" A00", None),
            ("A0a0", None),
            ("    ", None),
        ];
        for (text, value) in cases {
            assert_eq!(hybrid36(text.as_bytes()), value, "{text:?}");
        }
    }
}
