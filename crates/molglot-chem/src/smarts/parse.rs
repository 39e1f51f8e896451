//! From SMARTS to a compiled pattern.

mod atom;
mod bond;

use super::atom::{AtomTest, Join, Literal, compile};
use super::error::{SmartsError, SmartsErrorKind};
use super::{BondSet, Closure, Graph, MAX_RECURSION, Pattern, Step};

type Result<T> = std::result::Result<T, SmartsError>;

pub(super) fn pattern(smarts: &str) -> Result<Pattern> {
    let mut parser = Parser {
        bytes: smarts.as_bytes(),
        at: 0,
        depth: 0,
        pattern: Pattern {
            source: smarts.into(),
            graphs: vec![Graph::default()],
            atoms: Vec::new(),
            needs: Vec::new(),
        },
        literals: Vec::new(),
    };
    let graph = parser.graph(None)?;
    parser.pattern.graphs[0] = graph;
    Ok(parser.pattern)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many `$(` are open.
    depth: usize,
    pattern: Pattern,
    /// Scratch of the bracket being read; those around it lie below.
    literals: Vec<Literal>,
}

/// A ring bond that waits for its other end.
struct OpenRing {
    number: u32,
    atom: u32,
    bond: Option<BondSet>,
    offset: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn fail<T>(&self, offset: usize, kind: SmartsErrorKind) -> Result<T> {
        Err(SmartsError { offset, kind })
    }

    /// A decimal number, if one stands here.
    fn number(&mut self) -> Result<Option<u32>> {
        let start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            value = match value.checked_mul(10) {
                Some(tens) if tens < 1_000_000 => tens + u32::from(digit - b'0'),
                _ => return self.fail(start, SmartsErrorKind::NumberRange),
            };
            self.at += 1;
        }
        Ok((self.at > start).then_some(value))
    }

    /// One graph: the whole string, or what stands in the `$(` at `opened` up to its `)`.
    fn graph(&mut self, opened: Option<usize>) -> Result<Graph> {
        let mut graph = Graph::default();
        // Closures by the later of their two atoms, to be gathered when all are known.
        let mut closures: Vec<(u32, Closure)> = Vec::new();
        let mut rings: Vec<OpenRing> = Vec::new();
        let mut branches: Vec<(u32, usize)> = Vec::new();
        let mut previous: Option<u32> = None;
        let closed = loop {
            let start = self.at;
            let Some(byte) = self.peek() else {
                break false;
            };
            match byte {
                b'(' => {
                    let Some(atom) = previous else {
                        return self.fail(
                            start,
                            SmartsErrorKind::Unsupported("grouping of components"),
                        );
                    };
                    self.at += 1;
                    branches.push((atom, start));
                    self.bonded_atom(&mut graph, &mut previous, &mut closures, &mut rings, true)?;
                }
                b')' => {
                    self.at += 1;
                    match branches.pop() {
                        Some((atom, _)) => previous = Some(atom),
                        None if opened.is_some() => break true,
                        None => return self.fail(start, SmartsErrorKind::UnexpectedClose),
                    }
                }
                b'.' if previous.is_some() && branches.is_empty() => {
                    self.at += 1;
                    previous = None;
                    self.bonded_atom(&mut graph, &mut previous, &mut closures, &mut rings, true)?;
                }
                _ => {
                    self.bonded_atom(&mut graph, &mut previous, &mut closures, &mut rings, false)?;
                }
            }
        };
        if let Some((_, offset)) = branches.pop() {
            return self.fail(offset, SmartsErrorKind::UnclosedBranch);
        }
        if let Some(offset) = opened.filter(|_| !closed) {
            return self.fail(offset, SmartsErrorKind::UnclosedBranch);
        }
        if let Some(ring) = rings.first() {
            return self.fail(ring.offset, SmartsErrorKind::UnclosedRing(ring.number));
        }
        if graph.steps.is_empty() {
            return self.fail(opened.unwrap_or(0), SmartsErrorKind::Empty);
        }
        closures.sort_by_key(|&(atom, _)| atom);
        let mut gathered = closures.iter().peekable();
        for (atom, step) in (0u32..).zip(&mut graph.steps) {
            while let Some((_, closure)) = gathered.next_if(|(at, _)| *at == atom) {
                graph.closures.push(*closure);
            }
            step.closures_end = graph.closures.len() as u32;
        }
        Ok(graph)
    }

    /// A bond, if there is one, and what it leads to: an atom or the number of a ring bond.
    fn bonded_atom(
        &mut self,
        graph: &mut Graph,
        previous: &mut Option<u32>,
        closures: &mut Vec<(u32, Closure)>,
        rings: &mut Vec<OpenRing>,
        atom_only: bool,
    ) -> Result<()> {
        let start = self.at;
        let bond = self.bond_expression()?;
        if bond.is_some() && previous.is_none() {
            return self.fail(start, SmartsErrorKind::Unexpected);
        }
        let here = self.at;
        match self.peek() {
            Some(b'0'..=b'9' | b'%') if !atom_only => {
                let Some(atom) = *previous else {
                    return self.fail(here, SmartsErrorKind::Unexpected);
                };
                let number = self.ring_number()?;
                let open = OpenRing {
                    number,
                    atom,
                    bond,
                    offset: here,
                };
                self.ring_bond(graph, closures, rings, open)
            }
            None | Some(b')' | b'(' | b'.') if bond.is_some() => {
                self.fail(start, SmartsErrorKind::HangingBond)
            }
            None => self.fail(here, SmartsErrorKind::Empty),
            Some(_) => {
                let atom = self.atom()?;
                let step = Step {
                    atom,
                    parent: previous.map(|parent| (parent, bond.unwrap_or(BondSet::UNWRITTEN))),
                    closures_end: 0,
                };
                graph.steps.push(step);
                *previous = Some(graph.steps.len() as u32 - 1);
                Ok(())
            }
        }
    }

    fn ring_number(&mut self) -> Result<u32> {
        let start = self.at;
        let digits = |range: std::ops::Range<usize>| {
            let text = self.bytes.get(range)?;
            text.iter().all(u8::is_ascii_digit).then(|| {
                text.iter()
                    .fold(0, |sum, digit| 10 * sum + u32::from(digit - b'0'))
            })
        };
        let (number, length) = if self.bytes[start] != b'%' {
            (digits(start..start + 1), 1)
        } else if self.bytes.get(start + 1) == Some(&b'(') {
            let inside = self.bytes[start + 2..]
                .iter()
                .take(6)
                .position(|&byte| byte == b')')
                .filter(|&length| length > 0);
            match inside {
                Some(length) => (digits(start + 2..start + 2 + length), length + 3),
                None => (None, 0),
            }
        } else {
            (digits(start + 1..start + 3).filter(|&number| number > 9), 3)
        };
        match number {
            Some(number) => {
                self.at += length;
                Ok(number)
            }
            None => self.fail(start, SmartsErrorKind::RingNumber),
        }
    }

    fn ring_bond(
        &mut self,
        graph: &Graph,
        closures: &mut Vec<(u32, Closure)>,
        rings: &mut Vec<OpenRing>,
        end: OpenRing,
    ) -> Result<()> {
        let Some(at) = rings.iter().position(|ring| ring.number == end.number) else {
            rings.push(end);
            return Ok(());
        };
        let begin = rings.remove(at);
        let (low, high) = (begin.atom.min(end.atom), begin.atom.max(end.atom));
        let bonded = graph.steps[high as usize]
            .parent
            .is_some_and(|(parent, _)| parent == low)
            || closures
                .iter()
                .any(|&(atom, closure)| (closure.to, atom) == (low, high));
        if low == high || bonded {
            return self.fail(end.offset, SmartsErrorKind::DuplicateBond);
        }
        let bond = match (begin.bond, end.bond) {
            (Some(one), Some(other)) if one != other => {
                return self.fail(end.offset, SmartsErrorKind::RingBondConflict);
            }
            (one, other) => one.or(other).unwrap_or(BondSet::UNWRITTEN),
        };
        closures.push((high, Closure { to: low, bond }));
        Ok(())
    }

    /// One atom, in brackets or not; returns its entry into [`Pattern::atoms`].
    fn atom(&mut self) -> Result<u32> {
        let base = self.literals.len();
        if self.take(b'[') {
            self.bracket(self.at - 1)?;
        } else {
            let test = self.organic_atom()?;
            self.literals.push(Literal {
                test,
                negated: false,
                join: Join::LowAnd,
            });
        }
        let entry = self.pattern.atoms.len() as u32;
        compile(&self.literals[base..], &mut self.pattern.atoms);
        if self.depth == 0 {
            self.count_need(base);
        }
        self.literals.truncate(base);
        Ok(entry)
    }

    /// Notes the element that an expression cannot match without.
    fn count_need(&mut self, base: usize) {
        let certain = self.literals[base..]
            .chunk_by(|_, next| next.join != Join::LowAnd)
            .filter(|group| group[1..].iter().all(|literal| literal.join == Join::And))
            .flatten()
            .filter(|literal| !literal.negated);
        let element = certain.into_iter().find_map(|literal| match literal.test {
            AtomTest::Element(element)
            | AtomTest::AromaticElement(element)
            | AtomTest::AliphaticElement(element) => Some(element),
            _ => None,
        });
        let Some(element) = element else { return };
        match self.pattern.needs.iter_mut().find(|need| need.0 == element) {
            Some(need) => need.1 += 1,
            None => self.pattern.needs.push((element, 1)),
        }
    }

    /// `$(` has been read: compiles the pattern inside and returns its test.
    fn recursive(&mut self, start: usize) -> Result<AtomTest> {
        if self.depth == MAX_RECURSION {
            return self.fail(start, SmartsErrorKind::TooDeep);
        }
        self.depth += 1;
        let graph = self.graph(Some(start))?;
        self.depth -= 1;
        self.pattern.graphs.push(graph);
        Ok(AtomTest::Recursive(self.pattern.graphs.len() as u32 - 1))
    }
}
