//! SMILES as the Python package reads it.

use super::NONE;
use super::atom::{AtomSymbol, unsupported};
use super::bond::Bond;
use super::error::{EncodeError, EncodeErrorKind};
use super::graph::{AromaticBond, Atom, Graph};
use crate::element::{
    BORON, BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR,
};
use crate::error::{SmilesErrorKind as Kind, SyntaxProblem};

/// One digit, or `%` and two, which are names of their own: `%01` does not close `1`.
const SHORT_NAMES: usize = 110;

/// Names as `%(100)`, which [`decode`](super::decode) writes; with up to five digits as in
/// `Molecule::from_smiles`.
const LONG_NAMES: std::ops::Range<usize> = 100..100_000;

/// A ring name in use.
#[derive(Clone, Copy)]
struct Open {
    digit: u32,
    bond: Option<Bond>,
    offset: u32,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    graph: Graph,
    /// The atom that the next one is attached to; `NONE` at the start of a fragment.
    last: u32,
    /// Nothing but an atom may come: at the start of a fragment or branch.
    needs_atom: bool,
    /// The atoms that open branches hang on, and where these begin.
    branches: Vec<(u32, usize)>,
    open: [Option<Open>; SHORT_NAMES],
    /// The same for long names, as far as they occur.
    open_long: Vec<Option<Open>>,
    open_count: usize,
}

/// Reads a SMILES.
///
/// # Errors
///
/// The first thing from the left that cannot be read; what a fragment leaves open is found at its
/// end.
pub(super) fn read(smiles: &str) -> Result<Graph, EncodeError> {
    if smiles.len() >= NONE as usize {
        return Err(EncodeError::new(0, EncodeErrorKind::TooLong));
    }
    let mut reader = Reader {
        text: smiles.as_bytes(),
        at: 0,
        graph: Graph::default(),
        last: NONE,
        needs_atom: true,
        branches: Vec::new(),
        open: [None; SHORT_NAMES],
        open_long: Vec::new(),
        open_count: 0,
    };
    // Two characters for an atom is what molecules come to.
    reader.graph.atoms.reserve(smiles.len() / 2 + 1);
    while let Some(&byte) = reader.text.get(reader.at) {
        reader.step(byte)?;
    }
    reader.end_fragment()?;
    Ok(reader.graph)
}

impl Reader<'_> {
    fn fail<T>(&self, kind: Kind) -> Result<T, EncodeError> {
        Err(EncodeError::smiles(self.at, kind))
    }

    fn step(&mut self, byte: u8) -> Result<(), EncodeError> {
        match byte {
            b'.' => self.end_fragment()?,
            b'(' if self.needs_atom => return self.fail(Kind::BranchFirst),
            b'(' => {
                self.branches.push((self.last, self.at));
                self.needs_atom = true;
            }
            b')' => match self.branches.pop() {
                None => return self.fail(Kind::UnexpectedClose),
                Some(_) if self.needs_atom => return self.fail(Kind::EmptyBranch),
                Some((atom, _)) => self.last = atom,
            },
            _ => {
                let bond = Bond::from_symbol(byte);
                return self.bonded(bond);
            }
        }
        self.at += 1;
        Ok(())
    }

    /// An atom or a ring digit, with or without a bond before it.
    fn bonded(&mut self, bond: Option<Bond>) -> Result<(), EncodeError> {
        self.at += usize::from(bond.is_some());
        let (element, length) = match self.text[self.at..] {
            [b'[', ref rest @ ..] => {
                let Some(length) = rest.iter().position(|&byte| byte == b']') else {
                    return self.fail(Kind::UnclosedBracket);
                };
                let (symbol, aromatic) = AtomSymbol::from_bracket(&rest[..length])
                    .map_err(|kind| EncodeError::smiles(self.at, kind))?;
                self.add_atom(symbol, aromatic, bond);
                self.at += length + 2;
                return Ok(());
            }
            [digit @ b'0'..=b'9', ..] => {
                return self.ring_digit(usize::from(digit - b'0'), bond, 1);
            }
            [b'%', tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
                let number = 10 * usize::from(tens - b'0') + usize::from(ones - b'0');
                return self.ring_digit(10 + number, bond, 3);
            }
            [b'%', b'(', ref rest @ ..] => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
                let length = digits.clone().take(6).count();
                let number = digits
                    .take(6)
                    .fold(0, |number, digit| 10 * number + usize::from(digit - b'0'));
                if !LONG_NAMES.contains(&number) || rest.get(length) != Some(&b')') {
                    return self.fail(Kind::RingNumber);
                }
                return self.ring_digit(10 + number, bond, length + 3);
            }
            [b'C', b'l', ..] => (CHLORINE, 2),
            [b'B', b'r', ..] => (BROMINE, 2),
            [b'C' | b'c', ..] => (CARBON, 1),
            [b'N' | b'n', ..] => (NITROGEN, 1),
            [b'O' | b'o', ..] => (OXYGEN, 1),
            [b'S' | b's', ..] => (SULFUR, 1),
            [b'P' | b'p', ..] => (PHOSPHORUS, 1),
            [b'B' | b'b', ..] => (BORON, 1),
            [b'F', ..] => (FLUORINE, 1),
            [b'I', ..] => (IODINE, 1),
            _ => return Err(self.refusal(bond)),
        };
        let aromatic = self.text[self.at].is_ascii_lowercase();
        self.add_atom(AtomSymbol::bare(element), aromatic, bond);
        self.at += length;
        Ok(())
    }

    /// Why nothing can be read here, behind a bond or not.
    fn refusal(&self, bond: Option<Bond>) -> EncodeError {
        let kind = match (self.text.get(self.at), bond) {
            (None | Some(b'.' | b')'), _) => {
                return EncodeError::smiles(self.at.saturating_sub(1), Kind::HangingBond);
            }
            (Some(b'('), _) => Kind::Syntax(SyntaxProblem::BondBeforeBranch),
            (Some(b'\\'), Some(Bond::Down)) => Kind::Syntax(SyntaxProblem::DoubledBackslash),
            (Some(b'-' | b'=' | b'#' | b':' | b'/' | b'\\'), _) => {
                Kind::Syntax(SyntaxProblem::TwoBonds)
            }
            (Some(b'%'), _) => Kind::RingNumber,
            (Some(b'*'), _) => unsupported("the wildcard '*'"),
            (Some(b'$'), _) => unsupported("the quadruple bond '$'"),
            (Some(b']' | b'@' | b'+'), _) => Kind::Syntax(SyntaxProblem::Stray),
            (Some(letter), _) if letter.is_ascii_alphabetic() => Kind::Element,
            (Some(&other), _) => Kind::BadByte(other),
        };
        EncodeError::smiles(self.at, kind)
    }

    fn add_atom(&mut self, symbol: AtomSymbol, aromatic: bool, bond: Option<Bond>) {
        let atoms = &mut self.graph.atoms;
        let id = atoms.len() as u32;
        let mut atom = Atom::new(symbol, aromatic, self.at as u32);
        if let Some(parent) = atoms.get_mut(self.last as usize) {
            atom.parent = self.last;
            atom.bond = match bond {
                None if aromatic && parent.aromatic => Bond::Aromatic,
                bond => bond.unwrap_or(Bond::Single),
            };
            parent.children += 1;
            parent.next = id;
            parent.add_bond(atom.bond);
            atom.add_bond(atom.bond);
            if atom.bond == Bond::Aromatic {
                self.graph.aromatic.push(AromaticBond {
                    begin: self.last,
                    end: id,
                    digit: NONE,
                });
            }
        }
        atoms.push(atom);
        (self.last, self.needs_atom) = (id, false);
    }

    fn ring_digit(
        &mut self,
        name: usize,
        bond: Option<Bond>,
        length: usize,
    ) -> Result<(), EncodeError> {
        if self.needs_atom {
            return self.fail(Kind::Syntax(SyntaxProblem::LeadingRing));
        }
        let digit = self.graph.add_digit(self.last);
        let slot = match self.open.get_mut(name) {
            Some(slot) => slot,
            None => {
                let name = name - SHORT_NAMES;
                self.open_long
                    .resize(self.open_long.len().max(name + 1), None);
                &mut self.open_long[name]
            }
        };
        match slot.take() {
            None => {
                let offset = self.at as u32;
                *slot = Some(Open {
                    digit,
                    bond,
                    offset,
                });
                self.open_count += 1;
            }
            Some(open) => {
                self.open_count -= 1;
                self.close_ring(open, digit, bond)?;
            }
        }
        self.at += length;
        Ok(())
    }

    fn close_ring(
        &mut self,
        open: Open,
        digit: u32,
        bond: Option<Bond>,
    ) -> Result<(), EncodeError> {
        let (begin, end) = (self.graph.digits[open.digit as usize].atom, self.last);
        if begin == end {
            return self.fail(Kind::RingSelf);
        }
        if self.graph.is_bonded(begin, end) {
            return self.fail(Kind::DuplicateBond);
        }
        let aromatic = [begin, end]
            .iter()
            .all(|&atom| self.graph.atoms[atom as usize].aromatic);
        let Some(bonds) = ring_bonds(open.bond, bond, aromatic) else {
            return self.fail(Kind::RingBondConflict);
        };
        self.graph.join(open.digit, digit, bonds);
        Ok(())
    }

    /// Checks what the fragment leaves open and makes ready for another one.
    fn end_fragment(&mut self) -> Result<(), EncodeError> {
        if self.graph.atoms.is_empty() {
            return self.fail(Kind::Empty);
        }
        if let Some(&(_, offset)) = self.branches.last() {
            return Err(EncodeError::smiles(offset, Kind::UnclosedBranch));
        }
        if self.open_count > 0 {
            let slots = (0u32..).zip(self.open.iter().chain(&self.open_long));
            let mut open = slots.filter_map(|(name, open)| Some((name, open.as_ref()?.offset)));
            let (name, offset) = open.next().unwrap_or_default();
            let number = if name < 10 { name } else { name - 10 };
            return Err(EncodeError::smiles(
                offset as usize,
                Kind::UnclosedRing(number),
            ));
        }
        (self.last, self.needs_atom) = (NONE, true);
        Ok(())
    }
}

/// The bond at both ends of a ring bond, `None` if what is written there does not agree.
fn ring_bonds(begin: Option<Bond>, end: Option<Bond>, aromatic: bool) -> Option<(Bond, Bond)> {
    match (begin, end) {
        (None, None) if aromatic => Some((Bond::Aromatic, Bond::Aromatic)),
        (None, None) => Some((Bond::Single, Bond::Single)),
        (Some(one), None) | (None, Some(one)) if one.half_orders() > 2 => Some((one, one)),
        (Some(one), Some(other)) if one != other && !(one.is_marked() && other.is_marked()) => None,
        _ => Some((begin.unwrap_or(Bond::Single), end.unwrap_or(Bond::Single))),
    }
}
