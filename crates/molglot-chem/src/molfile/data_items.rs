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
        let mut value = Vec::new();
        let mut is_first = true;
        // A line of blanks belongs to the value, an empty one ends it.
        let ends = |line: &[u8]| line.is_empty() || line.starts_with(b"$$$$");
        for line in lines.by_ref().take_while(|line| !ends(line)) {
            if !std::mem::replace(&mut is_first, false) {
                value.push(b'\n');
            }
            value.extend_from_slice(line);
        }
        items.push((text(name(header)), text(&value)));
    }
    Ok(items)
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
