//! Encoders: training steps on molecules, conformers and chains.
//!
//! Their peers are `gin_step` of the field's benchmark and the scripts in `benches/peers`.

use molglot_chem::Molecule;
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::{
    AnyEncoder, EncoderConfig, gearnet::GearnetConfig, gin::GinConfig, gvp::GvpConfig,
    unimol::UnimolConfig,
};
use molglot_graph::{GeomGraph, GraphSpec};
use molglot_tensor::{
    Init, Tensor, burn,
    burn::{
        module::Module,
        optim::{GradientsParams, ModuleOptimizer},
    },
    nn::{Linear, LinearConfig},
    optim::AdamW,
};

use super::{
    Setting, Work, Workload,
    chains::{Walk, protein},
    chem::smiles,
    language::finish,
};
use crate::error::Error;

/// Molecules of a batch, as the peer has it.
const MOLECULES: usize = 64;
/// Chains, or conformers, of a batch.
const STRUCTURES: u64 = 8;

pub(super) static WORKLOADS: [Workload; 4] = [
    Workload {
        name: "gin_step",
        unit: "molecules/s",
        full_size: false,
        prepare: |at| {
            let molecules = smiles(at.corpora)?;
            let molecules = molecules
                .iter()
                .filter_map(|smiles| Molecule::from_smiles(smiles).ok());
            let spec = GraphSpec::molecular();
            let graphs: Vec<GeomGraph> = molecules
                .take(MOLECULES)
                .map(|molecule| spec.build(&molecule))
                .collect();
            Ok(step(
                at,
                &EncoderConfig::Gin(GinConfig::default()),
                &graphs,
                Read::Head,
                graphs.len(),
            ))
        },
    },
    Workload {
        name: "gearnet_step",
        unit: "residues/s",
        full_size: false,
        prepare: |at| on_chains(at, &EncoderConfig::Gearnet(GearnetConfig::default())),
    },
    Workload {
        name: "gvp_step",
        unit: "residues/s",
        full_size: false,
        prepare: |at| {
            let config = GvpConfig {
                dropout: 0.0,
                ..GvpConfig::default()
            };
            on_chains(at, &EncoderConfig::Gvp(config))
        },
    },
    Workload {
        name: "unimol_step",
        unit: "molecules/s",
        full_size: false,
        prepare: |at| {
            let config = UnimolConfig {
                layers: 6,
                embedding_dropout: 0.0,
                dropout: 0.0,
                attention_dropout: 0.0,
                ..UnimolConfig::default()
            };
            let graphs = conformers()?;
            let count = graphs.len();
            Ok(step(
                at,
                &EncoderConfig::Unimol(config),
                &graphs,
                Read::Units,
                count,
            ))
        },
    },
];

/// What of the features the loss is the mean square of.
#[derive(Clone, Copy, Debug)]
enum Read {
    /// One number for each graph.
    Head,
    /// The graphs.
    Graphs,
    /// The units.
    Units,
}

/// An encoder with one number behind it.
#[derive(Module, Debug)]
struct Regressor {
    encoder: AnyEncoder,
    head: Option<Linear>,
}

fn on_chains(at: &Setting<'_>, config: &EncoderConfig) -> Result<Work, Error> {
    let spec = match config {
        EncoderConfig::Gearnet(config) => config.spec(),
        EncoderConfig::Gvp(config) => config.spec(),
        _ => GraphSpec::gearnet(),
    };
    let graphs = (1..=STRUCTURES).map(|number| spec.build_residues(&protein(number)));
    let graphs: Vec<GeomGraph> = graphs.collect::<Result<_, _>>().map_err(Error::internal)?;
    let residues = graphs.iter().map(|graph| graph.nodes.len()).sum();
    Ok(step(at, config, &graphs, Read::Graphs, residues))
}

fn conformers() -> Result<Vec<GeomGraph>, Error> {
    let chain = "C".repeat(Walk::MOLECULE.count);
    let chain = Molecule::from_smiles(&chain).map_err(Error::internal)?;
    let graphs = (1..=STRUCTURES).map(|number| {
        let places = Walk::MOLECULE.places(number);
        let places: Vec<[f32; 3]> = places
            .iter()
            .map(|place| place.map(|value| value as f32))
            .collect();
        GraphSpec::unimol()
            .build_conformer(&chain, &places)
            .map_err(Error::internal)
    });
    graphs.collect()
}

/// An AdamW step of an encoder on the graphs.
fn step(
    at: &Setting<'_>,
    config: &EncoderConfig,
    graphs: &[GeomGraph],
    read: Read,
    count: usize,
) -> Work {
    let device = at.device.clone().autodiff();
    let mut init = Init::new(0, &device);
    let encoder = config.init(&mut init);
    let head = match read {
        Read::Head => Some(LinearConfig::new(encoder.width(), 1).init(&mut init)),
        Read::Graphs | Read::Units => None,
    };
    let batch = GraphBatch::new(&graphs.iter().collect::<Vec<_>>(), &device);
    let mut optimizer = ModuleOptimizer::from(AdamW::default());
    let mut held = Some(Regressor { encoder, head });
    Box::new(move || {
        if let Some(model) = held.take() {
            let features = model.encoder.encode(&batch);
            let out: Tensor<2> = match read {
                Read::Units => features.node,
                Read::Head | Read::Graphs => features.graph,
            };
            let out = match &model.head {
                Some(head) => head.forward(out),
                None => out,
            };
            let grads = out.square().mean().backward();
            let grads = GradientsParams::from_grads(grads, &model);
            held = Some(optimizer.step(1e-4, model, grads));
            finish(&device);
        }
        count as f64
    })
}

#[cfg(test)]
mod tests {
    use molglot_graph::GraphSpec;

    use super::{STRUCTURES, Setting, WORKLOADS, conformers};
    use crate::bench::chains::protein;

    /// The peers print the same numbers: what is compared are steps on as many edges.
    #[test]
    fn the_peers_have_as_many_edges() {
        let count = |spec: GraphSpec| {
            let graphs =
                (1..=STRUCTURES).map(|number| spec.build_residues(&protein(number)).unwrap());
            graphs.fold((0, 0), |(edges, arcs), graph| {
                (
                    edges + graph.edges.len(),
                    arcs + graph.line_graph.arcs.len(),
                )
            })
        };
        assert_eq!(count(GraphSpec::gearnet()), (15_237, 334_434));
        assert_eq!(count(GraphSpec::gvp(30)), (24_000, 0));
        let pairs = conformers().unwrap();
        let pairs: usize = pairs.iter().map(|graph| graph.edges.len()).sum();
        assert_eq!(pairs, 34_848);
    }

    #[test]
    fn a_step_counts_molecules() {
        let mut work = (WORKLOADS[0].prepare)(&Setting::cpu()).unwrap();
        assert_eq!((work(), work()), (64.0, 64.0));
    }
}
