//! The depth-first walk along which a fragment is written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::AtomOrder;
use super::bond_orders::BondOrders;
use crate::molecule::{BondOrder, Molecule, Neighbor};

/// No bond: the first atom of a fragment was not reached by one.
pub(super) const NONE: u32 = u32::MAX;

/// A piece of the string.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token {
    Atom(u32),
    /// A bond, as it is written behind the atom `from`.
    Bond {
        bond: u32,
        from: u32,
    },
    /// Either end of a ring bond; the bond itself stands before the second one.
    Ring(u32),
    Open,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    /// On the path from the first atom to the current one.
    Open,
    Done,
}

pub(super) struct Traversal<'m> {
    molecule: &'m Molecule,
    order: AtomOrder,
    orders: &'m BondOrders<'m>,
    ranks: &'m [u32],
    visit: Vec<Visit>,
    /// Per atom, in its row: the bonds to go along; once it is done, those to its children.
    onward: Vec<Neighbor>,
    children: Vec<u32>,
    /// Per atom, in its row: the ring bonds that are written at it.
    closures: Vec<u32>,
    closure_count: Vec<u32>,
    /// The number of a ring bond while it is open.
    ring_number: Vec<u32>,
    /// The bond by which an atom was reached.
    in_bond: Vec<u32>,
    /// The place of every atom among the written atoms of its fragment.
    place: Vec<u32>,
    is_closure: Vec<bool>,
    tokens: Vec<Token>,
    keys: Vec<(u64, Neighbor)>,
}

impl<'m> Traversal<'m> {
    pub(super) fn new(
        molecule: &'m Molecule,
        order: AtomOrder,
        orders: &'m BondOrders<'m>,
        ranks: &'m [u32],
    ) -> Self {
        let (atoms, bonds) = (molecule.atoms().len(), molecule.bonds().len());
        let nowhere = Neighbor {
            atom: NONE,
            bond: NONE,
        };
        Self {
            molecule,
            order,
            orders,
            ranks,
            visit: vec![Visit::Not; atoms],
            onward: vec![nowhere; 2 * bonds],
            children: vec![0; atoms],
            closures: vec![NONE; 2 * bonds],
            closure_count: vec![0; atoms],
            ring_number: vec![0; bonds],
            in_bond: vec![NONE; atoms],
            place: vec![0; atoms],
            is_closure: vec![false; bonds],
            tokens: Vec::with_capacity(2 * atoms),
            keys: Vec::new(),
        }
    }

    /// Walks a fragment from its atom of lowest rank.
    pub(super) fn walk(&mut self, atoms: &[u32]) {
        let rank = |&atom: &u32| self.ranks[atom as usize];
        let Some(&start) = atoms.iter().min_by_key(|&atom| rank(atom)) else {
            return;
        };
        self.find_tree(start);
        self.list_tokens(start);
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The place of an atom among the written atoms of the fragment.
    pub(super) fn place(&self, atom: u32) -> u32 {
        self.place[atom as usize]
    }

    /// Whether a bond is written at two ring-bond numbers.
    pub(super) fn is_closure(&self, bond: u32) -> bool {
        self.is_closure[bond as usize]
    }

    /// The ring bonds of an atom, in the order of their numbers behind it.
    pub(super) fn closures(&self, atom: u32) -> &[u32] {
        let start = self.molecule.row(atom as usize).start;
        &self.closures[start..start + self.closure_count[atom as usize] as usize]
    }

    /// The bonds of an atom in the order of the string: to the atom before it, ring bonds,
    /// branches.
    pub(super) fn written_bonds(&self, atom: u32) -> impl Iterator<Item = u32> {
        let before = Some(self.in_bond[atom as usize]).filter(|&bond| bond != NONE);
        let after = self.children(atom).iter().map(|link| link.bond);
        before
            .into_iter()
            .chain(self.closures(atom).iter().copied())
            .chain(after)
    }

    fn children(&self, atom: u32) -> &[Neighbor] {
        let start = self.molecule.row(atom as usize).start;
        &self.onward[start..start + self.children[atom as usize] as usize]
    }

    /// Which bonds lead on, and which close rings.
    fn find_tree(&mut self, start: u32) {
        // The current path: an atom, the bonds of its row still to look at, and their end.
        let mut path = Vec::new();
        path.push(self.enter(start, NONE));
        while let Some((atom, next, end)) = path.last_mut() {
            if *next == *end {
                self.visit[*atom as usize] = Visit::Done;
                path.pop();
                continue;
            }
            let (atom, link) = (*atom, self.onward[*next]);
            *next += 1;
            match self.visit[link.atom as usize] {
                Visit::Not => {
                    let row = self.molecule.row(atom as usize);
                    let child = &mut self.children[atom as usize];
                    self.onward[row.start + *child as usize] = link;
                    *child += 1;
                    let entered = self.enter(link.atom, link.bond);
                    path.push(entered);
                }
                Visit::Open => {
                    self.is_closure[link.bond as usize] = true;
                    self.add_closure(link.atom, link.bond);
                    self.add_closure(atom, link.bond);
                }
                Visit::Done => {}
            }
        }
    }

    /// Sorts the bonds of an atom in the order in which they are gone along, and returns their
    /// place in `onward`.
    fn enter(&mut self, atom: u32, in_bond: u32) -> (u32, usize, usize) {
        self.visit[atom as usize] = Visit::Open;
        self.in_bond[atom as usize] = in_bond;
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        let links = self.molecule.neighbors(atom as usize).iter();
        keys.extend(
            links
                .filter(|link| link.bond != in_bond)
                .map(|&link| (self.key(link), link)),
        );
        keys.sort_unstable_by_key(|&(key, _)| key);
        let start = self.molecule.row(atom as usize).start;
        for (place, &(_, link)) in self.onward[start..].iter_mut().zip(&keys) {
            *place = link;
        }
        let end = start + keys.len();
        self.keys = keys;
        (atom, start, end)
    }

    /// Ring closures first, then out of the ring, then along it by the highest bond order. A random
    /// walk knows none of this.
    fn key(&self, link: Neighbor) -> u64 {
        let rank = u64::from(self.ranks[link.atom as usize]);
        if matches!(self.order, AtomOrder::Random { .. }) {
            return rank;
        }
        let bond = &self.molecule.bonds()[link.bond as usize];
        let group = if self.visit[link.atom as usize] == Visit::Open {
            0
        } else if bond.in_ring {
            2
        } else {
            return 1 << 40 | rank;
        };
        let order = match self.orders.of(link.bond) {
            BondOrder::Dative => 0,
            BondOrder::Aromatic => 1,
            BondOrder::Quadruple => 2,
            BondOrder::Triple => 3,
            BondOrder::Double => 4,
            BondOrder::Single => 5,
        };
        group << 40 | order << 32 | rank
    }

    fn add_closure(&mut self, atom: u32, bond: u32) {
        let count = &mut self.closure_count[atom as usize];
        self.closures[self.molecule.row(atom as usize).start + *count as usize] = bond;
        *count += 1;
    }

    fn list_tokens(&mut self, start: u32) {
        self.tokens.clear();
        let mut numbers = RingNumbers::default();
        let mut written = 0;
        let mut path = Vec::new();
        self.list_atom(start, &mut written, &mut numbers);
        path.push((start, 0));
        while let Some((atom, next)) = path.last_mut() {
            let children = self.children(*atom);
            let last = children.len().wrapping_sub(1);
            // A branch that is not the last one has come to its end.
            let closes = *next > 0 && *next <= last;
            let (atom, link) = (*atom, children.get(*next).copied());
            let opens = *next < last;
            *next += 1;
            if closes {
                self.tokens.push(Token::Close);
            }
            let Some(link) = link else {
                path.pop();
                continue;
            };
            if opens {
                self.tokens.push(Token::Open);
            }
            self.tokens.push(Token::Bond {
                bond: link.bond,
                from: atom,
            });
            self.list_atom(link.atom, &mut written, &mut numbers);
            path.push((link.atom, 0));
        }
    }

    fn list_atom(&mut self, atom: u32, written: &mut u32, numbers: &mut RingNumbers) {
        self.place[atom as usize] = *written;
        *written += 1;
        self.tokens.push(Token::Atom(atom));
        let start = self.molecule.row(atom as usize).start;
        let rings = start..start + self.closure_count[atom as usize] as usize;
        for at in rings.clone() {
            let bond = self.closures[at];
            let number = &mut self.ring_number[bond as usize];
            if *number == 0 {
                *number = numbers.open();
            } else {
                self.tokens.push(Token::Bond { bond, from: atom });
                // A number is free again behind the atom, not behind the digit: the same digit
                // twice at one atom is hard to read.
                numbers.close(*number);
            }
            self.tokens.push(Token::Ring(*number));
        }
        numbers.release();
    }
}

/// Ring-bond numbers, the lowest free one first.
#[derive(Default)]
struct RingNumbers {
    highest: u32,
    free: BinaryHeap<Reverse<u32>>,
    closed: Vec<u32>,
}

impl RingNumbers {
    fn open(&mut self) -> u32 {
        if let Some(Reverse(number)) = self.free.pop() {
            return number;
        }
        self.highest += 1;
        self.highest
    }

    fn close(&mut self, number: u32) {
        self.closed.push(number);
    }

    fn release(&mut self) {
        self.free.extend(self.closed.drain(..).map(Reverse));
    }
}
