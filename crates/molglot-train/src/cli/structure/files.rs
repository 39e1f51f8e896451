//! Many structures, on all cores, in order; the bad ones set aside.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use molglot_bio::{
    read::{self, ReadError, ReadOptions, Reader, Source},
    structure::Structure,
};
use rayon::prelude::*;
use serde::Serialize;

use super::super::USAGE;
use crate::{
    data::{Quarantine, RowError},
    error::Error,
    progress::{Bars, FileProgress},
};

/// How many structures a core works on before answers are printed; as many are read meanwhile.
const SHARE: usize = 8;
/// How many bytes of text these have at most, but for the last one.
const BATCH_BYTES: usize = 64 << 20;

/// Files of structures.
#[derive(Debug, clap::Args)]
pub(super) struct Inputs {
    /// PDB or mmCIF files, folders, patterns or tar archives; plain or gzip
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// What reads the files
    #[arg(long, value_enum, default_value = "own")]
    pub(super) reader: ReaderName,
    /// Write a JSON line for every bad structure: file, line (0: the whole file), id, reason
    #[arg(long, value_name = "FILE")]
    quarantine: Option<PathBuf>,
}

/// What reads the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReaderName {
    /// The reader of this program
    Own,
    /// The pdbtbx library, for comparison: no titles, and it refuses many real files
    Pdbtbx,
}

/// A structure that cannot be used.
pub(super) struct Bad {
    file: String,
    line: Option<usize>,
    reason: String,
}

impl Bad {
    pub(super) fn new(file: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            reason: reason.to_string(),
        }
    }

    fn message(&self) -> String {
        match self.line {
            Some(line) => format!("{}, line {line}: {}", self.file, self.reason),
            None => format!("{}: {}", self.file, self.reason),
        }
    }
}

impl From<ReadError> for Bad {
    fn from(error: ReadError) -> Self {
        Self {
            file: error.file,
            line: error.line,
            reason: error.reason.to_string(),
        }
    }
}

impl Inputs {
    pub(super) fn options(&self) -> ReadOptions {
        ReadOptions {
            reader: match self.reader {
                ReaderName::Own => Reader::Own,
                ReaderName::Pdbtbx => Reader::Pdbtbx,
            },
            ..ReadOptions::default()
        }
    }

    /// Whether there can be one structure only: one name that is no folder and no pattern. (It may be an archive.)
    pub(super) fn is_one(&self) -> bool {
        matches!(self.files.as_slice(), [file] if !Path::new(file).is_dir() && !file.contains(['*', '?']))
    }

    /// Reads every structure and prints what is told of it.
    ///
    /// # Errors
    ///
    /// As [`Self::each`].
    pub(super) fn each_structure(
        &self,
        bars: &Bars,
        tell: impl Fn(&str, &Structure) -> String + Sync,
    ) -> Result<ExitCode, Error> {
        let options = self.options();
        let ready = |_: &str| Ok(());
        self.each(bars, ready, |source, ()| {
            let structure = read::parse(&source.bytes, &source.name, &options)?;
            Ok(tell(&source.name, &structure))
        })
    }

    /// Works on every structure, on all cores, and prints the answers in the order of the input. `prepare` sees their
    /// names in that order too. While one batch is worked on the next is read, so that memory does not grow with their number.
    ///
    /// # Errors
    ///
    /// The answers or the quarantine cannot be written. Structures that cannot be used are no error: they are named on
    /// stderr, and the exit code is then 2.
    pub(super) fn each<P: Send>(
        &self,
        bars: &Bars,
        mut prepare: impl FnMut(&str) -> Result<P, String> + Send,
        work: impl Fn(&Source, P) -> Result<String, Bad> + Sync,
    ) -> Result<ExitCode, Error> {
        if self.reader == ReaderName::Pdbtbx {
            silence_pdbtbx();
        }
        let mut tally = Tally {
            progress: bars.files(self.files.len() as u64),
            quarantine: Quarantine::new(),
            path: self.quarantine.as_deref(),
            all: 0,
        };
        // An old file must not pass for the answer to this call, and one that cannot be written is better known now.
        tally.write_quarantine()?;
        let limits = self.options().limits;
        let mut sources = (1u64..).zip(&self.files).flat_map(|(input, file)| {
            let (found, none) = match read::sources(file, limits) {
                Ok(sources) => (Some(sources), None),
                Err(error) => (None, Some(Err(error))),
            };
            let all = found.into_iter().flatten().chain(none);
            all.map(move |source| (input, source))
        });
        let most = SHARE * rayon::current_num_threads();
        let mut take = || -> Batch<P> {
            let mut batch = Batch::default();
            let mut bytes = 0;
            while batch.items.len() < most && bytes < BATCH_BYTES {
                let Some((input, source)) = sources.next() else {
                    break;
                };
                batch.input = input;
                batch
                    .items
                    .push(source.map_err(Bad::from).and_then(|source| {
                        bytes += source.bytes.len();
                        let prepared = prepare(&source.name);
                        let prepared = prepared.map_err(|reason| Bad::new(&source.name, reason))?;
                        Ok((source, prepared))
                    }));
            }
            batch
        };
        let mut batch = take();
        while !batch.items.is_empty() {
            let input = batch.input;
            let items = batch.items.into_par_iter();
            let answer = |item: Result<(Source, P), Bad>| {
                item.and_then(|(source, prepared)| work(&source, prepared))
            };
            let (answers, next) = rayon::join(|| items.map(answer).collect::<Vec<_>>(), &mut take);
            if !tally.print(&answers, input)? {
                // Who reads has seen enough (`molglot ... | head`).
                return Ok(ExitCode::SUCCESS);
            }
            batch = next;
        }
        Ok(tally.end())
    }
}

/// Structures that are worked on together.
struct Batch<P> {
    items: Vec<Result<(Source, P), Bad>>,
    /// The number of the input, from 1, that the last one comes from.
    input: u64,
}

impl<P> Default for Batch<P> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            input: 0,
        }
    }
}

struct Tally<'a> {
    progress: FileProgress,
    quarantine: Quarantine,
    path: Option<&'a Path>,
    all: u64,
}

impl Tally<'_> {
    /// Prints answers and complaints; `false` where no one reads them any more.
    fn print(&mut self, answers: &[Result<String, Bad>], input: u64) -> Result<bool, Error> {
        let before = self.quarantine.bad();
        let written = self.progress.suspend(|| -> io::Result<()> {
            let mut output = io::BufWriter::new(io::stdout().lock());
            for answer in answers {
                match answer {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => writeln!(output, "{text}")?,
                    Err(bad) => {
                        // In their places between the answers, where both go to one screen.
                        output.flush()?;
                        let _ = writeln!(io::stderr(), "error: {}", bad.message());
                    }
                }
            }
            output.flush()
        });
        for bad in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            let line = bad.line.unwrap_or_default() as u64;
            let error = RowError::new(&bad.file, line, None, bad.reason.as_str());
            self.quarantine.reject(error);
        }
        self.all += answers.len() as u64;
        self.progress.set(input, self.all, self.quarantine.bad());
        if self.quarantine.bad() > before {
            self.write_quarantine()?;
        }
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::internal(error)),
        }
    }

    fn write_quarantine(&self) -> Result<(), Error> {
        match self.path {
            Some(path) => Ok(self.quarantine.write(path)?),
            None => Ok(()),
        }
    }

    fn end(self) -> ExitCode {
        drop(self.progress);
        let bad = self.quarantine.bad();
        if bad == 0 {
            return ExitCode::SUCCESS;
        }
        let listed = self.path.map(|path| format!("; see {}", path.display()));
        let _ = writeln!(
            io::stderr(),
            "{bad} of {} structures could not be used{}",
            self.all,
            listed.unwrap_or_default()
        );
        ExitCode::from(USAGE)
    }
}

/// Panics inside of pdbtbx become errors that name the file; a report of each on stderr would only frighten.
fn silence_pdbtbx() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map(std::panic::Location::file);
        if !file.is_some_and(|file| file.contains("pdbtbx-")) {
            report(panic);
        }
    }));
}

/// Numbers, texts and lists of them always have a JSON form.
pub(super) fn json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}
