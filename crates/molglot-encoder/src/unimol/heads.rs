//! The heads of pre-training: hidden types, places and distances of atoms.

use molglot_graph::unimol;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor, TensorData,
    burn::module::{Module, Param},
    nn::{LayerNorm, Linear, LinearConfig},
    ops::gelu,
};

use super::{
    EPSILON, Hidden, NonLinearHead, STD, Tokens, Unimol, UnimolConfig, hidden::real_pairs,
};

/// Says what a token was.
#[derive(Module, Debug)]
struct TypeHead {
    dense: Linear,
    layer_norm: LayerNorm,
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// Says how far two tokens were apart.
#[derive(Module, Debug)]
struct DistanceHead {
    dense: Linear,
    layer_norm: LayerNorm,
    out_proj: Linear,
}

/// An encoder with the heads that it is pre-trained with.
#[derive(Module, Debug)]
pub struct UnimolPretraining {
    /// The encoder.
    pub unimol: Unimol,
    pair_norm: LayerNorm,
    lm_head: TypeHead,
    pair2coord_proj: NonLinearHead,
    dist_head: DistanceHead,
}

/// Turns the path of a parameter of a [`UnimolPretraining`] into its name in published files, whose encoder has no prefix.
pub fn published_name(path: &str) -> String {
    if let Some(path) = path.strip_prefix("unimol.") {
        return path.to_owned();
    }
    match path.strip_prefix("pair_norm.") {
        Some(field) => format!("encoder.final_head_layer_norm.{field}"),
        None => path.to_owned(),
    }
}

/// Whether a tensor of published files belongs to a head.
pub(crate) fn is_head(name: &str) -> bool {
    let heads = [
        "encoder.final_head_layer_norm.",
        "lm_head.",
        "pair2coord_proj.",
        "dist_head.",
    ];
    heads.iter().any(|head| name.starts_with(head))
}

impl UnimolPretraining {
    /// Draws the parameters.
    pub fn new(config: &UnimolConfig, init: &mut Init) -> Self {
        let (width, heads) = (config.width(), config.heads);
        let tokens = unimol::DICTIONARY.len();
        let linear = |input, output, init: &mut Init| {
            LinearConfig::new(input, output).init_normal(init, STD)
        };
        Self {
            unimol: config.init(init),
            pair_norm: LayerNorm::new(heads, EPSILON, init),
            lm_head: TypeHead {
                dense: linear(width, width, init),
                layer_norm: LayerNorm::new(width, EPSILON, init),
                weight: init.normal([tokens, width], STD),
                bias: init.constant([tokens], 0.0),
            },
            pair2coord_proj: NonLinearHead::new(heads, 1, init),
            dist_head: DistanceHead {
                dense: linear(heads, heads, init),
                layer_norm: LayerNorm::new(heads, EPSILON, init),
                out_proj: linear(heads, 1, init),
            },
        }
    }

    /// Logits of the types of tokens from their normed states.
    ///
    /// # Shapes
    ///
    /// - `states`: `[R, E]`
    /// - output: `[R, V]`
    pub fn types(&self, states: Tensor<2>) -> Tensor<2> {
        let head = &self.lm_head;
        let x = head.layer_norm.forward(gelu(head.dense.forward(states)));
        x.matmul(head.weight.val().transpose()) + head.bias.val().unsqueeze()
    }

    /// `[B, T, 3]`: where tokens should be, angstrom: every other one draws or pushes a token by what the layers did to
    /// the pair. Turns with the molecule.
    pub fn coordinates(&self, hidden: &Hidden, tokens: &Tokens) -> Tensor<3> {
        let changes = self.pair_norm.forward(hidden.pair_changes(tokens));
        let [batch, length, ..] = changes.dims();
        let device = changes.device();
        let real = real_pairs(&changes, tokens);
        let pulls = (self.pair2coord_proj.forward(changes) * real).squeeze_dim::<3>(3);
        let others = tokens
            .lengths
            .iter()
            .map(|&count| count.saturating_sub(1).max(1) as f32);
        let others = TensorData::new(others.collect::<Vec<_>>(), [batch, 1, 1]);
        let pulls = pulls / Tensor::from_data(others, &device);
        let places = TensorData::new(tokens.positions.as_flattened().to_vec(), [batch, length, 3]);
        let places = Tensor::<3>::from_data(places, &device);
        places.clone() + pulls.clone().matmul(places.clone()) - places * pulls.sum_dim(2)
    }

    /// `[B, T, T]`: how far tokens should be apart; the published model was trained on `(angstrom - 6.3126) / 3.3899`.
    /// Symmetric; without meaning at padding.
    pub fn distances(&self, hidden: &Hidden) -> Tensor<3> {
        let head = &self.dist_head;
        let x = gelu(
            head.dense
                .forward(hidden.pairs.clone().permute([0, 2, 3, 1])),
        );
        let one_way = head
            .out_proj
            .forward(head.layer_norm.forward(x))
            .squeeze_dim::<3>(3);
        (one_way.clone() + one_way.swap_dims(1, 2)).mul_scalar(0.5)
    }
}
