//! The sixteen atom environments of BRICS, as sets per atom.

use crate::element::{CARBON, HYDROGEN, NITROGEN, OXYGEN, SULFUR, WILDCARD};
use crate::molecule::{BondOrder, Molecule};
use crate::site::{Site, is_one_of, is_oxo, is_single, is_single_or_aromatic};

/// The environments that an atom belongs to; bit `n` stands for `Ln`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Environments(u32);

impl Environments {
    pub(super) fn of(molecule: &Molecule, index: usize) -> Self {
        let site = Site::new(molecule, index);
        let members: &[(u8, bool)] = match (site.atom.atomic_number, site.atom.aromatic) {
            (CARBON, false) => &site.aliphatic_carbon(),
            (CARBON, true) => &site.aromatic_carbon(),
            (NITROGEN, false) => &[(5, site.is_l5()), (10, site.is_l10())],
            (NITROGEN, true) => &[(9, site.is_l9())],
            (OXYGEN, false) => &[(3, site.is_l3())],
            (SULFUR, false) => &[(11, site.is_l11()), (12, site.is_l12())],
            _ => &[],
        };
        Self(
            members
                .iter()
                .filter(|(_, member)| *member)
                .map(|(label, _)| 1 << label)
                .sum(),
        )
    }

    pub(super) fn contains(self, label: u8) -> bool {
        self.0 & (1 << label) != 0
    }
}

/// The environments as predicates; SMARTS upper case is aliphatic, lower case aromatic.
impl Site<'_> {
    /// A neighbour of one of the elements over a single bond outside rings.
    fn has_chain_link_to(&self, elements: &[u8]) -> bool {
        self.any(|bond, atom| is_single(bond) && !bond.in_ring && is_one_of(elements)(bond, atom))
    }

    /// Aliphatic neighbours of one of the elements over single ring bonds.
    fn ring_links_to(&self, elements: &[u8]) -> usize {
        self.count(|bond, atom| {
            is_single(bond) && bond.in_ring && !atom.aromatic && is_one_of(elements)(bond, atom)
        })
    }

    /// Aromatic neighbours of one of the elements over aromatic bonds.
    fn aromatic_links_to(&self, elements: &[u8]) -> usize {
        self.count(|bond, atom| {
            bond.order == BondOrder::Aromatic && atom.aromatic && is_one_of(elements)(bond, atom)
        })
    }

    fn aliphatic_carbon(&self) -> [(u8, bool); 7] {
        const ACYL_PARTNERS: [u8; 4] = [WILDCARD, CARBON, NITROGEN, OXYGEN];
        let degree = self.degree();
        let oxo = self.any(is_oxo);
        let partner = self
            .any(|bond, atom| is_single_or_aromatic(bond) && is_one_of(&ACYL_PARTNERS)(bond, atom));
        let only_single = self.all(|bond, _| is_single(bond));
        let in_ring = self.atom.in_ring;
        let single_to_carbon =
            self.any(|bond, atom| is_single(bond) && atom.atomic_number == CARBON);
        [
            (1, degree == 3 && oxo && partner),
            (
                4,
                degree != 1 && !self.has_double_bond() && self.has_chain_link_to(&[CARBON]),
            ),
            (
                6,
                degree == 3 && !in_ring && oxo && self.has_chain_link_to(&ACYL_PARTNERS),
            ),
            (7, matches!(degree, 2 | 3) && single_to_carbon),
            (8, !in_ring && degree != 1 && only_single),
            (
                13,
                self.ring_links_to(&[NITROGEN, OXYGEN, SULFUR]) >= 1
                    && self.ring_links_to(&[CARBON, NITROGEN, OXYGEN, SULFUR]) >= 2,
            ),
            (15, self.ring_links_to(&[CARBON]) >= 2),
        ]
    }

    fn aromatic_carbon(&self) -> [(u8, bool); 2] {
        let hetero = self.aromatic_links_to(&[NITROGEN, OXYGEN, SULFUR]);
        let carbon = self.aromatic_links_to(&[CARBON]);
        [(14, hetero >= 1 && hetero + carbon >= 2), (16, carbon >= 2)]
    }

    fn is_l3(&self) -> bool {
        self.degree() == 2 && self.has_chain_link_to(&[WILDCARD, CARBON, HYDROGEN])
    }

    fn is_l5(&self) -> bool {
        let foreign = self.any(|bond, atom| {
            is_single(bond) && !is_one_of(&[WILDCARD, HYDROGEN, CARBON, SULFUR])(bond, atom)
        });
        self.degree() != 1 && !self.has_double_bond() && !foreign && !self.is_lactam()
    }

    fn is_l9(&self) -> bool {
        self.atom.charge == 0 && self.aromatic_links_to(&[CARBON, NITROGEN, OXYGEN, SULFUR]) >= 2
    }

    fn is_l10(&self) -> bool {
        let ring_neighbors = self.count(|bond, atom| {
            bond.in_ring
                && !atom.aromatic
                && is_one_of(&[CARBON, NITROGEN, OXYGEN, SULFUR])(bond, atom)
        });
        self.is_lactam() && ring_neighbors >= 2
    }

    fn is_l11(&self) -> bool {
        self.degree() == 2 && self.has_chain_link_to(&[WILDCARD, CARBON])
    }

    fn is_l12(&self) -> bool {
        let partner = self.any(|bond, atom| {
            is_single_or_aromatic(bond) && is_one_of(&[WILDCARD, CARBON])(bond, atom)
        });
        self.degree() == 4 && self.count(is_oxo) >= 2 && partner
    }

    /// Bonded within a ring to an aliphatic carbon with a double bond to oxygen.
    fn is_lactam(&self) -> bool {
        self.sites(|bond, atom| bond.in_ring && atom.atomic_number == CARBON && !atom.aromatic)
            .any(|carbon| carbon.any(is_oxo))
    }
}
