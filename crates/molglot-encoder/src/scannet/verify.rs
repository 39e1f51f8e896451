//! ScanNet against the authors' code.

use molglot_core::{Encoder, GraphBatch};
use molglot_graph::{ALPHABETICAL, GeomGraph, Name, Residues, scannet};
use molglot_tensor::{
    Device, Init,
    golden::{Comparison, Golden, GoldenError},
    params,
};

use super::{ScannetConfig, SiteModel, head, published_name};
use crate::EncoderConfig;
use crate::verify::{gradients, json, letter, load, loads, number, tensor, values};

/// A set of edges: its name in the case, that of what its edges hold, and how many numbers that is.
const NEIGHBOURS: [(usize, &str, &str, usize); 3] = [
    (
        super::ATOM_NEIGHBOURS,
        "neighbors_atom",
        "local_coords_atom",
        3,
    ),
    (
        super::RESIDUE_NEIGHBOURS,
        "neighbors_aa",
        "local_coords_aa",
        3,
    ),
    (head::EDGES, "neighbors_graph", "graph_coords", 5),
];

/// Every chain: clouds, frames, neighbours, every layer, sites; and gradients where the case has any.
pub(crate) fn compare(comparison: &mut Comparison<'_>, device: &Device) -> Result<(), GoldenError> {
    let golden = comparison.golden();
    let stored = json(golden, "config.json")?;
    let config = config(&stored)?;
    let blank = SiteModel::new(&config, &mut Init::new(0, device));
    let model = load(golden, blank, false, &published_name)?;
    let names = golden.names()?;
    let has_gradients = names.iter().any(|name| name.starts_with("grad."));
    let chains = names
        .iter()
        .filter_map(|name| name.strip_prefix("in.")?.strip_suffix(".residue_type"));
    let mut loss = None;
    for chain in chains {
        let residues = residues(golden, chain, &stored["atom_names"])?;
        let graph = config
            .spec()
            .build_residues(&residues)
            .map_err(GoldenError::new)?;
        let mut case = Chain { comparison, chain };
        case.cloud(&residues);
        case.graph(&graph)?;
        let batch = GraphBatch::new(&[&graph], device);
        let hidden = model.encoder.hidden(&batch);
        let sites = model.sites(hidden.filters.clone(), &batch);
        let features = model.encoder.encode(&batch);
        loads(
            comparison,
            &EncoderConfig::Scannet(config.clone()),
            &batch,
            &features,
        )?;
        let mut case = Chain { comparison, chain };
        for (name, found) in [
            ("filter_activity_atom", hidden.atoms),
            ("pooled_atom", hidden.pooled),
            ("attributes_aa", hidden.attributes),
            ("filter_activity_aa", features.node.clone()),
            ("mean_filter_activity", features.graph),
            ("embedded_1", sites.embedded.clone()),
            ("logits", sites.logits.clone()),
        ] {
            case.all(name, &values(found));
        }
        case.all("probability", &values(sites.probability()));
        for (name, found) in [
            ("edges_graph", &sites.edges),
            ("attention", &sites.attention),
        ] {
            let sorted = case.as_stored(
                &graph,
                head::EDGES,
                "neighbors_graph",
                &values(found.clone()),
                1,
            )?;
            case.all(name, &sorted);
        }
        if has_gradients {
            let part = |name: &str| tensor(golden, &format!("in.{chain}.{name}"), device);
            let here = (features.node * part("cotangent_activity")?).sum()
                + (sites.logits * part("cotangent_logits")?).sum();
            loss = Some(match loss {
                Some(before) => before + here,
                None => here,
            });
        }
    }
    if let Some(loss) = loss {
        let found = params::gradients(&model, &loss.backward());
        gradients(comparison, "grad.", &found, &published_name)?;
    }
    Ok(())
}

fn config(stored: &serde_json::Value) -> Result<ScannetConfig, GoldenError> {
    Ok(ScannetConfig {
        gaussians: number(&stored["N_aa"])?,
        atom_filters: number(&stored["nfilters_atom"])?,
        pooled: number(&stored["dense_pooling"])?,
        residue_width: number(&stored["nembedding_aa"])?,
        filters: number(&stored["nfilters_aa"])?,
        site_width: number(&stored["filter_MLP"][0])?,
    })
}

fn residues(
    golden: &Golden,
    chain: &str,
    atom_names: &serde_json::Value,
) -> Result<Residues, GoldenError> {
    let get = |name: &str| golden.ints(&format!("in.{chain}.{name}"));
    let ((_, names), (_, owners), (_, kinds)) = (
        get("atom_name")?,
        get("atom_residue")?,
        get("residue_type")?,
    );
    let (_, places) = golden.floats(&format!("in.{chain}.atom_position"))?;
    let atoms = names
        .iter()
        .zip(&owners)
        .zip(places.as_chunks::<3>().0)
        .zip(0..);
    let atoms: Vec<_> = atoms
        .map(|(((&name, &owner), &place), source)| {
            let name = atom_names[name as usize].as_str().unwrap_or_default();
            (owner, (Name::of(name), place, source))
        })
        .collect();
    let mut all = Residues::default();
    for (&kind, number) in kinds.iter().zip(0..) {
        let own = atoms
            .iter()
            .filter(|(owner, _)| *owner == i64::from(number));
        all.push(
            letter(ALPHABETICAL, kind as usize),
            0,
            number,
            own.map(|&(_, atom)| atom),
        );
    }
    Ok(all)
}

/// What is compared of one chain. A case need not have everything for each.
struct Chain<'a, 'b> {
    comparison: &'a mut Comparison<'b>,
    chain: &'a str,
}

impl Chain<'_, '_> {
    /// The full name of an output, where the case has it.
    fn stored(&self, name: &str) -> Option<String> {
        let name = format!("out.{}.{name}", self.chain);
        let names = self.comparison.golden().names().ok()?;
        names.contains(&name).then_some(name)
    }

    fn all(&mut self, name: &str, found: &[f32]) {
        if let Some(name) = self.stored(name) {
            self.comparison.all(&name, found);
        }
    }

    fn ints(&mut self, name: &str, found: &[i64]) {
        if let Some(name) = self.stored(name) {
            self.comparison.ints(&name, found);
        }
    }

    /// Real and virtual points, and which of them make a frame.
    fn cloud(&mut self, residues: &Residues) {
        let cloud = scannet::residue_cloud(residues);
        let atoms = scannet::atom_cloud(residues, &cloud);
        for (level, cloud) in [("aa", &cloud), ("atom", &atoms)] {
            let rows = cloud.triplets.as_flattened().iter();
            let rows: Vec<i64> = rows.map(|&row| row.into()).collect();
            self.ints(&format!("frame_indices_{level}"), &rows);
            self.all(&format!("point_cloud_{level}"), cloud.points.as_flattened());
        }
    }

    /// Types, frames, and neighbours with what is told of them.
    fn graph(&mut self, graph: &GeomGraph) -> Result<(), GoldenError> {
        let (atoms, residues) = graph.frames.split_at(graph.atoms);
        for (level, frames) in [("atom", atoms), ("aa", residues)] {
            let axes = |frame: &molglot_graph::Frame| {
                [frame.origin, frame.axes[0], frame.axes[1], frame.axes[2]]
            };
            let rows: Vec<f32> = frames.iter().flat_map(axes).flatten().collect();
            self.all(&format!("frames_{level}"), &rows);
        }
        let kinds = graph.types[..graph.atoms].iter();
        let kinds: Vec<i64> = kinds.map(|&kind| kind.into()).collect();
        self.ints("attributes_atom", &kinds);
        for (set, neighbours, numbers, width) in NEIGHBOURS {
            if let Some(name) = self.stored(neighbours) {
                match self.places(graph, set, &name)? {
                    Some(_) => self.comparison.exact(&name),
                    None => {
                        let error = GoldenError::new(format!("{name}: other neighbours"));
                        self.comparison.fail(&name, &error);
                        continue;
                    }
                }
                let table = &graph.edge_sets[set].scalars.values;
                let sorted = self.as_stored(graph, set, neighbours, table, width)?;
                self.all(numbers, &sorted);
            }
        }
        Ok(())
    }

    /// For each place of a stored list of neighbours the edge that is meant; `None` where the lists are others. They are
    /// compared as sets: among neighbours that are equally far, the order of the reference is that of rounding.
    fn places(
        &self,
        graph: &GeomGraph,
        set: usize,
        name: &str,
    ) -> Result<Option<Vec<usize>>, GoldenError> {
        let (shape, wanted) = self.comparison.golden().ints(name)?;
        let first = match set {
            super::ATOM_NEIGHBOURS => 0,
            _ => graph.atoms as i64,
        };
        let rows = graph.edge_sets[set].rows.clone();
        let mut edges: Vec<([i64; 2], usize)> = graph.edges[rows]
            .iter()
            .zip(0..)
            .map(|(&[from, to], row)| ([i64::from(to) - first, i64::from(from) - first], row))
            .collect();
        edges.sort_unstable();
        let mut places: Vec<([i64; 2], usize)> = wanted
            .iter()
            .zip(0..)
            .map(|(&from, place)| ([(place / shape[1]) as i64, from], place))
            .collect();
        places.sort_unstable();
        if edges.len() != places.len() || edges.iter().zip(&places).any(|(a, b)| a.0 != b.0) {
            return Ok(None);
        }
        let mut row_at = vec![0; places.len()];
        edges
            .iter()
            .zip(&places)
            .for_each(|((_, row), (_, place))| row_at[*place] = *row);
        Ok(Some(row_at))
    }

    /// Rows of edges in the order of a stored list of neighbours; none where the lists are others.
    fn as_stored(
        &self,
        graph: &GeomGraph,
        set: usize,
        neighbours: &str,
        table: &[f32],
        width: usize,
    ) -> Result<Vec<f32>, GoldenError> {
        let Some(name) = self.stored(neighbours) else {
            return Ok(Vec::new());
        };
        let places = self.places(graph, set, &name)?.unwrap_or_default();
        let rows = places.iter().flat_map(|row| &table[row * width..][..width]);
        Ok(rows.copied().collect())
    }
}
