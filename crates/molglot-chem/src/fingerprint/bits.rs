//! A fixed number of bits in 64-bit words.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A bit fingerprint.
///
/// Written as a string of `0` and `1`, bit 0 first, by [`Display`](fmt::Display) and read back by
/// [`FromStr`]; [`to_hex`](Self::to_hex) is four times shorter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bits {
    words: Vec<u64>,
    size: usize,
}

/// Text that is no bit fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BitsError {
    /// A character that is no digit of the notation.
    #[error("column {}: not a digit of a fingerprint", .offset + 1)]
    Digit {
        /// Byte offset.
        offset: usize,
    },
    /// The text is for another number of bits.
    #[error("{found} digits where {expected} are needed")]
    Length {
        /// Digits in the text.
        found: usize,
        /// Digits that the size asks for.
        expected: usize,
    },
}

impl Bits {
    /// `size` bits, all off.
    pub fn new(size: usize) -> Self {
        Self {
            words: vec![0; size.div_ceil(64)],
            size,
        }
    }

    /// The number of bits, on or off.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The bits in words, bit 0 lowest; those beyond [`size`](Self::size) are off.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Turns a bit on.
    ///
    /// # Panics
    ///
    /// If `bit` is not less than [`size`](Self::size).
    pub fn set(&mut self, bit: usize) {
        assert!(bit < self.size, "bit {bit} of {}", self.size);
        self.words[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether a bit is on; bits beyond the size are off.
    pub fn get(&self, bit: usize) -> bool {
        self.words
            .get(bit / 64)
            .is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// How many bits are on.
    pub fn count_ones(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The bits that are on, in ascending order.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let lowest = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(64 * at + lowest)
            })
        })
    }

    /// Two hexadecimal digits for every eight bits, bit 0 lowest in the first pair: the FPS format
    /// of chemfp, which RDKit writes as `BitVectToFPSText`.
    pub fn to_hex(&self) -> String {
        use fmt::Write;
        let bytes = self.words.iter().flat_map(|word| word.to_le_bytes());
        let mut text = String::with_capacity(self.size.div_ceil(8) * 2);
        for byte in bytes.take(self.size.div_ceil(8)) {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads what [`to_hex`](Self::to_hex) writes, in upper or lower case.
    ///
    /// # Errors
    ///
    /// If the text is not as long as `size` bits need, or holds anything but digits, or turns on a
    /// bit beyond `size`.
    pub fn from_hex(text: &str, size: usize) -> Result<Self, BitsError> {
        let expected = size.div_ceil(8) * 2;
        let mut bits = Self::new(size);
        for (offset, byte) in text.bytes().enumerate().take(expected) {
            let digit = char::from(byte)
                .to_digit(16)
                .ok_or(BitsError::Digit { offset })?;
            let first = offset / 2 * 8 + if offset % 2 == 0 { 4 } else { 0 };
            for bit in (first..first + 4).filter(|bit| digit >> (bit - first) & 1 == 1) {
                if bit >= size {
                    return Err(BitsError::Digit { offset });
                }
                bits.set(bit);
            }
        }
        match text.len() {
            found if found == expected => Ok(bits),
            found => Err(BitsError::Length { found, expected }),
        }
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.size).try_for_each(|bit| f.write_str(if self.get(bit) { "1" } else { "0" }))
    }
}

impl FromStr for Bits {
    type Err = BitsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bits = Self::new(text.len());
        for (offset, byte) in text.bytes().enumerate() {
            match byte {
                b'0' => {}
                b'1' => bits.set(offset),
                _ => return Err(BitsError::Digit { offset }),
            }
        }
        Ok(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_that_of_fps() {
        let mut bits = Bits::new(8);
        bits.set(1);
        bits.set(4);
        assert_eq!(bits.to_hex(), "12");
        assert_eq!(bits.to_string(), "01001000");
        assert_eq!(Bits::from_hex("12", 8), Ok(bits));
    }

    #[test]
    fn texts_that_are_no_fingerprints() {
        assert_eq!("012".parse::<Bits>(), Err(BitsError::Digit { offset: 2 }));
        assert_eq!(Bits::from_hex("1g", 8), Err(BitsError::Digit { offset: 1 }));
        // Bit 7 of 7.
        assert_eq!(Bits::from_hex("80", 7), Err(BitsError::Digit { offset: 0 }));
        assert_eq!(
            Bits::from_hex("80", 9),
            Err(BitsError::Length {
                found: 2,
                expected: 4
            })
        );
    }
}
