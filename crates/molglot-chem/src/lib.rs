//! Molecules: SMILES, perception, BRICS motifs, OGB features and captions; no tensors.
//!
//! [`Molecule::from_smiles`] reads one SMILES string and perceives everything once, by RDKit's
//! model: hydrogens, radicals, hybridisation, aromaticity, conjugation, rings and stereo. The rest
//! of the crate only reads that graph:
//!
//! - [`ogb`] turns it into the categorical features of the Open Graph Benchmark,
