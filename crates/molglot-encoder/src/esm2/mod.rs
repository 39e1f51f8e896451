//! ESM-2 (Lin et al., 2023, *Science* 379:1123) over the chains of proteins. The network itself is
//! [`molglot_transformer::esm2`]; here are its place among the encoders and its input from graphs.

mod sequences;
pub(crate) mod verify;
mod weights;

pub use sequences::Sequences;
pub use weights::published_name;

use molglot_core::{Encoder, Features, GraphBatch, Symmetry};
use molglot_graph::GraphSpec;
use molglot_tensor::burn;
use molglot_tensor::{Init, Tensor, burn::module::Module, ops::segment_mean};
use molglot_transformer::{Esm2, esm2};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::settings::positive;

/// Sizes of ESM-2; the published ones are in [`esm2::Esm2Config::new`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Esm2Config {
    /// Number of blocks.
    #[serde(deserialize_with = "positive")]
    pub layers: usize,
    /// Number of heads.
    #[serde(deserialize_with = "positive")]
    pub heads: usize,
    /// Width of a head, an even number; residues are `heads * head_width` wide.
    #[serde(deserialize_with = "even")]
    pub head_width: usize,
    /// Whether the tokens that begin and end a chain are units too, as Prot2Text-V2 has them.
    pub ends: bool,
}

impl Default for Esm2Config {
    /// `esm2_t6_8M_UR50D`: 6 blocks of 20 heads of 16.
    fn default() -> Self {
        Self {
            layers: 6,
            heads: 20,
            head_width: 16,
            ends: false,
        }
    }
}

/// At least 2, and even.
fn even<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match positive(deserializer)? {
        width if width % 2 == 0 => Ok(width),
        width => Err(Error::custom(format!("{width} is odd: it must be even"))),
    }
}

impl Esm2Config {
    /// Draws the parameters.
    ///
    /// # Panics
    ///
    /// When the width of a head is odd or a size is 0, which no recipe can say.
    pub fn init(&self, init: &mut Init) -> Esm2Encoder {
        let width = self.heads * self.head_width;
        match esm2::Esm2Config::new(width, self.layers, self.heads).init(init) {
            Ok(esm) => Esm2Encoder::new(esm, self.ends),
            Err(error) => unreachable!("{error}"),
        }
    }
}

/// Sequences of residues in; residues, and proteins as their mean, out.
///
/// Every chain is read alone, between `<cls>` and `<eos>`. Coordinates are not read.
#[derive(Module, Debug)]
pub struct Esm2Encoder {
    esm: Esm2,
    ends: bool,
}

impl Esm2Encoder {
    /// An encoder of a network, such as one that [`esm2::load_dir`] read.
    pub fn new(esm: Esm2, ends: bool) -> Self {
        Self { esm, ends }
    }
}

impl Encoder for Esm2Encoder {
    fn spec(&self) -> GraphSpec {
        GraphSpec::esm2(self.ends)
    }

    fn width(&self) -> usize {
        self.esm.width()
    }

    fn symmetry(&self) -> Symmetry {
        Symmetry::NoCoordinates
    }

    fn encode(&self, graph: &GraphBatch) -> Features {
        let width = self.width();
        let Some(sequences) = Sequences::new(graph) else {
            return crate::no_units(graph, width);
        };
        let states = self.esm.hidden_states(&sequences.batch).into_iter();
        let layers: Vec<Tensor<2>> = states.map(|state| sequences.units(state)).collect();
        let node = layers[layers.len() - 1].clone();
        Features {
            motif: Tensor::zeros([0, width], &graph.device),
            graph: segment_mean(node.clone(), &graph.graph_of_unit),
            node,
            layers,
        }
    }
}
