//! The graph of a SMILES in reading order, which is also the order of its SELFIES.

use super::NONE;
use super::atom::AtomSymbol;
use super::bond::Bond;

/// Atoms and ring digits in reading order.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) atoms: Vec<Atom>,
    pub(super) digits: Vec<Digit>,
    /// Bonds that wait to become single or double, in the order in which they came about.
    pub(super) aromatic: Vec<AromaticBond>,
}

pub(super) struct Atom {
    pub(super) symbol: AtomSymbol,
    pub(super) aromatic: bool,
    /// The bond from `parent`.
    pub(super) bond: Bond,
    /// The atom before, `NONE` for the first of a fragment.
    pub(super) parent: u32,
    /// Byte offset into the SMILES.
    pub(super) offset: u32,
    /// Twice the sum of the bond orders.
    pub(super) half_orders: u32,
    pub(super) aromatic_bonds: u32,
    /// The atom that continues the chain: the last one attached, `NONE` if a ring digit stands
    /// behind it.
    pub(super) next: u32,
    pub(super) children: u32,
    digits: u32,
    last_digit: u32,
}

/// One end of a ring bond.
pub(super) struct Digit {
    pub(super) atom: u32,
    /// The atom at the other end.
    pub(super) partner: u32,
    /// The digit at the other end.
    pub(super) mate: u32,
    /// The bond, with the mark of this end.
    pub(super) bond: Bond,
    /// The last atom that is written before the digit.
    pub(super) after: u32,
    /// How many atoms hang on `atom` before the digit.
    pub(super) children: u32,
    /// The digit of `atom` before this one, or `NONE`.
    previous: u32,
}

/// A bond of order one and a half.
#[derive(Clone, Copy)]
pub(super) struct AromaticBond {
    pub(super) begin: u32,
    pub(super) end: u32,
    /// The digit at `begin` of a ring bond; `NONE` for the bond from the parent of `end`.
    pub(super) digit: u32,
}

impl Atom {
    pub(super) fn new(symbol: AtomSymbol, aromatic: bool, offset: u32) -> Self {
        Self {
            symbol,
            aromatic,
            bond: Bond::Single,
            parent: NONE,
            offset,
            half_orders: 0,
            aromatic_bonds: 0,
            next: NONE,
            children: 0,
            digits: 0,
            last_digit: NONE,
        }
    }

    pub(super) fn add_bond(&mut self, bond: Bond) {
        self.half_orders += bond.half_orders();
        self.aromatic_bonds += u32::from(bond == Bond::Aromatic);
    }
}

impl Graph {
    /// Adds a ring digit to an atom, without a partner yet.
    pub(super) fn add_digit(&mut self, atom: u32) -> u32 {
        let id = self.digits.len() as u32;
        let after = self.atoms.len() as u32 - 1;
        let owner = &mut self.atoms[atom as usize];
        self.digits.push(Digit {
            atom,
            partner: NONE,
            mate: NONE,
            bond: Bond::Single,
            after,
            children: owner.children,
            previous: owner.last_digit,
        });
        owner.digits += 1;
        owner.last_digit = id;
        owner.next = NONE;
        id
    }

    /// Makes a ring bond of two digits.
    pub(super) fn join(&mut self, open: u32, close: u32, bonds: (Bond, Bond)) {
        let (begin, end) = (
            self.digits[open as usize].atom,
            self.digits[close as usize].atom,
        );
        for (id, mate, partner, bond) in
            [(open, close, end, bonds.0), (close, open, begin, bonds.1)]
        {
            let digit = &mut self.digits[id as usize];
            (digit.mate, digit.partner, digit.bond) = (mate, partner, bond);
            self.atoms[digit.atom as usize].add_bond(bond);
        }
        if bonds.0 == Bond::Aromatic {
            self.aromatic.push(AromaticBond {
                begin,
                end,
                digit: open,
            });
        }
    }

    pub(super) fn is_bonded(&self, a: u32, b: u32) -> bool {
        let digits = |atom: u32| self.atoms[atom as usize].digits;
        let (few, many) = if digits(a) < digits(b) {
            (a, b)
        } else {
            (b, a)
        };
        self.atoms[a.max(b) as usize].parent == a.min(b)
            || self.digits_of(few).any(|digit| digit.partner == many)
    }

    /// The digits of an atom, the last one first.
    pub(super) fn digits_of(&self, atom: u32) -> impl Iterator<Item = &Digit> {
        let last = self
            .digits
            .get(self.atoms[atom as usize].last_digit as usize);
        std::iter::successors(last, |digit| self.digits.get(digit.previous as usize))
    }

    /// Gives an aromatic bond its order, 1 or 2.
    pub(super) fn settle(&mut self, waiting: AromaticBond, order: u32) {
        let bond = Bond::Single.with_order(order);
        match self
            .digits
            .get(waiting.digit as usize)
            .map(|digit| digit.mate)
        {
            None => self.atoms[waiting.end as usize].bond = bond,
            Some(mate) => {
                self.digits[waiting.digit as usize].bond = bond;
                self.digits[mate as usize].bond = bond;
            }
        }
        for end in [waiting.begin, waiting.end] {
            let atom = &mut self.atoms[end as usize];
            atom.half_orders = atom.half_orders + bond.half_orders() - Bond::Aromatic.half_orders();
        }
    }
}
