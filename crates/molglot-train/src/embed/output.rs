//! Features on disk, appended to as they are made.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::inputs::Key;
use crate::{error::Error, run::atomic::sync_folder};

/// Bytes before the tensors: the length of the header and the header, filled with blanks.
const START: u64 = 4096;
/// Bytes of an f32.
const FLOAT: u64 = 4;
/// Work that may be lost when a call is killed: waiting for the disk after every batch would take longer than encoding.
const PATIENCE: Duration = Duration::from_secs(5);

/// A line of the manifest: a record, and the rows that it has or why it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which record.
    #[serde(flatten)]
    pub key: Key,
    /// How many rows; 0 for a bad one.
    pub rows: u64,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// A safetensors file that grows, and beside it a manifest with a line for every record.
///
/// Rows are appended and synced before the lines that tell of them, so what the manifest says is there. Until
/// [`Output::finish`] writes the offsets and the header, no reader takes the file for a whole one.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    file: File,
    manifest: File,
    about: BTreeMap<String, String>,
    width: u64,
    rows: u64,
    records: u64,
    /// Whether what is not in the manifest is cut off already.
    begun: bool,
    /// Lines of rows that may not be on the disk yet.
    pending: Vec<u8>,
    synced: Instant,
    done: io::Lines<BufReader<io::Take<File>>>,
}

/// Where the manifest of a file is.
pub fn manifest_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".manifest.jsonl");
    name.into()
}

impl Output {
    /// Begins a file of rows of `width`, or goes on with one that was begun with the same `about`, which is stored in its
    /// header.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the file was made otherwise or is no such file, [`Error::File`] where it cannot be written.
    pub fn open(path: &Path, about: BTreeMap<String, String>, width: usize) -> Result<Self, Error> {
        let listed = manifest_path(path);
        match (path.exists(), listed.exists()) {
            (true, true) => {
                if let Err(reason) = same(path, &about) {
                    return Err(refuse(path, &reason));
                }
            }
            (false, false) => {}
            (true, false) => {
                let reason = format!("there is no {} beside it", listed.display());
                return Err(refuse(path, &reason));
            }
            (false, true) => {
                let reason = format!("{} is there without it", listed.display());
                return Err(refuse(path, &reason));
            }
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(Error::io(path))?;
        let mut manifest = options.open(&listed).map_err(Error::io(&listed))?;
        let told = Told::read(&manifest, &listed)?;
        // A line that was not finished is none.
        manifest.set_len(told.bytes).map_err(Error::io(&listed))?;
        manifest
            .seek(SeekFrom::End(0))
            .map_err(Error::io(&listed))?;
        let done = File::open(&listed).map_err(Error::io(&listed))?;
        let output = Self {
            path: path.to_owned(),
            file,
            manifest,
            about,
            width: width as u64,
            rows: told.rows,
            records: told.records,
            begun: false,
            pending: Vec::new(),
            synced: Instant::now(),
            done: BufReader::new(done.take(told.bytes)).lines(),
        };
        let length = output.file.metadata().map_err(Error::io(path))?.len();
        if told.rows > 0 && length < output.end() {
            return Err(refuse(path, "it is shorter than its manifest says"));
        }
        Ok(output)
    }

    /// Cuts off what is not in the manifest, with a header that says that there is nothing. Not before there is something to
    /// write: a call with other inputs by mistake leaves a finished file as it is.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.write_header(0, None)?;
        self.file.set_len(self.end())?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.sync_all()
    }

    /// Where the rows end.
    fn end(&self) -> u64 {
        START + self.rows * self.width * FLOAT
    }

    /// The next record of the manifest as it was when the file was opened; the records of the inputs must begin with them.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the inputs have another record there.
    pub fn skip(&mut self, key: &Key) -> Result<Option<Entry>, Error> {
        let Some(line) = self.done.next() else {
            return Ok(None);
        };
        let line = line.map_err(Error::io(&self.path))?;
        let entry: Entry = serde_json::from_str(&line).map_err(Error::internal)?;
        if entry.key == *key {
            return Ok(Some(entry));
        }
        let reason = format!(
            "it has {} record {} where the inputs have {} record {}",
            entry.key.file, entry.key.number, key.file, key.number
        );
        Err(refuse(&self.path, &reason))
    }

    /// Adds records and their rows.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where they cannot be written.
    pub fn append(&mut self, entries: &[Entry], rows: &[f32]) -> Result<(), Error> {
        self.begin().map_err(Error::io(&self.path))?;
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(Error::io(&self.path))?;
        for entry in entries {
            serde_json::to_writer(&mut self.pending, entry).map_err(Error::internal)?;
            self.pending.push(b'\n');
            self.rows += entry.rows;
            self.records += u64::from(entry.error.is_none());
        }
        match self.synced.elapsed() < PATIENCE {
            true => Ok(()),
            false => self.sync(),
        }
    }

    /// Puts rows on the disk, then the lines that tell of them.
    fn sync(&mut self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io(&self.path))?;
        let listed = manifest_path(&self.path);
        let write = |manifest: &mut File| {
            manifest.write_all(&self.pending)?;
            manifest.sync_data()
        };
        write(&mut self.manifest).map_err(Error::io(&listed))?;
        self.pending.clear();
        self.synced = Instant::now();
        Ok(())
    }

    /// Writes the offsets and the header: how many records have rows, and how many rows there are.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the inputs ended before the manifest, [`Error::File`] where they cannot be written.
    pub fn finish(mut self) -> Result<(u64, u64), Error> {
        let path = self.path.clone();
        if self.done.next().is_some() {
            return Err(refuse(&path, "it has more records than the inputs"));
        }
        self.begin().map_err(Error::io(&path))?;
        self.sync()?;
        self.write_offsets().map_err(Error::io(&path))?;
        self.write_header(self.rows, Some(self.records))
            .map_err(Error::io(&path))?;
        self.file.sync_all().map_err(Error::io(&path))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new("."))).map_err(Error::io(&path))?;
        Ok((self.records, self.rows))
    }

    fn write_offsets(&self) -> io::Result<()> {
        let manifest = BufReader::new(File::open(manifest_path(&self.path))?);
        let mut output = BufWriter::new(&self.file);
        output.write_all(&vec![0; self.padding() as usize])?;
        let mut offset = 0i64;
        output.write_all(&offset.to_le_bytes())?;
        for line in manifest.lines() {
            let entry: Entry = serde_json::from_str(&line?)?;
            if entry.error.is_none() {
                offset += entry.rows as i64;
                output.write_all(&offset.to_le_bytes())?;
            }
        }
        output.flush()
    }

    /// Bytes that put the offsets where a reader can look at them as whole numbers of 8 bytes.
    fn padding(&self) -> u64 {
        self.rows * self.width % 2 * FLOAT
    }

    fn write_header(&mut self, rows: u64, records: Option<u64>) -> io::Result<()> {
        let features = rows * self.width * FLOAT;
        let mut header = json!({
            "__metadata__": self.about,
            "features": {"dtype": "F32", "shape": [rows, self.width], "data_offsets": [0, features]},
        });
        if let Some(records) = records {
            let first = features + self.padding();
            let last = first + (records + 1) * 8;
            header["offsets"] =
                json!({"dtype": "I64", "shape": [records + 1], "data_offsets": [first, last]});
            if first > features {
                header["padding"] =
                    json!({"dtype": "F32", "shape": [1], "data_offsets": [features, first]});
            }
        }
        let mut bytes = (START - 8).to_le_bytes().to_vec();
        serde_json::to_writer(&mut bytes, &header)?;
        if bytes.len() as u64 > START {
            return Err(io::Error::other("the settings of the encoder are too long"));
        }
        bytes.resize(START as usize, b' ');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&bytes)
    }
}

/// What a manifest tells.
struct Told {
    rows: u64,
    records: u64,
    /// Length of its whole lines.
    bytes: u64,
}

impl Told {
    fn read(manifest: &File, path: &Path) -> Result<Self, Error> {
        let mut told = Self {
            rows: 0,
            records: 0,
            bytes: 0,
        };
        let mut reader = BufReader::new(manifest);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader
                .read_until(b'\n', &mut line)
                .map_err(Error::io(path))?;
            if line.last() != Some(&b'\n') {
                return Ok(told);
            }
            let entry: Entry =
                serde_json::from_slice(&line).map_err(|error| Error::file(path, error))?;
            told.rows += entry.rows;
            told.records += u64::from(entry.error.is_none());
            told.bytes += length as u64;
        }
    }
}

/// Whether a file was begun with the same settings.
fn same(path: &Path, about: &BTreeMap<String, String>) -> Result<(), String> {
    let header = || -> io::Result<Value> {
        let mut bytes = vec![0; START as usize];
        File::open(path)?.read_exact(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes[8..])?)
    };
    let header = header().map_err(|_| "it is not a file of this command".to_owned())?;
    for (name, value) in about {
        let stored = header["__metadata__"][name].as_str().unwrap_or_default();
        if stored != value {
            return Err(format!("its {name} is `{stored}`, not `{value}`"));
        }
    }
    Ok(())
}

fn refuse(path: &Path, reason: &str) -> Error {
    Error::Usage(format!(
        "{}: cannot go on with this file: {reason}; name another, or remove it and {}",
        path.display(),
        manifest_path(path).display()
    ))
}
