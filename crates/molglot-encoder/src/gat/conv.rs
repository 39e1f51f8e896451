//! One round of attention over neighbours.

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor,
    burn::{
        module::{Module, Param},
        tensor::activation::leaky_relu,
    },
    nn::Linear,
    ops::{gather_rows, segment_softmax, segment_sum},
};

use super::HeadsConfig;

/// The slope of attention scores below zero.
const SLOPE: f64 = 0.2;

/// Edges and a loop at every node, ascending by target and source.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// `E` sources of `N`.
    pub from: RowIndex,
    /// `E` targets of `N`.
    pub to: RowIndex,
}

impl Neighbours {
    /// The edges of a batch with one loop at each of its units, whether or not it had one. Units come first among nodes
    /// where there is no other kind.
    pub(super) fn new(graph: &GraphBatch) -> Self {
        let ends = graph.edge_to.index().iter().zip(graph.edge_from.index());
        let mut edges: Vec<(u32, u32)> = ends
            .map(|(&to, &from)| (to, from))
            .filter(|(to, from)| to != from)
            .chain((0..graph.nodes as u32).map(|node| (node, node)))
            .collect();
        edges.sort_unstable();
        let (to, from) = edges.into_iter().unzip();
        Self {
            from: RowIndex::new(graph.nodes, from),
            to: RowIndex::new(graph.nodes, to),
        }
    }
}

/// `x'_v = sum over u->v of a_uv W x_u + b` for each head, with `a_uv` the softmax over the sources `u` of `v` of
/// `LeakyReLU(a_src . W x_u + a_dst . W x_v)`. Heads stand side by side, or their mean is taken.
#[derive(Module, Debug)]
pub struct GatConv {
    lin: Linear,
    /// `[1, heads, width]`.
    att_src: Param<Tensor<3>>,
    /// `[1, heads, width]`.
    att_dst: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
    concat: bool,
}

impl GatConv {
    /// A layer of these heads, drawn as torch_geometric does.
    pub(super) fn new(input: usize, heads: &HeadsConfig, init: &mut Init) -> Self {
        let inner = heads.heads * heads.width;
        let bound = (6.0 / (heads.heads + heads.width) as f64).sqrt();
        Self {
            lin: Linear {
                weight: init.xavier([inner, input]),
                bias: None,
            },
            att_src: init.uniform([1, heads.heads, heads.width], bound),
            att_dst: init.uniform([1, heads.heads, heads.width], bound),
            bias: init.constant([heads.output()], 0.0),
            concat: heads.concat,
        }
    }

    /// The new nodes and how much each source counts.
    ///
    /// # Shapes
    ///
    /// - `x`: `[N, input]`
    /// - output: `[N, heads * width]`, or `[N, width]` for the mean, and `[E, heads]`
    pub(super) fn forward(&self, x: Tensor<2>, edges: &Neighbours) -> (Tensor<2>, Tensor<2>) {
        let [_, heads, width] = self.att_src.lazy_shape().dims();
        let x = self.lin.forward(x);
        let [nodes, inner] = x.dims();
        let by_head = x.clone().reshape([nodes, heads, width]);
        let score = |attention: &Param<Tensor<3>>| -> Tensor<2> {
            (by_head.clone() * attention.val())
                .sum_dim(2)
                .squeeze_dim(2)
        };
        let scores = gather_rows(score(&self.att_src), &edges.from)
            + gather_rows(score(&self.att_dst), &edges.to);
        let attention = segment_softmax(leaky_relu(scores, SLOPE), &edges.to);
        let count = edges.from.len();
        let messages = gather_rows(x, &edges.from).reshape([count, heads, width])
            * attention.clone().unsqueeze_dim(2);
        let sums = segment_sum(messages.reshape([count, inner]), &edges.to);
        let out = match self.concat {
            true => sums,
            false => sums
                .reshape([nodes, heads, width])
                .mean_dim(1)
                .squeeze_dim(1),
        };
        (out + self.bias.val().unsqueeze(), attention)
    }
}
