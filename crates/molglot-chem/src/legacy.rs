//! The canonical writer of chematic 1.2.1, a port of RDKit's.

/// RDKit's canonical isomeric SMILES of a string that was read before.
pub(crate) fn canonical_smiles(source: &str) -> String {
    let Ok(raw) = chematic::smiles::parse(source) else {
        return source.to_owned();
    };
    // The port refuses to write the few traversals that RDKit aborts on; chematic's own canonical
    // form is stable for them.
    chematic::smiles::rdkit_canonical_smiles(&raw)
        .unwrap_or_else(|_| chematic::smiles::canonical_smiles(&raw))
}
