//! The one-hot description of a functional group.

use crate::element::{
    BROMINE, CARBON, CHLORINE, FLUORINE, IODINE, NITROGEN, OXYGEN, PHOSPHORUS, SULFUR,
};
use crate::molecule::{BondOrder, Molecule};

/// Length of a row of [`features`].
pub const WIDTH: usize = 73;

/// Bins of each count; the last one takes everything above.
const ELEMENTS: [(u8, usize); 5] = [
    (CARBON, 11),
    (OXYGEN, 6),
    (NITROGEN, 6),
    (PHOSPHORUS, 6),
    (SULFUR, 6),
];
const HALOGENS: [u8; 4] = [FLUORINE, CHLORINE, BROMINE, IODINE];
const ORDERS: [(BondOrder, usize); 4] = [
    (BondOrder::Single, 11),
    (BondOrder::Double, 8),
    (BondOrder::Triple, 8),
    (BondOrder::Aromatic, 8),
];

/// The counts of a group of atoms, which are sorted, as one-hot blocks: C (0 to 10), O, N, P, S
/// (0 to 5 each), one column for any halogen, one for any other element, then of the bonds within
/// the group: single (0 to 10), double, triple, aromatic (0 to 7 each), and one column for any
/// bond in a ring. A count beyond its block sets the last column of the block.
pub fn features(molecule: &Molecule, atoms: &[u32]) -> [u8; WIDTH] {
    let elements = || {
        atoms
            .iter()
            .map(|&atom| molecule.atoms()[atom as usize].atomic_number)
    };
    let is_listed = |element: u8| ELEMENTS.iter().any(|&(listed, _)| listed == element);
    let bonds = || {
        atoms
            .iter()
            .flat_map(|&atom| {
                let links = molecule.neighbors(atom as usize).iter();
                links.filter(move |link| link.atom > atom)
            })
            .filter(|link| atoms.binary_search(&link.atom).is_ok())
            .map(|link| &molecule.bonds()[link.bond as usize])
    };

    let mut row = Row::default();
    for (element, bins) in ELEMENTS {
        row.count(elements().filter(|&other| other == element).count(), bins);
    }
    row.flag(elements().any(|element| HALOGENS.contains(&element)));
    row.flag(elements().any(|element| !is_listed(element) && !HALOGENS.contains(&element)));
    for (order, bins) in ORDERS {
        row.count(bonds().filter(|bond| bond.order == order).count(), bins);
    }
    row.flag(bonds().any(|bond| bond.in_ring));
    row.columns
}

/// A row that is filled from the left.
struct Row {
    columns: [u8; WIDTH],
    filled: usize,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            columns: [0; WIDTH],
            filled: 0,
        }
    }
}

impl Row {
    fn count(&mut self, count: usize, bins: usize) {
        self.columns[self.filled + count.min(bins - 1)] = 1;
        self.filled += bins;
    }

    fn flag(&mut self, set: bool) {
        self.columns[self.filled] = u8::from(set);
        self.filled += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(smiles: &str) -> Vec<usize> {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let atoms: Vec<u32> = (0..molecule.atoms().len() as u32).collect();
        let row = features(&molecule, &atoms);
        (0..WIDTH).filter(|&column| row[column] == 1).collect()
    }

    #[test]
    fn the_blocks_fill_the_row() {
        let elements: usize = ELEMENTS.iter().map(|block| block.1).sum();
        let orders: usize = ORDERS.iter().map(|block| block.1).sum();
        assert_eq!(elements + orders + 3, WIDTH);
    }

    #[test]
    fn counts_set_one_column_per_block() {
        // C2 O1 N0 P0 S0; single 2, double 0, triple 0, aromatic 0.
        assert_eq!(columns("CCO"), [2, 12, 17, 23, 29, 39, 48, 56, 64]);
        // Benzene: C6, aromatic 6, in a ring.
        assert_eq!(columns("c1ccccc1"), [6, 11, 17, 23, 29, 37, 48, 56, 70, 72]);
        // Halogen and another element.
        assert!(columns("[Si]Cl").ends_with(&[29, 35, 36, 38, 48, 56, 64]));
    }

    #[test]
    fn counts_beyond_a_block_set_its_last_column() {
        assert!(columns("CCCCCCCCCCCCCC").starts_with(&[10]));
        assert!(columns("CCCCCCCCCCCCCC").contains(&47));
    }
}
