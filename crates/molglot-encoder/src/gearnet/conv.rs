//! One relational convolution.

use molglot_core::{GraphBatch, LineBatch};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{BatchNorm, Linear, LinearConfig},
    ops::{RelationIndex, relational_linear},
};

/// Edges of several relations between `N` rows, as plans.
#[derive(Clone, Debug)]
pub struct Relations {
    /// From rows to rows.
    rows: RelationIndex,
    /// From the edges themselves, for what they hold, to rows.
    edges: RelationIndex,
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
        let targets = RowIndex::new(to.rows() * count, targets.collect());
        let edges = RowIndex::new(to.len(), (0..to.len() as u32).collect());
        Self {
            rows: RelationIndex::new(from, &targets, count),
            edges: RelationIndex::new(&edges, &targets, count),
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
        let own = self.self_loop.forward(h.clone()) + self.bias();
        let sums = relational_linear(h, self.linear.weight.val(), own, &relations.rows);
        match &self.batch_norm {
            Some(norm) => norm.forward_relu(sums),
            None => relu(sums),
        }
    }

    /// `ReLU(W [sum of what edges of relation r hold]_r + b)`: the layer's weights on edges instead of nodes.
    ///
    /// # Shapes
    ///
    /// - `edges`: `[E, input]`
    /// - output: `[N, output]`
    pub(super) fn forward_edges(&self, edges: Tensor<2>, relations: &Relations) -> Tensor<2> {
        let weight = self.linear.weight.val();
        relu(relational_linear(
            edges,
            weight,
            self.bias(),
            &relations.edges,
        ))
    }

    /// `[1, output]`.
    fn bias(&self) -> Tensor<2> {
        match &self.linear.bias {
            Some(bias) => bias.val().unsqueeze(),
            None => Tensor::zeros(
                [1, self.linear.sizes().0],
                &self.linear.weight.val().device(),
            ),
        }
    }
}
