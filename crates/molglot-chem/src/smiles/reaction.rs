//! Reaction SMILES: `reactants>agents>products`.

use crate::error::{SmilesError, SmilesErrorKind, SyntaxProblem};
use crate::molecule::Molecule;

/// A reaction: what goes in, what is there, what comes out.
///
/// Every part of the text between dots is a molecule of its own, as in RDKit; a dot inside a branch
/// does not divide, and ring bonds do not cross dots. Atoms that are the same before and after have
/// the same [`Atom::map`](crate::Atom::map).
///
/// ```
/// use molglot_chem::Reaction;
///
/// let reaction = Reaction::from_smiles("[CH3:1][OH:2].Br>O>[CH3:1]Br.[OH2:2]")?;
/// assert_eq!(reaction.reactants().len(), 2);
/// assert_eq!(reaction.agents()[0].formula(), "H2O");
/// assert_eq!(reaction.products()[1].atoms()[0].map, Some(2));
/// # Ok::<(), molglot_chem::SmilesError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    reactants: Vec<Molecule>,
    agents: Vec<Molecule>,
    products: Vec<Molecule>,
}

impl Reaction {
    /// Reads `reactants>agents>products`; each of the three may be empty, but not all of them.
    ///
    /// # Errors
    ///
    /// The first molecule that [`Molecule::from_smiles`] refuses, with the byte offset in the whole
    /// string, or [`SmilesErrorKind::ReactionArrow`] where there are not exactly two `>`. The `>` of
    /// a dative bond `->` does not count.
    pub fn from_smiles(smiles: &str) -> Result<Self, SmilesError> {
        let bytes = smiles.as_bytes();
        let arrows: Vec<usize> = (0..bytes.len())
            .filter(|&at| bytes[at] == b'>' && (at == 0 || bytes[at - 1] != b'-'))
            .collect();
        let (first, second) = match *arrows {
            [first, second] => (first, second),
            [_, _, third, ..] => {
                return Err(SmilesError::new(third, SmilesErrorKind::ReactionArrow));
            }
            _ => {
                return Err(SmilesError::new(
                    bytes.len(),
                    SmilesErrorKind::ReactionArrow,
                ));
            }
        };
        if bytes.len() == 2 {
            return Err(SmilesError::new(0, SmilesErrorKind::Empty));
        }
        Ok(Self {
            reactants: molecules(smiles, 0, first)?,
            agents: molecules(smiles, first + 1, second)?,
            products: molecules(smiles, second + 1, bytes.len())?,
        })
    }

    /// What is consumed.
    pub fn reactants(&self) -> &[Molecule] {
        &self.reactants
    }

    /// Catalysts, solvents and whatever else is written between the arrows.
    pub fn agents(&self) -> &[Molecule] {
        &self.agents
    }

    /// What is formed.
    pub fn products(&self) -> &[Molecule] {
        &self.products
    }
}

/// Reads the molecules between `start` and `end`.
fn molecules(smiles: &str, start: usize, end: usize) -> Result<Vec<Molecule>, SmilesError> {
    if start == end {
        return Ok(Vec::new());
    }
    let syntax = |at, problem| Err(SmilesError::new(at, SmilesErrorKind::Syntax(problem)));
    let mut molecules = Vec::new();
    let mut from = start;
    for dot in dots(&smiles.as_bytes()[..end], start).chain([end]) {
        if from == dot {
            return match (from == start, dot == end) {
                (true, _) => syntax(dot, SyntaxProblem::LeadingDot),
                (_, true) => syntax(dot - 1, SyntaxProblem::TrailingDot),
                _ => syntax(dot, SyntaxProblem::EmptyFragment),
            };
        }
        let molecule = Molecule::from_smiles(&smiles[from..dot]);
        molecules.push(molecule.map_err(|error| SmilesError {
            offset: error.offset + from,
            ..error
        })?);
        from = dot + 1;
    }
    Ok(molecules)
}

/// The dots from `start` on that are in no branch and no bracket.
fn dots(bytes: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let mut depth = 0usize;
    (start..bytes.len()).filter(move |&at| {
        match bytes[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && bytes[at] == b'.'
    })
}
