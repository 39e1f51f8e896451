//! The connection table: what both versions of the format say, before geometry is read as stereo.

use super::error::{MolfileError, MolfileErrorKind, QueryFeature};
use crate::element::{self, HYDROGEN, WILDCARD};
use crate::graph::{Direction, RawAtom, RawBond, RawGraph};
use crate::molecule::{BondOrder, Neighbor, Topology};
use crate::smiles::MAX_CHARGE;

/// How a bond is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    #[default]
    Plain,
    /// From its first atom towards the viewer.
    Wedge,
    /// From its first atom away from the viewer.
    Hash,
    /// Either of both.
    Wavy,
    /// A double bond of unknown geometry.
    Crossed,
}

/// Atoms, bonds and everything that is written about them.
#[derive(Debug, Default)]
pub(super) struct Ctab {
    pub(super) graph: RawGraph,
    /// Angstrom, by atom.
    pub(super) coordinates: Vec<[f64; 3]>,
    /// By bond.
    pub(super) marks: Vec<Mark>,
    /// Total valences as V2000 writes them, by atom: 0 where none is given, 15 for none at all.
    pub(super) valences: Vec<u8>,
    /// The line of every atom.
    pub(super) atom_lines: Vec<usize>,
    /// The line of every bond.
    pub(super) bond_lines: Vec<usize>,
    /// Bonds of type 8: queries, unless a data group makes them dative.
    pub(super) undecided: Vec<u32>,
}

impl Ctab {
    pub(super) fn reserve(&mut self, atoms: usize, bonds: usize) {
        self.graph.atoms.reserve_exact(atoms);
        self.coordinates.reserve_exact(atoms);
        self.valences.reserve_exact(atoms);
        self.atom_lines.reserve_exact(atoms);
        self.graph.bonds.reserve_exact(bonds);
        self.marks.reserve_exact(bonds);
        self.bond_lines.reserve_exact(bonds);
    }

    pub(super) fn push_atom(&mut self, atom: RawAtom, at: [f64; 3], valence: u8, line: usize) {
        self.graph.atoms.push(atom);
        self.coordinates.push(at);
        self.valences.push(valence);
        self.atom_lines.push(line);
    }

    /// A bond between two atoms by index.
    pub(super) fn push_bond(
        &mut self,
        [begin, end]: [u32; 2],
        code: i32,
        mark: Mark,
        line: usize,
    ) -> Result<(), MolfileErrorKind> {
        if begin == end {
            return Err(MolfileErrorKind::SelfBond);
        }
        let order = match code {
            1 => BondOrder::Single,
            2 => BondOrder::Double,
            3 => BondOrder::Triple,
            4 => BondOrder::Aromatic,
            9 => BondOrder::Dative,
            5..=7 => return Err(MolfileErrorKind::Query(QueryFeature::BondType)),
            8 => {
                self.undecided.push(self.graph.bonds.len() as u32);
                BondOrder::Dative
            }
            0 => return Err(MolfileErrorKind::Unsupported("bonds of order zero")),
            10 => return Err(MolfileErrorKind::Unsupported("hydrogen bonds")),
            _ => return Err(MolfileErrorKind::Bond(code.to_string())),
        };
        self.graph.bonds.push(RawBond {
            begin,
            end,
            order,
            direction: Direction::None,
        });
        self.marks.push(mark);
        self.bond_lines.push(line);
        Ok(())
    }

    /// An atom by its number in the file, counted from 1.
    pub(super) fn atom(&mut self, number: i32) -> Result<&mut RawAtom, MolfileErrorKind> {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.graph.atoms.get_mut(number.checked_sub(1)?))
            .ok_or_else(|| MolfileErrorKind::NoSuchAtom(number.to_string()))
    }

    /// Which atoms have a bond that is written as aromatic.
    pub(super) fn aromatic_atoms(&self) -> Vec<bool> {
        let mut aromatic = vec![false; self.graph.atoms.len()];
        for bond in &self.graph.bonds {
            if bond.order == BondOrder::Aromatic {
                aromatic[bond.begin as usize] = true;
                aromatic[bond.end as usize] = true;
            }
        }
        aromatic
    }

    /// Turns total valences into hydrogens.
    pub(super) fn fill_valences(&mut self) {
        if self.valences.iter().all(|&valence| valence == 0) {
            return;
        }
        let drawn = self.drawn_valences();
        for (index, atom) in self.graph.atoms.iter_mut().enumerate() {
            let total = match self.valences[index] {
                0 => continue,
                15 => 0,
                valence => u32::from(valence),
            };
            atom.no_implicit = true;
            atom.explicit_hydrogens = total.saturating_sub(drawn[index]) as u8;
        }
    }

    /// What the drawn bonds add to the valence of each atom.
    pub(super) fn drawn_valences(&self) -> Vec<u32> {
        let mut halves = vec![0; self.graph.atoms.len()];
        for bond in &self.graph.bonds {
            let order = match bond.order {
                BondOrder::Single => 2,
                BondOrder::Double => 4,
                BondOrder::Triple => 6,
                BondOrder::Quadruple => 8,
                BondOrder::Aromatic => 3,
                BondOrder::Dative => {
                    halves[bond.end as usize] += 2;
                    continue;
                }
            };
            halves[bond.begin as usize] += order;
            halves[bond.end as usize] += order;
        }
        halves.iter().map(|half| half / 2).collect()
    }

    /// Whether a bond is drawn in a way that only a flat drawing has.
    pub(super) fn has_flat_marks(&self) -> bool {
        self.marks
            .iter()
            .any(|mark| matches!(mark, Mark::Wedge | Mark::Hash | Mark::Crossed))
    }

    pub(super) fn topology(&self) -> Topology {
        let ends = self.graph.bonds.iter().map(|bond| (bond.begin, bond.end));
        Topology::new(self.graph.atoms.len(), ends)
    }

    /// Refuses second bonds between the same atoms, and bonds of type 8 that stayed queries.
    pub(super) fn check_bonds(&self, topology: &Topology) -> Result<(), MolfileError> {
        let at = |bond: u32, kind| Err(MolfileError::new(self.bond_lines[bond as usize], kind));
        if let Some(&bond) = self.undecided.first() {
            return at(bond, MolfileErrorKind::Query(QueryFeature::BondType));
        }
        match (0..topology.atom_count()).find_map(|atom| duplicate(topology.neighbors(atom))) {
            Some(bond) => at(bond, MolfileErrorKind::DuplicateBond),
            None => Ok(()),
        }
    }
}

/// The later of two bonds to the same neighbour.
fn duplicate(links: &[Neighbor]) -> Option<u32> {
    if links.len() > 8 {
        let mut sorted: Vec<(u32, u32)> = links.iter().map(|link| (link.atom, link.bond)).collect();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0);
        return twice.map(|pair| pair[1].1);
    }
    let known = |at: usize| links[..at].iter().any(|link| link.atom == links[at].atom);
    (1..links.len())
        .find(|&at| known(at))
        .map(|at| links[at].bond)
}

/// An atom by the symbol that both versions write for it.
pub(super) fn atom(symbol: &[u8]) -> Result<RawAtom, MolfileErrorKind> {
    let mut atom = RawAtom::default();
    match symbol {
        b"C" => atom.atomic_number = element::CARBON,
        b"H" => atom.atomic_number = HYDROGEN,
        b"N" => atom.atomic_number = element::NITROGEN,
        b"O" => atom.atomic_number = element::OXYGEN,
        b"D" => (atom.atomic_number, atom.isotope) = (HYDROGEN, Some(2)),
        b"T" => (atom.atomic_number, atom.isotope) = (HYDROGEN, Some(3)),
        b"*" | b"R" | b"R#" | b"Pol" | b"Mod" => {
            atom.atomic_number = WILDCARD;
            atom.no_implicit = true;
        }
        [b'R', label @ ..] if label.len() < 3 && label.iter().all(u8::is_ascii_digit) => {
            atom.no_implicit = true;
            atom.isotope = label
                .iter()
                .try_fold(0u16, |number, digit| {
                    Some(number * 10 + u16::from(digit - b'0'))
                })
                .filter(|&number| number > 0);
        }
        b"L" => return Err(MolfileErrorKind::Query(QueryFeature::AtomList)),
        b"LP" => return Err(MolfileErrorKind::Unsupported("lone pairs as atoms")),
        b"A" | b"AH" | b"Q" | b"QH" | b"X" | b"XH" | b"M" | b"MH" => {
            return Err(MolfileErrorKind::Query(QueryFeature::AtomClass));
        }
        _ => atom.atomic_number = atomic_number(symbol)?,
    }
    Ok(atom)
}

/// An element, also one whose second letter is a capital.
fn atomic_number(symbol: &[u8]) -> Result<u8, MolfileErrorKind> {
    const GENERIC: [&[u8]; 34] = [
        b"G", b"GH", b"G*", b"GH*", b"ALK", b"ALH", b"AEL", b"AEH", b"AYL", b"AYH", b"CBC", b"CBH",
        b"CAL", b"CAH", b"CEL", b"CEH", b"ARY", b"ARH", b"CYC", b"CYH", b"ACY", b"ACH", b"ABC",
        b"ABH", b"AHC", b"AHH", b"AOX", b"AOH", b"CHC", b"CHH", b"HAR", b"HAH", b"CXX", b"CXH",
    ];
    let unknown = || {
        if GENERIC.contains(&symbol) {
            MolfileErrorKind::Query(QueryFeature::GenericGroup)
        } else {
            MolfileErrorKind::Element(super::lines::text(symbol))
        }
    };
    let spelled = match *symbol {
        [first, second] => [first, second.to_ascii_lowercase()],
        [first] => [first, b' '],
        _ => return Err(unknown()),
    };
    std::str::from_utf8(&spelled)
        .ok()
        .and_then(|symbol| element::atomic_number(symbol.trim_ascii_end()))
        .ok_or_else(unknown)
}

/// A total valence in range; V3000 writes -1 for none at all.
pub(super) fn valence(value: i32) -> Result<u8, MolfileErrorKind> {
    match value {
        0..=15 => Ok(value as u8),
        -1 => Ok(15),
        _ => Err(MolfileErrorKind::TotalValence),
    }
}

/// A formal charge in range.
pub(super) fn charge(value: i32) -> Result<i8, MolfileErrorKind> {
    if value.unsigned_abs() as usize > MAX_CHARGE {
        return Err(MolfileErrorKind::Charge);
    }
    Ok(value as i8)
}

/// A mass number; 0 is none.
pub(super) fn isotope(value: i32) -> Result<Option<u16>, MolfileErrorKind> {
    let mass = u16::try_from(value).map_err(|_| MolfileErrorKind::Isotope)?;
    Ok((mass > 0).then_some(mass))
}

/// The unpaired electrons of a spin code: none, singlet, doublet, triplet.
pub(super) fn radical_electrons(code: i32) -> Result<u8, MolfileErrorKind> {
    match code {
        0 => Ok(0),
        1 | 3 => Ok(2),
        2 => Ok(1),
        _ => Err(MolfileErrorKind::Radical),
    }
}
