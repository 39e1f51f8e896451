//! Which atoms an atom's frame points to, and what kind of atom it is, for the 20 standard amino acids.

use crate::structure::Name;

/// Kinds of atoms, numbered from 1 as the published embedding is; 0 pads.
pub const ATOM_KINDS: [&str; 12] = [
    "C", "CH", "CH2", "CH3", "CPi", "O", "OH", "N", "NH", "NH2", "S", "SH",
];

const C: u8 = 1;
const CH: u8 = 2;
const CH2: u8 = 3;
const CH3: u8 = 4;
const CPI: u8 = 5;
const O: u8 = 6;
const OH: u8 = 7;
const N: u8 = 8;
const NH: u8 = 9;
const NH2: u8 = 10;
const S: u8 = 11;
const SH: u8 = 12;

/// An atom, the atom before and behind it on its branch, and its kind. An empty name is no atom.
pub(super) struct Entry {
    pub(super) atom: Name,
    pub(super) previous: Name,
    pub(super) next: Name,
    pub(super) kind: u8,
}

const fn at(atom: &str, previous: &str, next: &str, kind: u8) -> Entry {
    Entry {
        atom: Name::of(atom),
        previous: Name::of(previous),
        next: Name::of(next),
        kind,
    }
}

/// The backbone. N and C reach into the residues beside, which is not said here.
static BACKBONE: [Entry; 5] = [
    at("N", "C", "CA", NH),
    at("CA", "N", "C", CH),
    at("C", "CA", "N", C),
    at("O", "C", "", O),
    at("OXT", "C", "", OH),
];
static ALA: [Entry; 1] = [at("CB", "CA", "", CH3)];
static CYS: [Entry; 2] = [at("CB", "CA", "SG", CH2), at("SG", "CB", "", SH)];
static ASP: [Entry; 4] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "OD1", C),
    at("OD1", "CG", "", O),
    at("OD2", "CG", "", OH),
];
// CG of glutamate counts as CH in the published table.
static GLU: [Entry; 5] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD", CH),
    at("CD", "CG", "OE1", C),
    at("OE1", "CD", "", O),
    at("OE2", "CD", "", OH),
];
static PHE: [Entry; 7] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD1", CPI),
    at("CD1", "CG", "CE1", CPI),
    at("CE1", "CD1", "CZ", CPI),
    at("CZ", "CE1", "CE2", CPI),
    at("CE2", "CD2", "CZ", CPI),
    at("CD2", "CG", "CE2", CPI),
];
// NE2 of histidine has no kind in the published table and so the first one.
static HIS: [Entry; 6] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "ND1", CPI),
    at("ND1", "CG", "CE1", N),
    at("CE1", "ND1", "NE2", CPI),
    at("NE2", "CE1", "CD2", C),
    at("CD2", "NE2", "CG", CPI),
];
static ILE: [Entry; 4] = [
    at("CB", "CA", "CG1", CH),
    at("CG1", "CB", "CD1", CH2),
    at("CG2", "CB", "", CH3),
    at("CD1", "CG1", "", CH3),
];
static LYS: [Entry; 5] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD", CH2),
    at("CD", "CG", "CE", CH2),
    at("CE", "CD", "NZ", CH2),
    at("NZ", "CE", "", NH2),
];
static LEU: [Entry; 4] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD1", CH),
    at("CD1", "CG", "", CH3),
    at("CD2", "CG", "", CH3),
];
static MET: [Entry; 4] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "SD", CH2),
    at("SD", "CG", "CE", S),
    at("CE", "SD", "", CH3),
];
static ASN: [Entry; 4] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "OD1", C),
    at("OD1", "CG", "", O),
    at("ND2", "CG", "", NH2),
];
static PRO: [Entry; 3] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD", CH2),
    at("CD", "CG", "N", CH2),
];
static GLN: [Entry; 5] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD", CH2),
    at("CD", "CG", "OE1", C),
    at("OE1", "CD", "", O),
    at("NE2", "CD", "", NH2),
];
static ARG: [Entry; 7] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD", CH2),
    at("CD", "CG", "NE", CH2),
    at("NE", "CD", "CZ", NH),
    at("CZ", "NE", "NH1", C),
    at("NH1", "CZ", "", NH),
    at("NH2", "CZ", "", NH2),
];
static SER: [Entry; 2] = [at("CB", "CA", "OG", CH2), at("OG", "CB", "", OH)];
static THR: [Entry; 3] = [
    at("CB", "CA", "OG1", CH),
    at("OG1", "CB", "", OH),
    at("CG2", "CB", "", CH3),
];
static VAL: [Entry; 3] = [
    at("CB", "CA", "CG1", CH),
    at("CG1", "CB", "", CH3),
    at("CG2", "CB", "", CH3),
];
static TRP: [Entry; 10] = [
    at("CB", "CA", "CG", CH2),
    at("CG", "CB", "CD1", CPI),
    at("CD1", "CG", "NE1", CPI),
    at("NE1", "CD1", "CE2", NH),
    at("CD2", "CG", "CE2", CPI),
    at("CE2", "CD2", "CZ2", CPI),
    at("CZ2", "CE2", "CH2", CPI),
    at("CH2", "CZ2", "CZ3", CPI),
    at("CZ3", "CH2", "CE3", CPI),
    at("CE3", "CZ3", "CD2", CPI),
];
static TYR_OH: [Entry; 1] = [at("OH", "CZ", "", OH)];

/// What the published tables say about an atom of an amino acid; `None` for an atom that they do not list.
pub(super) fn entry(letter: u8, atom: Name) -> Option<&'static Entry> {
    let side_chain: &[Entry] = match letter {
        b'A' => &ALA,
        b'C' => &CYS,
        b'D' => &ASP,
        b'E' => &GLU,
        b'F' | b'Y' => &PHE,
        b'H' => &HIS,
        b'I' => &ILE,
        b'K' => &LYS,
        b'L' => &LEU,
        b'M' => &MET,
        b'N' => &ASN,
        b'P' => &PRO,
        b'Q' => &GLN,
        b'R' => &ARG,
        b'S' => &SER,
        b'T' => &THR,
        b'V' => &VAL,
        b'W' => &TRP,
        _ => &[],
    };
    let hydroxyl: &[Entry] = if letter == b'Y' { &TYR_OH } else { &[] };
    let mut entries = BACKBONE.iter().chain(side_chain).chain(hydroxyl);
    entries.find(|entry| entry.atom == atom)
}

/// The number of an atom's kind in [`ATOM_KINDS`], from 1. What the published tables do not list is of the first kind.
#[must_use]
pub fn atom_kind(letter: u8, atom: Name) -> u8 {
    match (letter, atom.as_bytes()) {
        (b'G', b"CA") => CH2,
        (b'P', b"N") => N,
        _ => entry(letter, atom).map_or(C, |entry| entry.kind),
    }
}

/// Whether ScanNet sees an atom of this name.
#[must_use]
pub(super) fn is_seen(atom: Name) -> bool {
    const SEEN: [&str; 38] = [
        "C", "CA", "CB", "CD", "CD1", "CD2", "CE", "CE1", "CE2", "CE3", "CG", "CG1", "CG2", "CH2",
        "CZ", "CZ2", "CZ3", "N", "ND1", "ND2", "NE", "NE1", "NE2", "NH1", "NH2", "NZ", "O", "OD1",
        "OD2", "OE1", "OE2", "OG", "OG1", "OH", "OXT", "SD", "SE", "SG",
    ];
    SEEN.binary_search(&atom.as_str()).is_ok()
}
