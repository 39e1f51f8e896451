//! Where structures come from: files, folders, glob patterns, archives.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::tar::{Tar, is_tar};
use super::unpack::{Inflate, read_to_end};
use super::{Limits, ReadError, Reason};

/// The unpacked text of one structure file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, or the member of an archive as `archive.tar/member`.
    pub name: String,
    /// Its text.
    pub bytes: Vec<u8>,
}

/// Finds structure files and unpacks them one by one.
///
/// `input` is a file, of any name; a folder, whose files of a known extension are read, also in folders inside it, in
/// the order of their names; or a pattern with `*` and `?` in its names, where `**` stands for any folders. Files may be
/// gzip data or a tar archive, or both: of an archive the members of a known extension are read. Known are `.pdb`,
/// `.ent`, `.pdb1`, `.cif`, `.mmcif`, also with `.gz` behind, and `.tar`, `.tar.gz`, `.tgz`.
///
/// # Errors
/// [`Reason::NoFiles`] where nothing matches and [`Reason::Io`] where a folder cannot be read. Each item is an error
/// where the file cannot be unpacked within the limits; the next file follows.
pub fn sources(input: &str, limits: Limits) -> Result<Sources, ReadError> {
    let fail = |reason| ReadError {
        file: input.to_owned(),
        line: None,
        reason,
    };
    let path = Path::new(input);
    let paths = if path.is_dir() {
        walk(path).map_err(|error| fail(error.into()))?
    } else if !path.exists() && input.contains(['*', '?']) {
        glob(input).map_err(|error| fail(error.into()))?
    } else {
        vec![path.to_owned()]
    };
    if paths.is_empty() {
        return Err(fail(Reason::NoFiles));
    }
    Ok(Sources {
        paths: paths.into(),
        archive: None,
        limits,
    })
}

/// The sources of one file.
pub(super) fn open(path: &Path, limits: Limits) -> Sources {
    Sources {
        paths: VecDeque::from([path.to_owned()]),
        archive: None,
        limits,
    }
}

/// The sources of an input; made by [`sources`].
pub struct Sources {
    paths: VecDeque<PathBuf>,
    archive: Option<(String, Tar<Box<dyn Read + Send>>)>,
    limits: Limits,
}

impl Iterator for Sources {
    type Item = Result<Source, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((archive, tar)) = &mut self.archive {
                match next_member(archive, tar, self.limits) {
                    Some(Ok(source)) => return Some(Ok(source)),
                    Some(Err((error, fatal))) => {
                        if fatal {
                            self.archive = None;
                        }
                        return Some(Err(error));
                    }
                    None => self.archive = None,
                }
            }
            let path = self.paths.pop_front()?;
            let name = path.display().to_string();
            match self.open(&path, &name) {
                Ok(Some(bytes)) => return Some(Ok(Source { name, bytes })),
                Ok(None) => {}
                Err(reason) => {
                    return Some(Err(ReadError {
                        file: name,
                        line: None,
                        reason,
                    }));
                }
            }
        }
    }
}

impl Sources {
    /// Reads a file whole, or opens it where it is an archive.
    fn open(&mut self, path: &Path, name: &str) -> Result<Option<Vec<u8>>, Reason> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let (head, input) = peek(Box::new(file))?;
        let packed = is_gzip(&head);
        let (head, input) = if packed {
            peek(Box::new(Inflate::new(input, self.limits)))?
        } else {
            (head, input)
        };
        if is_tar(&head) {
            self.archive = Some((name.to_owned(), Tar::new(input)));
            return Ok(None);
        }
        if !packed && size > self.limits.bytes {
            return Err(Reason::TooLarge {
                limit: self.limits.bytes,
            });
        }
        let expected = if packed { 4 * size } else { size };
        read_to_end(input, expected, self.limits).map(Some)
    }
}

/// Why a member was not read, and whether nothing behind it can be.
type MemberError = (ReadError, bool);

/// The next structure of an archive; an error is fatal where nothing behind it can be read.
fn next_member(
    archive: &str,
    tar: &mut Tar<Box<dyn Read + Send>>,
    limits: Limits,
) -> Option<Result<Source, MemberError>> {
    loop {
        let fail = |file, reason, fatal| {
            let line = None;
            Some(Err((ReadError { file, line, reason }, fatal)))
        };
        let member = match tar.next() {
            Ok(Some(member)) => member,
            Ok(None) => return None,
            Err(reason) => return fail(archive.to_owned(), reason, true),
        };
        if !is_structure(&member.name) {
            continue;
        }
        let name = format!("{archive}/{}", member.name);
        let bytes = match tar.read(&member, limits) {
            Ok(bytes) if is_gzip(&bytes) => {
                let inflate = Inflate::new(Cursor::new(&bytes), limits);
                read_to_end(inflate, 4 * member.size, limits).map_err(|reason| (reason, false))
            }
            Ok(bytes) => Ok(bytes),
            Err(reason) => {
                let fatal = !matches!(reason, Reason::TooLarge { .. });
                Err((reason, fatal))
            }
        };
        return match bytes {
            Ok(bytes) => Some(Ok(Source { name, bytes })),
            Err((reason, fatal)) => fail(name, reason, fatal),
        };
    }
}

/// The first bytes of an input, and the input with them still in front.
fn peek(mut input: Box<dyn Read + Send>) -> Result<(Vec<u8>, Box<dyn Read + Send>), Reason> {
    let mut head = Vec::with_capacity(512);
    let mut buffer = [0; 512];
    while head.len() < 512 {
        match super::unpack::read_some(&mut input, &mut buffer[head.len()..])? {
            0 => break,
            read => head.extend_from_slice(&buffer[head.len()..head.len() + read]),
        }
    }
    let whole = Box::new(Cursor::new(head.clone()).chain(input));
    Ok((head, whole))
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// Whether a name has the extension of a structure file.
fn is_structure(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".pdb", ".ent", ".pdb1", ".cif", ".mmcif"]
        .iter()
        .any(|extension| name.ends_with(extension))
}

fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|extension| name.ends_with(extension))
}

/// The entries of a folder by name.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
}

/// The structure files and archives below a folder. Links to folders are not followed, as they may lead in circles.
fn walk(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = entries(&folder)?;
        // Folders are taken from the end.
        for entry in entries
            .iter()
            .rev()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            folders.push(entry.path());
        }
        for entry in &entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if (is_structure(&name) || is_archive(&name)) && entry.path().is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// The files that match a pattern, by name.
fn glob(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts
        .iter()
        .position(|part| part.contains(['*', '?']))
        .unwrap_or(parts.len());
    let root = match parts[..fixed].join("/") {
        root if root.is_empty() && fixed > 0 => "/".to_owned(),
        root => root,
    };
    let mut found = Vec::new();
    // Folders to look into, with the parts of the pattern that are left for what is in them.
    let mut left = vec![(PathBuf::from(root), &parts[fixed..])];
    while let Some((folder, parts)) = left.pop() {
        let Some((&part, rest)) = parts.split_first() else {
            continue;
        };
        if part == "**" {
            left.push((folder.clone(), rest));
        }
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &folder
        };
        for entry in entries(here).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Vec::new()),
            _ => Err(error),
        })? {
            let path = folder.join(entry.file_name());
            let is_folder = entry.file_type()?.is_dir();
            if part == "**" {
                if is_folder {
                    left.push((path, parts));
                }
            } else if matches(part.as_bytes(), entry.file_name().as_encoded_bytes()) {
                if rest.is_empty() && path.is_file() {
                    found.push(path);
                } else if !rest.is_empty() && path.is_dir() {
                    left.push((path, rest));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Whether a name matches a pattern of letters, `*` and `?`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last star is, and up to where it reaches.
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&letter) if letter == b'?' || letter == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, reach)) = star else {
                    return false;
                };
                star = Some((at, reach + 1));
                p = at + 1;
                n = reach + 1;
            }
        }
    }
    pattern[p..].iter().all(|&letter| letter == b'*')
}
