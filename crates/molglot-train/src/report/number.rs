//! Numbers as a reader wants them.

/// Four significant digits without needless zeros; `-` for none.
pub(super) fn value(number: Option<f64>) -> String {
    let Some(number) = number else {
        return "-".to_owned();
    };
    if !number.is_finite() {
        return number.to_string();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{number:.3e}");
    }
    let digits_before = if size < 1.0 {
        // Leading zeros behind the point are not significant.
        size.log10().floor().max(-4.0) as i32 + 1
    } else {
        size.log10().floor() as i32 + 1
    };
    let decimals = if size == 0.0 {
        0
    } else {
        (4 - digits_before).clamp(0, 7)
    };
    let text = format!("{number:.*}", decimals as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A whole number with a comma every three digits.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the two largest units that matter.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "-".to_owned();
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{count, duration, value};

    #[test]
    fn four_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.123_456, "0.1235"),
            (0.001_234_56, "0.001235"),
            (0.5, "0.5"),
            (1.0, "1"),
            (12.3456, "12.35"),
            (99.999_9, "100"),
            (4242.4, "4242"),
            (123_456.7, "123457"),
            (1.5e-7, "1.500e-7"),
            (3e9, "3.000e9"),
            (-2.5, "-2.5"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(value(Some(number)), text, "{number}");
        }
        assert_eq!(value(None), "-");
    }

    #[test]
    fn counts_and_times() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [3.21, 45.4, 125.0, 7260.0, f64::NAN].map(duration),
            ["3.2 s", "45 s", "2 min 5 s", "2 h 1 min", "-"]
        );
    }
}
