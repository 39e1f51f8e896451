//! What the keys ask of atoms and bonds, one bit for each.

use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, HYDROGEN, IODINE, NITROGEN, OXYGEN, SULFUR,
};
use crate::molecule::{Atom, BondOrder, Molecule};

/// Any atom.
pub(super) const A: u16 = 1 << 0;
pub(super) const C: u16 = 1 << 1;
pub(super) const N: u16 = 1 << 2;
pub(super) const O: u16 = 1 << 3;
pub(super) const S: u16 = 1 << 4;
/// Neither carbon nor hydrogen; a wildcard is one too.
pub(super) const Q: u16 = 1 << 5;
/// A `Q` with hydrogen.
pub(super) const QH: u16 = 1 << 6;
/// Halogens.
pub(super) const X: u16 = 1 << 7;
/// Aliphatic carbon with two hydrogens.
pub(super) const CH2: u16 = 1 << 8;
/// Aliphatic carbon with three hydrogens.
pub(super) const CH3: u16 = 1 << 9;

/// The bonds of one order in chains and, one bit higher, in rings; [`Link::bond`] has one bit.
pub(super) const SINGLE: u16 = 0b11;
pub(super) const DOUBLE: u16 = 0b11 << 2;
pub(super) const TRIPLE: u16 = 0b11 << 4;
pub(super) const AROMATIC: u16 = 0b11 << 6;
const OTHER: u16 = 0b11 << 8;
pub(super) const BOND: u16 = SINGLE | DOUBLE | TRIPLE | AROMATIC | OTHER;
pub(super) const RING: u16 = 0b10_1010_1010;
pub(super) const CHAIN: u16 = BOND ^ RING;

/// A bonded atom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) atom: u32,
    pub(super) bond: u16,
}

/// The classes of all atoms, and their bonds in one array.
pub(super) struct Graph<'m> {
    pub(super) molecule: &'m Molecule,
    classes: Vec<u16>,
    hydrogens: Vec<u8>,
    starts: Vec<u32>,
    links: Vec<Link>,
}

impl<'m> Graph<'m> {
    pub(super) fn new(molecule: &'m Molecule) -> Self {
        let count = molecule.atoms().len();
        let mut graph = Self {
            molecule,
            classes: Vec::with_capacity(count),
            hydrogens: Vec::with_capacity(count),
            starts: Vec::with_capacity(count + 1),
            links: Vec::with_capacity(2 * molecule.bonds().len()),
        };
        for (at, atom) in molecule.atoms().iter().enumerate() {
            graph.starts.push(graph.links.len() as u32);
            let mut hydrogens = atom.total_hydrogens;
            for link in molecule.neighbors(at) {
                let bond = &molecule.bonds()[link.bond as usize];
                let order = match bond.order {
                    BondOrder::Single => SINGLE,
                    BondOrder::Double => DOUBLE,
                    BondOrder::Triple => TRIPLE,
                    BondOrder::Aromatic => AROMATIC,
                    BondOrder::Quadruple | BondOrder::Dative => OTHER,
                };
                graph.links.push(Link {
                    atom: link.atom,
                    bond: order & if bond.in_ring { RING } else { CHAIN },
                });
                let other = &molecule.atoms()[link.atom as usize];
                hydrogens = hydrogens.saturating_add(u8::from(other.atomic_number == HYDROGEN));
            }
            graph.classes.push(class(atom, hydrogens));
            graph.hydrogens.push(hydrogens);
        }
        graph.starts.push(graph.links.len() as u32);
        graph
    }

    pub(super) fn class(&self, atom: u32) -> u16 {
        self.classes[atom as usize]
    }

    /// All hydrogens, atoms of the graph or not.
    pub(super) fn hydrogens(&self, atom: usize) -> u8 {
        self.hydrogens[atom]
    }

    pub(super) fn links(&self, atom: u32) -> &[Link] {
        let at = atom as usize;
        &self.links[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// The bit of the bond between two atoms; 0 if there is none.
    pub(super) fn bond(&self, from: u32, to: u32) -> u16 {
        let link = self.links(from).iter().find(|link| link.atom == to);
        link.map_or(0, |link| link.bond)
    }

    /// The classes that occur.
    pub(super) fn all_classes(&self) -> u16 {
        self.classes.iter().fold(0, |all, class| all | class)
    }
}

fn class(atom: &Atom, hydrogens: u8) -> u16 {
    let mut class = A | match atom.atomic_number {
        HYDROGEN => 0,
        CARBON => C,
        NITROGEN => N | Q,
        OXYGEN => O | Q,
        SULFUR => S | Q,
        FLUORINE | CHLORINE | BROMINE | IODINE => X | Q,
        _ => Q,
    };
    if class & Q != 0 && hydrogens > 0 {
        class |= QH;
    }
    if class & C != 0 && !atom.aromatic {
        class |= match hydrogens {
            2 => CH2,
            3 => CH3,
            _ => 0,
        };
    }
    class
}
