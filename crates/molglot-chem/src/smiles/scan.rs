//! One pass over the string that checks the grammar, without recursion.

use std::borrow::Cow;

use super::bracket;
use super::ring::{self, RingBonds};
use super::{MAX_ATOMS, MAX_BRANCH_DEPTH};
use crate::error::{SmilesError, SmilesErrorKind, SyntaxProblem};

/// A string that obeys the grammar.
#[derive(Debug)]
pub(crate) struct Scanned<'a> {
    /// The string in the notation that chematic reads.
    pub(crate) text: Cow<'a, str>,
    /// The byte offset of every atom in the string as given.
    pub(crate) atom_offsets: Vec<u32>,
}

/// A bond as written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BondSymbol {
    Plain(u8),
    Up,
    Down,
    DativeForward,
    DativeBackward,
}

impl BondSymbol {
    /// The same bond read from its other end.
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Plain(symbol) => Self::Plain(symbol),
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            Self::DativeForward => Self::DativeBackward,
            Self::DativeBackward => Self::DativeForward,
        }
    }
}

/// What stood before the place being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, or a dot at the given offset.
    Start(Option<usize>),
    /// `(`, perhaps with a bond to come.
    Open,
    /// An atom, a ring bond or a closed branch.
    Atom,
}

struct Branch {
    offset: usize,
    atom: u32,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    before: Before,
    bond: Option<(BondSymbol, usize)>,
    atom: u32,
    branches: Vec<Branch>,
    rings: RingBonds,
    parents: Vec<Option<u32>>,
    atom_offsets: Vec<u32>,
    edits: Vec<(std::ops::Range<usize>, String)>,
}

/// Checks a SMILES string against the grammar and the limits.
///
/// # Errors
///
/// The first break of the grammar from the left; what is left open at the end comes last.
pub(crate) fn scan(text: &str) -> Result<Scanned<'_>, SmilesError> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        before: Before::Start(None),
        bond: None,
        atom: 0,
        branches: Vec::new(),
        rings: RingBonds::default(),
        parents: Vec::new(),
        atom_offsets: Vec::new(),
        edits: Vec::new(),
    };
    while let Some(byte) = scanner.peek(0) {
        scanner.step(byte)?;
    }
    scanner.finish()?;
    let text = scanner
        .edits
        .iter()
        .rev()
        .fold(Cow::Borrowed(text), |text, (range, new)| {
            let mut text = text.into_owned();
            text.replace_range(range.clone(), new);
            Cow::Owned(text)
        });
    Ok(Scanned {
        text,
        atom_offsets: scanner.atom_offsets,
    })
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn fail<T>(&self, kind: SmilesErrorKind) -> Result<T, SmilesError> {
        Err(SmilesError::new(self.at, kind))
    }

    fn syntax<T>(&self, problem: SyntaxProblem) -> Result<T, SmilesError> {
        self.fail(SmilesErrorKind::Syntax(problem))
    }

    fn step(&mut self, byte: u8) -> Result<(), SmilesError> {
        match byte {
            b'[' => {
                let bracket = bracket::read(self.bytes, self.at)?;
                if let Some(text) = bracket.rewritten {
                    self.edits.push((self.at..bracket.end, text));
                }
                self.add_atom(bracket.end)
            }
            b'C' if self.peek(1) == Some(b'l') => self.add_atom(self.at + 2),
            b'B' if self.peek(1) == Some(b'r') => self.add_atom(self.at + 2),
            b'B' | b'C' | b'N' | b'O' | b'P' | b'S' | b'F' | b'I' | b'*' => {
                self.add_atom(self.at + 1)
            }
            b'b' | b'c' | b'n' | b'o' | b'p' | b's' => self.add_atom(self.at + 1),
            b'0'..=b'9' | b'%' => self.ring_bond(),
            b'(' => self.open_branch(),
            b')' => self.close_branch(),
            b'.' => self.dot(),
            b'-' | b'=' | b'#' | b'$' | b':' | b'/' | b'\\' | b'~' | b'<' => self.bond_symbol(byte),
            b']' | b'@' | b'+' | b'>' => self.syntax(SyntaxProblem::Stray),
            letter if letter.is_ascii_alphabetic() => self.fail(SmilesErrorKind::Element),
            other => self.fail(SmilesErrorKind::BadByte(other)),
        }
    }

    fn add_atom(&mut self, end: usize) -> Result<(), SmilesError> {
        let index = self.atom_offsets.len();
        if index == MAX_ATOMS {
            return self.fail(SmilesErrorKind::TooLarge);
        }
        let attached = !matches!(self.before, Before::Start(_));
        self.parents.push(attached.then_some(self.atom));
        // MAX_ATOMS and the check of the length in `finish` keep both numbers in range.
        self.atom_offsets
            .push(u32::try_from(self.at).unwrap_or(u32::MAX));
        self.atom = index as u32;
        self.before = Before::Atom;
        self.bond = None;
        self.at = end;
        Ok(())
    }

    fn ring_bond(&mut self) -> Result<(), SmilesError> {
        if self.before != Before::Atom {
            return self.syntax(SyntaxProblem::LeadingRing);
        }
        let number = ring::number(self.bytes, self.at)?;
        let bond = self.bond.take().map(|(bond, _)| bond);
        self.rings
            .meet(number.value, self.atom, bond, self.at, &self.parents)?;
        if self.bytes[self.at..].starts_with(b"%(") && number.value < 100 {
            // Chematic keeps the long form for numbers that need it.
            let short = match number.value {
                value @ 0..10 => value.to_string(),
                value => format!("%{value}"),
            };
            self.edits.push((self.at..number.end, short));
        }
        self.at = number.end;
        Ok(())
    }

    fn open_branch(&mut self) -> Result<(), SmilesError> {
        if self.bond.is_some() {
            return self.syntax(SyntaxProblem::BondBeforeBranch);
        }
        if self.before != Before::Atom {
            return self.fail(SmilesErrorKind::BranchFirst);
        }
        if self.branches.len() == MAX_BRANCH_DEPTH {
            return self.fail(SmilesErrorKind::TooDeep);
        }
        if self.peek(1) == Some(b')') {
            return self.fail(SmilesErrorKind::EmptyBranch);
        }
        self.branches.push(Branch {
            offset: self.at,
            atom: self.atom,
        });
        self.before = Before::Open;
        self.at += 1;
        Ok(())
    }

    fn close_branch(&mut self) -> Result<(), SmilesError> {
        let Some(branch) = self.branches.last() else {
            return self.fail(SmilesErrorKind::UnexpectedClose);
        };
        if let Some((_, offset)) = self.bond {
            return Err(SmilesError::new(offset, SmilesErrorKind::HangingBond));
        }
        self.atom = branch.atom;
        self.branches.pop();
        self.before = Before::Atom;
        self.at += 1;
        Ok(())
    }

    fn dot(&mut self) -> Result<(), SmilesError> {
        if let Some((_, offset)) = self.bond {
            return Err(SmilesError::new(offset, SmilesErrorKind::HangingBond));
        }
        if !self.branches.is_empty() {
            return self.syntax(SyntaxProblem::DotInBranch);
        }
        match self.before {
            Before::Start(None) => return self.syntax(SyntaxProblem::LeadingDot),
            Before::Start(Some(_)) => return self.syntax(SyntaxProblem::EmptyFragment),
            Before::Open | Before::Atom => {}
        }
        self.before = Before::Start(Some(self.at));
        self.at += 1;
        Ok(())
    }

    fn bond_symbol(&mut self, byte: u8) -> Result<(), SmilesError> {
        let (bond, length) = match (byte, self.peek(1)) {
            (b'-', Some(b'>')) => (BondSymbol::DativeForward, 2),
            (b'<', Some(b'-')) => (BondSymbol::DativeBackward, 2),
            (b'<', _) => return self.syntax(SyntaxProblem::Stray),
            (b'~', _) => {
                let reason = "the query bond '~'; write the bond that is there";
                return self.fail(SmilesErrorKind::Unsupported(reason.to_owned()));
            }
            (b'/', _) => (BondSymbol::Up, 1),
            (b'\\', _) => (BondSymbol::Down, 1),
            (plain, _) => (BondSymbol::Plain(plain), 1),
        };
        if let Some((first, _)) = self.bond {
            return self.syntax(if first == BondSymbol::Down && bond == BondSymbol::Down {
                SyntaxProblem::DoubledBackslash
            } else {
                SyntaxProblem::TwoBonds
            });
        }
        if let Before::Start(_) = self.before {
            return self.syntax(SyntaxProblem::LeadingBond);
        }
        self.bond = Some((bond, self.at));
        self.at += length;
        Ok(())
    }

    fn finish(&self) -> Result<(), SmilesError> {
        if self.bytes.is_empty() {
            return self.fail(SmilesErrorKind::Empty);
        }
        if let Some((_, offset)) = self.bond {
            return Err(SmilesError::new(offset, SmilesErrorKind::HangingBond));
        }
        if let Before::Start(Some(dot)) = self.before {
            return Err(SmilesError::new(
                dot,
                SmilesErrorKind::Syntax(SyntaxProblem::TrailingDot),
            ));
        }
        if let Some(branch) = self.branches.last() {
            return Err(SmilesError::new(
                branch.offset,
                SmilesErrorKind::UnclosedBranch,
            ));
        }
        self.rings.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_are_found_at_their_offsets() {
        let scanned = scan("CCl.[13CH4](Br)c").unwrap();
        assert_eq!(scanned.atom_offsets, [0, 1, 4, 12, 15]);
        assert!(matches!(scanned.text, Cow::Borrowed(_)));
    }

    #[test]
    fn wide_notation_is_narrowed_in_place() {
        assert_eq!(
            scan("C%(5)C[Fe+++]C%(5)[#8]").unwrap().text,
            "C5C[Fe+3]C5[O]"
        );
        assert_eq!(scan("C%(12)CC%(12)").unwrap().text, "C%12CC%12");
        assert_eq!(scan("C%(105)CC%(105)").unwrap().text, "C%(105)CC%(105)");
    }

    #[test]
    fn the_first_break_from_the_left_is_reported() {
        assert_eq!(scan("C(=)C(").unwrap_err().offset, 2);
        assert_eq!(
            scan("C1C(C").unwrap_err().kind,
            SmilesErrorKind::UnclosedBranch
        );
    }
}
