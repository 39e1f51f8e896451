//! Reading structures: PDB and mmCIF, plain or compressed, from files, folders and archives.
//!
//! What a file is, its content says: gzip and tar by their magic bytes, mmCIF by its data block, PDB by its records.
//!
//! ```
//! use molglot_bio::read::{self, ReadOptions};
//!
//! let text = "ATOM      1  CA  GLY A   1      21.482 -86.728  -3.372  1.00  2.00           C\n";
//! let structure = read::parse(text.as_bytes(), "example.pdb", &ReadOptions::default())?;
//! assert_eq!(structure.observed_sequence(0), "G");
//! # Ok::<(), read::ReadError>(())
//! ```

mod cif;
mod error;
mod header;
mod number;
mod pdb;
mod source;
mod tar;
mod unpack;

use std::collections::HashSet;
use std::path::Path;

pub use error::{ReadError, Reason};
pub use source::{Source, Sources, sources};

use crate::structure::{Altlocs, Structure};
use error::Fault;

/// Which models are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Models {
    /// The first one.
    #[default]
    First,
    /// All.
    All,
}

/// Which program text reads the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reader {
    /// The one of this crate.
    #[default]
    Own,
    /// The `pdbtbx` crate, behind a fence; it refuses many real files.
    Pdbtbx,
}

/// How a structure is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Which models; by default the first.
    pub models: Models,
    /// Which alternate locations; by default the one of highest occupancy.
    pub altlocs: Altlocs,
    /// Which reader.
    pub reader: Reader,
    /// How much is read at most.
    pub limits: Limits,
}

/// What a file may hold at most, so that none exhausts the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text of one structure, unpacked; 512 MiB by default, twice what the largest entry of the PDB has.
    pub bytes: u64,
    /// Bytes of one line; 1 MiB by default.
    pub line: usize,
    /// How many times its compressed size a file may unpack to, once it is larger than 16 MiB; 32 by default,
    /// where structures reach 6.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            line: 1 << 20,
            ratio: 32,
        }
    }
}

/// Reads the structure of one file, the first one where it is an archive.
///
/// # Errors
/// [`ReadError`], with the file, the line where there is one, and the [`Reason`].
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Structure, ReadError> {
    let path = path.as_ref();
    match source::open(path, options.limits).next() {
        Some(source) => {
            let source = source?;
            parse(&source.bytes, &source.name, options)
        }
        None => Err(ReadError {
            file: path.display().to_string(),
            line: None,
            reason: Reason::NoFiles,
        }),
    }
}

/// Reads every structure of a file, a folder, a glob pattern or an archive, in order; see [`sources`] for what these
/// are. A structure that cannot be read is an error, and the next one follows.
///
/// # Errors
/// [`ReadError`] where there is no file.
pub fn read_all(
    input: &str,
    options: &ReadOptions,
) -> Result<impl Iterator<Item = Result<Structure, ReadError>>, ReadError> {
    let options = options.clone();
    Ok(sources(input, options.limits)?.map(move |source| {
        let source = source?;
        parse(&source.bytes, &source.name, &options)
    }))
}

/// Reads the structure that unpacked text holds. `file` names it in errors, and gives it an id where it has none.
///
/// # Errors
/// [`ReadError`], with the line where there is one, and the [`Reason`].
pub fn parse(bytes: &[u8], file: &str, options: &ReadOptions) -> Result<Structure, ReadError> {
    let fail = |fault: Fault| fault.in_file(file, bytes);
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let read = sniff(text)
        .map_err(Fault::from)
        .and_then(|format| match (options.reader, format) {
            (Reader::Own, Format::Pdb) => pdb::parse(text, options),
            (Reader::Own, Format::Cif) => cif::parse(text, options),
            (Reader::Pdbtbx, format) => {
                Ok(crate::pdbtbx::read(text, format == Format::Cif, options)?)
            }
        });
    let mut structure = read.map_err(fail)?;
    if structure.id.is_empty() {
        structure.id = stem(file).to_owned();
    }
    if options.altlocs == Altlocs::Highest {
        structure.keep_highest_altlocs();
    }
    Ok(structure)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Pdb,
    Cif,
}

/// Tells the format by the first line that is not blank or a comment, else by the first atom line.
fn sniff(text: &[u8]) -> Result<Format, Reason> {
    const RECORDS: [&str; 22] = [
        "HEADER", "OBSLTE", "TITLE", "SPLIT", "CAVEAT", "COMPND", "SOURCE", "KEYWDS", "EXPDTA",
        "NUMMDL", "MDLTYP", "AUTHOR", "REVDAT", "REMARK", "CRYST1", "MODEL", "ATOM", "HETATM",
        "DBREF", "SEQRES", "CONECT", "PARENT",
    ];
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Reason::Empty);
    }
    let head = &text[..text.len().min(1 << 16)];
    let mut lines = head
        .split(|&byte| byte == b'\n' || byte == b'\r')
        .filter(|line| !line.trim_ascii().is_empty());
    let first = lines
        .clone()
        .find(|line| line.trim_ascii_start()[0] != b'#')
        .unwrap_or_default();
    let word = first
        .trim_ascii()
        .split(u8::is_ascii_whitespace)
        .next()
        .unwrap_or_default();
    if word
        .first()
        .is_some_and(|byte| (0x80..0x90).contains(byte) || *byte == 0xde)
    {
        return Err(Reason::BinaryCif);
    }
    let is_tag = word.first() == Some(&b'_') || word.eq_ignore_ascii_case(b"loop_");
    if word
        .get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"data_"))
        || is_tag
    {
        return Ok(Format::Cif);
    }
    let starts = |line: &[u8], record: &str| line.starts_with(record.as_bytes());
    if RECORDS.iter().any(|record| starts(first, record))
        || lines.any(|line| starts(line, "ATOM  ") || starts(line, "HETATM"))
    {
        return Ok(Format::Pdb);
    }
    Err(Reason::UnknownFormat)
}

/// The name of a file without its folder and extensions.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Text with single blanks, Latin-1 where it is not UTF-8.
fn text(bytes: &[u8]) -> String {
    let decoded = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    let words: Vec<&str> = decoded.split_whitespace().collect();
    words.join(" ")
}

/// The texts that are not blank, each once, in order.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts
        .map(str::trim)
        .filter(|text| !text.is_empty() && seen.insert(text.to_lowercase()))
        .map(str::to_owned)
        .collect()
}
