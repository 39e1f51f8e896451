//! What tells two atoms apart: facts of the atom itself, and the classes of its neighbours.

use super::parity;
use super::rank::Scheme;
use super::ring_stereo::RingStereo;
use crate::molecule::{Bond, BondOrder, BondStereo, Chirality, Molecule};

/// By what a class is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Chirality as far as the neighbours are ranked, and the neighbours themselves.
    Neighbors,
    /// The chirality of neighbours as seen from here, where theirs depends on this atom.
    DependentChirality,
    /// The shells of atoms around ring atoms.
    Shells,
}

/// A bond as seen from one end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) atom: u32,
    /// Type and stereo of the bond, above the bits of a class.
    code: u32,
}

pub(super) struct Comparison<'m> {
    pub(super) molecule: &'m Molecule,
    pub(super) scheme: Scheme,
    /// The class of every atom.
    pub(super) class: Vec<u32>,
    /// Set before [`Rule::Shells`] is used.
    pub(super) shells: Vec<u32>,
    ring_stereo: &'m RingStereo,
    links: Vec<Link>,
    chiral: bool,
}

impl Link {
    /// A number for the bond such that sums of different bonds differ.
    pub(super) fn weight(&self) -> u64 {
        (u64::from(self.code >> CLASS_BITS) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Bits of a key that hold a class.
const CLASS_BITS: u32 = 27;

impl<'m> Comparison<'m> {
    pub(super) fn new(molecule: &'m Molecule, scheme: Scheme, ring_stereo: &'m RingStereo) -> Self {
        let count = molecule.atoms().len();
        let mut links = Vec::with_capacity(2 * molecule.bonds().len());
        for atom in 0..count {
            links.extend(molecule.neighbors(atom).iter().map(|link| Link {
                atom: link.atom,
                code: scheme.bond_code(&molecule.bonds()[link.bond as usize]),
            }));
        }
        let chiral = scheme.uses_stereo()
            && molecule
                .atoms()
                .iter()
                .any(|atom| atom.chirality != Chirality::Unspecified);
        Self {
            molecule,
            scheme,
            class: vec![0; count],
            shells: Vec::new(),
            ring_stereo,
            links,
            chiral,
        }
    }

    pub(super) fn links(&self, atom: u32) -> &[Link] {
        &self.links[self.molecule.row(atom as usize)]
    }

    /// What an atom is whatever the classes are, the facts that count more in higher bits. Of
    /// more than twelve bonds, the last in their order are left to the keys.
    pub(super) fn invariant(&self, index: u32) -> u128 {
        let atom = &self.molecule.atoms()[index as usize];
        let links = self.links(index);
        let (maps, isotopes, charge, tagged) = match self.scheme {
            Scheme::Output { isomeric, maps } => {
                let tagged = self.is_tagged(index);
                // As an unsigned number, so that negative charges come last.
                let charge = atom.charge as u8;
                (maps || atom.atomic_number == 0, isomeric, charge, tagged)
            }
            Scheme::Priority { maps } => (maps, true, 0, false),
        };
        let ring_stereo = self.ring_stereo_neighbors(index).count();
        let fields = [
            (if maps { atom.map.unwrap_or(0) } else { 0 }, 16),
            (links.len().min(0xff) as u16, 8),
            (u16::from(atom.atomic_number), 7),
            (
                if isotopes {
                    atom.isotope.unwrap_or(0)
                } else {
                    0
                },
                16,
            ),
            (u16::from(atom.total_hydrogens), 8),
            (u16::from(charge), 8),
            (u16::from(tagged), 1),
            (ring_stereo.min(0xf) as u16, 4),
        ];
        let facts = fields.iter().fold(0, |packed, &(field, bits)| {
            packed << bits | u128::from(field)
        });
        let mut codes = [0; 12];
        for (code, link) in codes.iter_mut().zip(links) {
            *code = link.code;
        }
        sort_descending(&mut codes);
        codes.iter().fold(facts, |packed, code| {
            packed << 5 | u128::from(code >> CLASS_BITS)
        })
    }

    /// Appends what atoms of one class are compared by; keys of one class are equally long.
    pub(super) fn push_key(&self, rule: Rule, atom: u32, key: &mut Vec<u32>) {
        match rule {
            Rule::Neighbors => {
                if self.chiral {
                    key.push(self.chirality_rank(atom));
                    key.push(self.ring_stereo_code(atom));
                }
                self.push_neighbors(atom, key);
            }
            Rule::DependentChirality => {
                self.push_neighbors(atom, key);
                self.push_seen_chirality(atom, key);
            }
            Rule::Shells => {
                key.push(self.shells[atom as usize]);
                self.push_neighbors(atom, key);
            }
        }
    }

    fn push_neighbors(&self, atom: u32, key: &mut Vec<u32>) {
        let from = key.len();
        let links = self.links(atom).iter();
        key.extend(links.map(|link| link.code | self.class[link.atom as usize]));
        sort_descending(&mut key[from..]);
    }

    /// 1 or 2 where the neighbours are all ranked differently and so order the chirality tag.
    pub(super) fn chirality_rank(&self, atom: u32) -> u32 {
        let clockwise = match self.molecule.atoms()[atom as usize].chirality {
            Chirality::Clockwise => true,
            Chirality::CounterClockwise => false,
            _ => return 0,
        };
        let mut classes = [0; 4];
        let links = self.links(atom);
        let Some(classes) = classes.get_mut(..links.len()) else {
            return 0;
        };
        for (class, link) in classes.iter_mut().zip(links) {
            *class = self.class[link.atom as usize];
        }
        if has_repeats(classes) {
            return 0;
        }
        1 + u32::from(clockwise != parity::is_odd(classes))
    }

    pub(super) fn is_tagged(&self, atom: u32) -> bool {
        self.chiral && self.molecule.atoms()[atom as usize].chirality != Chirality::Unspecified
    }

    fn ring_stereo_neighbors(&self, atom: u32) -> impl Iterator<Item = u32> {
        let links = if self.ring_stereo.is_empty() {
            &[]
        } else {
            self.links(atom)
        };
        links
            .iter()
            .map(|link| link.atom)
            .filter(|&neighbor| self.ring_stereo.contains(neighbor))
    }

    fn ring_stereo_code(&self, atom: u32) -> u32 {
        self.ring_stereo_neighbors(atom).fold(0, |code, neighbor| {
            code.wrapping_add(self.class[neighbor as usize].wrapping_mul(10_000))
                .wrapping_add(1)
        })
    }

    /// Whether [`Rule::DependentChirality`] can tell any of these atoms apart.
    pub(super) fn uses_dependent_chirality(&self, atoms: &[u32]) -> bool {
        self.scheme.is_output() && atoms.iter().any(|&atom| self.is_tagged(atom))
    }

    fn push_seen_chirality(&self, atom: u32, key: &mut Vec<u32>) {
        let from = key.len();
        let in_ring = self.molecule.atoms()[atom as usize].in_ring;
        for link in self.links(atom) {
            let seen = if in_ring {
                self.seen_chirality(atom, link.atom)
            } else {
                0
            };
            key.push(self.class[link.atom as usize] << 2 | seen);
        }
        key[from..].sort_unstable();
        key[from..].iter_mut().for_each(|entry| *entry &= 3);
    }

    /// The tag of `center` with the other neighbours in the order of their classes, seen from
    /// `atom`; 0 if these classes are not all different.
    fn seen_chirality(&self, atom: u32, center: u32) -> u32 {
        let clockwise = match self.molecule.atoms()[center as usize].chirality {
            Chirality::Clockwise => true,
            Chirality::CounterClockwise => false,
            _ => return 0,
        };
        let links = self.links(center);
        let mut seen = [0; 4];
        let Some(seen) = seen.get_mut(..links.len()) else {
            return 0;
        };
        // Inverted, so that ascending keys are descending entries; the atom itself comes first.
        for (entry, link) in seen.iter_mut().zip(links) {
            *entry = if link.atom == atom {
                0
            } else {
                !(link.code | self.class[link.atom as usize])
            };
        }
        let class_of = |entry: &u32| !entry & ((1 << CLASS_BITS) - 1);
        let mut others = [u32::MAX; 4];
        let mut count = 0;
        for entry in seen.iter().filter(|&&entry| entry != 0) {
            others[count] = class_of(entry);
            count += 1;
        }
        if has_repeats(&others[..count]) {
            return 0;
        }
        1 + u32::from(clockwise == parity::is_odd(seen))
    }
}

impl Scheme {
    pub(super) fn is_output(self) -> bool {
        matches!(self, Self::Output { .. })
    }

    fn uses_stereo(self) -> bool {
        !matches!(
            self,
            Self::Output {
                isomeric: false,
                ..
            }
        )
    }

    fn bond_code(self, bond: &Bond) -> u32 {
        let kind = match (bond.order, self) {
            (BondOrder::Single, _) | (BondOrder::Dative, Self::Priority { .. }) => 1,
            (BondOrder::Double, _) => 2,
            (BondOrder::Triple, _) => 3,
            (BondOrder::Quadruple, _) => 4,
            (BondOrder::Aromatic, _) => 5,
            (BondOrder::Dative, _) => 6,
        };
        let stereo = match bond.stereo {
            BondStereo::Z if self.uses_stereo() => 1,
            BondStereo::E if self.uses_stereo() => 2,
            _ => 0,
        };
        (kind << 2 | stereo) << CLASS_BITS
    }
}

/// Insertion sort: the lists are short.
fn sort_descending(entries: &mut [u32]) {
    for end in 1..entries.len() {
        let mut at = end;
        while at > 0 && entries[at - 1] < entries[at] {
            entries.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn has_repeats(numbers: &[u32]) -> bool {
    numbers
        .iter()
        .enumerate()
        .any(|(at, number)| numbers[..at].contains(number))
}
