//! One round of message passing.

use molglot_core::GraphBatch;
use molglot_tensor::burn;
use molglot_tensor::{Init, burn::module::Module, nn::Dropout, ops::segment_mean};

use super::{
    norm::{StateNorm, drop_out},
    perceptron::{Perceptron, Sizes},
    state::State,
};

/// Perceptrons of a message.
const MESSAGE_DEPTH: usize = 3;

/// `x <- norm(x + mean over edges of messages)`, then `x <- norm(x + feed forward(x))`; a message is made of source, edge
/// and target.
#[derive(Module, Debug)]
pub struct GvpLayer {
    messages: Vec<Perceptron>,
    feed: Vec<Perceptron>,
    norms: Vec<StateNorm>,
    dropout: Dropout,
}

impl GvpLayer {
    /// A layer of this size.
    pub(super) fn new(
        nodes: Sizes,
        edges: Sizes,
        gate: bool,
        dropout: f64,
        init: &mut Init,
    ) -> Self {
        let joined = (2 * nodes.0 + edges.0, 2 * nodes.1 + edges.1);
        let wide = (4 * nodes.0, 2 * nodes.1);
        let messages = (0..MESSAGE_DEPTH).map(|number| {
            let input = if number == 0 { joined } else { nodes };
            Perceptron::new(input, nodes, number + 1 < MESSAGE_DEPTH, gate, init)
        });
        let messages = messages.collect();
        let feed = vec![
            Perceptron::new(nodes, wide, true, gate, init),
            Perceptron::new(wide, nodes, false, gate, init),
        ];
        Self {
            messages,
            feed,
            norms: (0..2).map(|_| StateNorm::new(nodes.0, init)).collect(),
            dropout: Dropout::new(dropout),
        }
    }

    /// # Shapes
    ///
    /// - `x` and output: `N` nodes
    /// - `edges`: `E` edges, where there are any
    pub(super) fn forward(&self, x: State, edges: Option<&State>, graph: &GraphBatch) -> State {
        let mut x = x;
        if let Some(edges) = edges
            && let [first, others @ ..] = self.messages.as_slice()
        {
            let message = first.forward_edges(&x, edges, graph);
            let message = others.iter().fold(message, |x, layer| layer.forward(x));
            let mean = State {
                rows: segment_mean(message.rows, &graph.edge_to),
                ..message
            };
            x = x.add(drop_out(&self.dropout, &mean));
        }
        x = self.norm(0, &x);
        let update = self
            .feed
            .iter()
            .fold(x.clone(), |x, layer| layer.forward(x));
        self.norm(1, &x.add(drop_out(&self.dropout, &update)))
    }

    fn norm(&self, number: usize, x: &State) -> State {
        self.norms[number].forward(x)
    }
}
