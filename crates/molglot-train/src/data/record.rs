//! One row of a table of molecules.

use serde::{Deserialize, Serialize};

/// A molecule with its caption, as the file has it: nothing is parsed or checked yet beyond being there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// The id of the row, for example a PubChem CID; `row-N` in a table without ids, N counting rows from 1.
    pub id: String,
    /// The SMILES, with doubled backslashes already undone.
    pub smiles: String,
    /// What the molecule is, in words; empty if the recipe says that the table has no captions.
    pub caption: String,
    /// The line of the file where the row begins, from 1.
    pub line: u64,
}
