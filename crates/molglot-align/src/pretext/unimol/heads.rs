//! The heads: what a hidden atom was, where it was, and how far from others.

use molglot_core::Pairs;
use molglot_graph::unimol;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, RowIndex, Tensor, TensorData,
    burn::module::Module,
    nn::{LayerNorm, Linear, LinearConfig},
    ops::{gather_rows, gelu},
};

use crate::pretext::{Head, Widths};

/// Added to a variance before its root.
const EPSILON: f64 = 1e-5;
/// Width of the normal distribution that matrices start from.
const STD: f64 = 0.02;

/// A layer, a GELU, a norm, a layer.
#[derive(Module, Debug)]
struct NormedHead {
    dense: Linear,
    layer_norm: LayerNorm,
    out: Linear,
}

impl NormedHead {
    fn new(width: usize, output: usize, init: &mut Init) -> Self {
        Self {
            dense: LinearConfig::new(width, width).init_normal(init, STD),
            layer_norm: LayerNorm::new(width, EPSILON, init),
            out: LinearConfig::new(width, output).init_normal(init, STD),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.layer_norm.forward(gelu(self.dense.forward(x)));
        self.out.forward(x)
    }
}

/// The three heads of the published model.
#[derive(Module, Debug)]
pub struct Heads {
    types: NormedHead,
    pair_norm: LayerNorm,
    pull: Head,
    distances: NormedHead,
}

/// Turns the path of a parameter of [`Heads`] into its name in published files.
pub fn published_name(path: &str) -> String {
    let moved = [
        ("types.out.", "lm_head."),
        ("types.", "lm_head."),
        ("pair_norm.", "encoder.final_head_layer_norm."),
        ("pull.layers.0.", "pair2coord_proj.linear1."),
        ("pull.layers.1.", "pair2coord_proj.linear2."),
        ("distances.out.", "dist_head.out_proj."),
        ("distances.", "dist_head."),
    ];
    let named = moved
        .iter()
        .find_map(|(ours, theirs)| Some(format!("{theirs}{}", path.strip_prefix(ours)?)));
    named.unwrap_or_else(|| path.to_owned())
}

impl Heads {
    /// Draws the parameters.
    pub fn new(widths: Widths, init: &mut Init) -> Self {
        // An encoder without pairs is refused, but only once there are heads to ask.
        let pairs = widths.pairs.max(1);
        Self {
            types: NormedHead::new(widths.units, unimol::DICTIONARY.len(), init),
            pair_norm: LayerNorm::new(pairs, EPSILON, init),
            pull: Head::gelu(&[pairs, pairs, 1], init),
            distances: NormedHead::new(pairs, 1, init),
        }
    }

    /// Logits of tokens from normed states.
    ///
    /// # Shapes
    ///
    /// - `states`: `[K, D]`
    /// - output: `[K, V]`, `V` tokens of the dictionary
    pub fn types(&self, states: Tensor<2>) -> Tensor<2> {
        self.types.forward(states)
    }

    /// Where tokens should be, angstrom: every other token of a molecule draws or pushes one by what the layers did to
    /// the pair. Turns with the molecule.
    ///
    /// # Shapes
    ///
    /// - `tokens`: `K` of `B * T`
    /// - output: `[K, 3]`
    pub fn coordinates(&self, pairs: &Pairs, tokens: &RowIndex) -> Tensor<2> {
        let [batch, length, _, width] = pairs.changes.dims();
        let (count, device) = (tokens.len(), pairs.changes.device());
        let changes = pairs.changes.clone();
        let changes = gather_rows(changes.reshape([batch * length, length * width]), tokens);
        let changes = changes.reshape([count, length, width]);
        let pulls = self.pull.forward(self.pair_norm.forward(changes));

        let molecule = |token: &u32| *token as usize / length;
        let of_others = tokens.index().iter().map(molecule).flat_map(|molecule| {
            let real = pairs.lengths[molecule];
            let part = 1.0 / real.saturating_sub(1).max(1) as f32;
            (0..length).map(move |other| if other < real { part } else { 0.0 })
        });
        let of_others = TensorData::new(of_others.collect::<Vec<_>>(), [count, length, 1]);
        let pulls = pulls * Tensor::from_data(of_others, &device);

        let place = |token: &u32| pairs.positions[*token as usize];
        let own: Vec<f32> = tokens.index().iter().flat_map(place).collect();
        let own = Tensor::<2>::from_data(TensorData::new(own, [count, 3]), &device);
        let others = tokens
            .index()
            .iter()
            .map(molecule)
            .flat_map(|molecule| pairs.positions[molecule * length..][..length].as_flattened());
        let others = TensorData::new(others.copied().collect::<Vec<_>>(), [count, length, 3]);
        let others = Tensor::<3>::from_data(others, &device);
        let all = pulls.clone().sum_dim(1).reshape([count, 1]);
        let drawn = pulls.swap_dims(1, 2).matmul(others).reshape([count, 3]);
        own.clone() + drawn - own * all
    }

    /// How far tokens should be apart, on the scale of [`super::DISTANCE`]; the same both ways.
    ///
    /// # Shapes
    ///
    /// - `ends`: `K` pairs of tokens of one molecule, each of `B * T`
    /// - output: `[K, 1]`
    pub fn distances(&self, pairs: &Pairs, ends: &[[u32; 2]]) -> Tensor<2> {
        let [batch, length, _, width] = pairs.states.dims();
        let cells = batch * length * length;
        let states = pairs.states.clone().reshape([cells, width]);
        let one_way = |from: usize, to: usize| {
            let cell = |ends: &[u32; 2]| ends[from] * length as u32 + ends[to] % length as u32;
            let cells = RowIndex::new(cells, ends.iter().map(cell).collect());
            self.distances.forward(gather_rows(states.clone(), &cells))
        };
        (one_way(0, 1) + one_way(1, 0)).mul_scalar(0.5)
    }
}
