//! One relational convolution.

use molglot_core::{GraphBatch, LineBatch};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{BatchNorm, Linear, LinearConfig},
    ops::relational_linear,
};

/// Edges of several relations between `N` rows, as plans.
#[derive(Clone, Debug)]
pub struct Relations {
    /// `E` sources of `N`.
    from: RowIndex,
    /// `E` targets with relations, of `N * relations`.
    to: RowIndex,
    /// Each edge itself, of `E`: the source where edges bring what they hold.
    edges: RowIndex,
}

impl Relations {
    /// Edges between nodes.
    pub(super) fn of_nodes(graph: &GraphBatch, count: usize) -> Self {
        let relations = graph.relations.iter().map(|&relation| u32::from(relation));
        Self::new(&graph.edge_from, &graph.edge_to, relations, count)
    }

    /// Arcs between edges.
    pub(super) fn of_edges(line: &LineBatch, count: usize) -> Self {
        let bins = line.bins.iter().map(|&bin| u32::from(bin));
        Self::new(&line.from, &line.to, bins, count)
    }

    fn new(
        from: &RowIndex,
        to: &RowIndex,
        relations: impl Iterator<Item = u32>,
        count: usize,
    ) -> Self {
        let targets = to.index().iter().zip(relations);
        let targets = targets.map(|(&to, relation)| to * count as u32 + relation);
        Self {
            from: from.clone(),
            to: RowIndex::new(to.rows() * count, targets.collect()),
            edges: RowIndex::new(to.len(), (0..to.len() as u32).collect()),
        }
    }
}

/// `h'_v = ReLU(BN(W [sum over edges u->v of relation r of h_u]_r + b + W_self h_v + b_self))`, plain sums, relations side
/// by side.
#[derive(Module, Debug)]
pub struct RelationalConv {
    linear: Linear,
    self_loop: Linear,
    batch_norm: Option<BatchNorm>,
}

impl RelationalConv {
    /// A layer between these widths.
    pub fn new(
        input: usize,
        output: usize,
        relations: usize,
        batch_norm: bool,
        init: &mut Init,
    ) -> Self {
        Self {
            linear: LinearConfig::new(relations * input, output).init(init),
            self_loop: LinearConfig::new(input, output).init(init),
            batch_norm: batch_norm.then(|| BatchNorm::new(output, init)),
        }
    }

    /// # Shapes
    ///
    /// - `h`: `[N, input]`
    /// - output: `[N, output]`
    pub fn forward(&self, h: Tensor<2>, relations: &Relations) -> Tensor<2> {
        let sums = self.combine(h.clone(), &relations.from, &relations.to);
        let sums = sums + self.self_loop.forward(h);
        relu(match &self.batch_norm {
            Some(norm) => norm.forward(sums),
            None => sums,
        })
    }

    /// `ReLU(W [sum of what edges of relation r hold]_r + b)`: the layer's weights on edges instead of nodes.
    ///
    /// # Shapes
    ///
    /// - `edges`: `[E, input]`
    /// - output: `[N, output]`
    pub(super) fn forward_edges(&self, edges: Tensor<2>, relations: &Relations) -> Tensor<2> {
        relu(self.combine(edges, &relations.edges, &relations.to))
    }

    fn combine(&self, x: Tensor<2>, from: &RowIndex, to: &RowIndex) -> Tensor<2> {
        let sums = relational_linear(x, self.linear.weight.val(), from, to);
        match &self.linear.bias {
            Some(bias) => sums + bias.val().unsqueeze(),
            None => sums,
        }
    }
}
