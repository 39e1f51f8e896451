//! The keys that ask for one path.

use super::LONGEST;
use crate::fingerprint::maccs::graph::{
    A, AROMATIC, BOND, C, CH2, CH3, CHAIN, DOUBLE, N, O, Q, QH, RING, S, SINGLE, TRIPLE, X,
};

/// A path of certain atoms and bonds, read in one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The key of one match; 0 where only a second match has a key.
    pub(super) first: usize,
    /// The key of a second match on other atoms, or 0.
    pub(super) second: usize,
    pub(super) atoms: [u16; LONGEST],
    pub(super) bonds: [u16; LONGEST - 1],
}

const NOT_AROMATIC: u16 = BOND ^ AROMATIC;
pub(super) const SINGLE_OR_AROMATIC: u16 = SINGLE | AROMATIC;

const fn pair(first: usize, a: u16, ab: u16, b: u16) -> Row {
    Row {
        first,
        second: 0,
        atoms: [a, b, 0, 0, 0],
        bonds: [ab, 0, 0, 0],
    }
}

const fn triple(first: usize, a: u16, ab: u16, b: u16, bc: u16, c: u16) -> Row {
    Row {
        first,
        second: 0,
        atoms: [a, b, c, 0, 0],
        bonds: [ab, bc, 0, 0],
    }
}

/// Four atoms, the bonds unspecified.
const fn chain4(first: usize, atoms: [u16; 4]) -> Row {
    let [a, b, c, d] = atoms;
    Row {
        first,
        second: 0,
        atoms: [a, b, c, d, 0],
        bonds: [BOND, BOND, BOND, 0],
    }
}

/// Five atoms, those inside and the bonds unspecified.
const fn chain5(first: usize, a: u16, e: u16) -> Row {
    Row {
        first,
        second: 0,
        atoms: [a, A, A, A, e],
        bonds: [BOND; 4],
    }
}

const fn bonds4(first: usize, [ab, bc, cd]: [u16; 3]) -> Row {
    Row {
        first,
        second: 0,
        atoms: [A, A, A, A, 0],
        bonds: [ab, bc, cd, 0],
    }
}

impl Row {
    const fn and_second(mut self, second: usize) -> Self {
        self.second = second;
        self
    }
}

/// By the number of bonds, from one to four.
pub(super) const ROWS: [&[Row]; LONGEST - 1] = [
    &[
        pair(14, S, SINGLE, S),
        pair(17, C, TRIPLE, C),
        pair(24, N, SINGLE, O),
        pair(31, Q, BOND, X),
        pair(33, N, BOND, S),
        pair(34, CH2, DOUBLE, A),
        pair(40, S, SINGLE, O),
        pair(41, C, TRIPLE, N),
        pair(52, N, BOND, N),
        pair(60, S, DOUBLE, O),
        pair(63, N, DOUBLE, O),
        pair(65, C, AROMATIC, N),
        pair(67, Q, BOND, S),
        pair(68, QH, BOND, QH),
        pair(69, Q, BOND, QH),
        pair(71, N, BOND, O),
        pair(73, S, DOUBLE, A),
        pair(78, C, DOUBLE, N),
        pair(93, Q, BOND, CH3),
        pair(94, Q, BOND, N),
        pair(99, C, DOUBLE, C),
        pair(102, Q, BOND, O),
        pair(119, N, DOUBLE, A),
        pair(124, Q, BOND, Q).and_second(130),
        pair(0, O, DOUBLE, A).and_second(136),
        pair(154, C, DOUBLE, O),
        pair(157, C, SINGLE, O),
        pair(158, C, SINGLE, N),
    ],
    &[
        triple(28, Q, BOND, CH2, BOND, Q),
        triple(32, C, BOND, S, BOND, N),
        triple(43, QH, BOND, A, BOND, QH),
        triple(45, C, DOUBLE, C, BOND, N),
        triple(47, S, BOND, A, BOND, N),
        triple(51, C, BOND, S, BOND, O),
        triple(55, O, BOND, S, BOND, O),
        triple(58, Q, BOND, S, BOND, Q),
        triple(59, S, NOT_AROMATIC, A, AROMATIC, A),
        triple(64, A, RING, A, CHAIN, S),
        triple(70, Q, BOND, N, BOND, Q),
        triple(74, CH3, BOND, A, BOND, CH3),
        triple(75, A, CHAIN, N, RING, A),
        triple(77, N, BOND, A, BOND, N),
        triple(82, A, BOND, CH2, BOND, QH),
        triple(
            86,
            CH2 | CH3,
            SINGLE_OR_AROMATIC,
            Q,
            SINGLE_OR_AROMATIC,
            CH2 | CH3,
        ),
        triple(87, X, CHAIN, A, RING, A),
        triple(100, A, BOND, CH2, BOND, N),
        triple(109, A, BOND, CH2, BOND, O),
        triple(110, N, BOND, C, BOND, O),
        triple(113, O, NOT_AROMATIC, A, AROMATIC, A),
        triple(114, CH3, BOND, CH2, BOND, A),
        triple(117, N, BOND, A, BOND, O),
        triple(123, O, BOND, C, BOND, O),
        triple(126, A, CHAIN, O, CHAIN, A),
        triple(143, A, RING, A, CHAIN, O).and_second(127),
        triple(133, A, RING, A, CHAIN, N),
        triple(135, N, NOT_AROMATIC, A, AROMATIC, A),
        triple(153, Q, BOND, CH2, BOND, A).and_second(138),
        triple(155, A, CHAIN, CH2, CHAIN, A),
    ],
    &[
        chain4(54, [QH, A, A, QH]),
        bonds4(62, [RING, CHAIN, RING]),
        chain4(72, [O, A, A, O]),
        chain4(79, [N, A, A, N]),
        chain4(95, [N, A, A, O]),
        chain4(104, [QH, A, CH2, A]),
        chain4(111, [N, A, CH2, A]),
        chain4(115, [CH3, A, CH2, A]),
        // Key 118 asks for two atoms at the end of this path; it has two ends.
        chain4(118, [A, CH2, CH2, A]),
        chain4(147, [A, CH2, CH2, A]),
        chain4(132, [O, A, CH2, A]),
        bonds4(144, [NOT_AROMATIC, AROMATIC, NOT_AROMATIC]),
        bonds4(150, [CHAIN, RING, CHAIN]),
    ],
    &[
        chain5(53, QH, QH),
        chain5(80, N, N),
        chain5(89, O, O),
        chain5(97, N, O),
    ],
];
