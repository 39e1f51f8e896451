//! The string of one fragment.

use super::bond_orders::BondOrders;
use super::double_bonds::{self, Mark, Marks};
use super::ring_stereo::RingStereo;
use super::tags::Tags;
use super::traversal::{Token, Traversal};
use super::{SmilesStyle, atom};
use crate::molecule::{BondOrder, BondStereo, Molecule};

pub(super) struct Writer<'m> {
    molecule: &'m Molecule,
    style: &'m SmilesStyle,
    orders: &'m BondOrders<'m>,
    tags: Tags<'m>,
    traversal: Traversal<'m>,
    has_metals: bool,
    /// Where there are stereo double bonds to write.
    marks: Option<Marks>,
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
            orders,
            tags: Tags::new(molecule, style, ring_stereo, orders),
            traversal: Traversal::new(molecule, style.order, orders, ranks),
            has_metals: molecule
                .atoms()
                .iter()
                .any(|atom| atom::is_metal(atom.atomic_number)),
            marks: has_bond_stereo.then(|| Marks::new(molecule)),
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
                    let tag = self.tags.of(atom, &self.traversal, written.is_empty());
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
