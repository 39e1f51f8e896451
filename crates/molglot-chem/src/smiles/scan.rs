//! One pass over the string that checks the grammar and builds the graph, without recursion.

use super::bond::BondSymbol;
use super::ring::{self, RingBonds, RingEnd};
use super::{MAX_ATOMS, bracket, order};
use crate::element;
use crate::error::{SmilesError, SmilesErrorKind, SyntaxProblem};
use crate::graph::{RawAtom, RawGraph};
use crate::molecule::BondOrder;

/// In [`Scanner::parents`]: the atom opens a fragment.
pub(super) const NO_PARENT: u32 = u32::MAX;

/// A string that obeys the grammar.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) graph: RawGraph,
    /// The byte offset of every atom.
    pub(crate) offsets: Vec<u32>,
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
    graph: RawGraph,
    parents: Vec<u32>,
    offsets: Vec<u32>,
}

/// Reads a SMILES string into a graph, checking the grammar and the limits.
///
/// # Errors
///
/// The first break of the grammar from the left; what is left open at the end comes last.
pub(crate) fn scan(text: &str) -> Result<Scanned, SmilesError> {
    let guess = text.len() / 2 + 1;
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        before: Before::Start(None),
        bond: None,
        atom: 0,
        branches: Vec::new(),
        rings: RingBonds::default(),
        graph: RawGraph {
            atoms: Vec::with_capacity(guess),
            bonds: Vec::with_capacity(guess),
        },
        parents: Vec::with_capacity(guess),
        offsets: Vec::with_capacity(guess),
    };
    while let Some(byte) = scanner.peek(0) {
        scanner.step(byte)?;
    }
    scanner.finish()
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
                let (atom, end) = bracket::read(self.bytes, self.at)?;
                self.add_atom(atom, end)
            }
            b'C' if self.peek(1) == Some(b'l') => self.organic(element::CHLORINE, 2),
            b'B' if self.peek(1) == Some(b'r') => self.organic(element::BROMINE, 2),
            b'B' => self.organic(element::BORON, 1),
            b'C' => self.organic(element::CARBON, 1),
            b'N' => self.organic(element::NITROGEN, 1),
            b'O' => self.organic(element::OXYGEN, 1),
            b'P' => self.organic(element::PHOSPHORUS, 1),
            b'S' => self.organic(element::SULFUR, 1),
            b'F' => self.organic(element::FLUORINE, 1),
            b'I' => self.organic(element::IODINE, 1),
            b'*' => self.organic(element::WILDCARD, 1),
            b'b' => self.aromatic(element::BORON),
            b'c' => self.aromatic(element::CARBON),
            b'n' => self.aromatic(element::NITROGEN),
            b'o' => self.aromatic(element::OXYGEN),
            b'p' => self.aromatic(element::PHOSPHORUS),
            b's' => self.aromatic(element::SULFUR),
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

    fn organic(&mut self, atomic_number: u8, length: usize) -> Result<(), SmilesError> {
        let atom = RawAtom {
            atomic_number,
            ..RawAtom::default()
        };
        self.add_atom(atom, self.at + length)
    }

    fn aromatic(&mut self, atomic_number: u8) -> Result<(), SmilesError> {
        let atom = RawAtom {
            atomic_number,
            aromatic: true,
            ..RawAtom::default()
        };
        self.add_atom(atom, self.at + 1)
    }

    fn add_atom(&mut self, atom: RawAtom, end: usize) -> Result<(), SmilesError> {
        let index = self.offsets.len();
        if index == MAX_ATOMS {
            return self.fail(SmilesErrorKind::TooLarge);
        }
        // MAX_ATOMS keeps the index in range; an offset beyond 4 GiB is given as the last one.
        let (index, parent) = (index as u32, self.atom);
        let attached = !matches!(self.before, Before::Start(_));
        if attached {
            let symbol = self.bond.take().map(|(bond, _)| bond);
            let aromatic = atom.aromatic && self.graph.atoms[parent as usize].aromatic;
            let bond = BondSymbol::bond(symbol, parent, index, aromatic);
            self.graph.bonds.push(bond);
        }
        self.parents.push(if attached { parent } else { NO_PARENT });
        self.offsets
            .push(u32::try_from(self.at).unwrap_or(u32::MAX));
        self.graph.atoms.push(atom);
        self.atom = index;
        self.before = Before::Atom;
        self.at = end;
        Ok(())
    }

    fn ring_bond(&mut self) -> Result<(), SmilesError> {
        if self.before != Before::Atom {
            return self.syntax(SyntaxProblem::LeadingRing);
        }
        let number = ring::number(self.bytes, self.at)?;
        let end = RingEnd {
            atom: self.atom,
            bond: self.bond.take().map(|(bond, _)| bond),
            offset: self.at,
        };
        self.rings
            .meet(number.value, end, &self.graph.atoms, &self.parents)?;
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
        let atom = branch.atom;
        self.no_loose_end()?;
        self.atom = atom;
        self.branches.pop();
        self.before = Before::Atom;
        self.at += 1;
        Ok(())
    }

    /// A bond needs an atom behind it, and so does a dot.
    fn no_loose_end(&self) -> Result<(), SmilesError> {
        if let Some((_, offset)) = self.bond {
            return Err(SmilesError::new(offset, SmilesErrorKind::HangingBond));
        }
        if let Before::Start(Some(dot)) = self.before {
            let kind = SmilesErrorKind::Syntax(SyntaxProblem::TrailingDot);
            return Err(SmilesError::new(dot, kind));
        }
        Ok(())
    }

    fn dot(&mut self) -> Result<(), SmilesError> {
        if let Some((_, offset)) = self.bond {
            return Err(SmilesError::new(offset, SmilesErrorKind::HangingBond));
        }
        match self.before {
            Before::Start(None) => return self.syntax(SyntaxProblem::LeadingDot),
            Before::Start(Some(_)) => return self.syntax(SyntaxProblem::EmptyFragment),
            Before::Open => return self.syntax(SyntaxProblem::DotInBranch),
            Before::Atom => {}
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
            (b'=', _) => (BondSymbol::Order(BondOrder::Double), 1),
            (b'#', _) => (BondSymbol::Order(BondOrder::Triple), 1),
            (b'$', _) => (BondSymbol::Order(BondOrder::Quadruple), 1),
            (b':', _) => (BondSymbol::Order(BondOrder::Aromatic), 1),
            _ => (BondSymbol::Order(BondOrder::Single), 1),
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

    fn finish(mut self) -> Result<Scanned, SmilesError> {
        if self.bytes.is_empty() {
            return self.fail(SmilesErrorKind::Empty);
        }
        self.no_loose_end()?;
        if let Some(branch) = self.branches.last() {
            return Err(SmilesError::new(
                branch.offset,
                SmilesErrorKind::UnclosedBranch,
            ));
        }
        let closures = self.rings.finish()?;
        let texted = order::Texted {
            offsets: &self.offsets,
            parents: &self.parents,
            closures: &closures,
        };
        order::settle(&mut self.graph, &texted);
        Ok(Scanned {
            graph: self.graph,
            offsets: self.offsets,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bonds(text: &str) -> Vec<(u32, u32, BondOrder)> {
        let graph = scan(text).unwrap().graph;
        graph
            .bonds
            .iter()
            .map(|bond| (bond.begin, bond.end, bond.order))
            .collect()
    }

    #[test]
    fn atoms_are_found_at_their_offsets() {
        let scanned = scan("CCl.[13CH4](Br)c").unwrap();
        assert_eq!(scanned.offsets, [0, 1, 4, 12, 15]);
    }

    #[test]
    fn ring_bonds_follow_by_number_and_then_as_closed() {
        let ends = |text| -> Vec<_> {
            let bonds = bonds(text).into_iter();
            bonds.skip(6).map(|bond| (bond.0, bond.1)).collect()
        };
        assert_eq!(ends("C2CC1CC2CC1"), [(6, 2), (4, 0)]);
        assert_eq!(ends("C1CC1CC1CC1"), [(2, 0), (6, 4)]);
    }

    #[test]
    fn elided_bonds_are_aromatic_between_lower_case_atoms() {
        use BondOrder::{Aromatic, Double, Single};
        let orders = |text| {
            bonds(text)
                .into_iter()
                .map(|bond| bond.2)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            orders("c1cC=c-cc/c1"),
            [
                Aromatic, Single, Double, Single, Aromatic, Aromatic, Aromatic
            ]
        );
    }

    #[test]
    fn a_dative_bond_begins_at_its_donor() {
        assert_eq!(
            bonds("N->[Fe]<-O"),
            [(0, 1, BondOrder::Dative), (2, 1, BondOrder::Dative)]
        );
    }

    #[test]
    fn a_dot_in_a_branch_starts_a_fragment_and_the_branch_goes_on_behind() {
        let ends: Vec<_> = bonds("C(CO.N)F")
            .iter()
            .map(|bond| (bond.0, bond.1))
            .collect();
        assert_eq!(ends, [(0, 1), (1, 2), (0, 4)]);
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
