//! Which amino acid stands here? GearNet's residue type prediction (Zhang et al., 2023, arXiv 2203.06125): some residues
//! lose their types, and the encoder tells them from the backbone and the neighbours.

use molglot_graph::{ALPHABETICAL, GeomGraph, GraphSpec, NodeKind};
use molglot_tensor::burn;
use molglot_tensor::{Init, Tensor, burn::module::Module};
use serde::{Deserialize, Serialize};

use super::{
    About, Answers, Draw, Head, Posed, Pretext, Question, Seen, Widths, pick,
    question::hidden_count,
};

/// Settings of residue type prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResidueTypeConfig {
    /// The part of the residues of a chain that is hidden; at least one.
    pub mask: f64,
}

impl Default for ResidueTypeConfig {
    fn default() -> Self {
        Self { mask: 0.15 }
    }
}

impl ResidueTypeConfig {
    /// Draws the head, for features of these widths.
    pub fn init(&self, widths: Widths, init: &mut Init) -> ResidueType {
        let width = widths.units;
        ResidueType {
            residue_type: Head::new(&[width, width, ALPHABETICAL.len()], init),
            mask: self.mask,
        }
    }
}

/// See the module. Types are numbered as in the alphabet of the encoder.
#[derive(Module, Debug)]
pub struct ResidueType {
    residue_type: Head,
    mask: f64,
}

impl Pretext for ResidueType {
    fn names(&self) -> Vec<&'static str> {
        vec!["residue_type"]
    }

    fn refuses(&self, spec: &GraphSpec) -> Option<String> {
        match spec.hideable_residues() {
            Ok(alphabet) if alphabet.len() == ALPHABETICAL.len() => None,
            Ok(alphabet) => Some(format!(
                "its alphabet `{alphabet}` is not the 20 amino acids"
            )),
            Err(reason) => Some(reason.to_owned()),
        }
    }

    fn pose(&self, spec: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed {
        let (mut posed, mut rows, mut classes) = (Posed::default(), Vec::new(), Vec::new());
        let mut first = 0;
        for &graph in graphs {
            let nodes = graph.nodes.iter().zip(0u32..);
            let residues: Vec<u32> = nodes
                .filter(|(kind, _)| **kind == NodeKind::Residue)
                .map(|(_, node)| node)
                .collect();
            let known = |row: &u32| {
                let kind = graph.types.get(residues[*row as usize] as usize);
                kind.is_some_and(|&kind| usize::from(kind) < ALPHABETICAL.len())
            };
            let known: Vec<u32> = (0..residues.len() as u32).filter(known).collect();
            let chosen = pick(hidden_count(self.mask, known.len()), known.len(), draw);
            let asked: Vec<u32> = match self.mask == 0.0 {
                true => known,
                false => chosen.iter().map(|&place| known[place as usize]).collect(),
            };
            let mut hidden = graph.clone();
            let nodes: Vec<u32> = asked.iter().map(|&row| residues[row as usize]).collect();
            classes.extend(
                nodes
                    .iter()
                    .map(|&node| u32::from(graph.types[node as usize])),
            );
            if self.mask > 0.0 {
                spec.hide_residues(&mut hidden, &nodes);
            }
            rows.extend(asked.iter().map(|row| first + row));
            first += residues.len() as u32;
            posed.graphs.push(hidden);
        }
        let answers = Answers::Classes(classes.into());
        posed
            .questions
            .push(Question::new(1.0, About::Units(rows), answers));
        posed
    }

    fn answer(&self, _: usize, seen: &Seen, question: &Question) -> Tensor<2> {
        self.residue_type
            .forward(question.about.rows(&seen.features))
    }
}
