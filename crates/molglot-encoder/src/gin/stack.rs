//! Embeddings and layers, shared by every graph that has atoms and bonds in it.

use molglot_core::GraphBatch;
use molglot_graph::{ATOM_SIZES, BOND_SIZES};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::Embedding,
    ops::gather_rows,
};

use super::{
    Conv, GcnLayer, GinConfig, GinLayer,
    classes::{Classes, Kinds},
};

/// Position of the chirality column among the OGB atom features.
const CHIRALITY: usize = 1;

/// Nodes and edges beside atoms and bonds, as rows of learned tables.
#[derive(Clone, Debug)]
pub struct VirtualNodes {
    /// `N - A`: the kind of each virtual node.
    pub nodes: Vec<u32>,
    /// `E - E_b`: the kind of each virtual edge.
    pub edges: Vec<u32>,
}

/// A layer of either kind.
#[derive(Module, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the layers of one stack are all of one kind"
)]
pub enum AnyLayer {
    /// See [`GinLayer`].
    Gin(GinLayer),
    /// See [`GcnLayer`].
    Gcn(GcnLayer),
}

impl AnyLayer {
    fn new(config: &GinConfig, virtual_kinds: usize, init: &mut Init) -> Self {
        match config.conv {
            Conv::Gin => Self::Gin(GinLayer::new(config.width, virtual_kinds, init)),
            Conv::Gcn => Self::Gcn(GcnLayer::new(config.width, virtual_kinds, init)),
        }
    }
}

/// Atom embeddings, bond embeddings per layer, message passing.
#[derive(Module, Debug)]
pub struct GinStack {
    atoms: Vec<Embedding>,
    virtual_nodes: Option<Embedding>,
    layers: Vec<AnyLayer>,
}

impl GinStack {
    /// A stack of this configuration. `virtual_kinds` is empty, or `[kinds of virtual nodes, kinds of virtual edges]`.
    pub fn new(config: &GinConfig, virtual_kinds: &[usize], init: &mut Init) -> Self {
        let mut sizes = ATOM_SIZES;
        sizes[CHIRALITY] = config.chirality_rows;
        let edge_kinds = virtual_kinds.get(1).copied().unwrap_or(0);
        Self {
            atoms: sizes
                .iter()
                .map(|&rows| Embedding::xavier(rows, config.width, init))
                .collect(),
            virtual_nodes: virtual_kinds
                .first()
                .map(|&kinds| Embedding::xavier(kinds, config.width, init)),
            layers: (0..config.layers)
                .map(|_| AnyLayer::new(config, edge_kinds, init))
                .collect(),
        }
    }

    /// Width of the features.
    pub fn width(&self) -> usize {
        self.atoms[0].sizes().1
    }

    /// The nodes after every layer, the input embedding first: each `[N, D]`, after ReLU except the last.
    pub fn forward(
        &self,
        graph: &GraphBatch,
        virtual_nodes: Option<&VirtualNodes>,
    ) -> Vec<Tensor<2>> {
        let isomorphism = self.layers.iter().map(|layer| match layer {
            AnyLayer::Gin(layer) => Some(layer),
            AnyLayer::Gcn(_) => None,
        });
        match isomorphism.collect::<Option<Vec<_>>>() {
            Some(layers) => self.by_class(&layers, graph, virtual_nodes),
            None => self.by_node(graph, virtual_nodes),
        }
    }

    /// A row for all nodes that the layers cannot tell apart.
    fn by_class(
        &self,
        layers: &[&GinLayer],
        graph: &GraphBatch,
        virtual_nodes: Option<&VirtualNodes>,
    ) -> Vec<Tensor<2>> {
        let classes = Classes::new(graph, virtual_nodes, layers.len());
        let mut h = embed(&self.atoms, self.virtual_nodes.as_ref(), &classes.nodes);
        let mut states = Vec::with_capacity(classes.levels.len());
        for (number, level) in classes.levels.iter().enumerate() {
            if let Some(layer) = number.checked_sub(1).and_then(|layer| layers.get(layer)) {
                h = layer.forward(h, &classes.edges, level, number < layers.len());
            }
            states.push(gather_rows(h.clone(), &level.nodes));
        }
        states
    }

    /// A row a node: a convolution also weighs by the edges that leave a node, which classes do not know of.
    fn by_node(&self, graph: &GraphBatch, virtual_nodes: Option<&VirtualNodes>) -> Vec<Tensor<2>> {
        let (nodes, edges) = Kinds::of_each(graph, virtual_nodes);
        let mut h = embed(&self.atoms, self.virtual_nodes.as_ref(), &nodes);
        let mut states = vec![h.clone()];
        for (number, layer) in (1..).zip(&self.layers) {
            if let AnyLayer::Gcn(layer) = layer {
                h = layer.forward(h, graph, &edges);
            }
            if number < self.layers.len() {
                h = relu(h);
            }
            states.push(h.clone());
        }
        states
    }

    /// The nodes after the last layer.
    pub fn last(&self, states: &[Tensor<2>]) -> Tensor<2> {
        states[self.layers.len()].clone()
    }
}

/// Embeds bonds by their three OGB columns and virtual edges by their kind.
#[derive(Module, Debug)]
pub(super) struct BondEncoder {
    columns: Vec<Embedding>,
    virtual_edges: Option<Embedding>,
}

impl BondEncoder {
    /// Tables of this width; no table for virtual edges when there are no kinds of them.
    pub(super) fn new(width: usize, virtual_kinds: usize, init: &mut Init) -> Self {
        Self {
            columns: BOND_SIZES
                .iter()
                .map(|&rows| Embedding::xavier(rows, width, init))
                .collect(),
            virtual_edges: (virtual_kinds > 0)
                .then(|| Embedding::xavier(virtual_kinds, width, init)),
        }
    }

    /// `[K, D]`.
    pub(super) fn forward(&self, kinds: &Kinds) -> Tensor<2> {
        embed(&self.columns, self.virtual_edges.as_ref(), kinds)
    }
}

/// A row for each kind.
fn embed(tables: &[Embedding], virtual_rows: Option<&Embedding>, kinds: &Kinds) -> Tensor<2> {
    let has_columns = kinds
        .columns
        .first()
        .is_some_and(|column| !column.is_empty());
    let mut parts = Vec::new();
    if has_columns || kinds.virtual_rows.is_empty() {
        parts.push(sum_of_lookups(tables, &kinds.columns));
    }
    if let (Some(table), false) = (virtual_rows, kinds.virtual_rows.is_empty()) {
        parts.push(lookup(table, &kinds.virtual_rows));
    }
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => Tensor::cat(parts, 0),
    }
}

fn sum_of_lookups(tables: &[Embedding], columns: &[Vec<u32>]) -> Tensor<2> {
    let mut terms = tables
        .iter()
        .zip(columns)
        .map(|(table, column)| lookup(table, column));
    let first = terms
        .next()
        .unwrap_or_else(|| unreachable!("feature tables are never an empty list"));
    terms.fold(first, |sum, term| sum + term)
}

/// Rows of a table; a category beyond it is the last one, which OGB keeps for everything else.
fn lookup(table: &Embedding, column: &[u32]) -> Tensor<2> {
    let (rows, _) = table.sizes();
    let last = rows as u32 - 1;
    table.forward(&RowIndex::new(
        rows,
        column.iter().map(|&value| value.min(last)).collect(),
    ))
}
