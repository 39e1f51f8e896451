//! Specs that people write.

use thiserror::Error;

use crate::{EdgeRule, GraphSpec, NodeKind, Types};

/// Why a spec builds no graphs of structures.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A number has no place on the real line.
    #[error(
        "a number of the spec is infinite or not a number: cutoffs and ranges are finite, in angstrom"
    )]
    NotFinite,
    /// There are no nodes.
    #[error("the spec has no nodes: add `[[nodes]]` with `kind = \"residue\"`")]
    NoNodes,
    /// Something is asked for that only a molecule has.
    #[error("{0} can be had of molecules only, not of structures of macromolecules")]
    MoleculesOnly(String),
    /// Features are asked for that these nodes do not have.
    #[error("nodes of kind `{0}` have no scalars and vectors; residues do")]
    NoFeatures(&'static str),
    /// Ends of chains are asked for where they cannot be had.
    #[error("`ends` can be had of a spec of one set of residues without edges and features")]
    Ends,
    /// More relations than can be numbered.
    #[error("{0} relations, at most 65536 can be numbered: fewer types or a shorter reach")]
    TooManyRelations(usize),
}

impl GraphSpec {
    /// One text for one spec: JSON without blanks, fields in order, numbers as short as they can be.
    ///
    /// # Errors
    ///
    /// [`SpecError::NotFinite`]: JSON has no such number.
    pub fn canonical(&self) -> Result<String, SpecError> {
        let text = serde_json::to_string(self).map_err(|_| SpecError::NotFinite)?;
        // An infinite number is written as null, which is no number when it is read.
        let read = serde_json::from_str::<Self>(&text);
        match read.is_ok_and(|read| read == *self) {
            true => Ok(text),
            false => Err(SpecError::NotFinite),
        }
    }

    /// Whether the spec can build graphs of structures as it says: whatever cannot be had of them is refused rather than
    /// left out.
    ///
    /// # Errors
    ///
    /// [`SpecError`], with what to change.
    pub fn check_structure(&self) -> Result<(), SpecError> {
        self.canonical()?;
        if self.nodes.is_empty() {
            return Err(SpecError::NoNodes);
        }
        let molecules = |what: &str| Err(SpecError::MoleculesOnly(what.to_owned()));
        for nodes in &self.nodes {
            let is_plain = nodes.scalars.is_empty() && self.is_of_sequences();
            if nodes.ends && !(is_plain && self.nodes.len() == 1) {
                return Err(SpecError::Ends);
            }
            match nodes.kind {
                NodeKind::Motif => return molecules("nodes of kind `motif`"),
                NodeKind::Graph => return molecules("nodes of kind `graph`"),
                NodeKind::Residue | NodeKind::Atom | NodeKind::Virtual => {}
            }
            if matches!(nodes.types, Types::Ogb | Types::UniMol) {
                return molecules("types `ogb` and `uni_mol`");
            }
            let has_features = !nodes.scalars.is_empty() || !nodes.vectors.is_empty();
            if has_features && nodes.kind != NodeKind::Residue {
                let is_atom = nodes.kind == NodeKind::Atom;
                return Err(SpecError::NoFeatures(if is_atom {
                    "atom"
                } else {
                    "virtual"
                }));
            }
        }
        for rule in self.edges.iter().flat_map(|set| &set.rules) {
            match rule {
                EdgeRule::Bonds => return molecules("edges by `bonds`"),
                EdgeRule::Motifs { .. } => return molecules("edges by `motifs`"),
                EdgeRule::Graph { .. } => return molecules("edges by `graph`"),
                _ => {}
            }
        }
        match self.relations() {
            0..=65_536 => Ok(()),
            relations => Err(SpecError::TooManyRelations(relations)),
        }
    }
}
