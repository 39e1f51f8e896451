//! The string of one fragment.

use super::bond_orders::BondOrders;
use super::double_bonds::{self, Mark, Marks};
use super::parity;
use super::ring_stereo::RingStereo;
use super::traversal::{Token, Traversal};
use super::{SmilesStyle, atom};
use crate::coordination::{MISSING, relisted};
use crate::molecule::{BondOrder, BondStereo, Chirality, Molecule};

pub(super) struct Writer<'m> {
    molecule: &'m Molecule,
    style: &'m SmilesStyle,
    ring_stereo: &'m RingStereo,
    orders: &'m BondOrders<'m>,
    traversal: Traversal<'m>,
    has_metals: bool,
    /// Where there are stereo double bonds to write.
    marks: Option<Marks>,
    /// Per ring system, whether its dependent centres are written mirrored.
    mirrored: Vec<Option<bool>>,
}

impl<'m> Writer<'m> {
    pub(super) fn new(
        molecule: &'m Molecule,
        style: &'m SmilesStyle,
        ring_stereo: &'m RingStereo,
        ranks: &'m [u32],
        orders: &'m BondOrders<'m>,
    ) -> Self {
        let has_bond_stereo = style.isomeric
            && molecule
                .bonds()
                .iter()
                .any(|bond| matches!(bond.stereo, BondStereo::Z | BondStereo::E));
        Self {
            molecule,
            style,
            ring_stereo,
            orders,
            traversal: Traversal::new(molecule, style.order, orders, ranks),
            has_metals: molecule
                .atoms()
                .iter()
                .any(|atom| atom::is_metal(atom.atomic_number)),
            marks: has_bond_stereo.then(|| Marks::new(molecule)),
            mirrored: vec![None; ring_stereo.system_count()],
        }
    }

    /// The string of a fragment and its atoms in the order of the string.
    pub(super) fn write(&mut self, atoms: &[u32]) -> (String, Vec<u32>) {
        self.traversal.walk(atoms);
        if let Some(marks) = &mut self.marks {
            double_bonds::mark(marks, self.molecule, self.orders, &self.traversal);
        }
        let mut text = String::with_capacity(3 * atoms.len());
        let mut written = Vec::with_capacity(atoms.len());
        for at in 0..self.traversal.tokens().len() {
            match self.traversal.tokens()[at] {
                Token::Atom(atom) => {
                    let tag = self.tag(atom, written.is_empty());
                    atom::push(
                        self.molecule,
                        self.style,
                        self.has_metals,
                        atom,
                        tag,
                        &mut text,
                    );
                    written.push(atom);
                }
                Token::Bond { bond, from } => self.push_bond(bond, from, &mut text),
                Token::Ring(number) => push_ring_number(number, &mut text),
                Token::Open => text.push('('),
                Token::Close => text.push(')'),
            }
        }
        (text, written)
    }

    /// The chirality tag for the order of the neighbours in the string.
    fn tag(&mut self, atom: u32, is_first: bool) -> Chirality {
        let tag = self.molecule.atoms()[atom as usize].chirality;
        if !self.style.isomeric || tag == Chirality::Unspecified {
            return Chirality::Unspecified;
        }
        if !matches!(tag, Chirality::Clockwise | Chirality::CounterClockwise) {
            return self.relisted(tag, atom, is_first);
        }
        let swapped = self.is_reordered(atom) != self.hydrogen_moves(atom, is_first);
        let clockwise = (tag == Chirality::Clockwise) != swapped;
        let clockwise = match self.ring_stereo.system(atom) {
            // Only the relation of dependent centres means something: the first one is `@`.
            Some(system) => clockwise != *self.mirrored[system as usize].get_or_insert(clockwise),
            None => clockwise,
        };
        if clockwise {
            Chirality::Clockwise
        } else {
            Chirality::CounterClockwise
        }
    }

    /// The tag of a coordination centre; missing ligands are written behind the first one, or before
    /// all others at the first atom.
    fn relisted(&self, tag: Chirality, atom: u32, is_first: bool) -> Chirality {
        let ligands = match tag {
            Chirality::SquarePlanar(_) => 4,
            Chirality::TrigonalBipyramidal(_) => 5,
            _ => 6,
        };
        let links = self.molecule.neighbors(atom as usize);
        if links.len() > ligands {
            return tag;
        }
        let mut from = [MISSING; 6];
        for (place, link) in from.iter_mut().zip(links) {
            *place = link.bond;
        }
        let missing = ligands - links.len();
        let leading = usize::from(!is_first).min(links.len());
        let mut to = [MISSING; 6];
        for (at, bond) in self.traversal.written_bonds(atom).enumerate() {
            to[if at < leading { at } else { at + missing }] = bond;
        }
        relisted(tag, &from[..ligands], &to[..ligands])
    }

    fn is_reordered(&self, atom: u32) -> bool {
        let mut bonds = [0; 4];
        let mut count = 0;
        for (place, bond) in bonds.iter_mut().zip(self.traversal.written_bonds(atom)) {
            *place = bond;
            count += 1;
        }
        parity::is_odd(&bonds[..count])
    }

    /// Whether the place of a hydrogen, or of a lone pair, in the string is an odd number of places
    /// away from the last one, where [`Chirality`] counts it.
    fn hydrogen_moves(&self, index: u32, is_first: bool) -> bool {
        let atom = &self.molecule.atoms()[index as usize];
        let links = self.molecule.neighbors(index as usize);
        if links.len() != 3 {
            return false;
        }
        if atom.total_hydrogens == 1 {
            return is_first;
        }
        let unsaturated = links.iter().any(|link| {
            !matches!(
                self.orders.of(link.bond),
                BondOrder::Single | BondOrder::Dative
            )
        });
        self.traversal.closures(index).len() == 1 && !unsaturated
    }

    fn push_bond(&self, index: u32, from: u32, text: &mut String) {
        let bond = &self.molecule.bonds()[index as usize];
        let atoms = [bond.begin, bond.end].map(|end| &self.molecule.atoms()[end as usize]);
        let lower_case = !self.style.kekule
            && atoms.iter().all(|atom| atom.aromatic)
            && atoms.iter().any(|atom| atom.atomic_number != 0);
        let mark = self
            .marks
            .as_ref()
            .map_or(Mark::None, |marks| marks.of(index));
        text.push_str(match (self.orders.of(index), mark) {
            (BondOrder::Single | BondOrder::Aromatic, Mark::Up) => "/",
            (BondOrder::Single | BondOrder::Aromatic, Mark::Down) => "\\",
            (BondOrder::Single, Mark::None) if lower_case => "-",
            (BondOrder::Aromatic, Mark::None) if !lower_case => ":",
            (BondOrder::Single | BondOrder::Aromatic, Mark::None) => "",
            (BondOrder::Double, _) => "=",
            (BondOrder::Triple, _) => "#",
            (BondOrder::Quadruple, _) => "$",
            (BondOrder::Dative, _) if bond.begin == from => "->",
            (BondOrder::Dative, _) => "<-",
        });
    }
}

fn push_ring_number(number: u32, text: &mut String) {
    match number {
        0..10 => atom::push_number(number, text),
        10..100 => {
            text.push('%');
            atom::push_number(number, text);
        }
        _ => {
            text.push_str("%(");
            atom::push_number(number, text);
            text.push(')');
        }
    }
}
