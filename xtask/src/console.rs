//! Lines for the person at the terminal. A reader that went away (`| head`) is no reason to fail.

use std::fmt::Display;
use std::io::{self, Write};

/// A result, on standard output.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// What is going on, on standard error: standard output is for results.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "xtask: {line}");
}

/// What went wrong.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "error: {message}");
}
