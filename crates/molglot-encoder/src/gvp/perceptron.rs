//! The geometric vector perceptron.

use std::ops::Range;

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{
    Init, Tensor,
    burn::{
        module::Module,
        tensor::activation::{relu, sigmoid},
    },
    nn::{Linear, LinearConfig},
    ops::{edge_sum, vector_linear, vector_perceptron},
};

use super::state::State;

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
    /// - `x` and output: `N` rows
    pub(super) fn forward(&self, x: State) -> State {
        let (scalars, vectors) = (0..x.scalars, 0..x.vectors());
        self.finish(self.map(x.rows, scalars, vectors))
    }

    /// As [`Perceptron::forward`] of source, edge and target side by side. What sources and targets contribute linearly is
    /// computed once per node, not once per edge.
    ///
    /// # Shapes
    ///
    /// - `x`: `N` nodes
    /// - `edges` and output: `E` edges
    pub(super) fn forward_edges(&self, x: &State, edges: &State, graph: &GraphBatch) -> State {
        let (s, v) = (x.scalars, x.vectors());
        let (se, ve) = (edges.scalars, edges.vectors());
        let source = self.map(x.rows.clone(), 0..s, 0..v);
        let target = self.map(x.rows.clone(), s + se..2 * s + se, v + ve..2 * v + ve);
        let edges = self.map(edges.rows.clone(), s..s + se, v..v + ve);
        let sums = edge_sum(edges, source, target, &graph.edge_from, &graph.edge_to);
        self.finish(sums)
    }

    /// What these columns of the first linear maps make of rows: `[N, S + 3 V] -> [N, output + 3 hidden]`.
    fn map(&self, rows: Tensor<2>, scalars: Range<usize>, vectors: Range<usize>) -> Tensor<2> {
        let columns = |layer: &Linear, range| layer.weight.val().slice_dim(1, range);
        vector_linear(rows, columns(&self.ws, scalars), columns(&self.wh, vectors))
    }

    /// All behind the first linear maps.
    fn finish(&self, rows: Tensor<2>) -> State {
        let ((outputs, inputs), (hidden, _)) = (self.ws.sizes(), self.wh.sizes());
        let of_lengths = self.ws.weight.val().slice_dim(1, inputs - hidden..inputs);
        let bias = match &self.ws.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([outputs], &rows.device()),
        };
        if let (Some(wv), None) = (&self.wv, &self.wsv) {
            let rows = vector_perceptron(rows, of_lengths, bias, wv.weight.val(), self.active);
            return State {
                rows,
                scalars: outputs,
            };
        }
        let x = State {
            rows,
            scalars: outputs,
        };
        let measured = x.lengths().matmul(of_lengths.transpose());
        let scalars = x.scalar_part() + measured + bias.unsqueeze();
        let activated = match self.active {
            true => relu(scalars.clone()),
            false => scalars.clone(),
        };
        match (&self.wv, &self.wsv) {
            (Some(wv), Some(wsv)) => {
                let gate = match self.active {
                    true => wsv.forward(sigmoid(scalars)),
                    false => wsv.forward(scalars),
                };
                let vectors = wv.forward(x.vector_part()) * sigmoid(gate).unsqueeze_dim(1);
                State::new(activated, vectors)
            }
            _ => State {
                rows: activated,
                scalars: outputs,
            },
        }
    }
}
