//! Whether a residue binds a protein.

use molglot_core::{Encoder, GraphBatch};
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::Module,
        tensor::activation::{relu, softmax},
    },
    nn::BatchNorm,
    ops::{gather_rows, segment_max, segment_sum},
};

use super::{Scannet, ScannetConfig, dense::Dense, edges::Edges, gaussians::Gaussians, norm};

/// Set of the edges between a residue and those it listens to.
pub(super) const EDGES: usize = 2;
/// Keeps sums that are divided by, and the sharpness of attention, above zero; of the reference.
const EPSILON: f64 = 1e-6;

/// Where one residue is seen from another: distance (angstrom), three cosines between frames and direction, separation.
const RANGES: [[f64; 2]; 5] = [
    [0.0, 20.0],
    [-1.0, 1.0],
    [-1.0, 1.0],
    [-1.0, 1.0],
    [0.0, 8.0],
];

/// Attention of each residue over its neighbours in space, weighted by where they are.
#[derive(Module, Debug)]
pub struct SiteHead {
    embedding: Dense,
    norm: BatchNorm,
    gaussians: Gaussians,
    edges: Dense,
    sharpness: Dense,
    own: Dense,
    cross: Dense,
    node: Dense,
}

/// What the head makes of residues.
#[derive(Clone, Debug)]
pub struct Sites {
    /// `[U, width]`.
    pub embedded: Tensor<2>,
    /// `[E, 1]`: how much a neighbour counts by where it is.
    pub edges: Tensor<2>,
    /// `[E, 1]`: how much it counts in the end.
    pub attention: Tensor<2>,
    /// `[U, 2]`: of no site, and of a site.
    pub logits: Tensor<2>,
}

impl Sites {
    /// `[U]`: the probability that a residue is part of a site.
    pub fn probability(&self) -> Tensor<1> {
        softmax(self.logits.clone(), 1)
            .slice([0..self.logits.dims()[0], 1..2])
            .squeeze_dim(1)
    }
}

impl SiteHead {
    fn new(config: &ScannetConfig, init: &mut Init) -> Self {
        let width = config.site_width;
        Self {
            embedding: Dense::new(config.filters, width, false, init),
            norm: norm(width, init),
            gaussians: Gaussians::new(&RANGES, config.gaussians, init),
            edges: Dense::new(config.gaussians, 1, false, init),
            sharpness: Dense::new(width, 1, true, init),
            own: Dense::new(width, 1, true, init),
            cross: Dense::new(width, 1, false, init),
            node: Dense::new(width, 2, true, init),
        }
    }

    fn forward(&self, residues: Tensor<2>, graph: &GraphBatch) -> Sites {
        let nodes = graph.unit_nodes();
        let edges = Edges::new(graph, EDGES, nodes.clone(), nodes);
        let x = relu(self.norm.forward(self.embedding.forward(residues)));
        let device = x.device();
        let node = self.node.forward(x.clone());
        if edges.to.is_empty() {
            let none = Tensor::zeros([0, 1], &device);
            return Sites {
                logits: Tensor::zeros(node.dims(), &device),
                edges: none.clone(),
                attention: none,
                embedded: x,
            };
        }
        let weights = self.edges.forward(
            self.gaussians
                .forward(graph.edge_scalars(EDGES, RANGES.len())),
        );
        let is_loop = edges.from.index().iter().zip(edges.to.index());
        let is_loop: Vec<f32> = is_loop
            .map(|(from, to)| f32::from(u8::from(from == to)))
            .collect();
        let is_loop = Tensor::<1>::from_data(is_loop.as_slice(), &device).unsqueeze_dim(1);
        let own = gather_rows(self.own.forward(x.clone()), &edges.to) * is_loop;
        let sharpness = relu(self.sharpness.forward(x.clone())) + EPSILON;
        let scores = (gather_rows(self.cross.forward(x.clone()), &edges.from) + own)
            * gather_rows(sharpness, &edges.to);
        let largest = segment_max(scores.clone().detach(), &edges.to);
        let shares = weights.clone() * (scores - gather_rows(largest, &edges.to)).exp();
        let totals = segment_sum(shares.clone().abs(), &edges.to) + EPSILON;
        let attention = shares / gather_rows(totals, &edges.to);
        let logits = segment_sum(
            attention.clone() * gather_rows(node, &edges.from),
            &edges.to,
        );
        Sites {
            embedded: x,
            edges: weights,
            attention,
            logits,
        }
    }
}

/// ScanNet as it was published: residues in, the probability of being part of a binding site out.
#[derive(Module, Debug)]
pub struct SiteModel {
    /// Residues to features.
    pub encoder: Scannet,
    head: SiteHead,
}

impl SiteModel {
    /// Draws the parameters.
    pub fn new(config: &ScannetConfig, init: &mut Init) -> Self {
        Self {
            encoder: config.init(init),
            head: SiteHead::new(config, init),
        }
    }

    /// What the head makes of the features of residues.
    ///
    /// # Shapes
    ///
    /// - `residues`: `[U, D]`
    pub fn sites(&self, residues: Tensor<2>, graph: &GraphBatch) -> Sites {
        self.head.forward(residues, graph)
    }

    /// `[U]`: the probability of each residue.
    pub fn forward(&self, graph: &GraphBatch) -> Tensor<1> {
        match graph.units() {
            0 => Tensor::zeros([0], &graph.device),
            _ => self
                .sites(self.encoder.encode(graph).node, graph)
                .probability(),
        }
    }
}
