//! What nodes are called in the file they come from.

use molglot_bio::Structure;

use crate::{GeomGraph, NodeKind};

impl GeomGraph {
    /// Per node of a graph of this structure, its name as biologists write it: chain, residue and number with insertion
    /// code, `A/MET1` or `H/SER100A`, and for atoms their name, `A/MET1/CA`. Nodes that stand for no matter have none.
    #[must_use]
    pub fn labels(&self, structure: &Structure) -> Vec<String> {
        let residue = |row: usize| {
            let residue = structure.residues.get(row)?;
            let chain = &structure.chains.get(residue.chain as usize)?.id;
            let number = residue.number.map_or("?".to_owned(), |n| n.to_string());
            let insertion = char::from(residue.insertion).to_string();
            let name = residue.name.as_str();
            Some(format!("{chain}/{name}{number}{}", insertion.trim()))
        };
        let label = |(&kind, &source): (&NodeKind, &u32)| match kind {
            NodeKind::Residue => residue(source as usize),
            NodeKind::Atom => {
                let atom = structure.atoms.get(source as usize)?;
                let residue = residue(atom.residue as usize)?;
                Some(format!("{residue}/{}", atom.name.as_str()))
            }
            _ => None,
        };
        self.nodes
            .iter()
            .zip(&self.sources)
            .map(|node| label(node).unwrap_or_default())
            .collect()
    }
}
