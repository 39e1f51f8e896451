//! Molecules as rows of tokens.

use molglot_core::GraphBatch;
use molglot_graph::{NodeKind, unimol};
use molglot_tensor::{Device, RowIndex, Tensor, TensorData, ops::KeyRanges};

/// `B` molecules as tokens, `[CLS]` atoms `[SEP]`, padded on the right to `T`, with what is known of every pair.
///
/// Of padding, and of pairs without an edge, the distance is 0 and the pair type that of two paddings.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Per molecule, how many are no padding.
    pub lengths: Vec<usize>,
    /// `T`.
    pub length: usize,
    /// `[B, T]` row-major: rows of the dictionary.
    pub ids: Vec<u32>,
    /// `[B, T]` row-major: where the tokens are, angstrom.
    pub positions: Vec<[f32; 3]>,
    /// `[B, T, T]` row-major: the ordered pair of token `i` and token `j`.
    pub pair_types: Vec<u32>,
    /// `[B, T, T]` row-major: angstrom.
    pub distances: Vec<f32>,
    /// Per node of the batch, its place among `B * T`.
    places: Vec<u32>,
}

impl Tokens {
    /// As long as the longest molecule.
    pub fn new(graph: &GraphBatch) -> Self {
        Self::padded(graph, 1)
    }

    /// At least so long.
    pub fn padded(graph: &GraphBatch, least: usize) -> Self {
        let lengths: Vec<usize> = graph.graph_of_node.counts().collect();
        let length = lengths.iter().copied().max().unwrap_or(0).max(least);
        let cells = lengths.len() * length;
        let mut tokens = Self {
            lengths,
            length,
            ids: vec![u32::from(unimol::PAD); cells],
            positions: vec![[0.0; 3]; cells],
            pair_types: vec![0; cells * length],
            distances: vec![0.0; cells * length],
            places: vec![0; graph.nodes],
        };
        tokens.place(graph);
        tokens.relate(graph);
        tokens
    }

    /// Puts the nodes of every molecule in a row: what begins it, the atoms, what ends it.
    fn place(&mut self, graph: &GraphBatch) {
        let type_of = |node: usize| graph.types.get(node).copied().unwrap_or(unimol::UNK);
        let (first, last): (Vec<usize>, Vec<usize>) = graph
            .nodes_of(NodeKind::Virtual)
            .partition(|&node| type_of(node) == unimol::CLS);
        let atoms = graph.nodes_of(NodeKind::Atom);
        let mut next = vec![0; self.lengths.len()];
        for node in first.into_iter().chain(atoms).chain(last) {
            let molecule = graph.graph_of_node.index()[node] as usize;
            let place = molecule * self.length + next[molecule];
            next[molecule] += 1;
            self.places[node] = place as u32;
            self.ids[place] = type_of(node).into();
            if let Some(&position) = graph.positions.get(node) {
                self.positions[place] = position;
            }
        }
    }

    fn relate(&mut self, graph: &GraphBatch) {
        let ends = graph.edge_to.index().iter().zip(graph.edge_from.index());
        let distances = graph.edge_sets.first().map(|set| &set.scalars.values);
        for (edge, (&to, &from)) in ends.enumerate() {
            let row = self.places[to as usize] as usize;
            let column = self.places[from as usize] as usize % self.length;
            let cell = row * self.length + column;
            self.pair_types[cell] = graph.relations[edge].into();
            if let Some(&distance) = distances.and_then(|all| all.get(edge)) {
                self.distances[cell] = distance;
            }
        }
    }

    /// `[B, T]` row-major: whether a token is no padding.
    pub fn real(&self) -> Vec<bool> {
        let row = |&length: &usize| (0..self.length).map(move |place| place < length);
        self.lengths.iter().flat_map(row).collect()
    }

    /// `[B, T, T]` row-major: whether both tokens of a pair are no padding.
    pub fn real_pairs(&self) -> Vec<bool> {
        let length = self.length;
        let pairs = |&real: &usize| {
            let cells = 0..length * length;
            cells.map(move |cell| cell / length < real && cell % length < real)
        };
        self.lengths.iter().flat_map(pairs).collect()
    }

    /// Every token sees those of its molecule.
    pub(super) fn visible(&self, device: &Device) -> KeyRanges {
        KeyRanges::padded(&self.lengths, self.length, self.length, device)
    }

    /// Atoms of the batch among `B * T`.
    pub(super) fn units(&self, graph: &GraphBatch) -> RowIndex {
        let places = self.places[graph.unit_nodes()].to_vec();
        RowIndex::new(self.ids.len(), places)
    }

    /// The first token of every molecule among `B * T`.
    pub(super) fn firsts(&self) -> RowIndex {
        let firsts = (0..self.lengths.len()).map(|molecule| (molecule * self.length) as u32);
        RowIndex::new(self.ids.len(), firsts.collect())
    }
}

/// 1 where it is so, else 0.
pub(super) fn mask<const D: usize>(
    flags: &[bool],
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    let values: Vec<f32> = flags
        .iter()
        .map(|&flag| f32::from(u8::from(flag)))
        .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
