//! The chains of a batch as sequences of tokens.

use molglot_core::GraphBatch;
use molglot_graph::ESM;
use molglot_tensor::{RowIndex, Tensor, ops::gather_rows};
use molglot_transformer::{
    SequenceBatch,
    esm2::{CLS, EOS, PAD, UNKNOWN},
};

/// The token of the first letter of [`ESM`].
pub(super) const FIRST: u32 = 4;

/// What a residue node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Begin,
    Residue,
    End,
}

/// The chains of a batch, each between `<cls>` and `<eos>`, and where its units are among their tokens.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// One sequence a chain.
    pub batch: SequenceBatch,
    /// Per unit, its place among the tokens of the padded batch.
    units: RowIndex,
}

impl Sequences {
    /// The residues of every chain in the order of what it was built from, whatever the order of nodes; `None` where there
    /// are none.
    pub fn new(graph: &GraphBatch) -> Option<Self> {
        let mut nodes: Vec<usize> = graph.unit_nodes().collect();
        let chain = |&node: &usize| (graph.graph_of_node.index()[node], graph.chains[node]);
        let place = |node: usize| match usize::from(graph.types[node]) {
            kind if kind == ESM.len() + 1 => Place::Begin,
            kind if kind == ESM.len() + 2 => Place::End,
            _ => Place::Residue,
        };
        nodes.sort_by_key(|&node| (chain(&node), place(node), graph.sources[node]));
        let mut ids: Vec<Vec<u32>> = Vec::new();
        let mut found = Vec::new();
        for members in nodes.chunk_by(|a, b| chain(a) == chain(b)) {
            let mut tokens = vec![CLS];
            for &node in members {
                let at = match place(node) {
                    Place::Begin => 0,
                    Place::End => tokens.len(),
                    Place::Residue => {
                        tokens.push(token(graph.types[node]));
                        tokens.len() - 1
                    }
                };
                found.push((node, ids.len(), at));
            }
            tokens.push(EOS);
            ids.push(tokens);
        }
        if ids.is_empty() {
            return None;
        }
        let batch = SequenceBatch::new(&ids, PAD);
        let first = graph.unit_nodes().start;
        let mut places = vec![0; found.len()];
        for (node, sequence, at) in found {
            places[node - first] = (sequence * batch.length() + at) as u32;
        }
        Some(Self {
            units: RowIndex::new(batch.ids().len(), places),
            batch,
        })
    }

    /// The states of the units.
    ///
    /// # Shapes
    ///
    /// - `states`: `[chains, T, E]`
    /// - output: `[U, E]`
    pub fn units(&self, states: Tensor<3>) -> Tensor<2> {
        let [sequences, length, width] = states.dims();
        gather_rows(states.reshape([sequences * length, width]), &self.units)
    }
}

/// The token of a residue by its type.
fn token(kind: u16) -> u32 {
    match usize::from(kind) < ESM.len() {
        true => FIRST + u32::from(kind),
        false => UNKNOWN,
    }
}
