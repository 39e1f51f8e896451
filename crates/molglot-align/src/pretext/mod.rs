//! Self-supervised objectives: parts of a graph are hidden, or counted, and the encoder is asked about them.
//!
//! Hiding happens on the host, on the graphs themselves, before a batch is made of them: what is asked about is nowhere in
//! the input. One folder each, one line in the registry below.

mod head;
pub mod m3llm;
mod question;
pub mod residue_type;

pub use head::Head;
pub use question::{About, Answers, Draw, Measure, Piecewise, Posed, Question, Scale, pick};

use m3llm::{M3llm, M3llmConfig};
use molglot_core::{Features, registry};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{Tensor, burn, burn::module::Module};
use residue_type::{ResidueType, ResidueTypeConfig};

/// Asks an encoder about graphs of which parts are hidden.
pub trait Pretext: Module {
    /// Names of the questions, in order.
    fn names(&self) -> Vec<&'static str>;

    /// Whether graphs of this spec can be asked about; else why not, in words.
    fn refuses(&self, spec: &GraphSpec) -> Option<String>;

    /// Hides parts of graphs and asks about them. The numbers of `draw` alone decide what is hidden.
    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed;

    /// What turns features into answers, a head for each question.
    fn heads(&self) -> Vec<&Head>;
}

registry! {
    /// Every self-supervised objective that a recipe can name.
    PretextConfig => AnyPretext: Pretext;
    init(width: usize);
    {
        M3llm(M3llmConfig => M3llm),
        ResidueType(ResidueTypeConfig => ResidueType),
    }
    fn names(&self) -> Vec<&'static str>;
    fn refuses(&self, spec: &GraphSpec) -> Option<String>;
    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed;
    fn heads(&self) -> Vec<&Head>;
}

/// The answer of a head to a question that asks about something.
///
/// # Shapes
///
/// - output: `[K, C]` logits of classes, or `[K, 1]` numbers, for the `K` rows that the question is about
pub fn answer(head: &Head, features: &Features, about: &About) -> Tensor<2> {
    head.forward(about.rows(features))
}
