//! The geometric vector perceptron.

use std::ops::Range;

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::{Module, Param},
        tensor::{
            activation::{relu, sigmoid},
            module::linear,
        },
    },
    nn::{Linear, LinearConfig},
    ops::gather_rows,
};

use super::state::{State, squares};

/// Numbers of scalars and of vectors.
pub(super) type Sizes = (usize, usize);

/// `V_h = W_h V`, `s' = W_s [s, |V_h|] + b`, `V' = W_v V_h`; then, if active, `ReLU(s')` and `V' * sigmoid(|V'|)`. With a
/// gate instead `V' * sigmoid(W_sv a(s') + b)`, where `a` is the sigmoid if active and nothing otherwise.
///
/// Vectors have no biases, so that the layer turns with its input.
#[derive(Module, Debug)]
pub struct Perceptron {
    wh: Linear,
    ws: Linear,
    wv: Option<Linear>,
    wsv: Option<Linear>,
    active: bool,
}

impl Perceptron {
    /// A layer between these numbers of scalars and vectors, of which there is at least one at the input.
    pub(super) fn new(
        input: Sizes,
        output: Sizes,
        active: bool,
        gate: bool,
        init: &mut Init,
    ) -> Self {
        let hidden = input.1.max(output.1);
        let vectors = output.1 > 0;
        Self {
            wh: LinearConfig::new(input.1, hidden).without_bias().init(init),
            ws: LinearConfig::new(input.0 + hidden, output.0).init(init),
            wv: vectors.then(|| {
                LinearConfig::new(hidden, output.1)
                    .without_bias()
                    .init(init)
            }),
            wsv: (vectors && gate).then(|| LinearConfig::new(output.0, output.1).init(init)),
            active,
        }
    }

    /// # Shapes
    ///
    /// - `x`: scalars `[N, S]`, vectors `[N, 3, V]`
    pub(super) fn forward(&self, x: State) -> State {
        let (scalars, hidden) = self.mix(x);
        self.finish(scalars, hidden)
    }

    /// The scalars of [`Perceptron::forward`] alone: `[N, output]`.
    pub(super) fn forward_scalars(&self, x: State) -> Tensor<2> {
        let (scalars, _) = self.mix(x);
        self.activate(scalars)
    }

    /// `s'` and `V_h`.
    fn mix(&self, x: State) -> (Tensor<2>, Tensor<3>) {
        let hidden = self.wh.forward(x.vectors);
        let lengths = squares(hidden.clone()).sqrt().squeeze_dim(1);
        let scalars = self.ws.forward(Tensor::cat(vec![x.scalars, lengths], 1));
        (scalars, hidden)
    }

    /// As [`Perceptron::forward`] of source, edge and target side by side. What sources and targets contribute linearly is
    /// computed once per node, not once per edge.
    ///
    /// # Shapes
    ///
    /// - `x`: `N` nodes
    /// - `edges` and output: `E` edges
    pub(super) fn forward_edges(&self, x: &State, edges: &State, graph: &GraphBatch) -> State {
        let ([_, s], [_, _, v]) = (x.scalars.dims(), x.vectors.dims());
        let ([count, se], [_, _, ve]) = (edges.scalars.dims(), edges.vectors.dims());
        let part = |x: &State, scalars: Range<usize>, vectors: Range<usize>| State {
            scalars: linear(x.scalars.clone(), columns(&self.ws, scalars), None),
            vectors: linear(x.vectors.clone(), columns(&self.wh, vectors), None),
        };
        let source = part(x, 0..s, 0..v).pack();
        let target = part(x, s + se..2 * s + se, v + ve..2 * v + ve).pack();
        let ends = gather_rows(source, &graph.edge_from) + gather_rows(target, &graph.edge_to);
        let (output, hidden) = (self.ws.sizes().0, self.wh.sizes().0);
        let sum = State::unpack(ends, output).add(part(edges, s..s + se, v..v + ve));
        let lengths = squares(sum.vectors.clone()).sqrt();
        let lengths = lengths.reshape([count, hidden]);
        let of_lengths = columns(&self.ws, 2 * s + se..2 * s + se + hidden);
        let bias = self.ws.bias.as_ref().map(Param::val);
        let scalars = sum.scalars + linear(lengths, of_lengths, bias);
        self.finish(scalars, sum.vectors)
    }

    fn finish(&self, scalars: Tensor<2>, hidden: Tensor<3>) -> State {
        let vectors = match &self.wv {
            Some(wv) => self.gated(wv.forward(hidden), &scalars),
            None => Tensor::zeros([scalars.dims()[0], 3, 0], &scalars.device()),
        };
        State {
            scalars: self.activate(scalars),
            vectors,
        }
    }

    fn activate(&self, scalars: Tensor<2>) -> Tensor<2> {
        match self.active {
            true => relu(scalars),
            false => scalars,
        }
    }

    fn gated(&self, vectors: Tensor<3>, scalars: &Tensor<2>) -> Tensor<3> {
        let gate = match (&self.wsv, self.active) {
            (Some(wsv), true) => wsv.forward(sigmoid(scalars.clone())).unsqueeze_dim(1),
            (Some(wsv), false) => wsv.forward(scalars.clone()).unsqueeze_dim(1),
            (None, true) => squares(vectors.clone()).sqrt(),
            (None, false) => return vectors,
        };
        vectors * sigmoid(gate)
    }
}

/// `[columns, output]`: columns of a weight, transposed for a product.
fn columns(layer: &Linear, range: Range<usize>) -> Tensor<2> {
    layer.weight.val().slice_dim(1, range).transpose()
}
