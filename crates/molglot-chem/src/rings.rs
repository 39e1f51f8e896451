//! Ring systems and their common names.
//!
//! A ring system is a set of rings joined by shared bonds; spiro rings, which share one atom, are
//! systems of their own. A system is named by comparing it with the reference compounds of the
//! name table. The comparison is a colour refinement of the ring atoms (Weisfeiler and Leman 1968)
//! that sees elements, aromaticity, ring sizes, ring bond orders and oxo groups on aromatic atoms;
//! substituents, charges and hydrogens do not matter.

mod names;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use crate::element::CARBON;
use crate::molecule::{BondOrder, Molecule};
use crate::site::{Site, is_oxo};

/// Rings joined by shared bonds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingSystem {
    /// Members in ascending order.
    pub atoms: Vec<u32>,
    /// How many independent rings it has: bonds - atoms + 1.
    pub ring_count: usize,
    /// How many of its bonds are aromatic.
    pub aromatic_bonds: usize,
    /// All of its bonds.
    pub bond_count: usize,
    /// Only single bonds within the rings.
    pub saturated: bool,
    /// Two of its rings share more than one bond.
    pub bridged: bool,
    /// The common name, if the name table has one.
    pub name: Option<&'static str>,
}

impl RingSystem {
    /// Every bond is aromatic.
    pub fn is_aromatic(&self) -> bool {
        self.aromatic_bonds == self.bond_count
    }

    /// The elements that are not carbon, as (atomic number, count) by atomic number.
    pub fn hetero_atoms(&self, molecule: &Molecule) -> Vec<(u8, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for &atom in &self.atoms {
            *counts
                .entry(molecule.atoms()[atom as usize].atomic_number)
                .or_insert(0) += 1;
        }
        counts.remove(&CARBON);
        counts.into_iter().collect()
    }
}

/// The ring systems of a molecule, by first atom.
pub fn ring_systems(molecule: &Molecule) -> Vec<RingSystem> {
    let mut systems: Vec<_> = Member::group(molecule)
        .iter()
        .map(|members| system(molecule, members))
        .collect();
    systems.sort_by(|one, other| one.atoms.cmp(&other.atoms));
    systems
}

/// One ring of the molecule as its atoms and bonds.
struct Member<'a> {
    atoms: &'a [u32],
    bonds: Vec<u32>,
}

impl<'a> Member<'a> {
    /// The rings of the molecule, those that share a bond in one group.
    fn group(molecule: &'a Molecule) -> Vec<Vec<Self>> {
        let mut groups: Vec<(HashSet<u32>, Vec<Self>)> = Vec::new();
        for ring in molecule.rings() {
            let member = Self {
                atoms: ring,
                bonds: ring_bonds(molecule, ring),
            };
            let mut bonds: HashSet<u32> = member.bonds.iter().copied().collect();
            let mut members = vec![member];
            // The new ring may join several groups into one.
            let (joined, apart): (Vec<_>, Vec<_>) = groups
                .into_iter()
                .partition(|(group, _)| !group.is_disjoint(&bonds));
            for (group, rings) in joined {
                bonds.extend(group);
                members.extend(rings);
            }
            groups = apart;
            groups.push((bonds, members));
        }
        groups.into_iter().map(|(_, members)| members).collect()
    }
}

fn ring_bonds(molecule: &Molecule, ring: &[u32]) -> Vec<u32> {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .filter_map(|(&a, &b)| {
            molecule
                .neighbors(a as usize)
                .iter()
                .find(|link| link.atom == b)
                .map(|link| link.bond)
        })
        .collect()
}

fn system(molecule: &Molecule, members: &[Member<'_>]) -> RingSystem {
    let atoms = sorted(members.iter().flat_map(|ring| ring.atoms).copied());
    let bonds = sorted(members.iter().flat_map(|ring| &ring.bonds).copied());
    let order = |&bond: &u32| molecule.bonds()[bond as usize].order;
    let shares_two = |one: &Member<'_>, other: &Member<'_>| {
        one.bonds
            .iter()
            .filter(|bond| other.bonds.contains(bond))
            .count()
            > 1
    };
    let bridged = members
        .iter()
        .enumerate()
        .any(|(at, one)| members[at + 1..].iter().any(|other| shares_two(one, other)));
    RingSystem {
        ring_count: bonds.len() + 1 - atoms.len(),
        aromatic_bonds: bonds
            .iter()
            .filter(|b| order(b) == BondOrder::Aromatic)
            .count(),
        bond_count: bonds.len(),
        saturated: bonds.iter().all(|b| order(b) == BondOrder::Single),
        bridged,
        name: name(molecule, &atoms, &bonds),
        atoms,
    }
}

/// How much of a ring system the fingerprint sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Detail {
    /// Bond orders, aromaticity and oxo groups on aromatic atoms.
    Full,
    /// Without the oxo groups.
    NoOxo,
    /// Elements and connectivity only.
    Skeleton,
}

/// Atoms of the largest system in the name table.
const LARGEST_NAMED: usize = 24;

type NameTable = HashMap<(Detail, u64), &'static str>;

static NAMES: LazyLock<NameTable> = LazyLock::new(|| {
    let mut table = NameTable::new();
    for (detail, entries) in [
        (Detail::Full, names::COMPOUNDS),
        (Detail::Skeleton, names::SKELETONS),
    ] {
        for &(name, smiles) in entries {
            let Ok(molecule) = Molecule::from_smiles(smiles) else {
                continue;
            };
            for members in Member::group(&molecule) {
                let atoms = sorted(members.iter().flat_map(|ring| ring.atoms).copied());
                let bonds = sorted(members.iter().flat_map(|ring| &ring.bonds).copied());
                table
                    .entry((detail, fingerprint(&molecule, &atoms, &bonds, detail)))
                    .or_insert(name);
            }
        }
    }
    table
});

fn sorted(ids: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut ids: Vec<u32> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn name(molecule: &Molecule, atoms: &[u32], bonds: &[u32]) -> Option<&'static str> {
    if atoms.len() > LARGEST_NAMED {
        return None;
    }
    let look_up = |seen: Detail, table: Detail| {
        NAMES
            .get(&(table, fingerprint(molecule, atoms, bonds, seen)))
            .copied()
    };
    look_up(Detail::Full, Detail::Full)
        .or_else(|| look_up(Detail::NoOxo, Detail::Full))
        .or_else(|| look_up(Detail::Skeleton, Detail::Skeleton))
}

/// A number that is equal for equal ring systems and, but for colour refinement's blind spots,
/// different for different ones.
fn fingerprint(molecule: &Molecule, atoms: &[u32], bonds: &[u32], detail: Detail) -> u64 {
    let position: HashMap<u32, usize> = atoms
        .iter()
        .enumerate()
        .map(|(at, &atom)| (atom, at))
        .collect();
    let mut colors: Vec<u64> = atoms
        .iter()
        .map(|&atom| atom_color(molecule, atom, detail))
        .collect();
    let edges: Vec<(usize, usize, BondOrder)> = bonds
        .iter()
        .map(|&id| {
            let bond = &molecule.bonds()[id as usize];
            let order = if detail == Detail::Skeleton {
                BondOrder::Single
            } else {
                bond.order
            };
            (position[&bond.begin], position[&bond.end], order)
        })
        .collect();
    // Colours travel one bond per round; as many rounds as atoms reach everywhere.
    for _ in 0..atoms.len() {
        let mut received: Vec<Vec<u64>> = vec![Vec::new(); atoms.len()];
        for &(a, b, order) in &edges {
            received[a].push(hash_of(&(order, colors[b])));
            received[b].push(hash_of(&(order, colors[a])));
        }
        for (color, mut messages) in colors.iter_mut().zip(received) {
            messages.sort_unstable();
            *color = hash_of(&(*color, messages));
        }
    }
    colors.sort_unstable();
    hash_of(&colors)
}

fn atom_color(molecule: &Molecule, index: u32, detail: Detail) -> u64 {
    let site = Site::new(molecule, index as usize);
    let aromatic = detail != Detail::Skeleton && site.atom.aromatic;
    let oxo = detail == Detail::Full && aromatic && site.any(is_oxo);
    hash_of(&(site.atom.atomic_number, aromatic, oxo))
}

fn hash_of(value: &impl Hash) -> u64 {
    // `new` has fixed keys, so the numbers are the same on every run.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn systems(smiles: &str) -> Vec<RingSystem> {
        ring_systems(&Molecule::from_smiles(smiles).unwrap())
    }

    fn first_name(smiles: &str) -> Option<&'static str> {
        systems(smiles)[0].name
    }

    #[test]
    fn every_reference_is_one_ring_system_and_finds_its_own_name() {
        for &(name, smiles) in names::COMPOUNDS.iter().chain(names::SKELETONS) {
            let found = systems(smiles);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].name, Some(name), "{smiles}");
        }
    }

    #[test]
    fn isomers_have_their_own_names() {
        for (smiles, name) in [
            ("c1ccc2[nH]ccc2c1", "indole"),
            ("c1ccc2c[nH]cc2c1", "isoindole"),
            ("c1ccn2cccc2c1", "indolizine"),
            ("c1ccc2ncccc2c1", "quinoline"),
            ("c1ccc2cnccc2c1", "isoquinoline"),
            ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", "purinedione"),
            ("OC1CCCCC1", "cyclohexane"),
        ] {
            assert_eq!(first_name(smiles), Some(name), "{smiles}");
        }
    }

    #[test]
    fn fused_bridged_and_spiro() {
        let naphthalene = &systems("c1ccc2ccccc2c1")[0];
        assert_eq!((naphthalene.ring_count, naphthalene.bridged), (2, false));
        assert!(naphthalene.is_aromatic());
        let norbornane = &systems("C1CC2CCC1C2")[0];
        assert_eq!((norbornane.ring_count, norbornane.bridged), (2, true));
        assert!(norbornane.saturated);
        assert_eq!(systems("C1CCC2(C1)CCCC2").len(), 2);
        assert_eq!(systems("c1ccccc1-c1ccccc1").len(), 2);
        assert!(systems("CCO").is_empty());
    }

    #[test]
    fn a_steroid_is_known_by_its_skeleton() {
        let cholesterol =
            "C[C@H](CCCC(C)C)[C@H]1CC[C@@H]2[C@@]1(CC[C@H]3[C@H]2CC=C4[C@@]3(CC[C@@H](C4)O)C)C";
        let estradiol = "C[C@]12CC[C@H]3[C@H]([C@@H]1CC[C@@H]2O)CCC4=C3C=CC(=C4)O";
        assert_eq!(first_name(cholesterol), Some("steroid"));
        assert_eq!(first_name(estradiol), Some("steroid"));
    }

    #[test]
    fn hetero_atoms_are_counted() {
        let molecule = Molecule::from_smiles("C1COCCN1").unwrap();
        assert_eq!(
            ring_systems(&molecule)[0].hetero_atoms(&molecule),
            [(7, 1), (8, 1)]
        );
    }
}
