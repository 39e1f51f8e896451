//! Integration tests of molglot-chem. Those that need the project's corpora or golden cases look
//! for them under `MOLGLOT_CORPORA` and `MOLGLOT_GOLDEN`, and pass with a note when these are unset.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bad_selfies;
mod bad_smiles;
mod brics;
mod canonical;
mod corpora;
mod describe;
mod descriptors;
mod fingerprint;
mod fixtures;
mod llamo;
mod molfile;
mod ogb;
mod parity;
mod properties;
mod reactions;
mod scaffold;
mod selfies;
mod selfies_laws;
mod smarts;
mod stereo;
mod support;
mod write;
