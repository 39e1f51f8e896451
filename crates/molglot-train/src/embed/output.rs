//! Features on disk, appended to as they are made.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Level,
    inputs::Key,
    manifest::{Entry, Manifest},
    rows::{self, About, Rows},
    table::{Table, TableWriter, pack},
};
use crate::{
    error::Error,
    run::atomic::{sync_folder, write_atomic_with},
};

/// Work that may be lost when a call is killed: waiting for the disk after every batch would take longer than encoding.
const PATIENCE: Duration = Duration::from_secs(5);

/// How features are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Rows of one level, and where those of each record begin.
    Safetensors,
    /// A row a record, with a list for each level.
    Parquet,
}

impl Format {
    /// The format that the name of a file asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where it asks for none, or for one that does not hold as many levels.
    pub fn of(path: &Path, levels: &[Level]) -> Result<Self, Error> {
        let refuse = |remedy: &str| Err(Error::Usage(format!("{}: {remedy}", path.display())));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("safetensors") if levels.len() > 1 => {
                refuse("a .safetensors file holds one --level; name one, or write a .parquet file")
            }
            Some("safetensors") => Ok(Self::Safetensors),
            Some("parquet") => Ok(Self::Parquet),
            _ => refuse("features are written as .safetensors or .parquet; name the file so"),
        }
    }
}

/// A file of features, and beside it a manifest with a line for every record.
///
/// Rows are appended and synced before the lines that tell of them, so what the manifest says is there. They are in the file
/// itself, or, where that is a table, in one beside it from which the table is written at the end: a Parquet file cannot be
/// gone on with. Until [`Output::finish`], no reader takes the file for a whole one.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
    format: Format,
    levels: Vec<Level>,
    about: About,
    width: u64,
    manifest: Manifest,
    /// `None` until there is something to write.
    rows: Option<Rows>,
    synced: Instant,
}

/// The name of a file with something behind it.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(what);
    name.into()
}

/// Where the manifest of a file is.
pub fn manifest_path(path: &Path) -> PathBuf {
    beside(path, ".manifest.jsonl")
}

impl Output {
    /// Begins a file of rows of `width`, or goes on with one that was begun with the same `about`, which is stored in it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the file was made otherwise or is no such file, [`Error::File`] where it cannot be written.
    pub fn open(path: &Path, levels: &[Level], about: About, width: usize) -> Result<Self, Error> {
        let format = Format::of(path, levels)?;
        let listed = manifest_path(path);
        let rows = rows_path(path, format);
        let begun = if path.exists() { path } else { &rows };
        match (begun.exists(), listed.exists()) {
            (false, false) | (true, true) => {}
            (true, false) => {
                let reason = format!("there is no {} beside it", listed.display());
                return Err(refuse(begun, path, &reason));
            }
            // A call that was stopped before its first rows leaves an empty one.
            (false, true) if fs::metadata(&listed).is_ok_and(|file| file.len() == 0) => {}
            (false, true) => {
                let reason = format!("{} is there without it", listed.display());
                return Err(refuse(path, path, &reason));
            }
        }
        let output = Self {
            path: path.to_owned(),
            format,
            levels: levels.to_vec(),
            about,
            width: width as u64,
            manifest: Manifest::open(listed)?,
            rows: None,
            synced: Instant::now(),
        };
        output
            .check()
            .map_err(|reason| refuse(path, path, &reason))?;
        Ok(output)
    }

    /// Whether what is there was begun with the same settings and is what the manifest says.
    fn check(&self) -> Result<(), String> {
        let rows = rows_path(&self.path, self.format);
        let (about, whole, reason) = if rows.exists() {
            let stored = fs::metadata(&rows).map_or(0, |file| file.len());
            let told = rows::length(self.manifest.rows, self.width);
            let whole = self.manifest.rows == 0 || stored >= told;
            (
                rows::about(&rows),
                whole,
                "it is shorter than its manifest says",
            )
        } else if self.path.exists() {
            let table = Table::open(&self.path).ok();
            let records = table.as_ref().map(Table::records);
            let whole = records == Some(self.manifest.records);
            let about = table.map(|table| table.about());
            (about, whole, "it has other records than its manifest says")
        } else {
            return Ok(());
        };
        let about = about.ok_or("it is not a file of this command")?;
        for (name, value) in &self.about {
            let stored = about.get(name).map_or("", String::as_str);
            if stored != value {
                return Err(format!("its {name} is `{stored}`, not `{value}`"));
            }
        }
        match whole {
            true => Ok(()),
            false => Err(reason.to_owned()),
        }
    }

    /// The next record of earlier calls; the records of the inputs must begin with them.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the inputs have another record there.
    pub fn skip(&mut self, key: &Key) -> Result<Option<Entry>, Error> {
        let Some(entry) = self.manifest.next_done()? else {
            return Ok(None);
        };
        if entry.key == *key {
            return Ok(Some(entry));
        }
        let reason = format!(
            "it has {} record {} where the inputs have {} record {}",
            entry.key.file, entry.key.number, key.file, key.number
        );
        Err(refuse(&self.path, &self.path, &reason))
    }

    /// Adds records and their rows: those of each record together, level by level.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where they cannot be written.
    pub fn append(&mut self, entries: &[Entry], rows: &[f32]) -> Result<(), Error> {
        let path = self.path.clone();
        self.begun()
            .and_then(|file| file.append(rows))
            .map_err(Error::io(&path))?;
        self.manifest.push(entries)?;
        match self.synced.elapsed() < PATIENCE {
            true => Ok(()),
            false => self.sync(),
        }
    }

    /// The file of rows, without what is not in the manifest. Not before there is something to write: a call with other inputs
    /// by mistake leaves a finished file as it is.
    fn begun(&mut self) -> io::Result<&mut Rows> {
        let opened = match self.rows.take() {
            Some(rows) => rows,
            None => {
                let path = rows_path(&self.path, self.format);
                if self.format == Format::Parquet && self.path.exists() && !path.exists() {
                    self.unpack(&path)?;
                }
                Rows::open(&path, &self.about, self.width, self.manifest.rows)?
            }
        };
        Ok(self.rows.insert(opened))
    }

    /// Writes the rows of a table that was finished.
    fn unpack(&self, rows: &Path) -> io::Result<()> {
        let table = Table::open(&self.path)?;
        write_atomic_with(rows, |output| {
            output.write_all(&rows::header(&self.about, self.width, 0, None)?)?;
            table.unpack(&self.levels, self.manifest.good()?, self.width, output)
        })
    }

    /// Puts rows on the disk, then the lines that tell of them.
    fn sync(&mut self) -> Result<(), Error> {
        let path = self.path.clone();
        self.begun()
            .and_then(|rows| rows.sync())
            .map_err(Error::io(&path))?;
        self.manifest.sync()?;
        self.synced = Instant::now();
        Ok(())
    }

    /// Makes the file whole, and says how many records have rows, and how many rows there are.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] where the inputs ended before the manifest, [`Error::File`] where they cannot be written.
    pub fn finish(mut self) -> Result<(u64, u64), Error> {
        let path = self.path.clone();
        if self.manifest.next_done()?.is_some() {
            let reason = "it has more records than the inputs";
            return Err(refuse(&path, &path, reason));
        }
        let counts = (self.manifest.records, self.manifest.rows);
        let rows_path = rows_path(&path, self.format);
        if self.rows.is_none() && path.exists() && !rows_path.exists() {
            return Ok(counts);
        }
        self.sync()?;
        let Some(rows) = self.rows.take() else {
            return Ok(counts);
        };
        let finish = || match self.format {
            Format::Safetensors => rows.finish(&self.about, &self.manifest),
            Format::Parquet => {
                write_atomic_with(&path, |file| {
                    let width = self.width as usize;
                    let table = TableWriter::new(file, &self.levels, &self.about, width)?;
                    pack(rows.path(), self.manifest.good()?, table)
                })?;
                fs::remove_file(rows.path())
            }
        };
        finish().map_err(Error::io(&path))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new("."))).map_err(Error::io(&path))?;
        Ok(counts)
    }
}

/// Where rows are appended to.
fn rows_path(path: &Path, format: Format) -> PathBuf {
    match format {
        Format::Safetensors => path.to_owned(),
        Format::Parquet => beside(path, ".rows"),
    }
}

/// What to remove to begin again, which is everything that there is of a file.
fn refuse(file: &Path, output: &Path, reason: &str) -> Error {
    let all = [
        output.to_owned(),
        beside(output, ".rows"),
        manifest_path(output),
    ];
    let there: Vec<String> = all
        .iter()
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    Error::Usage(format!(
        "{}: cannot go on with this file: {reason}; name another, or remove {}",
        file.display(),
        there.join(" and ")
    ))
}
