//! Where a neighbour is, as soft membership in regions of space.

use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor, TensorData,
    burn::module::{Module, Param},
};

/// `g_n(q) = exp(-|P_n (q - mu_n)|^2 / 2)`: Gaussians of any shape in `D` coordinates.
#[derive(Module, Debug)]
pub struct Gaussians {
    /// `[D, n]`: the centres.
    pub centers: Param<Tensor<2>>,
    /// `[D, D, n]`: roots of the inverse covariances; rows of `P` first.
    pub sqrt_precision: Param<Tensor<3>>,
}

impl Gaussians {
    /// `count` Gaussians whose centres are drawn uniformly in these ranges and whose widths are a quarter of them. (The
    /// reference fits a mixture to the coordinates of its training set.)
    pub(super) fn new(ranges: &[[f64; 2]], count: usize, init: &mut Init) -> Self {
        let axes = ranges.len();
        let device = init.device().clone().inner();
        let column = |of: fn(&[f64; 2]) -> f64| {
            let values: Vec<f32> = ranges.iter().map(|range| of(range) as f32).collect();
            Tensor::<2>::from_data(TensorData::new(values, [axes, 1]), &device)
        };
        let drawn = init.uniform([axes, count], 0.5).val().inner();
        let centers = drawn * column(|[low, high]| high - low)
            + column(|[low, high]| f64::midpoint(*low, *high));
        let precision = Tensor::<2>::eye(axes, &device) * column(|[low, high]| 4.0 / (high - low));
        let precision: Tensor<3> = precision.unsqueeze_dim(2);
        Self {
            centers: init.given(centers),
            sqrt_precision: init.given(precision.expand([axes, axes, count])),
        }
    }

    /// # Shapes
    ///
    /// - `coordinates`: `[E, D]`
    /// - output: `[E, n]`
    pub(super) fn forward(&self, coordinates: Tensor<2>) -> Tensor<2> {
        let roots = self.sqrt_precision.val();
        let [axes, _, count] = roots.dims();
        let centres: Tensor<3> = self.centers.val().unsqueeze_dim(0);
        let centres = (roots.clone() * centres)
            .sum_dim(1)
            .reshape([1, axes * count]);
        let roots = roots.swap_dims(0, 1).reshape([axes, axes * count]);
        let offsets = coordinates.matmul(roots) - centres;
        let [edges, _] = offsets.dims();
        let squares = offsets.square().reshape([edges, axes, count]).sum_dim(1);
        squares.squeeze_dim::<2>(1).mul_scalar(-0.5).exp()
    }
}
