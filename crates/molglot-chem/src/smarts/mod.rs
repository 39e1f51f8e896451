//! Substructure search with SMARTS (Daylight Chemical Information Systems), as RDKit reads it.
//!
//! A [`Pattern`] is compiled once and matched as often as wanted:
//!
//! ```
//! use molglot_chem::{Molecule, smarts::Pattern};
//!
//! let acid = Pattern::new("[CX3](=O)[OX2H1]")?;
//! let aspirin = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O")?;
//! assert_eq!(acid.matches(&aspirin), [[10, 11, 12]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To match many patterns against one molecule, make one [`Search`] of it; to look at every way a
//! pattern lies on a molecule, use [`Pattern::mappings`].
//!
//! # What is understood
//!
//! | atoms | |
//! |---|---|
//! | `C` `c` `Cl` ... | the element, aliphatic or aromatic; outside brackets the organic subset and `b c n o p s` |
//! | `[Se]` `[Fe]` ... | an element outside the organic subset: aromatic or not, as in RDKit |
//! | `#6` | the element, aromatic or not |
//! | `*` `a` `A` | any, aromatic, aliphatic atom |
//! | `D2` `d2` `X2` | neighbours in the graph, those that are not protium, all with hydrogens; 1 if no number |
//! | `H2` `h2` | hydrogens altogether, those that are no atoms of the graph; `H` is one, `h` at least one |
//! | `v4` | sum of bond orders, hydrogens included |
//! | `R` `R2` `r` `r6` `x` `x2` `k6` | in a ring, in two rings, in a ring, smallest ring of six, ring bonds, some ring of six |
//! | `z2` `Z2` | neighbours that are neither carbon nor hydrogen; those that are aliphatic too |
//! | `+` `++` `+2` `-` `-2` | charge |
//! | `13C` `13` | isotope; 0 where none is written |
//! | `^1` to `^5` | hybridisation: sp, sp2, sp3, sp3d, sp3d2 |
//! | `$(...)` | the atom matches the first atom of another pattern |
//!
//! Bonds are `-` `=` `#` `$` (quadruple) `:` `~` `@` (in a ring); none is single or aromatic, and so
//! are `/` and `\`. Both kinds combine with `!`, `&` (or nothing), `,` and `;`, in this order of
//! strength. Branches, ring closures and dots (any other atom of the molecule) work as in SMILES.
//!
//! Ring sizes and numbers are those of the symmetrised SSSR. An atom map is read and ignored.
//! Chirality, `{a-b}` ranges, `^0`, dative arrows and component grouping are refused, so that no
//! pattern means less than it says.
//!
//! # Hydrogens
//!
//! `[H]`, `[2H]` and `[H+]` are hydrogen atoms, as everywhere is `#1`. A [`Molecule`] folds ordinary
//! hydrogens into their neighbours, so these match only the few that stay atoms (`[2H]`, `[H][H]`,
//! `[H+]`); ask for `[OH]` instead of `O[H]`. Within other expressions `H` counts hydrogens.

mod atom;
mod error;
mod parse;
mod search;

use crate::molecule::Molecule;
use atom::AtomNode;

pub use error::{SmartsError, SmartsErrorKind};
pub use search::{Mappings, Search};

/// How deep `$(...)` may nest.
pub const MAX_RECURSION: usize = 32;

/// A compiled SMARTS pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Box<str>,
    /// The pattern itself, then everything inside `$(...)`.
    graphs: Vec<Graph>,
    /// The decision diagrams of all atoms.
    atoms: Vec<AtomNode>,
    /// Elements that a match cannot do without, with their numbers.
    needs: Vec<(u8, u32)>,
}

/// The atoms of one pattern in the order in which they are matched, each behind its parent.
#[derive(Debug, Clone, Default)]
struct Graph {
    steps: Vec<Step>,
    closures: Vec<Closure>,
}

#[derive(Debug, Clone)]
struct Step {
    /// Entry into [`Pattern::atoms`].
    atom: u32,
    /// The matched atom to go on from and the bond there; none where a component starts.
    parent: Option<(u32, BondSet)>,
    /// Where the ring closures of this step end in [`Graph::closures`]; they start where those of
    /// the step before end.
    closures_end: u32,
}

/// A bond back to an atom that is matched earlier.
#[derive(Debug, Clone, Copy)]
struct Closure {
    to: u32,
    bond: BondSet,
}

/// The bonds that a bond expression accepts: one bit for each order in a chain and in a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BondSet(u16);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong or not supported, with its byte offset.
    pub fn new(smarts: &str) -> Result<Self, SmartsError> {
        parse::pattern(smarts)
    }

    /// The SMARTS string.
    pub fn smarts(&self) -> &str {
        &self.source
    }

    /// How many atoms a match has.
    pub fn atom_count(&self) -> usize {
        self.graphs[0].steps.len()
    }

    /// The molecule contains the pattern.
    pub fn is_match(&self, molecule: &Molecule) -> bool {
        Search::new(molecule).is_match(self)
    }

    /// How many different atom sets match, counted up to `limit`.
    pub fn count_unique(&self, molecule: &Molecule, limit: usize) -> usize {
        Search::new(molecule).count_unique(self, limit)
    }

    /// One match for every atom set: the atoms in the order of the pattern. By the first atom, then
    /// in the order of bonds.
    ///
    /// A pattern that says little (`*~*~*~*~*~*`) can have very many matches;
    /// [`mappings`](Self::mappings) finds them one by one.
    pub fn matches(&self, molecule: &Molecule) -> Vec<Vec<u32>> {
        Search::new(molecule).matches(self)
    }

    /// Every way in which the pattern lies on the molecule.
    pub fn mappings<'a>(&'a self, molecule: &'a Molecule) -> Mappings<'a> {
        Mappings::new(self, Search::new(molecule))
    }
}
