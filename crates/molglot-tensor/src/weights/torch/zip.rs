//! The archive: entries that are stored as they are, which is all that PyTorch writes.
//!
//! The directory at the end of the file is believed, within the file; checksums are not computed.

use std::{collections::HashMap, ops::Range};

use super::TorchError;

/// The most entries that are read.
const ENTRIES: usize = 1 << 20;
/// Longest comment behind the end record.
const COMMENT: usize = 0xffff;

/// Where the entries of an archive lie. Names are those below the one folder that PyTorch puts everything in.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: HashMap<&'a [u8], Range<usize>>,
}

fn broken(reason: &str) -> TorchError {
    TorchError::Archive(reason.to_owned())
}

/// Little-endian numbers at places of the file.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<u64, TorchError> {
    let end = at.checked_add(N);
    let field = end.and_then(|end| bytes.get(at..end));
    let field = field.ok_or_else(|| broken("it ends within a record"))?;
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(field);
    Ok(u64::from_le_bytes(wide))
}

fn slice(bytes: &[u8], at: u64, length: u64) -> Result<Range<usize>, TorchError> {
    let end = at.checked_add(length);
    let end = end.filter(|&end| end <= bytes.len() as u64);
    let end = end.ok_or_else(|| broken("an entry lies outside of it"))?;
    Ok(at as usize..end as usize)
}

impl<'a> Archive<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, TorchError> {
        let (count, start) = directory(bytes)?;
        if count > ENTRIES as u64 {
            return Err(TorchError::Limit {
                what: "entries",
                limit: ENTRIES,
            });
        }
        let mut all: Vec<(&[u8], Range<usize>)> = Vec::new();
        let mut at = slice(bytes, start, 0)?.start;
        for _ in 0..count {
            let (name, range, next) = entry(bytes, at)?;
            all.push((name, range));
            at = next;
        }
        let is_program = |(name, _): &&(&[u8], Range<usize>)| name.ends_with(b"/data.pkl");
        let folder = all.iter().find(is_program);
        let folder = folder.map_or(&b""[..], |(name, _)| {
            &name[..name.len() - b"data.pkl".len()]
        });
        let mut entries = HashMap::new();
        for (name, range) in all {
            if let Some(name) = name.strip_prefix(folder)
                && entries.insert(name, range).is_some()
            {
                return Err(broken("two entries have one name"));
            }
        }
        Ok(Self { bytes, entries })
    }

    /// Where an entry lies.
    pub(super) fn range(&self, name: &str) -> Option<Range<usize>> {
        self.entries.get(name.as_bytes()).cloned()
    }

    /// What an entry holds.
    pub(super) fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.bytes.get(self.range(name)?)
    }
}

/// How many entries there are, and where their directory begins.
fn directory(bytes: &[u8]) -> Result<(u64, u64), TorchError> {
    const RECORD: usize = 22;
    let last = bytes.len().checked_sub(RECORD);
    let last = last.ok_or_else(|| broken("it is too short"))?;
    let first = last.saturating_sub(COMMENT);
    let end = (first..=last)
        .rev()
        .find(|&at| bytes[at..].starts_with(b"PK\x05\x06"))
        .ok_or_else(|| broken("its end is missing"))?;
    let (count, start) = (number::<2>(bytes, end + 10)?, number::<4>(bytes, end + 16)?);
    let Some(locator) = end
        .checked_sub(20)
        .filter(|&at| bytes[at..].starts_with(b"PK\x06\x07"))
    else {
        return Ok((count, start));
    };
    // The larger record, for files or directories beyond 32 bits.
    let record = slice(bytes, number::<8>(bytes, locator + 8)?, 56)?.start;
    if !bytes[record..].starts_with(b"PK\x06\x06") {
        return Err(broken("its end is damaged"));
    }
    Ok((
        number::<8>(bytes, record + 32)?,
        number::<8>(bytes, record + 48)?,
    ))
}

/// The name of an entry, where it lies, and where the next entry of the directory begins.
fn entry(bytes: &[u8], at: usize) -> Result<(&[u8], Range<usize>, usize), TorchError> {
    if !bytes
        .get(at..)
        .is_some_and(|rest| rest.starts_with(b"PK\x01\x02"))
    {
        return Err(broken("its directory is damaged"));
    }
    let flags = number::<2>(bytes, at + 8)?;
    let method = number::<2>(bytes, at + 10)?;
    let packed = number::<4>(bytes, at + 20)?;
    let size = number::<4>(bytes, at + 24)?;
    let header = number::<4>(bytes, at + 42)?;
    let (names, extra, comment) = (
        number::<2>(bytes, at + 28)?,
        number::<2>(bytes, at + 30)?,
        number::<2>(bytes, at + 32)?,
    );
    let name = slice(bytes, at as u64 + 46, names)?;
    let extra = slice(bytes, name.end as u64, extra)?;
    let next = slice(bytes, extra.end as u64, comment)?.end;
    let [size, packed, header] = widen(&bytes[extra], [size, packed, header])?;
    let name = &bytes[name];
    if flags & 1 != 0 || method != 0 || packed != size {
        let name = String::from_utf8_lossy(name);
        return Err(TorchError::Dialect(format!(
            "{name} is compressed or encrypted, which PyTorch's own files are not"
        )));
    }
    let header = slice(bytes, header, 30)?.start;
    if !bytes[header..].starts_with(b"PK\x03\x04") {
        return Err(broken("an entry is not where the directory says"));
    }
    let before = 30 + number::<2>(bytes, header + 26)? + number::<2>(bytes, header + 28)?;
    let range = slice(bytes, header as u64 + before, size)?;
    Ok((name, range, next))
}

/// Fields that do not fit 32 bits are in an extra record, those that are needed and in this order.
fn widen(extra: &[u8], fields: [u64; 3]) -> Result<[u64; 3], TorchError> {
    let mut fields = fields;
    let mut at = 0;
    while at + 4 <= extra.len() {
        let (kind, length) = (
            number::<2>(extra, at)?,
            number::<2>(extra, at + 2)? as usize,
        );
        if kind == 1 {
            let mut from = at + 4;
            for field in fields.iter_mut().filter(|field| **field == 0xffff_ffff) {
                *field = number::<8>(extra, from)?;
                from += 8;
            }
        }
        at += 4 + length;
    }
    Ok(fields)
}
