//! From SELFIES to SMILES.

use super::NONE;
use super::atom::{AtomSymbol, push_number};
use super::bond::Bond;
use super::constraints::Constraints;
use super::error::{DecodeError, DecodeErrorKind};
use super::index;
use super::split::{Symbols, split};
use super::symbol::{Symbol, parse};
use super::vocabulary::PADDING;

/// Reads a SELFIES and writes it as SMILES, with at most as many bonds at every atom as
/// `constraints` allow.
///
/// Symbols of which the molecule has no use, such as a branch without an atom before it, do
/// nothing: the result may be empty.
///
/// # Errors
///
/// [`DecodeErrorKind::NoSymbol`] for text without any bracket, [`DecodeErrorKind::UnclosedSymbol`],
/// [`DecodeErrorKind::Stray`] for text between symbols, and [`DecodeErrorKind::BadSymbol`] for a
/// symbol that is none, unless it only counts for a branch or ring or stands behind the end of a
/// chain.
///
/// ```
/// use molglot_chem::selfies::{Constraints, decode};
///
/// assert_eq!(decode("[C][C][=Branch1][C][=O][O]", &Constraints::default())?, "CC(=O)O");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode(selfies: &str, constraints: &Constraints) -> Result<String, DecodeError> {
    if selfies.len() >= NONE as usize {
        return Err(DecodeError::new(0, DecodeErrorKind::TooLong));
    }
    if !selfies.contains('[') {
        return Err(DecodeError::new(0, DecodeErrorKind::NoSymbol));
    }
    let mut decoder = Decoder {
        text: selfies,
        symbols: split(selfies),
        position: 0,
        constraints,
        atoms: Vec::with_capacity(selfies.len() / 4),
        rings: Vec::new(),
        ends: Vec::new(),
    };
    loop {
        decoder.read_fragment()?;
        if decoder.symbols.next().transpose()?.is_none() {
            break;
        }
    }
    decoder.close_rings();
    Ok(decoder.write())
}

struct Decoder<'a> {
    text: &'a str,
    symbols: Symbols<'a>,
    /// How many symbols have been read, without padding.
    position: u64,
    constraints: &'a Constraints,
    atoms: Vec<Atom>,
    rings: Vec<Ring>,
    /// The ends of the ring bonds that were made, two in a row for each.
    ends: Vec<RingEnd>,
}

struct Atom {
    symbol: AtomSymbol,
    /// The bond from `parent`.
    bond: Bond,
    parent: u32,
    last_child: u32,
    /// What its bonds leave of its capacity.
    free: u32,
    first_end: u32,
    last_end: u32,
}

/// A ring bond that was asked for.
struct Ring {
    begin: u32,
    end: u32,
    bonds: (Bond, Bond),
}

struct RingEnd {
    partner: u32,
    bond: Bond,
    /// The number of the ring bond in the SMILES, 0 before it has one.
    number: u32,
    /// The next ring bond of the same atom.
    next: u32,
}

/// A chain while it is being read.
struct Chain {
    /// The atom that the next one is attached to.
    atom: u32,
    /// Bonds to be had at `atom`, 0 before there is one; `None` behind the end of the chain.
    state: Option<u32>,
    /// The position behind its last symbol.
    end: u64,
}

impl<'a> Decoder<'a> {
    /// Reads up to the next dot. Rings are only noted.
    fn read_fragment(&mut self) -> Result<(), DecodeError> {
        let mut outer = Vec::new();
        let mut chain = Chain {
            atom: NONE,
            state: Some(0),
            end: u64::MAX,
        };
        while let Some(text) = self.next()? {
            if let Some(state) = chain.state {
                match parse(text).ok_or_else(|| self.bad_symbol(text))? {
                    Symbol::End => chain.state = Some(0).filter(|_| state == 0),
                    Symbol::Branch { order, digits } if state > 1 => {
                        let first = order.min(state - 1);
                        chain.state = Some(state - first);
                        let length = self.number(digits)? + 1;
                        let branch = Chain {
                            atom: chain.atom,
                            state: Some(first),
                            end: self.position + u64::from(length),
                        };
                        outer.push(std::mem::replace(&mut chain, branch));
                    }
                    Symbol::Ring { bonds, digits } if state > 0 => {
                        let order = bonds.0.order().min(state);
                        chain.state = remaining(state, order);
                        let back = self.number(digits)? + 1;
                        self.rings.push(Ring {
                            begin: chain.atom.saturating_sub(back),
                            end: chain.atom,
                            bonds: (bonds.0.with_order(order), bonds.1.with_order(order)),
                        });
                    }
                    Symbol::Branch { .. } | Symbol::Ring { .. } => {}
                    Symbol::Atom { bond, atom } => {
                        let capacity = u32::try_from(atom.capacity(self.constraints))
                            .map_err(|_| self.bad_symbol(text))?;
                        let order = bond.order().min(state).min(capacity);
                        chain.state = remaining(capacity, order);
                        if order > 0 || state == 0 {
                            self.add_atom(
                                atom,
                                bond.with_order(order),
                                chain.atom,
                                capacity - order,
                            );
                            chain.atom = self.atoms.len() as u32 - 1;
                        }
                    }
                }
            }
            while self.position >= chain.end
                && let Some(parent) = outer.pop()
            {
                chain = parent;
            }
        }
        Ok(())
    }

    /// The next symbol of the fragment, without its brackets and without padding.
    fn next(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        while !self.symbols.as_str().starts_with('.') {
            let Some(symbol) = self.symbols.next().transpose()? else {
                break;
            };
            if symbol != PADDING {
                self.position += 1;
                return Ok(Some(&symbol.as_bytes()[1..symbol.len() - 1]));
            }
        }
        Ok(None)
    }

    /// The number that the next symbols stand for; those that are missing count as 0.
    fn number(&mut self, digits: u32) -> Result<u32, DecodeError> {
        let mut number = 0;
        for _ in 0..digits {
            number = number * 16 + self.next()?.map_or(0, index::digit);
        }
        Ok(number)
    }

    /// The symbol that was read last is none.
    fn bad_symbol(&self, text: &[u8]) -> DecodeError {
        let offset = self.text.len() - self.symbols.as_str().len() - text.len() - 2;
        let symbol = format!("[{}]", String::from_utf8_lossy(text));
        DecodeError::new(offset, DecodeErrorKind::BadSymbol(symbol))
    }

    fn add_atom(&mut self, symbol: AtomSymbol, bond: Bond, parent: u32, free: u32) {
        let id = self.atoms.len() as u32;
        if let Some(parent) = self.atoms.get_mut(parent as usize) {
            parent.free -= bond.order();
            parent.last_child = id;
        }
        self.atoms.push(Atom {
            symbol,
            bond,
            parent,
            last_child: NONE,
            free,
            first_end: NONE,
            last_end: NONE,
        });
    }

    /// Makes the ring bonds for which both atoms have room, in the order in which they were asked
    /// for.
    fn close_rings(&mut self) {
        for Ring { begin, end, bonds } in std::mem::take(&mut self.rings) {
            let room = self.atoms[begin as usize]
                .free
                .min(self.atoms[end as usize].free);
            if begin == end || room == 0 {
                continue;
            }
            let order = bonds.0.order().min(room);
            let added = self.strengthen(begin, end, order).unwrap_or_else(|| {
                self.add_end(begin, end, bonds.0.with_order(order));
                self.add_end(end, begin, bonds.1.with_order(order));
                order
            });
            self.atoms[begin as usize].free -= added;
            self.atoms[end as usize].free -= added;
        }
    }

    /// Adds to the order of a bond up to 3 and returns what it gained; `None` if there is no bond.
    fn strengthen(&mut self, begin: u32, end: u32, order: u32) -> Option<u32> {
        let atom = &mut self.atoms[end as usize];
        let raise = |bond: &mut Bond| {
            let old = bond.order();
            *bond = bond.with_order((old + order).min(3));
            bond.order() - old
        };
        if atom.parent == begin {
            return Some(raise(&mut atom.bond));
        }
        let mut at = atom.first_end as usize;
        while self.ends.get(at)?.partner != begin {
            at = self.ends[at].next as usize;
        }
        raise(&mut self.ends[at ^ 1].bond);
        Some(raise(&mut self.ends[at].bond))
    }

    fn add_end(&mut self, atom: u32, partner: u32, bond: Bond) {
        let id = self.ends.len() as u32;
        let atom = &mut self.atoms[atom as usize];
        match self.ends.get_mut(atom.last_end as usize) {
            None => atom.first_end = id,
            Some(last) => last.next = id,
        }
        atom.last_end = id;
        self.ends.push(RingEnd {
            partner,
            bond,
            number: 0,
            next: NONE,
        });
    }

    /// Writes the atoms in their order, which is that of a depth-first walk.
    fn write(mut self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut numbers = 0;
        for (id, atom) in (0u32..).zip(&self.atoms) {
            if let Some(parent) = self.atoms.get(atom.parent as usize) {
                if atom.parent + 1 != id {
                    out.push(')');
                }
                if parent.last_child != id {
                    out.push('(');
                }
                out.push_str(atom.bond.symbol());
            } else if id > 0 {
                out.push('.');
            }
            write_atom(&mut out, &atom.symbol);
            let mut at = atom.first_end as usize;
            while let Some(end) = self.ends.get_mut(at) {
                if end.number == 0 {
                    numbers += 1;
                    end.number = numbers;
                }
                let (number, next) = (end.number, end.next);
                out.push_str(end.bond.symbol());
                write_ring_number(&mut out, number);
                self.ends[at ^ 1].number = number;
                at = next as usize;
            }
        }
        out
    }
}

/// What is left of a number of bonds, `None` for none.
fn remaining(bonds: u32, used: u32) -> Option<u32> {
    Some(bonds - used).filter(|&left| left > 0)
}

fn write_atom(out: &mut String, symbol: &AtomSymbol) {
    let bracket = symbol.hydrogens.is_some();
    if bracket {
        out.push('[');
    }
    symbol.write(out);
    if bracket {
        out.push(']');
    }
}

fn write_ring_number(out: &mut String, number: u32) {
    match number {
        0..10 => push_number(out, number),
        10..100 => {
            out.push('%');
            push_number(out, number);
        }
        _ => {
            out.push_str("%(");
            push_number(out, number);
            out.push(')');
        }
    }
}
