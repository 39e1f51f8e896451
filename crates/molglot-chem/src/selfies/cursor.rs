//! Reading a symbol from the left.

use super::atom::Chirality;

/// A number of more than 32 bits.
pub(super) struct Overflow;

/// The part of a symbol that is not read yet.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, accept: impl Fn(&u8) -> bool) -> Option<u8> {
        let (&first, rest) = self.0.split_first().filter(|(first, _)| accept(first))?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        self.take(|&next| next == byte).is_some()
    }

    pub(super) fn letter(&mut self) -> Option<u8> {
        self.take(u8::is_ascii_alphabetic)
    }

    pub(super) fn lower(&mut self) -> Option<u8> {
        self.take(u8::is_ascii_lowercase)
    }

    pub(super) fn digit(&mut self) -> Option<u8> {
        Some(self.take(u8::is_ascii_digit)? - b'0')
    }

    pub(super) fn number(&mut self) -> Result<Option<u32>, Overflow> {
        let mut number = self.digit().map(u32::from);
        while let (Some(value), Some(digit)) = (number, self.digit()) {
            let longer = value
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u32::from(digit)));
            number = Some(longer.ok_or(Overflow)?);
        }
        Ok(number)
    }

    pub(super) fn chirality(&mut self) -> Chirality {
        match (self.eat(b'@'), self.eat(b'@')) {
            (true, true) => Chirality::Clockwise,
            (true, false) => Chirality::Anticlockwise,
            _ => Chirality::None,
        }
    }

    /// A charge of SMILES: `+`, `++` or `+2`.
    pub(super) fn charge(&mut self) -> Result<i32, Overflow> {
        let Some(sign) = self.take(|byte| matches!(byte, b'+' | b'-')) else {
            return Ok(0);
        };
        let amount = match self.number()? {
            Some(amount) => i32::try_from(amount).map_err(|_| Overflow)?,
            None => {
                let mut count = 1;
                while self.eat(sign) {
                    count += 1;
                }
                count
            }
        };
        Ok(if sign == b'+' { amount } else { -amount })
    }
}
