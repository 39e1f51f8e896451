//! Bytes of files, unpacked and bounded.

use std::io::{self, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::{Limits, Reason};

/// Reads `input` to its end, within the limits for size and lines.
pub(super) fn read_to_end(
    mut input: impl Read,
    expected: u64,
    limits: Limits,
) -> Result<Vec<u8>, Reason> {
    const CHUNK: usize = 1 << 16;
    let mut bytes = Vec::with_capacity(expected.min(limits.bytes).min(64 << 20) as usize + 1);
    let mut line = 0;
    loop {
        let start = bytes.len();
        bytes.resize(start + CHUNK, 0);
        let read = read_some(&mut input, &mut bytes[start..])?;
        bytes.truncate(start + read);
        if read == 0 {
            return Ok(bytes);
        }
        if bytes.len() as u64 > limits.bytes {
            return Err(Reason::TooLarge {
                limit: limits.bytes,
            });
        }
        line = match memchr::memrchr2(b'\n', b'\r', &bytes[start..]) {
            Some(last) => read - last - 1,
            None => line + read,
        };
        if line > limits.line {
            return Err(Reason::LineTooLong { limit: limits.line });
        }
    }
}

/// One read that is not interrupted, with the errors of [`Inflate`] told apart.
pub(super) fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Reason> {
    loop {
        match input.read(buffer) {
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(reason(error)),
        }
    }
}

/// The reason that travelled in an input error, or the error itself.
fn reason(error: io::Error) -> Reason {
    match error.downcast::<Reason>() {
        Ok(reason) => reason,
        Err(error) => Reason::Io(error),
    }
}

/// Unpacks gzip data, also of several members, and refuses bombs.
pub(super) struct Inflate<R: Read> {
    decoder: MultiGzDecoder<io::BufReader<Counted<R>>>,
    unpacked: u64,
    ratio: u64,
}

/// Output up to which no ratio counts.
const HARMLESS: u64 = 16 << 20;

impl<R: Read> Inflate<R> {
    pub(super) fn new(input: R, limits: Limits) -> Self {
        let counted = Counted { input, read: 0 };
        Self {
            decoder: MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, counted)),
            unpacked: 0,
            ratio: limits.ratio,
        }
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self
            .decoder
            .read(buffer)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => {
                    io::Error::other(Reason::Truncated { what: "gzip data" })
                }
                ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                    io::Error::other(Reason::Damaged {
                        what: "gzip data",
                        detail: error.to_string(),
                    })
                }
                _ => error,
            })?;
        self.unpacked += read as u64;
        let packed = self.decoder.get_ref().get_ref().read;
        if self.unpacked > HARMLESS && self.unpacked / self.ratio.max(1) > packed {
            return Err(io::Error::other(Reason::Bomb { ratio: self.ratio }));
        }
        Ok(read)
    }
}

/// Counts what is read.
struct Counted<R> {
    input: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
