//! What surrounds an atom or a residue, seen from its own frame.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Module, Param},
        tensor::activation::relu,
    },
    nn::BatchNorm,
    ops::gather_rows,
};

use super::{edges::Edges, gaussians::Gaussians, norm};

/// Neighbours as the reference embeds them: with `O[n, m] = sum over neighbours k of g_n(q_k) a_m(k)`, the activity of
/// filter `f` is `ReLU(BN(sum over n, m of O[n, m] K12[n, m, f] + sum over n of (sum over k of g_n(q_k)) K1[n, f]))`.
#[derive(Module, Debug)]
pub struct Neighbourhood {
    gaussians: Gaussians,
    /// `[n, m, filters]`: attributes by region.
    kernel12: Param<Tensor<3>>,
    /// `[n, filters]`: mere presence by region.
    kernel1: Param<Tensor<2>>,
    norm: BatchNorm,
}

impl Neighbourhood {
    /// Filters over neighbours that are mostly within `reach` (angstrom).
    pub(super) fn new(
        attributes: usize,
        gaussians: usize,
        filters: usize,
        reach: f64,
        init: &mut Init,
    ) -> Self {
        Self {
            gaussians: Gaussians::new(&[[-reach, reach]; 3], gaussians, init),
            kernel12: init.fan_in([gaussians, attributes, filters], gaussians * attributes),
            kernel1: init.fan_in([gaussians, filters], gaussians),
            norm: norm(filters, init),
        }
    }

    /// # Shapes
    ///
    /// - `attributes`: `[R, m]`
    /// - `coordinates`: `[E, 3]`, of sources in the frames of their targets
    /// - output: `[R, filters]`
    pub(super) fn forward(
        &self,
        attributes: Tensor<2>,
        coordinates: Tensor<2>,
        edges: &Edges,
    ) -> Tensor<2> {
        let [rows, width] = attributes.dims();
        let [regions, _, filters] = self.kernel12.lazy_shape().dims();
        if edges.to.is_empty() {
            let silence = Tensor::zeros([rows, filters], &attributes.device());
            return relu(self.norm.forward(silence));
        }
        let (sources, places) = edges.places();
        let most = places.len() / rows;
        let near = self.gaussians.forward(coordinates);
        let none = Tensor::zeros([1, regions], &near.device());
        let near = gather_rows(Tensor::cat(vec![near, none], 0), &places)
            .reshape([rows, most, regions])
            .swap_dims(1, 2);
        let attributes = gather_rows(attributes, &sources).reshape([rows, most, width]);
        let seen = near.clone().matmul(attributes);
        let kernel = self.kernel12.val().reshape([regions * width, filters]);
        let present: Tensor<2> = near.sum_dim(2).squeeze_dim(2);
        let activity = seen.reshape([rows, regions * width]).matmul(kernel)
            + present.matmul(self.kernel1.val());
        relu(self.norm.forward(activity))
    }
}
