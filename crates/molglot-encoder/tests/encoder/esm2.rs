//! Sequences of proteins.

use std::path::Path;

use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::esm2::{Esm2Config, Esm2Encoder};
use molglot_graph::{ESM, GeomGraph, GraphError, GraphSpec};
use molglot_tensor::{Backend, Device, Init, Tensor, burn::tensor::FloatDType};
use molglot_transformer::{
    SequenceBatch,
    esm2::{PAD, VOCABULARY, load_dir, tokenize},
};

use crate::{
    inputs::{Source, backbone},
    laws::{assert_close, values},
};

const LETTERS: &[u8] = b"MKTAYIAKQRQISFVKSHFSRQLEXBZUOJ";

fn batch(graphs: &[&GeomGraph], device: &Device) -> GraphBatch {
    GraphBatch::new(graphs, device)
}

fn encoder(ends: bool, device: &Device) -> Esm2Encoder {
    let config = Esm2Config {
        layers: 2,
        heads: 3,
        head_width: 4,
        ends,
    };
    config.init(&mut Init::new(4, device))
}

#[test]
fn the_alphabet_is_that_of_the_tokens() {
    assert_eq!(VOCABULARY[4..4 + ESM.len()].concat(), ESM);
}

/// Residues without a CA belong to the sequence all the same.
#[test]
fn a_structure_and_its_sequence_have_one_graph() {
    for ends in [false, true] {
        let spec = GraphSpec::esm2(ends);
        let mut residues = backbone(LETTERS, 0, 3);
        residues[4].atoms.clear();
        let of_structure = Source::Structure(residues).graph(&spec);
        let of_sequence = spec.build_sequence(LETTERS).unwrap();
        assert_eq!(of_structure, of_sequence);
        let extra = if ends { 2 } else { 0 };
        assert_eq!(GraphBatch::units_of(&of_sequence), LETTERS.len() + extra);
    }
}

#[test]
fn a_sequence_has_no_graph_with_coordinates() {
    for spec in [GraphSpec::gearnet(), GraphSpec::gvp(8), GraphSpec::unimol()] {
        let refused = spec.build_sequence(LETTERS).unwrap_err();
        assert_eq!(refused, GraphError::NoCoordinates);
    }
}

#[test]
fn ends_are_asked_of_sequences_alone() {
    let mut spec = GraphSpec::gearnet();
    spec.nodes[0].ends = true;
    assert!(spec.check_structure().is_err());
    assert!(GraphSpec::esm2(true).check_structure().is_ok());
}

/// Units are rows of what the network says of the tokens; with ends, of all tokens.
#[test]
fn published_weights_give_what_the_network_gives() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lm/esm2/model");
    for backend in Backend::cpus() {
        let device = backend.open().unwrap();
        let (network, _) = load_dir(&dir, FloatDType::F32, &device).unwrap();
        let texts = ["MKTAYIAKQRJ", "GXW"];
        let tokens: Vec<Vec<u32>> = texts.iter().map(|text| tokenize(text)).collect();
        let tokens = SequenceBatch::new(&tokens, PAD);
        let states = tokens.packed(network.forward(&tokens));
        for ends in [true, false] {
            let encoder = Esm2Encoder::load_dir(&dir, ends, &device).unwrap();
            let graphs = texts.map(|text| encoder.spec().build_sequence(text.as_bytes()).unwrap());
            let features = encoder.encode(&batch(&graphs.each_ref(), &device));
            let (rows, means): (Vec<Tensor<2>>, Vec<Tensor<2>>) = [(0, 13), (13, 5)]
                .map(|(first, count)| {
                    let rows = match ends {
                        true => states.clone().slice_dim(0, first..first + count),
                        false => states.clone().slice_dim(0, first + 1..first + count - 1),
                    };
                    (rows.clone(), rows.mean_dim(0))
                })
                .into_iter()
                .unzip();
            let name = format!("{backend}, ends {ends}");
            assert_close(
                &name,
                &values(features.node),
                &values(Tensor::cat(rows, 0)),
                1e-6,
            );
            assert_close(
                &name,
                &values(features.graph),
                &values(Tensor::cat(means, 0)),
                1e-5,
            );
            assert_eq!(features.layers.len(), network.layers() + 1);
        }
    }
}

/// What one chain is does not change the rows of another, and a chain is read from its beginning.
#[test]
fn every_chain_is_read_alone() {
    let device = Backend::Flex.open().unwrap();
    for ends in [false, true] {
        let encoder = encoder(ends, &device);
        let spec = encoder.spec();
        let rows = |source: Source| {
            values(
                encoder
                    .encode(&batch(&[&source.graph(&spec)], &device))
                    .node,
            )
        };
        let (first, second) = (backbone(b"ACDEFGHIKL", 0, 3), backbone(b"PQRST", 1, 4));
        let apart = [
            rows(Source::Structure(first.clone())),
            rows(Source::Structure(second.clone())),
        ];
        let together = rows(Source::Structure([first, second].concat()));
        assert_close("chains", &together, &apart.concat(), 1e-5);
    }
}
