//! Atom expressions as decision diagrams.
//!
//! `;` joins groups of alternatives, `,` joins alternatives, `&` joins tests. Each test says where
//! to go on when it holds and when it does not, so an expression is evaluated without a stack.

use crate::element::{CARBON, HYDROGEN};
use crate::molecule::{Hybridization, Molecule};

/// The end of a diagram: the atom matches.
pub(super) const ACCEPT: u32 = u32::MAX;
/// The end of a diagram: the atom does not match.
pub(super) const REJECT: u32 = u32::MAX - 1;

/// One test of an expression and its two successors.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtomNode {
    pub(super) test: AtomTest,
    pub(super) hit: u32,
    pub(super) miss: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtomTest {
    Any,
    Aromatic,
    Aliphatic,
    Element(u8),
    AromaticElement(u8),
    AliphaticElement(u8),
    Isotope(u16),
    Charge(i8),
    Degree(u32),
    /// Neighbours but protium.
    HeavyDegree(u32),
    TotalDegree(u32),
    Hydrogens(u32),
    /// Hydrogens that are no atoms of the graph.
    FoldedHydrogens(u32),
    HasFoldedHydrogens,
    Valence(u32),
    InRing,
    RingCount(u32),
    SmallestRing(u32),
    RingOfSize(u32),
    RingBonds(u32),
    HasRingBond,
    /// Neighbours that are neither carbon nor hydrogen.
    HeteroNeighbors(u32),
    HasHeteroNeighbor,
    AliphaticHeteroNeighbors(u32),
    HasAliphaticHeteroNeighbor,
    Hybridization(Hybridization),
    /// Index into [`Pattern::graphs`](super::Pattern::graphs).
    Recursive(u32),
}

/// How a literal is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
    LowAnd,
}

/// A test, whether it is negated, and how it is joined to the test before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    pub(super) test: AtomTest,
    pub(super) negated: bool,
    pub(super) join: Join,
}

/// Appends the diagram of an expression; its entry is the first appended node.
pub(super) fn compile(literals: &[Literal], nodes: &mut Vec<AtomNode>) {
    let first = nodes.len();
    nodes.extend(literals.iter().map(|literal| AtomNode {
        test: literal.test,
        hit: ACCEPT,
        miss: REJECT,
    }));
    // Backwards: where the next group and the next alternative of this group start is then known.
    let (mut next_group, mut next_alternative) = (ACCEPT, REJECT);
    let mut join_behind = Join::LowAnd;
    for (at, literal) in literals.iter().enumerate().rev() {
        let index = (first + at) as u32;
        let hit = if join_behind == Join::And {
            index + 1
        } else {
            next_group
        };
        let node = &mut nodes[index as usize];
        (node.hit, node.miss) = if literal.negated {
            (next_alternative, hit)
        } else {
            (hit, next_alternative)
        };
        match literal.join {
            Join::And => {}
            Join::Or => next_alternative = index,
            Join::LowAnd => (next_group, next_alternative) = (index, REJECT),
        }
        join_behind = literal.join;
    }
}

/// What SMARTS asks of rings, for each atom.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RingFacts {
    pub(super) count: u32,
    /// 0 outside rings.
    pub(super) smallest: u32,
}

pub(super) fn ring_facts(molecule: &Molecule) -> Vec<RingFacts> {
    let mut facts = vec![RingFacts::default(); molecule.atoms().len()];
    for ring in molecule.rings() {
        let size = ring.len() as u32;
        for &atom in ring {
            let fact = &mut facts[atom as usize];
            fact.count += 1;
            if fact.smallest == 0 || size < fact.smallest {
                fact.smallest = size;
            }
        }
    }
    facts
}

/// Evaluates every test but `Recursive`, which is the search's own.
pub(super) fn holds(
    test: AtomTest,
    molecule: &Molecule,
    rings: &mut Option<Vec<RingFacts>>,
    index: u32,
) -> bool {
    let atom = &molecule.atoms()[index as usize];
    let links = molecule.neighbors(index as usize);
    let count = |keep: &dyn Fn(usize) -> bool| {
        links.iter().filter(|link| keep(link.atom as usize)).count() as u32
    };
    let number = |other: usize| molecule.atoms()[other].atomic_number;
    let hetero = |other: usize| !matches!(number(other), HYDROGEN | CARBON);
    let aliphatic_hetero = |other: usize| hetero(other) && !molecule.atoms()[other].aromatic;
    let protium = |other: usize| {
        number(other) == HYDROGEN && molecule.atoms()[other].isotope.is_none_or(|mass| mass == 1)
    };
    let ring_bonds = || {
        links
            .iter()
            .filter(|link| molecule.bonds()[link.bond as usize].in_ring)
            .count() as u32
    };
    let mut ring = || rings.get_or_insert_with(|| ring_facts(molecule))[index as usize];
    match test {
        AtomTest::Any => true,
        AtomTest::Aromatic => atom.aromatic,
        AtomTest::Aliphatic => !atom.aromatic,
        AtomTest::Element(element) => atom.atomic_number == element,
        AtomTest::AromaticElement(element) => atom.atomic_number == element && atom.aromatic,
        AtomTest::AliphaticElement(element) => atom.atomic_number == element && !atom.aromatic,
        AtomTest::Isotope(mass) => atom.isotope.unwrap_or(0) == mass,
        AtomTest::Charge(charge) => atom.charge == charge,
        AtomTest::Degree(degree) => links.len() as u32 == degree,
        AtomTest::HeavyDegree(degree) => count(&|other| !protium(other)) == degree,
        AtomTest::TotalDegree(degree) => u32::from(atom.total_degree) == degree,
        AtomTest::Hydrogens(hydrogens) => {
            u32::from(atom.total_hydrogens) + count(&|other| number(other) == HYDROGEN) == hydrogens
        }
        AtomTest::FoldedHydrogens(hydrogens) => u32::from(atom.total_hydrogens) == hydrogens,
        AtomTest::HasFoldedHydrogens => atom.total_hydrogens > 0,
        AtomTest::Valence(sum) => molecule.valence(index) == sum,
        AtomTest::InRing => atom.in_ring,
        AtomTest::RingCount(rings) => ring().count == rings,
        AtomTest::SmallestRing(size) => ring().smallest == size,
        AtomTest::RingOfSize(size) => molecule
            .rings()
            .iter()
            .any(|ring| ring.len() as u32 == size && ring.contains(&index)),
        AtomTest::RingBonds(bonds) => ring_bonds() == bonds,
        AtomTest::HasRingBond => ring_bonds() > 0,
        AtomTest::HeteroNeighbors(neighbors) => count(&hetero) == neighbors,
        AtomTest::HasHeteroNeighbor => count(&hetero) > 0,
        AtomTest::AliphaticHeteroNeighbors(neighbors) => count(&aliphatic_hetero) == neighbors,
        AtomTest::HasAliphaticHeteroNeighbor => count(&aliphatic_hetero) > 0,
        AtomTest::Hybridization(state) => atom.hybridization == state,
        AtomTest::Recursive(_) => false,
    }
}
