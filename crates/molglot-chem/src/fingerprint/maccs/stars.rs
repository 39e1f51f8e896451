//! Keys about an atom with three or four neighbours.

use super::graph::{C, DOUBLE, Graph, N, O, Q, RING, S, X};
use crate::fingerprint::Bits;

pub(super) fn set_keys(graph: &Graph<'_>, bits: &mut Bits) {
    for center in 0..graph.molecule.atoms().len() as u32 {
        let links = graph.links(center);
        let degree = links.len();
        if degree < 3 {
            continue;
        }
        let count = |class: u16, bond: u16| {
            links
                .iter()
                .filter(|link| graph.class(link.atom) & class != 0 && link.bond & bond != 0)
                .count()
        };
        let near = |class: u16| count(class, u16::MAX);
        let (carbons, nitrogens, oxygens, hetero) = (near(C), near(N), near(O), near(Q));
        let ring_bonds = links.iter().filter(|link| link.bond & RING != 0).count();
        let center = graph.class(center);
        let is = |class: u16| center & class != 0;
        let alkene = is(C) && count(C, DOUBLE) > 0;
        for (holds, bit) in [
            (is(N) && oxygens > 0 && carbons > 1, 13),
            (is(C) && oxygens > 2, 15),
            (alkene && hetero > 1, 21),
            (is(C) && nitrogens > 0 && oxygens > 1, 23),
            (is(C) && nitrogens > 2, 25),
            (is(C) && ring_bonds > 2 && count(C, DOUBLE & RING) > 0, 26),
            (is(Q) && carbons > 2 && degree > 3, 30),
            (is(C) && nitrogens > 1 && oxygens > 0, 37),
            (is(C) && nitrogens > 1 && carbons > 0, 38),
            (is(S) && oxygens > 2, 39),
            (is(Q) && oxygens > 2, 48),
            (alkene && carbons > 2, 50),
            (is(N) && oxygens > 1 && carbons > 0, 56),
            (is(S), 61),
            (is(C) && carbons > 2 && degree > 3, 66),
            (alkene, 76),
            (near(S) > 0, 81),
            (is(N) && carbons > 2, 85),
            (is(C) && oxygens > 0 && nitrogens > 0 && carbons > 0, 92),
            (ring_bonds > 2, 105),
            (hetero > 2, 106),
            (near(X) > 0, 107),
            (degree > 3, 112),
            (is(N), 122),
            (is(Q), 148),
            (is(C) && oxygens > 0 && carbons > 1, 152),
            (nitrogens > 0, 156),
        ] {
            if holds {
                bits.set(bit);
            }
        }
    }
}
