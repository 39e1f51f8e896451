//! Chirality tags for the order of the neighbours in the string.

use super::bond_orders::BondOrders;
use super::parity;
use super::rank::{Ranker, Scheme};
use super::ring_stereo::RingStereo;
use super::traversal::Traversal;
use super::{AtomMaps, AtomOrder, SmilesStyle};
use crate::coordination::{MISSING, relisted};
use crate::molecule::{BondOrder, Chirality, Molecule};

pub(super) struct Tags<'m> {
    molecule: &'m Molecule,
    isomeric: bool,
    orders: &'m BondOrders<'m>,
    ring_stereo: &'m RingStereo,
    /// Per ring system, whether its dependent centres are written mirrored.
    mirrored: Vec<Option<bool>>,
    /// Equal numbers for atoms that are alike; empty where no ligands have to be compared.
    classes: Vec<u32>,
}

impl<'m> Tags<'m> {
    pub(super) fn new(
        molecule: &'m Molecule,
        style: &SmilesStyle,
        ring_stereo: &'m RingStereo,
        orders: &'m BondOrders<'m>,
    ) -> Self {
        let is_coordination = |tag| {
            matches!(
                tag,
                Chirality::SquarePlanar(_)
                    | Chirality::TrigonalBipyramidal(_)
                    | Chirality::Octahedral(_)
            )
        };
        let compares = style.isomeric
            && style.order == AtomOrder::Canonical
            && molecule
                .atoms()
                .iter()
                .any(|atom| is_coordination(atom.chirality));
        Self {
            molecule,
            isomeric: style.isomeric,
            orders,
            ring_stereo,
            mirrored: vec![None; ring_stereo.system_count()],
            classes: if compares {
                classes(molecule, style, ring_stereo)
            } else {
                Vec::new()
            },
        }
    }

    /// The tag of an atom of the fragment that is being written; atoms must come in the order of
    /// the string.
    pub(super) fn of(&mut self, atom: u32, traversal: &Traversal<'_>, is_first: bool) -> Chirality {
        let tag = self.molecule.atoms()[atom as usize].chirality;
        if !self.isomeric || tag == Chirality::Unspecified {
            return Chirality::Unspecified;
        }
        if !matches!(tag, Chirality::Clockwise | Chirality::CounterClockwise) {
            return self.coordination(tag, atom, traversal, is_first);
        }
        let moved = self.hydrogen_moves(atom, traversal, is_first);
        let swapped = is_reordered(atom, traversal) != moved;
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

    /// Whether the place of a hydrogen, or of a lone pair, in the string is an odd number of places
    /// away from the last one, where [`Chirality`] counts it.
    fn hydrogen_moves(&self, index: u32, traversal: &Traversal<'_>, is_first: bool) -> bool {
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
        traversal.closures(index).len() == 1 && !unsaturated
    }

    /// Missing ligands are written behind the first one, or before all others at the first atom.
    fn coordination(
        &self,
        tag: Chirality,
        atom: u32,
        traversal: &Traversal<'_>,
        is_first: bool,
    ) -> Chirality {
        let ligands = match tag {
            Chirality::SquarePlanar(_) => 4,
            Chirality::TrigonalBipyramidal(_) => 5,
            _ => 6,
        };
        let links = self.molecule.neighbors(atom as usize);
        if links.len() > ligands {
            return tag;
        }
        let mut stored = [MISSING; 6];
        for (place, link) in stored.iter_mut().zip(links) {
            *place = link.bond;
        }
        let missing = ligands - links.len();
        let leading = usize::from(!is_first).min(links.len());
        let mut written = [MISSING; 6];
        for (at, bond) in traversal.written_bonds(atom).enumerate() {
            written[if at < leading { at } else { at + missing }] = bond;
        }
        let (stored, written) = (&stored[..ligands], &written[..ligands]);
        let tag = relisted(tag, stored, written);
        if self.classes.is_empty() {
            tag
        } else {
            self.lowest(tag, atom, written)
        }
    }

    /// The lowest tag that exchanging ligands that are alike leads to. Chelates are left alone:
    /// their ligands are alike only together.
    fn lowest(&self, tag: Chirality, atom: u32, written: &[u32]) -> Chirality {
        let kind = |bond: u32| {
            let bond = self.molecule.bonds().get(bond as usize)?;
            (!bond.in_ring).then(|| self.classes[bond.other(atom) as usize])
        };
        let mut found = vec![tag];
        let mut at = 0;
        while let Some(&from) = found.get(at) {
            at += 1;
            for (i, j) in (0..written.len()).flat_map(|i| (0..i).map(move |j| (i, j))) {
                if kind(written[i]).is_some() && kind(written[i]) == kind(written[j]) {
                    let mut exchanged = [MISSING; 6];
                    let exchanged = &mut exchanged[..written.len()];
                    exchanged.copy_from_slice(written);
                    exchanged.swap(i, j);
                    let tag = relisted(from, written, exchanged);
                    if !found.contains(&tag) {
                        found.push(tag);
                    }
                }
            }
        }
        found.into_iter().min_by_key(permutation).unwrap_or(tag)
    }
}

fn permutation(tag: &Chirality) -> u8 {
    match *tag {
        Chirality::SquarePlanar(number)
        | Chirality::TrigonalBipyramidal(number)
        | Chirality::Octahedral(number) => number,
        _ => 0,
    }
}

fn classes(molecule: &Molecule, style: &SmilesStyle, ring_stereo: &RingStereo) -> Vec<u32> {
    let scheme = Scheme::Output {
        isomeric: style.isomeric,
        maps: style.maps == AtomMaps::Ranked,
    };
    let mut ranker = Ranker::new(molecule, scheme, ring_stereo);
    let everything: Vec<u32> = (0u32..).take(molecule.atoms().len()).collect();
    ranker.partition(&everything);
    ranker.into_classes()
}

fn is_reordered(atom: u32, traversal: &Traversal<'_>) -> bool {
    let mut bonds = [0; 4];
    let mut count = 0;
    for (place, bond) in bonds.iter_mut().zip(traversal.written_bonds(atom)) {
        *place = bond;
        count += 1;
    }
    parity::is_odd(&bonds[..count])
}
