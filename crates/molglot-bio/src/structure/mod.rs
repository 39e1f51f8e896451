//! Macromolecular structures as flat tables.
//!
//! A [`Structure`] is one table of atoms and one each of residues, chains, label chains and entities, which refer to
//! each other by index. Rows stand in the order of the file, with one exception: what a file scatters (the waters of a
//! chain behind all chains, say) is gathered, so that the atoms of a residue and the residues of a chain are always
//! neighbours.

mod builder;
mod component;
mod element;
mod name;
mod query;
mod select;

use std::ops::Range;

pub use builder::{AtomRecord, Builder};
pub use component::{Component, ResidueKind};
pub use element::Element;
pub use name::Name;
pub use query::Gap;
pub use select::Altlocs;

/// A macromolecular structure: one flat table of atoms, and the tables of what they belong to.
///
/// Indices are always in range and ranges are contiguous: `chains[c].residues` are the rows of `residues` whose `chain`
/// is `c`, and `residues[r].atoms` the rows of `atoms` whose `residue` is `r`. Chains stand in the order in which the
/// file first names them, model by model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Structure {
    /// The id of the entry, as in `1UBQ`; the data block's or file's name where the entry has none.
    pub id: String,
    /// The title.
    pub title: String,
    /// The names of the polymers, each once.
    pub compound: Vec<String>,
    /// The scientific names of the source organisms, each once.
    pub organism: Vec<String>,
    /// The classification and the keywords.
    pub keywords: Vec<String>,
    /// The experimental method in upper case, as in `X-RAY DIFFRACTION`.
    pub method: String,
    /// The resolution in angstrom.
    pub resolution: Option<f32>,
    /// What the b-factor column holds.
    pub b_factor: BFactor,
    /// How many models the file holds, whether or not all were read.
    pub models: u32,
    /// The atoms.
    pub atoms: Vec<Atom>,
    /// The residues, ligands and waters.
    pub residues: Vec<Residue>,
    /// The chains as authors name them. The same chain of another model is another row.
    pub chains: Vec<Chain>,
    /// The parts of chains that mmCIF tells apart: polymer, each ligand, waters.
    pub label_chains: Vec<LabelChain>,
    /// The distinct molecules.
    pub entities: Vec<Entity>,
}

/// Rows of a table, from `start` up to before `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first row.
    pub start: u32,
    /// The row behind the last one.
    pub end: u32,
}

impl Span {
    /// The rows as indices.
    #[inline]
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// How many rows these are.
    #[inline]
    #[must_use]
    pub fn len(self) -> usize {
        self.range().len()
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// One atom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atom {
    /// Its name, as in `CA`.
    pub name: Name,
    /// Where it is, in angstrom; always finite.
    pub position: [f32; 3],
    /// Its occupancy; 1 where the file does not say.
    pub occupancy: f32,
    /// The temperature factor in square angstrom, or what [`Structure::b_factor`] says; 0 where the file does not say.
    pub b_factor: f32,
    /// The number the file gives it; 0 where that cannot be read.
    pub serial: i32,
    /// The residue it belongs to.
    pub residue: u32,
    /// Its element.
    pub element: Element,
    /// Its formal charge.
    pub charge: i8,
    /// Which alternate location this is; a blank where there is one only.
    pub altloc: u8,
    /// Whether the file lists it as a hetero atom.
    pub hetero: bool,
}

/// One residue, ligand or water.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residue {
    /// The name of its component, as in `ALA`.
    pub name: Name,
    /// The number that the authors give it; `None` where the file has none that can be read.
    pub number: Option<i32>,
    /// The insertion code, a blank where there is none.
    pub insertion: u8,
    /// Its place in the sequence of its entity, from 1; `None` for non-polymers and for PDB files, which do not tell.
    pub label_number: Option<i32>,
    /// What it is.
    pub kind: ResidueKind,
    /// Its one-letter code, or its parent's where it is modified; `X` where there is none.
    pub letter: u8,
    /// Whether it is part of a polymer, as opposed to a ligand that happens to be an amino acid.
    pub polymer: bool,
    /// The chain it belongs to.
    pub chain: u32,
    /// The label chain it belongs to.
    pub label_chain: u32,
    /// Its atoms.
    pub atoms: Span,
}

/// One chain of one model, as authors name it: polymer, ligands and waters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The author's id (`auth_asym_id`, or the chain column of PDB); may be empty.
    pub id: String,
    /// Which model of the file it is part of, from 0.
    pub model: u32,
    /// The entity of its polymer, if it has one.
    pub entity: Option<u32>,
    /// Its residues.
    pub residues: Span,
}

/// The part of a chain that mmCIF gives an id of its own.
///
/// A PDB file does not name these: there a chain has one for the polymer and one for the rest, both without an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelChain {
    /// `label_asym_id`; empty for PDB files.
    pub id: String,
    /// The chain it is part of.
    pub chain: u32,
    /// Its entity, where the file tells.
    pub entity: Option<u32>,
}

/// One distinct molecule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// Its id in the file.
    pub id: String,
    /// What it is.
    pub kind: EntityKind,
    /// Its name.
    pub description: String,
    /// The scientific name of the organism it comes from.
    pub organism: String,
    /// The residues of the whole polymer, observed or not. Where a position has several, the first one listed.
    pub sequence: Vec<Name>,
}

/// What an entity is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntityKind {
    /// A polypeptide.
    Protein,
    /// A polydeoxyribonucleotide.
    Dna,
    /// A polyribonucleotide.
    Rna,
    /// Another polymer: a hybrid, a nucleic acid analogue, a polysaccharide.
    OtherPolymer,
    /// A ligand or an ion.
    NonPolymer,
    /// A branched sugar.
    Branched,
    /// Water.
    Water,
    /// The file does not say.
    #[default]
    Unknown,
}

/// What the b-factor column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BFactor {
    /// Temperature factors in square angstrom.
    #[default]
    Temperature,
    /// The confidence of a prediction from 0 to 100 (pLDDT), as in the AlphaFold database.
    Plddt,
}
