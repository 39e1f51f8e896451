//! Lines in, lines out: every line through one function, on all cores, in order.

use std::{
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use molglot_chem::unescape;
use rayon::prelude::*;
use serde::Serialize;

use super::super::USAGE;
use crate::{
    data::bytes::{self, Line, Lines},
    error::Error,
};

/// The longest line that is read, in bytes.
const LINE_LIMIT: usize = 16 << 20;
/// How many lines at most are worked on together.
const BATCH: usize = 4096;
/// How many lines a core takes at once.
const SHARE: usize = 16;
/// How much of a bad line a message shows, in characters.
const SHOWN: usize = 60;

/// What is done with a line.
pub(super) trait Tool: Sync {
    /// What comes of it; an object in JSON.
    type Answer: Serialize;

    /// Works on the first field of a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    fn apply(&self, text: &str) -> Result<Self::Answer, String>;

    /// Writes the answer as text, without a line end.
    fn write(&self, answer: &Self::Answer, row: &mut String);
}

/// How lines are written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Style {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Keep the place of a bad line: an empty line, or with --json an object with its error
    #[arg(long)]
    keep_places: bool,
}

/// A line of JSON.
#[derive(Serialize)]
struct Record<'a, A> {
    line: u64,
    input: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(flatten)]
    answer: A,
}

#[derive(Serialize)]
struct Refused<'a> {
    error: &'a str,
}

/// A line that was worked on.
struct Row {
    /// The line of output, if it has one.
    text: Option<String>,
    /// The complaint about a bad line.
    complaint: Option<String>,
}

/// Sends the lines of files through a tool; no file stands for standard input, as `-` does.
///
/// Blank lines stay blank. What stands behind the first white space of a line is a name and is kept, behind a tab.
///
/// # Errors
///
/// A file cannot be read, or the output cannot be written.
pub(super) fn filter<T: Tool>(
    tool: &T,
    files: &[PathBuf],
    style: Style,
) -> Result<ExitCode, Error> {
    let stdin = [PathBuf::from("-")];
    let files = if files.is_empty() { &stdin } else { files };
    let (mut lines, mut bad) = (0, 0);
    let mut output = BufWriter::new(io::stdout().lock());
    for file in files {
        let prefix = match files {
            [_] => String::new(),
            _ => format!("{}: ", file.display()),
        };
        let mut tally = Tally {
            prefix,
            lines: &mut lines,
            bad: &mut bad,
        };
        match stream(tool, file, style, &mut tally, &mut output) {
            Ok(()) => {}
            // Who reads has seen enough (`molglot ... | head`).
            Err(Stop::Closed) => return Ok(ExitCode::SUCCESS),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    if bad == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let _ = writeln!(io::stderr(), "{bad} of {lines} lines could not be read");
    Ok(ExitCode::from(USAGE))
}

/// Why a file was not finished.
enum Stop {
    Closed,
    Failed(Error),
}

struct Tally<'a> {
    prefix: String,
    lines: &'a mut u64,
    bad: &'a mut u64,
}

fn stream<T: Tool>(
    tool: &T,
    file: &Path,
    style: Style,
    tally: &mut Tally<'_>,
    output: &mut impl Write,
) -> Result<(), Stop> {
    let input = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        bytes::open(file).map_err(|error| Stop::Failed(Error::io(file)(error)))?
    };
    let mut input = Lines::new(input, LINE_LIMIT);
    thread::scope(|scope| {
        // Reading waits for its own sake; a full channel holds it back, so that memory stays flat.
        let (sender, receiver) = sync_channel(BATCH);
        scope.spawn(move || {
            while let Some(line) = input.next().transpose() {
                let failed = line.is_err();
                if sender.send(line).is_err() || failed {
                    return;
                }
            }
        });
        let mut rows = Vec::new();
        while let Some(batch) = batch(&receiver) {
            let batch = batch.map_err(|error| Stop::Failed(Error::io(file)(error)))?;
            batch
                .par_iter()
                .with_min_len(SHARE)
                .map(|line| row(tool, line, style))
                .collect_into_vec(&mut rows);
            *tally.lines += batch.len() as u64;
            for Row { text, complaint } in &rows {
                if let Some(complaint) = complaint {
                    *tally.bad += 1;
                    let _ = writeln!(io::stderr(), "error: {}{complaint}", tally.prefix);
                }
                if let Some(text) = text {
                    write(output, text)?;
                }
            }
            output.flush().map_err(stop)?;
        }
        Ok(())
    })
}

fn write(output: &mut impl Write, text: &str) -> Result<(), Stop> {
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.write_all(b"\n"))
        .map_err(stop)
}

fn stop(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Closed,
        _ => Stop::Failed(Error::internal(error)),
    }
}

/// What has come in by now, at least one line: a slow input is answered line by line, a fast one in bulk.
fn batch(receiver: &Receiver<io::Result<Line>>) -> Option<io::Result<Vec<Line>>> {
    let first = receiver.recv().ok()?;
    Some(
        std::iter::once(first)
            .chain(receiver.try_iter())
            .take(BATCH)
            .collect(),
    )
}

fn row<T: Tool>(tool: &T, line: &Line, style: Style) -> Row {
    let Some(bytes) = &line.bytes else {
        let reason = format!("longer than {} MiB", LINE_LIMIT >> 20);
        return refused(line.number, "", "", &reason, style);
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        let shown = String::from_utf8_lossy(bytes);
        let reason = "not UTF-8 text; save the file as UTF-8";
        return refused(line.number, shown.trim(), "", reason, style);
    };
    let text = text.trim();
    if text.is_empty() {
        return Row {
            text: (!style.json).then(String::new),
            complaint: None,
        };
    }
    let (input, name) = text
        .split_once(|c: char| c.is_ascii_whitespace())
        .map_or((text, ""), |(input, name)| (input, name.trim_start()));
    match tool.apply(&unescape(input)) {
        Err(reason) => refused(line.number, input, name, &reason, style),
        Ok(answer) if style.json => Row {
            text: Some(json(&Record {
                line: line.number,
                input,
                name,
                answer,
            })),
            complaint: None,
        },
        Ok(answer) => {
            let mut text = String::new();
            tool.write(&answer, &mut text);
            if !name.is_empty() {
                text.push('\t');
                text.push_str(name);
            }
            Row {
                text: Some(text),
                complaint: None,
            }
        }
    }
}

fn refused(line: u64, input: &str, name: &str, reason: &str, style: Style) -> Row {
    let text = match style {
        Style {
            keep_places: false, ..
        } => None,
        Style { json: false, .. } => Some(String::new()),
        Style { json: true, .. } => Some(json(&Record {
            line,
            input,
            name,
            answer: Refused { error: reason },
        })),
    };
    let shown: String = input.chars().take(SHOWN).collect();
    let more = if shown.len() < input.len() { "..." } else { "" };
    Row {
        text,
        complaint: Some(format!("line {line}: `{shown}{more}`: {reason}")),
    }
}

/// Numbers, texts and lists of them always have a JSON form.
fn json(record: &impl Serialize) -> String {
    serde_json::to_string(record).unwrap_or_default()
}
