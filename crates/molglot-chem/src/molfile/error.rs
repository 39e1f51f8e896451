//! What can be wrong with a molfile, where, and what to do about it.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::perceive::ProblemKind;
use crate::smiles::{MAX_ATOMS, MAX_CHARGE};

/// A molfile that is not a molecule: the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
#[non_exhaustive]
pub struct MolfileError {
    /// The line of the molfile, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: MolfileErrorKind,
}

impl MolfileError {
    pub(super) fn new(line: usize, kind: MolfileErrorKind) -> Self {
        Self { line, kind }
    }
}

/// A record of an SD file that is left out: its number, the place and the reason.
#[derive(Debug, Error)]
#[error("record {record}, line {line}: {kind}")]
#[non_exhaustive]
pub struct SdfError {
    /// The record, counted from 1.
    pub record: usize,
    /// The line of the file, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: SdfErrorKind,
}

/// Why a record of an SD file was left out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SdfErrorKind {
    /// The record is no molecule.
    #[error("{0}")]
    Molfile(MolfileErrorKind),
    /// A line longer than [`MAX_LINE`](super::sdf::MAX_LINE).
    #[error(
        "the line is longer than {} bytes; is this an SD file?",
        super::sdf::MAX_LINE
    )]
    LineTooLong,
    /// A record longer than [`MAX_RECORD`](super::sdf::MAX_RECORD).
    #[error(
        "the record is longer than {} bytes; is a line '$$$$' missing?",
        super::sdf::MAX_RECORD
    )]
    RecordTooLong,
    /// The file could not be read on; there are no further records.
    #[error("the file cannot be read: {0}")]
    Io(#[source] io::Error),
}

/// Why a molfile was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MolfileErrorKind {
    /// Nothing but blanks.
    Empty,
    /// The text ends before `M  END`.
    Truncated,
    /// No counts of atoms and bonds in the fourth line.
    Counts,
    /// Neither V2000 nor V3000.
    Version(String),
    /// More atoms than [`MAX_ATOMS`].
    TooManyAtoms,
    /// A line that has not all the columns or words of its kind.
    ShortLine,
    /// A coordinate that is no number.
    Coordinate,
    /// No number where one belongs.
    Number,
    /// No element has this symbol.
    Element(String),
    /// An atom number that no atom has.
    NoSuchAtom(String),
    /// Two atoms with the same number.
    DuplicateAtom(u32),
    /// A bond from an atom to itself.
    SelfBond,
    /// A second bond between the same atoms.
    DuplicateBond,
    /// An unknown bond type or stereo code.
    Bond(String),
    /// A charge out of range.
    Charge,
    /// A mass number out of range.
    Isotope,
    /// A radical code other than 0 to 3.
    Radical,
    /// A total valence out of range.
    TotalValence,
    /// A V3000 line that does not start with `M  V30 `.
    Prefix,
    /// The V3000 line that should stand here.
    Expected(&'static str),
    /// A property of an atom or bond that is not `KEY=value`.
    Property(String),
    /// A feature of search queries; a query is no molecule.
    Query(QueryFeature),
    /// Well-formed, but outside what this crate models.
    Unsupported(&'static str),
    /// A line between data items that belongs to none.
    StrayData,
    /// More bonds than the element and charge of this atom allow.
    Valence,
    /// No assignment of double bonds fits the aromatic bonds.
    Kekulize,
    /// An aromatic bond outside of rings.
    AromaticOutsideRing,
}

impl From<ProblemKind> for MolfileErrorKind {
    fn from(kind: ProblemKind) -> Self {
        match kind {
            ProblemKind::Valence => Self::Valence,
            ProblemKind::Kekulize => Self::Kekulize,
            ProblemKind::AromaticOutsideRing => Self::AromaticOutsideRing,
        }
    }
}

/// Why a record cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Not one place per atom.
    #[error("{places} places for {atoms} atoms")]
    Places {
        /// The number of coordinates.
        places: usize,
        /// The number of atoms.
        atoms: usize,
    },
    /// A coordinate that is not finite.
    #[error("atom {atom} has a coordinate that is no number")]
    Coordinate {
        /// The atom, counted from 0.
        atom: usize,
    },
    /// More than V2000 has columns for.
    #[error("too large for V2000; write V3000")]
    TooLarge,
    /// A bond that the format has no code for.
    #[error("bond {bond} is of order four, for which the format has no code")]
    Bond {
        /// The bond, counted from 0.
        bond: usize,
    },
    /// The coordinates do not show the stereo centre, or hydrogens, or charges cannot be told.
    #[error("atom {atom} would be read as something else; do the coordinates show its geometry?")]
    Atom {
        /// The atom, counted from 0.
        atom: usize,
    },
    /// The coordinates do not show the geometry of the double bond.
    #[error("the coordinates do not show the geometry of double bond {bond}")]
    DoubleBond {
        /// The bond, counted from 0.
        bond: usize,
    },
    /// A line break in the name or comment.
    #[error("name and comment are one line each")]
    Title,
    /// A data item that the format cannot hold.
    #[error(
        "data item '{0}': a name is one line without '<' and '>', a value has no empty line and no '$$$$'"
    )]
    Data(String),
}

/// The query features of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryFeature {
    /// Any of, or none of, the listed elements.
    AtomList,
    /// An atom symbol for a class of elements: `A`, `Q`, `X`, `M`, with `H` or without.
    AtomClass,
    /// A named group such as `ARY`.
    GenericGroup,
    /// Bond types 5 to 8: single or double, single or aromatic, double or aromatic, any.
    BondType,
    /// A bond that has to be in a ring, or in none.
    BondTopology,
    /// A number of hydrogens.
    HydrogenCount,
    /// A number of ring bonds.
    RingBondCount,
    /// A number of neighbours.
    SubstitutionCount,
    /// An unsaturated atom.
    Unsaturation,
    /// A repeated unit.
    LinkNode,
    /// A SMARTS pattern.
    Smarts,
}

impl fmt::Display for MolfileErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the record is blank; remove it"),
            Self::Truncated => write!(
                f,
                "the molfile ends before its line 'M  END'; is the file complete?"
            ),
            Self::Counts => write!(
                f,
                "no counts line; the fourth line starts with the numbers of atoms and bonds, three columns each"
            ),
            Self::Version(version) => {
                write!(f, "version '{version}' is not known; write V2000 or V3000")
            }
            Self::TooManyAtoms => write!(f, "more than {MAX_ATOMS} atoms"),
            Self::ShortLine => write!(f, "the line is too short for its kind"),
            Self::Coordinate => write!(
                f,
                "a coordinate is no number; in V2000 each has ten columns"
            ),
            Self::Number => write!(f, "a whole number is missing or not in its columns"),
            Self::Element(symbol) => write!(f, "no element has the symbol '{symbol}'"),
            Self::NoSuchAtom(number) => write!(f, "there is no atom '{number}'"),
            Self::DuplicateAtom(number) => write!(f, "atom number {number} is given twice"),
            Self::SelfBond => write!(f, "the bond joins an atom to itself"),
            Self::DuplicateBond => write!(f, "these two atoms are bonded already"),
            Self::Bond(code) => write!(f, "bond code '{code}' is not known"),
            Self::Charge => write!(f, "charges go from -{MAX_CHARGE} to +{MAX_CHARGE}"),
            Self::Isotope => write!(f, "mass numbers go from 1 to 65535"),
            Self::Radical => write!(f, "a radical is 0, 1 (singlet), 2 (doublet) or 3 (triplet)"),
            Self::TotalValence => write!(f, "a valence is 1 to 14, or 15 (in V3000: -1) for zero"),
            Self::Prefix => write!(f, "every line of a V3000 table starts with 'M  V30 '"),
            Self::Expected(line) => write!(f, "expected '{line}'"),
            Self::Property(text) => write!(f, "'{text}' is not of the form KEY=value"),
            Self::Query(feature) => write!(f, "{feature} makes this a query, not a molecule"),
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
            Self::StrayData => write!(
                f,
                "this line belongs to no data item; a value ends at its first blank line, and an item starts with '> <name>'"
            ),
            Self::Valence => write!(
                f,
                "this atom has more bonds than its element and charge allow"
            ),
            Self::Kekulize => write!(
                f,
                "no double bonds fit the aromatic bonds; write them as single and double"
            ),
            Self::AromaticOutsideRing => {
                write!(f, "an aromatic bond of this atom is in no ring")
            }
        }
    }
}

impl fmt::Display for QueryFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtomList => "an atom list",
            Self::AtomClass => "a symbol for several elements",
            Self::GenericGroup => "a generic group",
            Self::BondType => "a bond of more than one type",
            Self::BondTopology => "a bond topology",
            Self::HydrogenCount => "a hydrogen count",
            Self::RingBondCount => "a ring-bond count",
            Self::SubstitutionCount => "a substitution count",
            Self::Unsaturation => "an unsaturation mark",
            Self::LinkNode => "a link node",
            Self::Smarts => "a SMARTS pattern",
        })
    }
}
