//! Molecules and structures as the graphs that encoders read.
//!
//! What an encoder wants is data: a [`GraphSpec`] lists sets of nodes and the rules that make edges, and what is told of
//! both; [`GraphSpec::build`] and its siblings turn a molecule, a conformer or a structure into a [`GeomGraph`]. Chemistry
//! and geometry end here: no model ever sees a SMILES string or a file of coordinates.
//!
//! ```
//! use molglot_bio::geometry::Residues;
//! use molglot_bio::structure::Name;
//! use molglot_graph::GraphSpec;
//!
//! let mut residues = Residues::default();
//! for (place, letter) in (0u32..).zip(*b"MKV") {
//!     let ca = (Name::of("CA"), [3.8 * place as f32, 0.0, 0.0], place);
//!     residues.push(letter, 0, place, [ca]);
//! }
//! let graph = GraphSpec::gearnet().build_residues(&residues)?;
//! assert_eq!(graph.edges.len(), 9);
//! # Ok::<(), molglot_graph::GraphError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod build;
pub mod cache;
mod check;
mod conformer;
mod edges;
mod error;
mod features;
mod geom;
mod hide;
mod label;
mod line;
mod molecule;
mod published;
mod residues;
mod spec;
pub mod store;
pub mod unimol;

pub use check::SpecError;
pub use error::GraphError;
pub use geom::{EdgeKind, Features, GeomGraph, LineGraph, Membership, Table};
pub use hide::Disguise;
pub use published::{ALPHABETICAL, BY_NAME, ESM, TORCHDRUG};
pub use spec::{
    AtomRule, EdgeRule, EdgeScalar, EdgeSet, EdgeVector, FrameRule, GraphSpec, Hydrogens, NodeKind,
    NodeScalar, NodeSet, NodeVector, Oversize, Types,
};

pub use molglot_bio::{
    geometry::{Frame, Residues, scannet},
    structure::Name,
};
pub use molglot_chem::{
    Molecule,
    ogb::{ATOM_SIZES, BOND_SIZES},
};
