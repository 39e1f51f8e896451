//! A graph in few words.

use std::fmt::Write;

use molglot_graph::{EdgeRule, EdgeSet, Features, GraphSpec, NodeKind, store::StoredGraph};
use serde::Serialize;

/// A graph in JSON.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    /// Whether it was found in the cache; not said where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    cached: Option<bool>,
    nodes: usize,
    edges: usize,
    /// Arcs of the line graph.
    arcs: usize,
    chains: Vec<Chain<'a>>,
    /// In the order of their numbers.
    relations: Vec<Relation>,
    node_sets: Vec<Set>,
    edge_sets: Vec<Set>,
}

/// Residues of a chain that are nodes, or whose atoms are.
#[derive(Serialize)]
struct Chain<'a> {
    id: &'a str,
    residues: usize,
}

#[derive(Serialize)]
struct Relation {
    name: String,
    edges: usize,
}

/// What is told of the nodes or edges of a set.
#[derive(Serialize)]
struct Set {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<NodeKind>,
    rows: usize,
    /// Numbers of each.
    scalars: usize,
    /// Vectors of each.
    vectors: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn of(
        file: &'a str,
        stored: &'a StoredGraph,
        out: Option<String>,
        cached: Option<bool>,
    ) -> Self {
        let StoredGraph {
            graph,
            spec,
            labels,
        } = stored;
        let sets = |sets: &[Features], kinds: Vec<Option<NodeKind>>| {
            let sets = sets.iter().zip(kinds).map(|(set, kind)| Set {
                kind,
                rows: set.rows.len(),
                scalars: set.scalars.width,
                vectors: set.vectors.width / 3,
            });
            sets.collect()
        };
        let mut relations: Vec<Relation> = names(spec)
            .into_iter()
            .map(|name| Relation { name, edges: 0 })
            .collect();
        for &relation in &graph.relations {
            if let Some(relation) = relations.get_mut(usize::from(relation)) {
                relation.edges += 1;
            }
        }
        Self {
            file,
            out,
            cached,
            nodes: graph.nodes.len(),
            edges: graph.edges.len(),
            arcs: graph.line_graph.arcs.len(),
            chains: chains(labels),
            relations,
            node_sets: sets(
                &graph.node_sets,
                spec.nodes.iter().map(|set| Some(set.kind)).collect(),
            ),
            edge_sets: sets(
                &graph.edge_sets,
                spec.edges.iter().map(|set| set.kind).collect(),
            ),
        }
    }

    /// A table to read.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}: {} nodes, {} edges", self.file, self.nodes, self.edges);
        // Writing to a string cannot fail.
        if self.arcs > 0 {
            let _ = write!(text, ", {} arcs between edges", self.arcs);
        }
        if self.cached == Some(true) {
            text.push_str(" (from the cache)");
        }
        for Chain { id, residues } in &self.chains {
            let _ = write!(text, "\n  chain {id:<8} {residues:>7} residues");
        }
        for (number, Relation { name, edges }) in self.relations.iter().enumerate() {
            let _ = write!(text, "\n  relation {number:<5} {edges:>7} edges: {name}");
        }
        for (what, sets) in [("node", &self.node_sets), ("edge", &self.edge_sets)] {
            for (number, set) in sets.iter().enumerate() {
                let Set {
                    rows,
                    scalars,
                    vectors,
                    ..
                } = set;
                let _ = write!(
                    text,
                    "\n  {what} set {number:<5} {rows:>7} {what}s of {scalars} numbers, {vectors} vectors"
                );
            }
        }
        if let Some(out) = &self.out {
            let _ = write!(text, "\n  written to {out}");
        }
        text
    }
}

/// The chains in the labels of nodes. `A/MET1` and `A/MET1/CA` are of chain `A`.
fn chains(labels: &[String]) -> Vec<Chain<'_>> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    let mut last = "";
    let mut seen = std::collections::HashSet::new();
    for label in labels {
        let Some((id, rest)) = label.split_once('/') else {
            continue;
        };
        let residue = &label[..id.len() + 1 + rest.find('/').unwrap_or(rest.len())];
        // Atoms of a residue follow each other; the residue itself may follow as a node of its own.
        if residue == last || !seen.insert(residue) {
            continue;
        }
        last = residue;
        match chains.iter_mut().find(|chain| chain.id == id) {
            Some(chain) => chain.residues += 1,
            None => chains.push(Chain { id, residues: 1 }),
        }
    }
    chains
}

/// Every relation of a spec in words.
fn names(spec: &GraphSpec) -> Vec<String> {
    let rules = spec.edges.iter().flat_map(|set| {
        let rules = set.rules.iter();
        rules.map(move |&rule| (set, rule))
    });
    let is_mixed = spec.nodes.len() > 1;
    rules
        .flat_map(|(set, rule)| {
            let kind = kind(set).filter(|_| is_mixed);
            (0..rule.relations()).map(move |number| match kind {
                Some(kind) => format!("{kind}s: {}", name(rule, number)),
                None => name(rule, number),
            })
        })
        .collect()
}

fn kind(set: &EdgeSet) -> Option<&'static str> {
    match set.kind? {
        NodeKind::Atom => Some("atom"),
        NodeKind::Residue => Some("residue"),
        NodeKind::Virtual => Some("virtual node"),
        NodeKind::Motif => Some("motif"),
        NodeKind::Graph => Some("graph node"),
    }
}

fn name(rule: EdgeRule, number: usize) -> String {
    match rule {
        EdgeRule::Sequential { reach } => {
            format!("{:+} in sequence", number as i64 - i64::from(reach))
        }
        EdgeRule::Radius { cutoff, .. } => format!("within {cutoff} angstrom"),
        EdgeRule::Nearest { k, .. } => format!("{k} nearest"),
        EdgeRule::AtomsOfResidues { .. } => "atoms to their residue".to_owned(),
        EdgeRule::AllPairs { vocabulary } => {
            let types = usize::from(vocabulary);
            format!("to type {} from type {}", number / types, number % types)
        }
        EdgeRule::Bonds => "bonds".to_owned(),
        EdgeRule::Motifs { .. } => "motifs".to_owned(),
        EdgeRule::Graph { .. } => "graph node".to_owned(),
    }
}
