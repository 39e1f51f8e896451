//! Atoms: the organic subset and brackets.

use super::{Parser, Result, SmartsErrorKind};
use crate::element::{self, HYDROGEN};
use crate::molecule::Hybridization;
use crate::smarts::atom::{AtomTest, Join, Literal};

/// Aromatic symbols, the longer first.
const AROMATIC: [(&[u8], u8); 10] = [
    (b"si", 14),
    (b"as", 33),
    (b"se", 34),
    (b"te", 52),
    (b"b", 5),
    (b"c", 6),
    (b"n", 7),
    (b"o", 8),
    (b"p", 15),
    (b"s", 16),
];

/// Elements whose symbol means the aliphatic atom.
fn is_organic(element: u8) -> bool {
    matches!(element, 5..=9 | 15..=17 | 35 | 53)
}

impl Parser<'_> {
    /// An atom outside brackets.
    pub(super) fn organic_atom(&mut self) -> Result<AtomTest> {
        let rest = &self.bytes[self.at..];
        let (test, length) = match rest {
            [b'*', ..] => (AtomTest::Any, 1),
            [b'a', ..] => (AtomTest::Aromatic, 1),
            [b'A', ..] => (AtomTest::Aliphatic, 1),
            [b'C', b'l', ..] => (AtomTest::AliphaticElement(17), 2),
            [b'B', b'r', ..] => (AtomTest::AliphaticElement(35), 2),
            [byte, ..] => {
                let known = element_at(&rest[..1]).filter(|&(element, _)| is_organic(element));
                let aromatic = aromatic_at(&[*byte]);
                match (known, aromatic) {
                    (Some((element, _)), _) => (AtomTest::AliphaticElement(element), 1),
                    (_, Some((element, _))) => (AtomTest::AromaticElement(element), 1),
                    _ => return self.fail(self.at, SmartsErrorKind::Unexpected),
                }
            }
            [] => return self.fail(self.at, SmartsErrorKind::Empty),
        };
        self.at += length;
        Ok(test)
    }

    /// What stands in brackets, behind the `[` at `opened`, and the `]`.
    pub(super) fn bracket(&mut self, opened: usize) -> Result<()> {
        if let Some(length) = self.hydrogen_atom() {
            return self.hydrogen(length);
        }
        let mut join = Join::LowAnd;
        loop {
            let mut negated = false;
            let start = self.at;
            while self.take(b'!') {
                negated = !negated;
            }
            let operand = self.at;
            self.primitive(opened, negated, join)?;
            if self.at == operand {
                return match self.peek() {
                    None => self.fail(opened, SmartsErrorKind::UnclosedBracket),
                    Some(b']' | b'&' | b',' | b';' | b':') => {
                        let at = if start == opened + 1 { operand } else { start };
                        self.fail(at.min(operand), SmartsErrorKind::HangingOperator)
                    }
                    Some(_) => self.fail(operand, SmartsErrorKind::Unexpected),
                };
            }
            join = match self.peek() {
                Some(b',') => Join::Or,
                Some(b';') => Join::LowAnd,
                Some(b']' | b':') => break,
                None => return self.fail(opened, SmartsErrorKind::UnclosedBracket),
                Some(b'&') => Join::And,
                Some(_) => {
                    join = Join::And;
                    continue;
                }
            };
            self.at += 1;
        }
        self.map_and_close(opened)
    }

    /// An atom map, which says nothing about a match, and `]`.
    fn map_and_close(&mut self, opened: usize) -> Result<()> {
        if self.take(b':') && self.number()?.is_none() {
            return self.fail(self.at, SmartsErrorKind::Unexpected);
        }
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => self.fail(self.at, SmartsErrorKind::Unexpected),
            None => self.fail(opened, SmartsErrorKind::UnclosedBracket),
        }
    }

    /// Whether the bracket is a hydrogen atom: isotope, `H`, charge and map, nothing else. Returns
    /// how many bytes stand before its `H`.
    fn hydrogen_atom(&self) -> Option<usize> {
        let rest = &self.bytes[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let behind = rest.get(digits..)?.strip_prefix(b"H")?;
        let charge = behind
            .iter()
            .take_while(|byte| b"+-".contains(byte))
            .count();
        let number = match charge {
            0 => 0,
            _ => behind[charge..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count(),
        };
        matches!(behind.get(charge + number), Some(b']' | b':')).then_some(digits)
    }

    fn hydrogen(&mut self, isotope_digits: usize) -> Result<()> {
        let opened = self.at - 1;
        self.push(AtomTest::Element(HYDROGEN), false, Join::LowAnd);
        if isotope_digits > 0 {
            self.isotope(false, Join::And)?;
        }
        self.at += 1;
        if let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.charge(sign, false, Join::And)?;
        }
        self.map_and_close(opened)
    }

    fn push(&mut self, test: AtomTest, negated: bool, join: Join) {
        self.literals.push(Literal {
            test,
            negated,
            join,
        });
    }

    /// One primitive; reads nothing if none stands here.
    fn primitive(&mut self, opened: usize, negated: bool, join: Join) -> Result<()> {
        let start = self.at;
        let Some(byte) = self.peek() else {
            return Ok(());
        };
        // Symbols of two letters come first: `[Rh]` is rhodium, `[Xe]` xenon.
        let rest = &self.bytes[start..];
        if let Some((element, length)) = element_at(rest).or_else(|| aromatic_at(rest)) {
            let symbol = &rest[..length];
            // `H` counts hydrogens here.
            if symbol != b"H" {
                let test = if symbol[0].is_ascii_lowercase() {
                    AtomTest::AromaticElement(element)
                } else if is_organic(element) {
                    AtomTest::AliphaticElement(element)
                } else {
                    AtomTest::Element(element)
                };
                self.at += length;
                self.push(test, negated, join);
                return Ok(());
            }
        }
        if byte.is_ascii_digit() {
            return self.isotope(negated, join);
        }
        if let b'+' | b'-' = byte {
            return self.charge(byte, negated, join);
        }
        self.at += 1;
        let test = match byte {
            b'*' => AtomTest::Any,
            b'a' => AtomTest::Aromatic,
            b'A' => AtomTest::Aliphatic,
            b'#' => match self.number()? {
                Some(element @ 0..=118) => AtomTest::Element(element as u8),
                Some(_) => return self.fail(start, SmartsErrorKind::NumberRange),
                None => return self.fail(start, SmartsErrorKind::Unexpected),
            },
            b'D' => AtomTest::Degree(self.number()?.unwrap_or(1)),
            b'd' => AtomTest::HeavyDegree(self.number()?.unwrap_or(1)),
            b'X' => AtomTest::TotalDegree(self.number()?.unwrap_or(1)),
            b'H' => AtomTest::Hydrogens(self.number()?.unwrap_or(1)),
            b'v' => AtomTest::Valence(self.number()?.unwrap_or(1)),
            b'h' => self.counted(AtomTest::FoldedHydrogens, AtomTest::HasFoldedHydrogens)?,
            b'R' => self.counted(AtomTest::RingCount, AtomTest::InRing)?,
            b'r' => self.counted(AtomTest::SmallestRing, AtomTest::InRing)?,
            b'k' => self.counted(AtomTest::RingOfSize, AtomTest::InRing)?,
            b'x' => self.counted(AtomTest::RingBonds, AtomTest::HasRingBond)?,
            b'z' => self.counted(AtomTest::HeteroNeighbors, AtomTest::HasHeteroNeighbor)?,
            b'Z' => self.counted(
                AtomTest::AliphaticHeteroNeighbors,
                AtomTest::HasAliphaticHeteroNeighbor,
            )?,
            b'^' => match self.number()? {
                Some(1) => AtomTest::Hybridization(Hybridization::Sp),
                Some(2) => AtomTest::Hybridization(Hybridization::Sp2),
                Some(3) => AtomTest::Hybridization(Hybridization::Sp3),
                Some(4) => AtomTest::Hybridization(Hybridization::Sp3d),
                Some(5) => AtomTest::Hybridization(Hybridization::Sp3d2),
                Some(0) => return self.fail(start, SmartsErrorKind::Unsupported("'^0'")),
                _ => return self.fail(start, SmartsErrorKind::NumberRange),
            },
            b'$' if self.take(b'(') => self.recursive(start)?,
            b'@' => return self.fail(start, SmartsErrorKind::Unsupported("chirality")),
            b'{' if start > opened + 1 => {
                return self.fail(start, SmartsErrorKind::Unsupported("ranges"));
            }
            _ => {
                self.at = start;
                return Ok(());
            }
        };
        self.push(test, negated, join);
        Ok(())
    }

    fn counted(&mut self, exactly: fn(u32) -> AtomTest, any: AtomTest) -> Result<AtomTest> {
        Ok(self.number()?.map_or(any, exactly))
    }

    fn isotope(&mut self, negated: bool, join: Join) -> Result<()> {
        let start = self.at;
        let mass = self.number()?.and_then(|mass| u16::try_from(mass).ok());
        let Some(mass) = mass else {
            return self.fail(start, SmartsErrorKind::NumberRange);
        };
        self.push(AtomTest::Isotope(mass), negated, join);
        Ok(())
    }

    /// `+`, `++` and so on, or a sign with a number.
    fn charge(&mut self, sign: u8, negated: bool, join: Join) -> Result<()> {
        let start = self.at;
        while self.take(sign) {}
        let signs = self.at - start;
        let size = match (signs, self.number()?) {
            (1, Some(number)) => number as usize,
            (_, None) => signs,
            _ => return self.fail(start, SmartsErrorKind::Unexpected),
        };
        let Ok(size) = i8::try_from(size) else {
            return self.fail(start, SmartsErrorKind::NumberRange);
        };
        let charge = if sign == b'-' { -size } else { size };
        self.push(AtomTest::Charge(charge), negated, join);
        Ok(())
    }
}

/// The element whose symbol starts here, the longer symbol first. `Nh` is nitrogen with hydrogens.
fn element_at(text: &[u8]) -> Option<(u8, usize)> {
    let known = |length: usize| {
        let symbol = std::str::from_utf8(text.get(..length)?).ok()?;
        let element = element::atomic_number(symbol).filter(|_| symbol != "Nh")?;
        Some((element, length))
    };
    known(2).or_else(|| known(1))
}

fn aromatic_at(text: &[u8]) -> Option<(u8, usize)> {
    AROMATIC
        .iter()
        .find(|(symbol, _)| text.starts_with(symbol))
        .map(|&(symbol, element)| (element, symbol.len()))
}
