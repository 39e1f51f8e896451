//! Self-supervised objectives: parts of a graph are hidden, or counted, and the encoder is asked about them.
//!
//! Hiding happens on the host, on the graphs themselves, before a batch is made of them: what is asked about is nowhere in
//! the input. One folder each, one line in the registry below.

mod head;
pub mod m3llm;
mod question;
pub mod residue_type;
pub mod unimol;

pub use head::Head;
pub use question::{
    About, Answers, Draw, Measure, Piecewise, Posed, Question, Scale, Seen, Widths, pick,
};

use m3llm::{M3llm, M3llmConfig};
use molglot_core::registry;
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{Tensor, burn, burn::module::Module};
use residue_type::{ResidueType, ResidueTypeConfig};
use unimol::{Unimol, UnimolConfig};

/// Asks an encoder about graphs of which parts are hidden.
pub trait Pretext: Module {
    /// Names of the questions, in order.
    fn names(&self) -> Vec<&'static str>;

    /// Whether graphs of this spec can be asked about; else why not, in words.
    fn refuses(&self, spec: &GraphSpec) -> Option<String>;

    /// Hides parts of graphs and asks about them. The numbers of `draw` alone decide what is hidden.
    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed;

    /// What the head with this number answers to its question, which asks about something.
    ///
    /// # Shapes
    ///
    /// - output: `[K, C]` logits of classes, or `[K, 1]` numbers or costs
    ///
    /// # Panics
    ///
    /// When the question is not one of [`Pretext::pose`], or the encoder one that [`Pretext::refuses`].
    fn answer(&self, number: usize, seen: &Seen, question: &Question) -> Tensor<2>;
}

registry! {
    /// Every self-supervised objective that a recipe can name.
    PretextConfig => AnyPretext: Pretext;
    init(widths: Widths);
    {
        M3llm(M3llmConfig => M3llm),
        ResidueType(ResidueTypeConfig => ResidueType),
        Unimol(UnimolConfig => Unimol),
    }
    fn names(&self) -> Vec<&'static str>;
    fn refuses(&self, spec: &GraphSpec) -> Option<String>;
    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed;
    fn answer(&self, number: usize, seen: &Seen, question: &Question) -> Tensor<2>;
}

impl PretextConfig {
    /// The first setting that makes no sense, and why.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let mask = match self {
            Self::M3llm(settings) => settings.mask,
            Self::ResidueType(settings) => settings.mask,
            Self::Unimol(settings) => return settings.problem(),
        };
        let is_part = (0.0..=1.0).contains(&mask);
        (!is_part).then(|| ("mask", format!("{mask} is no part: it must be from 0 to 1")))
    }
}
