//! Symbols as the digits of a number to the base 16.

/// Symbols by the digit they stand for behind a branch or ring symbol.
pub(super) const ALPHABET: [&str; 16] = [
    "C", "Ring1", "Ring2", "Branch1", "=Branch1", "#Branch1", "Branch2", "=Branch2", "#Branch2",
    "O", "N", "=N", "=C", "#C", "S", "P",
];

/// The digit of a symbol without its brackets; 0 for every symbol that is none.
pub(super) fn digit(symbol: &[u8]) -> u32 {
    let at = ALPHABET.iter().position(|digit| digit.as_bytes() == symbol);
    at.map_or(0, |at| at as u32)
}

/// How many symbols a number takes.
pub(super) fn width(number: u32) -> u32 {
    number.checked_ilog2().map_or(1, |log| log / 4 + 1)
}

/// Appends a number, the largest digit first.
pub(super) fn write(out: &mut String, number: u32) {
    for place in (0..width(number)).rev() {
        out.push('[');
        out.push_str(ALPHABET[(number >> (4 * place)) as usize % ALPHABET.len()]);
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_most_significant_digit_first() {
        for (number, symbols) in [
            (0, "[C]"),
            (15, "[P]"),
            (16, "[Ring1][C]"),
            (255, "[P][P]"),
            (256, "[Ring1][C][C]"),
            (4095, "[P][P][P]"),
        ] {
            let mut out = String::new();
            write(&mut out, number);
            assert_eq!(out, symbols);
            assert_eq!(width(number) as usize, symbols.matches('[').count());
        }
    }
}
