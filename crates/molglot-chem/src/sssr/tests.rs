use std::collections::BTreeSet;

use proptest::prelude::*;

use super::system::RING_ATOM_LIMIT;
use super::*;

fn bond_count(topology: &Topology) -> usize {
    let ends = (0..topology.atom_count()).map(|atom| topology.neighbors(atom).len());
    ends.sum::<usize>() / 2
}

/// Which bonds lie on a cycle of bonds that `closes_rings` accepts.
fn ring_bonds(topology: &Topology, closes_rings: impl Fn(u32) -> bool) -> Vec<bool> {
    let mut on_cycle = vec![false; bond_count(topology)];
    blocks::for_each_block(topology, closes_rings, |steps| {
        for step in steps {
            on_cycle[step.bond as usize] = true;
        }
    });
    on_cycle
}

/// How many of the rings every atom and every bond is in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RingCounts {
    atoms: Vec<u32>,
    bonds: Vec<u32>,
}

/// Counts the rings of [`symmetrized_sssr`] by atom and by bond.
fn ring_counts(topology: &Topology, rings: &[Vec<u32>]) -> RingCounts {
    let mut counts = RingCounts {
        atoms: vec![0; topology.atom_count()],
        bonds: vec![0; bond_count(topology)],
    };
    for ring in rings {
        let next = ring.iter().cycle().skip(1);
        for (&atom, &next) in ring.iter().zip(next) {
            counts.atoms[atom as usize] += 1;
            let links = topology.neighbors(atom as usize);
            if let Some(link) = links.iter().find(|link| link.atom == next) {
                counts.bonds[link.bond as usize] += 1;
            }
        }
    }
    counts
}

/// Graphs with RDKit's rings.
const GRAPHS: &str = include_str!("../../../../fixtures/rings/rings.tsv");

type Bonds = Vec<(u32, u32)>;

fn topology(bonds: &[(u32, u32)]) -> Topology {
    let atoms = bonds.iter().map(|&(a, b)| 1 + a.max(b) as usize).max();
    Topology::new(atoms.unwrap_or(0), bonds.iter().copied())
}

fn rings(bonds: &[(u32, u32)]) -> Vec<Vec<u32>> {
    symmetrized_sssr(&topology(bonds), |_| true)
}

fn circle(size: u32) -> Bonds {
    (0..size).map(|at| (at, (at + 1) % size)).collect()
}

/// Every bond becomes a chain of `length` bonds.
fn stretched(bonds: &[(u32, u32)], length: u32) -> Bonds {
    let mut atoms = topology(bonds).atom_count() as u32;
    let mut longer = Vec::new();
    for &(mut from, to) in bonds {
        for _ in 1..length {
            longer.push((from, atoms));
            from = atoms;
            atoms += 1;
        }
        longer.push((from, to));
    }
    longer
}

/// `count` para-phenylenes in a macrocycle.
fn cyclophane(count: u32) -> Bonds {
    let mut bonds = Vec::new();
    for first in (0..6 * count).step_by(6) {
        bonds.extend(circle(6).iter().map(|&(a, b)| (first + a, first + b)));
        bonds.push((first + 3, (first + 6) % (6 * count)));
    }
    bonds
}

fn cyclomatic_number(topology: &Topology) -> usize {
    bond_count(topology) + topology.components(|_| true).1 - topology.atom_count()
}

/// The rank of sets of bonds, modulo 2.
fn rank(cycles: impl IntoIterator<Item = u64>) -> usize {
    let mut rows: Vec<u64> = Vec::new();
    for cycle in cycles {
        let left = rows.iter().fold(cycle, |left, &row| left.min(left ^ row));
        if left != 0 {
            rows.push(left);
        }
    }
    rows.len()
}

/// The bonds of a ring as bits; panics where the ring is none.
fn bond_bits(topology: &Topology, ring: &[u32]) -> u64 {
    let next = ring.iter().cycle().skip(1);
    let bonds = ring.iter().zip(next).map(|(&atom, next)| {
        let links = topology.neighbors(atom as usize);
        links.iter().find(|link| link.atom == *next).unwrap().bond
    });
    bonds.fold(0, |bits, bond| bits ^ 1 << bond)
}

/// Every simple cycle, from its lowest atom towards the lower neighbour.
fn all_cycles(topology: &Topology) -> Vec<Vec<u32>> {
    let mut cycles = Vec::new();
    let mut paths: Vec<Vec<u32>> = (0..topology.atom_count() as u32).map(|a| vec![a]).collect();
    while let Some(path) = paths.pop() {
        for link in topology.neighbors(path[path.len() - 1] as usize) {
            if link.atom == path[0] && path.len() > 2 && path[1] < path[path.len() - 1] {
                cycles.push(path.clone());
            } else if link.atom > path[0] && !path.contains(&link.atom) {
                paths.push([&path[..], &[link.atom]].concat());
            }
        }
    }
    cycles
}

/// The definition: cycles that are no sum of shorter ones.
fn relevant_by_definition(topology: &Topology) -> BTreeSet<Vec<u32>> {
    let cycles = all_cycles(topology);
    let relevant = |cycle: &Vec<u32>| {
        let shorter = cycles.iter().filter(|other| other.len() < cycle.len());
        let shorter: Vec<_> = shorter.map(|ring| bond_bits(topology, ring)).collect();
        let with = shorter.iter().copied().chain([bond_bits(topology, cycle)]);
        rank(with) > rank(shorter.iter().copied())
    };
    cycles
        .iter()
        .filter(|cycle| relevant(cycle))
        .cloned()
        .collect()
}

/// Up to eight atoms and two thirds of the bonds that they can have.
fn graph() -> impl Strategy<Value = Bonds> {
    (3u32..=8).prop_flat_map(|atoms| {
        let pairs: Bonds = (0..atoms)
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .collect();
        let most = pairs.len().min(18);
        proptest::sample::subsequence(pairs, 1..=most).prop_shuffle()
    })
}

#[test]
fn rings_and_their_order_are_those_of_rdkit() {
    let mut graphs = 0;
    for line in GRAPHS.lines().skip(1) {
        let [name, bonds, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let atoms = |word: &str| -> Vec<u32> {
            word.split(['-', '>'])
                .map(|atom| atom.parse().unwrap())
                .collect()
        };
        let ends: Bonds = bonds
            .split(' ')
            .map(atoms)
            .map(|ends| (ends[0], ends[1]))
            .collect();
        let dative: Vec<bool> = bonds.split(' ').map(|bond| bond.contains('>')).collect();
        let topology = topology(&ends);
        let closes_rings = |bond: u32| !dative[bond as usize];
        let found = symmetrized_sssr(&topology, closes_rings);
        let expected: Vec<Vec<u32>> = expected.split_whitespace().map(atoms).collect();
        assert_eq!(found, expected, "{name}");
        let counted = ring_counts(&topology, &found).bonds;
        let on_cycle: Vec<bool> = counted.iter().map(|&rings| rings > 0).collect();
        assert_eq!(ring_bonds(&topology, closes_rings), on_cycle, "{name}");
        graphs += 1;
    }
    assert!(graphs > 100);
}

#[test]
fn a_ring_sum_of_smaller_ones_is_left_out() {
    // Norbornane: the ring of six is the sum of the two rings of five.
    let norbornane = [circle(6), vec![(0, 6), (6, 3)]].concat();
    assert_eq!(rings(&norbornane), [[0, 1, 2, 3, 6], [0, 5, 4, 3, 6]]);
    // Bicyclo[2.2.2]octane: three equal rings, two of them independent.
    let bicyclooctane = [circle(6), vec![(0, 6), (6, 7), (7, 3)]].concat();
    assert_eq!(rings(&bicyclooctane).len(), 3);
}

#[test]
fn rings_are_counted_by_atom_and_bond() {
    let spiro = [circle(3), vec![(0, 3), (3, 4), (4, 0), (4, 5)]].concat();
    let topology = topology(&spiro);
    let counts = ring_counts(&topology, &symmetrized_sssr(&topology, |_| true));
    assert_eq!(counts.atoms, [2, 1, 1, 1, 1, 0]);
    assert_eq!(counts.bonds, [1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn a_bond_that_closes_no_ring_opens_it() {
    let topology = topology(&circle(5));
    assert_eq!(
        symmetrized_sssr(&topology, |bond| bond != 2),
        [[0u32; 0]; 0]
    );
    assert_eq!(ring_bonds(&topology, |bond| bond != 2), [false; 5]);
    assert_eq!(ring_bonds(&topology, |_| true), [true; 5]);
}

#[test]
fn chains_and_rings_of_a_million_atoms_are_no_problem() {
    let chain: Bonds = (1..1_000_000).map(|at| (at - 1, at)).collect();
    assert!(rings(&chain).is_empty());
    assert_eq!(rings(&circle(1_000_000))[0].len(), 1_000_000);
}

#[test]
fn long_ladders_have_a_ring_per_step() {
    let ladder: Bonds = (0..1000)
        .flat_map(|at| {
            [
                (2 * at, 2 * at + 1),
                (2 * at, 2 * at + 2),
                (2 * at + 1, 2 * at + 3),
            ]
        })
        .chain([(2000, 2001)])
        .collect();
    let found = rings(&ladder);
    assert_eq!(found.len(), 1000);
    assert!(found.iter().all(|ring| ring.len() == 4));
}

#[test]
fn many_ring_systems_take_linear_time() {
    let naphthalene = [circle(10), vec![(0, 5)]].concat();
    let polymer: Bonds = (0..500_000u32)
        .step_by(10)
        .flat_map(|first| {
            naphthalene
                .iter()
                .map(move |&(a, b)| (first + a, first + b))
        })
        .chain((10..500_000).step_by(10).map(|at| (at - 2, at + 2)))
        .collect();
    let found = rings(&polymer);
    assert_eq!(found.len(), 100_000);
    assert!(found.iter().all(|ring| ring.len() == 6));
}

#[test]
fn rings_are_found_at_any_depth() {
    let tetrahedron = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
    for length in [1, 5, 20, 43, 100, 1000] {
        let found = rings(&stretched(&tetrahedron, length));
        let sizes: Vec<_> = found.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3 * length as usize; 4]);
    }
    let bridged = [circle(10_000), vec![(0, 2500)]].concat();
    let sizes: Vec<_> = rings(&bridged).iter().map(Vec::len).collect();
    assert_eq!(sizes, [2501, 7501]);
}

#[test]
fn exponentially_many_rings_are_bounded() {
    assert_eq!(rings(&cyclophane(10)).len(), 10 + (1 << 10));
    let bonds = cyclophane(40);
    let topology = topology(&bonds);
    let found = symmetrized_sssr(&topology, |_| true);
    assert!(found.iter().map(Vec::len).sum::<usize>() <= RING_ATOM_LIMIT);
    let counted = ring_counts(&topology, &found);
    assert!(
        counted
            .atoms
            .iter()
            .chain(&counted.bonds)
            .all(|&rings| rings > 0)
    );
    assert!(found.len() >= cyclomatic_number(&topology));
}

proptest! {
    #[test]
    fn rings_are_the_relevant_cycles(bonds in graph()) {
        let topology = topology(&bonds);
        let found = rings(&bonds);
        let distinct: BTreeSet<_> = found.iter().cloned().collect();
        prop_assert_eq!(distinct.len(), found.len());
        prop_assert_eq!(distinct, relevant_by_definition(&topology));
    }

    #[test]
    fn rings_span_all_cycles_and_cover_the_ring_bonds(bonds in graph(), length in 1u32..4) {
        let bonds = stretched(&bonds, length);
        let topology = topology(&bonds);
        let found = rings(&bonds);
        let bits: Vec<_> = found.iter().map(|ring| bond_bits(&topology, ring)).collect();
        prop_assert_eq!(rank(bits.iter().copied()), cyclomatic_number(&topology));
        for (ring, bits) in found.iter().zip(&bits) {
            let atoms: BTreeSet<_> = ring.iter().collect();
            prop_assert_eq!(atoms.len(), ring.len());
            prop_assert_eq!(bits.count_ones() as usize, ring.len());
        }
        let covered = bits.iter().fold(0, |all, bits| all | bits);
        let cyclic = ring_bonds(&topology, |_| true);
        for (bond, cyclic) in cyclic.into_iter().enumerate() {
            prop_assert_eq!(covered >> bond & 1 == 1, cyclic);
        }
    }

    #[test]
    fn rings_do_not_depend_on_the_numbering(
        bonds in graph(),
        atoms in Just((0..8).collect::<Vec<u32>>()).prop_shuffle(),
        order in Just((0..28).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let renumbered: Bonds = order
            .iter()
            .filter_map(|&bond| bonds.get(bond))
            .map(|&(a, b)| (atoms[b as usize], atoms[a as usize]))
            .collect();
        let map = |ring: &Vec<u32>| normalized(ring.iter().map(|&a| atoms[a as usize]).collect());
        let mut before: Vec<_> = rings(&bonds).iter().map(map).collect();
        let mut after = rings(&renumbered);
        before.sort();
        after.sort();
        prop_assert_eq!(before, after);
    }
}
