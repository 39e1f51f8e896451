//! Short names that live inside their table row.

use std::fmt;

/// An atom or residue name of up to eight ASCII characters, stored in place.
///
/// Names are kept as written and never read as numbers: `017`, `1E5` and `NA` are three different ligands. Equality and
/// order are those of the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name([u8; 8]);

impl Name {
    /// The longest name in bytes. Component ids of the PDB have up to five, its atom names up to four or six.
    pub const MAX: usize = 8;

    /// Makes a name from text without its surrounding blanks; `None` where it is longer than [`Name::MAX`] or holds
    /// anything but printable ASCII.
    #[inline]
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let mut bytes = [0; Self::MAX];
        let target = bytes.get_mut(..text.len())?;
        target.copy_from_slice(text);
        text.iter()
            .all(|byte| matches!(byte, b' '..=b'~'))
            .then_some(Self(bytes))
    }

    /// A name known at compile time.
    ///
    /// # Panics
    /// At compile time, where `text` is longer than [`Name::MAX`].
    #[must_use]
    pub const fn of(text: &str) -> Self {
        let text = text.as_bytes();
        let mut bytes = [0; Self::MAX];
        let mut at = 0;
        while at < text.len() {
            bytes[at] = text[at];
            at += 1;
        }
        Self(bytes)
    }

    /// The name as bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let length = self
            .0
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(Self::MAX);
        &self.0[..length]
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so the default is never taken.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0] == 0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_text_and_order() {
        for text in ["CA", "017", "1E5", "H5'1", "A1ABC", "ABCDEFGH", "C 1"] {
            let name = Name::new(text.as_bytes()).unwrap();
            assert_eq!(name.as_str(), text);
            assert_eq!(name, Name::of(text));
        }
        assert_eq!(Name::new(b"  CA "), Some(Name::of("CA")));
        assert!(Name::of("C") < Name::of("CA") && Name::of("CA") < Name::of("CB"));
        assert!(Name::new(b" ").unwrap().is_empty());
        for bad in [&b"ABCDEFGHI"[..], b"C\xe9", b"C\x07A", b"A\0B"] {
            assert_eq!(Name::new(bad), None, "{bad:?}");
        }
    }
}
