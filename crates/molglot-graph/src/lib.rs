//! Molecules as the graphs that encoders read.
//!
//! What an encoder wants is data: a [`GraphSpec`] lists the kinds of nodes and the rules that make edges, and
//! [`GraphSpec::build`] turns a molecule into a [`GeomGraph`]. Chemistry ends here: no model ever sees a SMILES string.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod geom;
mod spec;

pub use geom::{EdgeKind, GeomGraph, Membership};
pub use spec::{EdgeRule, GraphSpec, NodeKind};

pub use molglot_chem::ogb::{ATOM_SIZES, BOND_SIZES};
