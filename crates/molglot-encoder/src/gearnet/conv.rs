//! One relational convolution.

use molglot_core::{GraphBatch, LineBatch};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{module::Module, tensor::activation::relu},
    nn::{BatchNorm, Linear, LinearConfig},
    ops::{propagate, segment_sum},
};

/// Edges of several relations between `N` rows, as plans.
#[derive(Clone, Debug)]
pub struct Relations {
    /// `E` sources of `N`.
    from: RowIndex,
    /// `E` targets with relations, of `N * relations`.
    to: RowIndex,
    count: usize,
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
            count,
        }
    }

    fn side_by_side(&self, sums: Tensor<2>) -> Tensor<2> {
        let [rows, width] = sums.dims();
        sums.reshape([rows / self.count.max(1), self.count * width])
    }

    /// Sums what each row gets from its sources, relation by relation: `[N, D] -> [N, relations * D]`.
    fn propagate(&self, h: Tensor<2>) -> Tensor<2> {
        self.side_by_side(propagate(h, &self.from, &self.to))
    }

    /// Sums what edges bring to their targets, relation by relation: `[E, D] -> [N, relations * D]`.
    pub(super) fn sum(&self, edges: Tensor<2>) -> Tensor<2> {
        self.side_by_side(segment_sum(edges, &self.to))
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
        let sums = self.combine(relations.propagate(h.clone())) + self.self_loop.forward(h);
        relu(match &self.batch_norm {
            Some(norm) => norm.forward(sums),
            None => sums,
        })
    }

    /// The weighted sums alone: `[N, relations * input] -> [N, output]`.
    pub(super) fn combine(&self, sums: Tensor<2>) -> Tensor<2> {
        self.linear.forward(sums)
    }
}
