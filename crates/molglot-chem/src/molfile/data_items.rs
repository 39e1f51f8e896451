//! The data items behind a molfile: `> <name>`, lines of text, a blank line.

use super::error::{MolfileError, MolfileErrorKind};
use super::lines::{Lines, text};

/// Reads up to `$$$$` or the end.
pub(super) fn read(mut lines: Lines<'_>) -> Result<Vec<(String, String)>, MolfileError> {
    let mut items = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with(b"$$$$") {
            break;
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let Some(header) = line.strip_prefix(b">") else {
            return Err(MolfileError::new(
                lines.number(),
                MolfileErrorKind::StrayData,
            ));
        };
        let value = value(&mut lines);
        items.push((text(name(header)), value));
    }
    Ok(items)
}

/// The lines up to an empty one. A line of blanks belongs to the value.
fn value(lines: &mut Lines<'_>) -> String {
    let before = lines.rest();
    let mut length = 0;
    loop {
        match lines.next() {
            Some(line) if !line.is_empty() && !line.starts_with(b"$$$$") => {
                length = before.len() - lines.rest().len();
            }
            _ => break,
        }
    }
    let value = &before[..length];
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let value = text(value);
    if value.contains('\r') {
        value.replace("\r\n", "\n")
    } else {
        value
    }
}

/// What stands in angle brackets, or the whole header where there are none.
fn name(header: &[u8]) -> &[u8] {
    let open = header.iter().position(|&byte| byte == b'<');
    let close = header.iter().rposition(|&byte| byte == b'>');
    match open.zip(close) {
        Some((open, close)) if open < close => &header[open + 1..close],
        _ => header.trim_ascii(),
    }
}
