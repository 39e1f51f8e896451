//! Uni-Mol's pre-training: what is shown in place of atoms, what is asked, and what the heads may depend on.

use molglot_align::pretext::{
    About, Answers, Posed, Pretext, PretextConfig, Widths,
    unimol::{Corruption, Heads, Noise, Unimol, UnimolConfig},
};
use molglot_core::Pairs;
use molglot_graph::{GeomGraph, GraphSpec, Molecule, unimol};
use molglot_tensor::{Backend, Init, RowIndex, Tensor, TensorData};
use proptest::prelude::*;

use crate::{
    pretext::{device, pose},
    support::{noise, values},
};

const WIDTHS: Widths = Widths { units: 4, pairs: 3 };

fn objective(config: &UnimolConfig) -> Unimol {
    config.init(WIDTHS, &mut Init::new(0, &device()))
}

/// Atoms without bonds, by their tokens.
fn atoms(tokens: &[u16]) -> GeomGraph {
    let atom = |&token: &u16| format!("[{}]", unimol::DICTIONARY[usize::from(token)]);
    conformer(&tokens.iter().map(atom).collect::<Vec<_>>().join("."))
}

/// A molecule along a screw, so that no two distances are equal.
fn conformer(smiles: &str) -> GeomGraph {
    let molecule = Molecule::from_smiles(smiles).unwrap();
    let places: Vec<[f32; 3]> = (0..molecule.atoms().len())
        .map(|atom| {
            let turn = 1.9 * atom as f32;
            [turn.cos(), turn.sin(), 0.9 * atom as f32]
        })
        .collect();
    let graph = GraphSpec::unimol().build_conformer(&molecule, &places);
    graph.unwrap()
}

const SMILES: &str = "CC(=O)Nc1ccc(O)cc1CCCCSCCCCOCCCCNCC(F)Cl";

/// A mask, an element, or itself where it stands; and how far from there.
#[derive(Default)]
struct Census {
    asked: usize,
    masks: usize,
    kept: usize,
    elements: Vec<u16>,
    shifts: Vec<f32>,
}

fn census(config: &UnimolConfig, rounds: u64) -> (Census, usize) {
    let (objective, graph) = (objective(config), conformer(SMILES));
    let (mut census, mut atoms) = (Census::default(), 0);
    for seed in 0..rounds {
        let posed = pose(&objective, &GraphSpec::unimol(), &[&graph], seed);
        let About::Units(units) = &posed.questions[0].about else {
            panic!("atoms are asked about")
        };
        atoms += graph.atoms;
        census.asked += units.len();
        for &unit in units {
            let node = unit as usize + 1;
            let (shown, kind) = (&posed.graphs[0], graph.types[node]);
            let place = graph.positions[node];
            let moved = shown.positions[node];
            match shown.types[node] {
                unimol::MASK => census.masks += 1,
                same if same == kind && place == moved => {
                    census.kept += 1;
                    continue;
                }
                element => census.elements.push(element),
            }
            let shift = (0..3).map(|axis| moved[axis] - place[axis]);
            census.shifts.extend(shift);
        }
        let untouched = |node: &usize| !units.contains(&(*node as u32 - 1));
        for node in (1..=graph.atoms).filter(untouched) {
            assert_eq!(graph.types[node], posed.graphs[0].types[node]);
            assert_eq!(graph.positions[node], posed.graphs[0].positions[node]);
        }
    }
    (census, atoms)
}

/// Parts are as published: 15 % are asked about; of those 90 % are masks, 5 % are shown as they are, 5 % as any element.
#[test]
fn atoms_are_shown_by_the_published_rule() {
    let (census, atoms) = census(&UnimolConfig::default(), 4000);
    let part = |count: usize, of: usize| count as f64 / of as f64;
    assert!((part(census.asked, atoms) - 0.15).abs() < 0.001);
    assert!((part(census.masks, census.asked) - 0.9).abs() < 0.01);
    assert!((part(census.kept, census.asked) - 0.05).abs() < 0.01);
    assert!((part(census.elements.len(), census.asked) - 0.05).abs() < 0.01);
    let mut kinds = census.elements.clone();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, unimol::ELEMENTS.collect::<Vec<_>>());
    // Uniform between -1 and 1.
    let shifts: Vec<f64> = census.shifts.iter().map(|&shift| shift.into()).collect();
    let mean = shifts.iter().sum::<f64>() / shifts.len() as f64;
    let square = shifts.iter().map(|shift| shift * shift).sum::<f64>() / shifts.len() as f64;
    assert!(mean.abs() < 0.01 && (square - 1.0 / 3.0).abs() < 0.01);
    let most = shifts.iter().fold(0.0, |most: f64, by| most.max(by.abs()));
    assert!((0.999..1.0001).contains(&most), "{most}");
}

#[test]
fn noise_has_the_shape_that_is_asked_for() {
    for (kind, most) in [(Noise::Normal, 6.0), (Noise::TruncNormal, 1.0)] {
        let config = UnimolConfig {
            noise: 0.5,
            noise_kind: kind,
            ..UnimolConfig::default()
        };
        let shifts = census(&config, 2000).0.shifts;
        let square = shifts.iter().map(|shift| f64::from(shift * shift));
        let deviation = (square.sum::<f64>() / shifts.len() as f64).sqrt();
        // What is cut at two deviations has 0.96 of the deviation.
        let wanted = if kind == Noise::Normal { 0.5 } else { 0.4798 };
        assert!((deviation - wanted).abs() < 0.01, "{kind:?}: {deviation}");
        let found = shifts.iter().fold(0.0f32, |most, by| most.max(by.abs()));
        assert!(found <= most + 1e-4 && found > 0.9, "{kind:?}: {found}");
    }
    let config = UnimolConfig {
        noise: 0.0,
        ..UnimolConfig::default()
    };
    assert!(census(&config, 50).0.shifts.iter().all(|&by| by == 0.0));
}

proptest! {
    /// Also not from the types of pairs, which are made of types of atoms.
    #[test]
    fn the_input_knows_nothing_of_masked_elements(seed: u64, other in unimol::ELEMENTS) {
        let spec = GraphSpec::unimol();
        let config = UnimolConfig { keep: 0.0, random: 0.0, ..UnimolConfig::default() };
        let objective = objective(&config);
        // Hydrogens are no nodes.
        prop_assume!(unimol::DICTIONARY[usize::from(other)] != "H");
        let mut elements = [6, 7, 10, 4, 4, 9, 13, 14, 5, 6, 4, 4];
        let before = pose(&objective, &spec, &[&atoms(&elements)], seed);
        let About::Units(units) = &before.questions[0].about else { panic!("atoms") };
        units.iter().for_each(|&unit| elements[unit as usize] = other);
        let after = pose(&objective, &spec, &[&atoms(&elements)], seed);
        prop_assert_eq!(&before.graphs, &after.graphs);
        let Answers::Classes(classes) = &after.questions[0].answers else { panic!("classes") };
        prop_assert!(classes.iter().all(|&class| class == u32::from(other)));
        prop_assert_eq!(&before.questions[1..], &after.questions[1..]);
    }

    #[test]
    fn the_same_numbers_hide_the_same(seed: u64) {
        let (spec, graphs) = (GraphSpec::unimol(), [conformer(SMILES), conformer("CCO")]);
        let all: Vec<&GeomGraph> = graphs.iter().collect();
        let objective = objective(&UnimolConfig::default());
        let here = pose(&objective, &spec, &all, seed);
        let there = std::thread::scope(|scope| {
            scope.spawn(|| pose(&objective, &spec, &all, seed)).join().unwrap()
        });
        prop_assert_eq!(here.graphs, there.graphs);
        prop_assert_eq!(here.questions, there.questions);
    }
}

/// The second atom of the second molecule, moved; the first molecule has three atoms.
fn one_question() -> (Posed, GeomGraph) {
    let (first, second) = (conformer("CCO"), conformer("CCCN"));
    let moved = Corruption {
        atom: 1,
        kind: unimol::MASK,
        shift: [0.5, 0.0, -0.25],
    };
    let objective = objective(&UnimolConfig::default());
    let spec = GraphSpec::unimol();
    let posed = objective.ask(&spec, &[&first, &second], &[vec![], vec![moved]]);
    (posed, second)
}

#[test]
fn an_atom_is_asked_where_it_was_and_how_far_from_every_other_token() {
    let (posed, graph) = one_question();
    let [kind, place, distances, token_norm, pair_norm] = &posed.questions[..] else {
        panic!("five losses")
    };
    assert_eq!(kind.about, About::Units(vec![4]));
    assert_eq!(kind.answers, Answers::Classes([4].into()), "carbon");
    assert_eq!(place.about, kind.about);
    let Answers::Numbers(right, _) = &place.answers else {
        panic!("numbers")
    };
    assert_eq!(**right, graph.positions[2]);
    let [x, y, z] = graph.positions[2];
    assert_eq!(**place.shown.as_ref().unwrap(), [x + 0.5, y, z - 0.25]);
    // What begins it, three other atoms, what ends it: all but itself.
    let ends: Vec<[u32; 2]> = [0, 1, 3, 4, 5].map(|other| [4, other]).to_vec();
    assert_eq!(distances.about, About::Tokens(ends));
    let Answers::Numbers(right, measure) = &distances.answers else {
        panic!("numbers")
    };
    let apart = |a: [f32; 3], b: [f32; 3]| {
        let squares = (0..3).map(|axis| (a[axis] - b[axis]).powi(2));
        squares.sum::<f32>().sqrt()
    };
    let shown = distances.shown.as_ref().unwrap();
    for (number, other) in [0, 1, 3, 4, 5].into_iter().enumerate() {
        let place = graph.positions[other];
        assert!((right[number] - apart(graph.positions[2], place)).abs() < 1e-5);
        let moved = posed.graphs[1].positions[2];
        assert!((shown[number] - apart(moved, place)).abs() < 1e-5);
    }
    assert!((measure.scale.back(measure.scale.forth(1.7)) - 1.7).abs() < 1e-6);
    assert!((measure.scale.forth(6.312_582) / 1e-6).abs() < 1.0);
    for norm in [token_norm, pair_norm] {
        assert_eq!(norm.answers, Answers::Costs(2), "one a molecule");
    }
    let weights: Vec<f64> = posed.questions.iter().map(|one| one.weight).collect();
    assert_eq!(weights, [1.0, 5.0, 10.0, 0.01, 0.01]);
}

#[test]
fn settings_that_make_no_sense_and_encoders_without_pairs_are_refused() {
    let problem = |change: fn(&mut UnimolConfig)| {
        let mut config = UnimolConfig::default();
        change(&mut config);
        PretextConfig::Unimol(config).problem().map(|(key, _)| key)
    };
    assert_eq!(problem(|_| ()), None);
    assert_eq!(problem(|config| config.mask = 0.0), Some("mask"));
    assert_eq!(problem(|config| config.mask = f64::NAN), Some("mask"));
    assert_eq!(problem(|config| config.noise = -1.0), Some("noise"));
    assert_eq!(problem(|config| config.keep = 0.99), Some("keep"));
    assert_eq!(problem(|config| config.random = -0.1), Some("keep"));
    let weight = problem(|config| config.weights.distances = f64::INFINITY);
    assert_eq!(weight, Some("weights.distances"));

    let config = UnimolConfig::default();
    assert_eq!(objective(&config).refuses(&GraphSpec::unimol()), None);
    assert!(
        objective(&config)
            .refuses(&GraphSpec::molecular())
            .is_some()
    );
    let none = Widths { units: 4, pairs: 0 };
    let blind = config.init(none, &mut Init::new(0, &device()));
    assert!(blind.refuses(&GraphSpec::unimol()).is_some());
}

/// Two molecules of 4 and 3 tokens with made-up states.
fn pairs(positions: Vec<[f32; 3]>, device: &molglot_tensor::Device) -> Pairs {
    let lengths = vec![4, 3];
    let states = |salt: usize| {
        let mut values = noise(32, WIDTHS.pairs, salt);
        for (cell, row) in values.chunks_mut(WIDTHS.pairs).enumerate() {
            let [molecule, from, to] = [cell / 16, cell / 4 % 4, cell % 4];
            if from.max(to) >= lengths[molecule] {
                row.fill(if salt == 1 {
                    0.0
                } else {
                    f32::from(from as u8)
                });
            }
        }
        Tensor::from_data(TensorData::new(values, [2, 4, 4, WIDTHS.pairs]), device)
    };
    let none = || Tensor::zeros([2], device);
    Pairs {
        units: RowIndex::new(8, vec![1, 2, 5]),
        positions,
        changes: states(1),
        states: states(2),
        norm_excess: [none(), none()],
        lengths,
    }
}

const PLACES: [[f32; 3]; 8] = [
    [0.0, 0.0, 0.0],
    [1.0, 0.5, -0.5],
    [-1.0, 2.0, 0.25],
    [0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0],
    [0.3, -0.4, 0.7],
    [0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0],
];

/// Said places turn with what is seen, and distances are the same both ways.
#[test]
fn heads_know_no_direction_of_their_own() {
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let heads = Heads::new(WIDTHS, &mut Init::new(4, &device));
        let tokens = RowIndex::new(8, vec![1, 2, 5]);
        let said = |places: &[[f32; 3]]| {
            let pairs = pairs(places.to_vec(), &device);
            values(heads.coordinates(&pairs, &tokens))
        };
        // A quarter turn and a mirror.
        let turned = |[x, y, z]: [f32; 3]| [-y, -x, z];
        let still = said(&PLACES);
        let moved = said(&PLACES.map(turned));
        let expected = still
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|&place| turned(place));
        for (found, wanted) in moved.iter().zip(expected) {
            assert!((found - wanted).abs() < 1e-5, "{backend}");
        }
        let own = [1, 2, 5].map(|token: usize| PLACES[token]);
        let apart = still.iter().zip(own.as_flattened());
        assert!(apart.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) > 1e-3);

        let pairs = pairs(PLACES.to_vec(), &device);
        let ends = [[1, 2], [0, 3], [5, 6]];
        let back = ends.map(|[from, to]| [to, from]);
        let forth = values(heads.distances(&pairs, &ends));
        assert_eq!(forth, values(heads.distances(&pairs, &back)), "{backend}");
    }
}
