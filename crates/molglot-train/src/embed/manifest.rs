//! What became of every record, a line each: what an interrupted call has done, and what rows belong to.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::inputs::Key;
use crate::error::Error;

/// A line: a record, and the rows that it has or why it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which record.
    #[serde(flatten)]
    pub key: Key,
    /// How many rows; 0 for a bad one.
    pub rows: Counts,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// Rows at each level that was asked for; in the file a number where that is one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrEach", into = "OneOrEach")]
pub struct Counts(pub Vec<u64>);

impl Counts {
    /// Rows of all levels.
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrEach {
    One(u64),
    Each(Vec<u64>),
}

impl From<OneOrEach> for Counts {
    fn from(told: OneOrEach) -> Self {
        match told {
            OneOrEach::One(rows) => Self(vec![rows]),
            OneOrEach::Each(rows) => Self(rows),
        }
    }
}

impl From<Counts> for OneOrEach {
    fn from(counts: Counts) -> Self {
        match counts.0[..] {
            [rows] => Self::One(rows),
            _ => Self::Each(counts.0),
        }
    }
}

/// The lines of earlier calls, to be compared with the inputs, and behind them those of this one.
#[derive(Debug)]
pub(super) struct Manifest {
    path: PathBuf,
    file: File,
    /// Lines of rows that may not be on the disk yet.
    pending: Vec<u8>,
    done: io::Lines<BufReader<io::Take<File>>>,
    /// Rows of all lines.
    pub(super) rows: u64,
    /// Good records of all lines.
    pub(super) records: u64,
}

impl Manifest {
    /// Opens the file, or begins it. A line that was not finished is none.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where it cannot be read or is no manifest.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(Error::io(&path))?;
        let (mut rows, mut records, mut bytes) = (0, 0, 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line);
            let length = length.map_err(Error::io(&path))?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let entry: Entry =
                serde_json::from_slice(&line).map_err(|error| Error::file(&path, error))?;
            rows += entry.rows.sum();
            records += u64::from(entry.error.is_none());
            bytes += length as u64;
        }
        file.set_len(bytes).map_err(Error::io(&path))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io(&path))?;
        let done = File::open(&path).map_err(Error::io(&path))?;
        Ok(Self {
            path,
            file,
            pending: Vec::new(),
            done: BufReader::new(io::Read::take(done, bytes)).lines(),
            rows,
            records,
        })
    }

    /// The next record of earlier calls.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where it cannot be read.
    pub(super) fn next_done(&mut self) -> Result<Option<Entry>, Error> {
        let Some(line) = self.done.next() else {
            return Ok(None);
        };
        let line = line.map_err(Error::io(&self.path))?;
        serde_json::from_str(&line)
            .map(Some)
            .map_err(|error| Error::file(&self.path, error))
    }

    /// Adds lines, to be written by [`Manifest::sync`].
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] when JSON refuses.
    pub(super) fn push(&mut self, entries: &[Entry]) -> Result<(), Error> {
        for entry in entries {
            serde_json::to_writer(&mut self.pending, entry).map_err(Error::internal)?;
            self.pending.push(b'\n');
            self.rows += entry.rows.sum();
            self.records += u64::from(entry.error.is_none());
        }
        Ok(())
    }

    /// Puts the lines on the disk, behind the rows that they tell of.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where they cannot be written.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        let written = self.file.write_all(&self.pending);
        written
            .and_then(|()| self.file.sync_data())
            .map_err(Error::io(&self.path))?;
        self.pending.clear();
        Ok(())
    }

    /// The good records on the disk, in order.
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened; each item, where it cannot be read.
    pub(super) fn good(&self) -> io::Result<impl Iterator<Item = io::Result<Entry>> + use<>> {
        let lines = BufReader::new(File::open(&self.path)?).lines();
        Ok(lines
            .map(|line| Ok(serde_json::from_str::<Entry>(&line?)?))
            .filter(|entry| !matches!(entry, Ok(entry) if entry.error.is_some())))
    }
}
