//! Rows of numbers in a safetensors file that grows.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::manifest::Manifest;

/// Bytes before the tensors: the length of the header and the header, filled with blanks.
const START: u64 = 4096;
/// Bytes of an f32.
pub(super) const FLOAT: u64 = 4;

/// What features are of: the encoder, its weights, the level. Stored in the header.
pub(super) type About = BTreeMap<String, String>;

/// A file of rows, open for appending. Until [`Rows::finish`], its header says that it has none.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    file: File,
    width: u64,
}

impl Rows {
    /// Opens a file with its first `rows` rows and without what is behind them, or begins one.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn open(path: &Path, about: &About, width: u64, rows: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path)?;
        file.write_all(&header(about, width, 0, None)?)?;
        file.set_len(length(rows, width))?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
        Ok(Self {
            path: path.to_owned(),
            file,
            width,
        })
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub(super) fn append(&mut self, rows: &[f32]) -> io::Result<()> {
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes)
    }

    /// Puts the rows on the disk.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the offsets of the records and the header.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub(super) fn finish(mut self, about: &About, manifest: &Manifest) -> io::Result<()> {
        let mut output = BufWriter::new(&self.file);
        output.write_all(&vec![0; padding(manifest.rows, self.width) as usize])?;
        let mut offset = 0i64;
        output.write_all(&offset.to_le_bytes())?;
        for entry in manifest.good()? {
            offset += entry?.rows.sum() as i64;
            output.write_all(&offset.to_le_bytes())?;
        }
        output.flush()?;
        drop(output);
        let header = header(about, self.width, manifest.rows, Some(manifest.records))?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        self.file.sync_all()
    }
}

/// Bytes of a file of so many rows.
pub(super) fn length(rows: u64, width: u64) -> u64 {
    START + rows * width * FLOAT
}

/// Bytes that put the offsets where a reader can look at them as whole numbers of 8 bytes.
fn padding(rows: u64, width: u64) -> u64 {
    rows * width % 2 * FLOAT
}

/// What stands before the rows. Without the number of records no reader takes the file for a whole one.
pub(super) fn header(
    about: &About,
    width: u64,
    rows: u64,
    records: Option<u64>,
) -> io::Result<Vec<u8>> {
    let features = rows * width * FLOAT;
    let mut header = json!({
        "__metadata__": about,
        "features": {"dtype": "F32", "shape": [rows, width], "data_offsets": [0, features]},
    });
    if let Some(records) = records {
        let first = features + padding(rows, width);
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
    Ok(bytes)
}

/// What the header of a file says about it; `None` where it is none of this command.
pub(super) fn about(path: &Path) -> Option<About> {
    let mut bytes = vec![0; START as usize];
    File::open(path).ok()?.read_exact(&mut bytes).ok()?;
    let header: Value = serde_json::from_slice(&bytes[8..]).ok()?;
    serde_json::from_value(header["__metadata__"].clone()).ok()
}
