//! Tar archives as streams.
//!
//! Own code, for two reasons: members are pulled one by one, and the names and headers of hostile archives never take
//! more than a bounded piece of memory. Source: POSIX.1-2001 (ustar and pax), GNU tar manual (long names).

use std::io::{self, Read};

use super::unpack::{read_some, read_to_end};
use super::{Limits, Reason};

const BLOCK: usize = 512;
/// What a long name or a pax header may take.
const HEADER_LIMIT: u64 = 1 << 20;

/// Whether a file that starts so is a tar archive.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// A tar archive, read member by member.
pub(super) struct Tar<R> {
    input: R,
    /// What is left of the current member, and its padding.
    left: u64,
}

/// A regular file in an archive, whose content is read next.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
}

impl<R: Read> Tar<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, left: 0 }
    }

    /// The next regular file; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Member>, Reason> {
        let mut long_name = None;
        loop {
            self.skip()?;
            let mut header = [0; BLOCK];
            if !self.fill(&mut header)? || header.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            check(&header)?;
            let size = number(&header[124..136]).ok_or_else(|| damaged("a size is no number"))?;
            self.left = size.next_multiple_of(BLOCK as u64);
            match header[156] {
                b'L' => long_name = Some(self.long_name(size)?),
                b'x' => {
                    let records = self.content(size, HEADER_LIMIT)?;
                    if let Some(name) = pax_path(&records)? {
                        long_name = Some(name);
                    }
                }
                b'0' | 0 | b'7' => {
                    let name = long_name.take().unwrap_or_else(|| header_name(&header));
                    return Ok(Some(Member { name, size }));
                }
                b'g' | b'K' => {}
                _ => long_name = None,
            }
        }
    }

    /// The content of the current member.
    pub(super) fn read(&mut self, member: &Member, limits: Limits) -> Result<Vec<u8>, Reason> {
        if member.size > limits.bytes {
            return Err(Reason::TooLarge {
                limit: limits.bytes,
            });
        }
        let bytes = read_to_end((&mut self.input).take(member.size), member.size, limits)?;
        self.left -= bytes.len() as u64;
        if bytes.len() as u64 != member.size {
            return Err(truncated());
        }
        Ok(bytes)
    }

    fn content(&mut self, size: u64, limit: u64) -> Result<Vec<u8>, Reason> {
        if size > limit {
            return Err(damaged("a header is larger than 1 MiB"));
        }
        let mut bytes = vec![0; size as usize];
        if !self.fill(&mut bytes)? && size > 0 {
            return Err(truncated());
        }
        self.left -= size;
        Ok(bytes)
    }

    fn long_name(&mut self, size: u64) -> Result<String, Reason> {
        let bytes = self.content(size, HEADER_LIMIT)?;
        Ok(until_nul(&bytes))
    }

    /// Skips what is left of the current member.
    fn skip(&mut self) -> Result<(), Reason> {
        let left = std::mem::take(&mut self.left);
        let skipped = io::copy(&mut (&mut self.input).take(left), &mut io::sink());
        match skipped {
            Ok(skipped) if skipped == left => Ok(()),
            Ok(_) => Err(truncated()),
            Err(error) => match error.downcast::<Reason>() {
                Ok(reason) => Err(reason),
                Err(error) => Err(Reason::Io(error)),
            },
        }
    }

    /// Fills the buffer; `false` where the input is at its end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, Reason> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_some(&mut self.input, &mut buffer[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(truncated()),
                read => filled += read,
            }
        }
        Ok(true)
    }
}

fn truncated() -> Reason {
    Reason::Truncated {
        what: "tar archive",
    }
}

fn damaged(detail: &str) -> Reason {
    Reason::Damaged {
        what: "tar archive",
        detail: detail.to_owned(),
    }
}

/// The header's checksum is the sum of its bytes, its own eight counted as blanks.
fn check(header: &[u8; BLOCK]) -> Result<(), Reason> {
    let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
    let own: u64 = header[148..156].iter().map(|&byte| u64::from(byte)).sum();
    if number(&header[148..156]) == Some(sum - own + 8 * u64::from(b' ')) {
        return Ok(());
    }
    Err(damaged("the checksum of a header is wrong"))
}

/// A number in octal digits, or in base 256 where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let mut value = u64::from(field[0] & 0x7f);
        for &byte in &field[1..] {
            value = value.checked_mul(256)?.checked_add(u64::from(byte))?;
        }
        // Room for the padding.
        return (value < u64::MAX - BLOCK as u64).then_some(value);
    }
    let digits = field
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let mut value = 0u64;
    for &byte in digits {
        if !matches!(byte, b'0'..=b'7') {
            return None;
        }
        value = value * 8 + u64::from(byte - b'0');
    }
    Some(value)
}

fn until_nul(bytes: &[u8]) -> String {
    let name = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn header_name(header: &[u8; BLOCK]) -> String {
    let name = until_nul(&header[..100]);
    // GNU archives (`ustar  `) have other fields where POSIX has the prefix.
    if &header[257..263] == b"ustar\0" && header[345] != 0 {
        return format!("{}/{name}", until_nul(&header[345..500]));
    }
    name
}

/// The path in pax records, each `LENGTH KEY=VALUE\n`.
fn pax_path(mut records: &[u8]) -> Result<Option<String>, Reason> {
    let mut path = None;
    while !records.is_empty() {
        let bad = || damaged("a pax header is not made of records");
        let blank = memchr::memchr(b' ', records).ok_or_else(bad)?;
        let length = std::str::from_utf8(&records[..blank])
            .ok()
            .and_then(|length| length.parse::<usize>().ok());
        let length = length
            .filter(|&length| length > blank + 1 && length <= records.len())
            .ok_or_else(bad)?;
        let record = &records[blank + 1..length];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(String::from_utf8_lossy(value).into_owned());
        } else if record.starts_with(b"size=") {
            return Err(damaged("a member is larger than 8 GiB"));
        }
        records = &records[length..];
    }
    Ok(path)
}
