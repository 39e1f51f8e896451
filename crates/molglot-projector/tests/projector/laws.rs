//! What every registered projector must obey, with every reduction.

use molglot_chem::Molecule;
use molglot_core::{Features, GraphBatch, Projector, SoftTokens};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_projector::{AnyProjector, ProjectorConfig, reduction::Reduction};
use molglot_tensor::{Backend, Device, Init, Tensor, TensorData, params};

const MOLECULES: [&str; 5] = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C",
    "[Na+].[Cl-]",
    "CCO",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
];
const REDUCTIONS: [Reduction; 3] = [Reduction::None, Reduction::Hierarchical, Reduction::All];
const INPUT: usize = 6;
const OUTPUT: usize = 10;

/// Every projector with every reduction, and a name for each.
fn projectors(device: &Device) -> Vec<(String, Reduction, AnyProjector)> {
    let mut found = Vec::new();
    for config in ProjectorConfig::all() {
        for reduction in REDUCTIONS {
            let config = match config.clone() {
                ProjectorConfig::Linear(_) => {
                    ProjectorConfig::Linear(molglot_projector::linear::LinearProjectorConfig {
                        reduction,
                    })
                }
                ProjectorConfig::Mlp(settings) => {
                    ProjectorConfig::Mlp(molglot_projector::mlp::MlpProjectorConfig {
                        reduction,
                        ..settings
                    })
                }
            };
            let projector = config.init(INPUT, OUTPUT, &mut Init::new(2, device));
            found.push((
                format!("{}, {reduction:?}", config.kind()),
                reduction,
                projector,
            ));
        }
    }
    found
}

fn graphs() -> Vec<GeomGraph> {
    let build =
        |smiles: &&str| GraphSpec::molecular().build(&Molecule::from_smiles(smiles).unwrap());
    MOLECULES.iter().map(build).collect()
}

fn noise(rows: usize, salt: usize) -> Vec<f32> {
    (0..rows * INPUT)
        .map(|i| ((i * 7919 + salt * 104_729) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

fn matrix(values: Vec<f32>, device: &Device) -> Tensor<2> {
    let rows = values.len() / INPUT;
    Tensor::from_data(TensorData::new(values, [rows, INPUT]), device)
}

/// Features of one molecule, as rows on the host: atoms, motifs, the molecule.
fn own_rows(number: usize, graph: &GeomGraph) -> [Vec<f32>; 3] {
    [
        noise(graph.atoms, 3 * number),
        noise(graph.motifs, 3 * number + 1),
        noise(1, 3 * number + 2),
    ]
}

fn features(numbers: &[usize], graphs: &[GeomGraph], device: &Device) -> (Features, GraphBatch) {
    let level = |which: usize| {
        matrix(
            numbers
                .iter()
                .flat_map(|&number| own_rows(number, &graphs[number])[which].clone())
                .collect(),
            device,
        )
    };
    let features = Features {
        node: level(0),
        motif: level(1),
        graph: level(2),
        layers: Vec::new(),
    };
    let chosen: Vec<&GeomGraph> = numbers.iter().map(|&number| &graphs[number]).collect();
    (features, GraphBatch::new(&chosen, device))
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The tokens of one molecule of a batch.
fn of(soft: &SoftTokens, molecule: usize) -> Vec<f32> {
    let all = values(soft.tokens.clone());
    let rows = soft.owner.positions(molecule).iter();
    rows.flat_map(|&row| all[row as usize * OUTPUT..][..OUTPUT].to_vec())
        .collect()
}

fn assert_close(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-5, "{what}: {a} is not {b}");
    }
}

#[test]
fn as_many_tokens_as_announced() {
    let graphs = graphs();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (name, reduction, projector) in projectors(&device) {
            let (features, batch) = features(&[0, 1, 2, 3, 4], &graphs, &device);
            let soft = projector.project(&features, &batch);
            let announced: Vec<usize> = graphs
                .iter()
                .map(|g| projector.token_count(g.atoms, g.motifs))
                .collect();
            assert_eq!(
                soft.owner.counts().collect::<Vec<_>>(),
                announced,
                "{backend}, {name}"
            );
            assert_eq!(
                soft.tokens.dims(),
                [announced.iter().sum(), OUTPUT],
                "{backend}, {name}"
            );
            let first = &graphs[0];
            assert!(first.motifs > 1, "aspirin has motifs");
            let wanted = match reduction {
                Reduction::None => first.atoms + first.motifs + 1,
                Reduction::Hierarchical => 3,
                Reduction::All => 1,
            };
            assert_eq!(announced[0], wanted, "{name}");
        }
    }
}

#[test]
fn a_batch_of_one_is_a_batch_of_many() {
    let graphs = graphs();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (name, _, projector) in projectors(&device) {
            let order = [4, 0, 2, 1, 3];
            let (together, batch) = features(&order, &graphs, &device);
            let together = projector.project(&together, &batch);
            for (place, number) in order.into_iter().enumerate() {
                let (alone, batch) = features(&[number], &graphs, &device);
                let alone = projector.project(&alone, &batch);
                assert_close(
                    &format!("{backend}, {name}"),
                    &of(&together, place),
                    &of(&alone, 0),
                );
            }
        }
    }
}

#[test]
fn atoms_come_before_motifs_before_the_molecule() {
    // A projector acts on each row by itself: a row is recognised by what it becomes alone.
    let graphs = graphs();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        for (name, reduction, projector) in projectors(&device) {
            let (all, batch) = features(&[0, 1, 2, 3, 4], &graphs, &device);
            let soft = projector.project(&all, &batch);
            for (number, graph) in graphs.iter().enumerate() {
                let [atoms, motifs, whole] = own_rows(number, graph);
                let rows = match reduction {
                    Reduction::None => [atoms, motifs, whole].concat(),
                    Reduction::Hierarchical => [mean(&atoms), mean(&motifs), whole].concat(),
                    Reduction::All => mean(&[atoms, motifs, whole].concat()),
                };
                let wanted: Vec<f32> = rows
                    .chunks(INPUT)
                    .flat_map(|row| alone(&projector, row, &device))
                    .collect();
                assert_close(
                    &format!("{backend}, {name}, {}", MOLECULES[number]),
                    &of(&soft, number),
                    &wanted,
                );
            }
        }
    }
}

/// The mean row.
fn mean(rows: &[f32]) -> Vec<f32> {
    let count = (rows.len() / INPUT).max(1) as f64;
    let sum = |column: usize| {
        rows.iter()
            .skip(column)
            .step_by(INPUT)
            .map(|&value| f64::from(value))
            .sum::<f64>()
    };
    (0..INPUT)
        .map(|column| (sum(column) / count) as f32)
        .collect()
}

/// What one row becomes: a molecule of one atom whose every level is that row.
fn alone(projector: &AnyProjector, row: &[f32], device: &Device) -> Vec<f32> {
    let graph = GraphSpec::molecular().build(&Molecule::from_smiles("C").unwrap());
    let level = |rows: usize| matrix(row.repeat(rows), device);
    let features = Features {
        node: level(graph.atoms),
        motif: level(graph.motifs),
        graph: level(1),
        layers: Vec::new(),
    };
    let tokens = values(
        projector
            .project(&features, &GraphBatch::new(&[&graph], device))
            .tokens,
    );
    // The molecule itself is the last token under every reduction.
    tokens[tokens.len() - OUTPUT..].to_vec()
}

#[test]
fn a_gradient_reaches_every_parameter_and_every_level() {
    let graphs = graphs();
    for backend in Backend::cpus() {
        let device = backend.open().unwrap().autodiff();
        for (name, _, projector) in projectors(&device) {
            let (features, batch) = features(&[0, 2, 3], &graphs, &device);
            let leaf = |level: Tensor<2>| level.require_grad();
            let features = Features {
                node: leaf(features.node),
                motif: leaf(features.motif),
                graph: leaf(features.graph),
                layers: Vec::new(),
            };
            let grads = projector
                .project(&features, &batch)
                .tokens
                .powi_scalar(3)
                .sum()
                .backward();
            for level in [&features.node, &features.motif, &features.graph] {
                let grad = values(level.grad(&grads).unwrap());
                let moved = grad
                    .chunks(INPUT)
                    .all(|row| row.iter().any(|value| *value != 0.0));
                assert!(
                    moved,
                    "{backend}, {name}: a row of the features without a gradient"
                );
            }
            let reached = params::gradients(&projector, &grads);
            for info in params::list(&projector) {
                assert!(info.trainable, "{name}: {}", info.path);
                let grad = reached.iter().find(|(path, _)| *path == info.path);
                let moved = grad.is_some_and(|(_, grad)| grad.iter().any(|value| *value != 0.0));
                assert!(moved, "{backend}, {name}: no gradient at {}", info.path);
            }
        }
    }
}
