//! M3LLM's five self-supervised tasks (arXiv 2411.04708): are two atoms bonded, which element, which bond, how many atoms,
//! how many bonds.
//!
//! The first three are asked of atoms and pairs of atoms by cross-entropy, the counts of the graph by a piecewise loss.
//! As types are inputs, some atoms and bonds are hidden and asked about; with `mask = 0` nothing is hidden and all are.

mod links;

use molglot_graph::{ATOM_SIZES, BOND_SIZES, EdgeKind, GeomGraph, GraphSpec, Types};
use molglot_tensor::burn;
use molglot_tensor::{Init, Tensor, burn::module::Module};
use serde::{Deserialize, Serialize};

use super::{
    About, Answers, Draw, Head, Measure, Piecewise, Posed, Pretext, Question, Scale, Seen, Widths,
    pick, question::hidden_count,
};

/// Bond types that are asked for: single, double, triple, aromatic. What OGB keeps for everything else is not.
const BOND_TYPES: usize = BOND_SIZES[0] - 1;

/// What each loss counts for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaskWeights {
    /// Are two atoms bonded?
    pub link: f64,
    /// Which element?
    pub atom_type: f64,
    /// Which bond?
    pub bond_type: f64,
    /// How many atoms?
    pub atom_count: f64,
    /// How many bonds?
    pub bond_count: f64,
}

impl Default for TaskWeights {
    fn default() -> Self {
        Self {
            link: 1.0,
            atom_type: 1.0,
            bond_type: 1.0,
            atom_count: 1.0,
            bond_count: 1.0,
        }
    }
}

/// Settings of the five tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct M3llmConfig {
    /// The part of the atoms and of the bonds of a molecule that is hidden; at least one of each.
    pub mask: f64,
    /// Whether counts are asked as they are, as published, or as logarithms.
    pub counts: Scale,
    /// What a wrong count costs.
    pub count_loss: Piecewise,
    /// What each loss counts for.
    pub weights: TaskWeights,
}

impl Default for M3llmConfig {
    fn default() -> Self {
        Self {
            mask: 0.15,
            counts: Scale::Raw,
            count_loss: Piecewise::SmoothL1,
            weights: TaskWeights::default(),
        }
    }
}

impl M3llmConfig {
    /// Draws the heads, for features of these widths.
    pub fn init(&self, widths: Widths, init: &mut Init) -> M3llm {
        let width = widths.units;
        M3llm {
            link: Head::new(&[2 * width, width, 2], init),
            atom_type: Head::new(&[width, ATOM_SIZES[0]], init),
            bond_type: Head::new(&[2 * width, width, BOND_TYPES], init),
            atom_count: Head::new(&[width, width, 1], init),
            bond_count: Head::new(&[width, width, 1], init),
            config: self.clone(),
        }
    }
}

/// See the module.
#[derive(Module, Debug)]
pub struct M3llm {
    link: Head,
    atom_type: Head,
    bond_type: Head,
    atom_count: Head,
    bond_count: Head,
    #[module(skip)]
    config: M3llmConfig,
}

/// What is asked about a batch, as it grows.
#[derive(Default)]
struct Asked {
    links: Vec<[u32; 2]>,
    linked: Vec<u32>,
    atoms: Vec<u32>,
    elements: Vec<u32>,
    bonds: Vec<[u32; 2]>,
    bond_types: Vec<u32>,
    atom_counts: Vec<f32>,
    bond_counts: Vec<f32>,
    first: u32,
}

impl Asked {
    /// Asks about one more graph and hides what is asked for.
    fn add(&mut self, graph: &GeomGraph, mask: f64, draw: &mut Draw<'_>) -> GeomGraph {
        let mut hidden = graph.clone();
        let kinds = graph.edges.iter().zip(&graph.edge_kinds);
        // Both directions of a bond stand in a row.
        let bonds: Vec<[u32; 2]> = kinds
            .filter(|(_, kind)| **kind == EdgeKind::Bond)
            .map(|(&ends, _)| ends)
            .collect();
        let count = bonds.len() / 2;
        let chosen = |count: usize, draw: &mut Draw<'_>| match mask == 0.0 {
            true => (0..count as u32).collect(),
            false => pick(hidden_count(mask, count), count, draw),
        };
        let atoms = chosen(graph.atoms, draw);
        let asked_bonds = chosen(count, draw);
        let directions: Vec<u32> = asked_bonds
            .iter()
            .flat_map(|bond| [2 * bond, 2 * bond + 1])
            .collect();
        for &atom in &atoms {
            self.atoms.push(self.first + atom);
            let element = graph.atom_features[atom as usize][0];
            self.elements.push(u32::from(element));
        }
        let shifted = |[from, to]: [u32; 2], first: u32| [first + from, first + to];
        for &row in &directions {
            let kind = u32::from(graph.bond_features[row as usize][0]);
            if kind < BOND_TYPES as u32 {
                self.bonds.push(shifted(bonds[row as usize], self.first));
                self.bond_types.push(kind);
            }
        }
        for (pair, linked) in links::pairs(graph.atoms, &bonds, draw) {
            self.links.push(shifted(pair, self.first));
            self.linked.push(u32::from(linked));
        }
        self.atom_counts.push(graph.atoms as f32);
        self.bond_counts.push(count as f32);
        self.first += graph.atoms as u32;
        if mask > 0.0 {
            hidden.hide_atoms(&atoms);
            hidden.hide_bonds(&directions);
        }
        hidden
    }
}

impl Pretext for M3llm {
    fn names(&self) -> Vec<&'static str> {
        vec!["link", "atom_type", "bond_type", "atom_count", "bond_count"]
    }

    fn refuses(&self, spec: &GraphSpec) -> Option<String> {
        let is_ogb = spec.nodes.iter().any(|set| set.types == Types::Ogb);
        (!is_ogb).then(|| "its graph has no atoms with OGB categories".to_owned())
    }

    fn pose(&self, _: &GraphSpec, graphs: &[&GeomGraph], draw: &mut Draw<'_>) -> Posed {
        let mut asked = Asked::default();
        let graphs = graphs.iter();
        let graphs = graphs
            .map(|graph| asked.add(graph, self.config.mask, draw))
            .collect();
        let TaskWeights {
            link,
            atom_type,
            bond_type,
            atom_count,
            bond_count,
        } = self.config.weights;
        let classes = |classes: Vec<u32>| Answers::Classes(classes.into());
        let measure = Measure {
            scale: self.config.counts,
            loss: self.config.count_loss,
        };
        let counts = |counts: Vec<f32>| Answers::Numbers(counts.into(), measure);
        let questions = vec![
            Question::new(link, About::Pairs(asked.links), classes(asked.linked)),
            Question::new(
                atom_type,
                About::Units(asked.atoms),
                classes(asked.elements),
            ),
            Question::new(
                bond_type,
                About::Pairs(asked.bonds),
                classes(asked.bond_types),
            ),
            Question::new(atom_count, About::Graphs, counts(asked.atom_counts)),
            Question::new(bond_count, About::Graphs, counts(asked.bond_counts)),
        ];
        Posed { graphs, questions }
    }

    fn answer(&self, number: usize, seen: &Seen, question: &Question) -> Tensor<2> {
        let heads = [
            &self.link,
            &self.atom_type,
            &self.bond_type,
            &self.atom_count,
            &self.bond_count,
        ];
        heads[number].forward(question.about.rows(&seen.features))
    }
}
