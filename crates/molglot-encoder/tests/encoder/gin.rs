//! What GIN alone must obey.

use molglot_chem::Molecule;
use molglot_core::{Encoder, GraphBatch};
use molglot_encoder::gin::GinConfig;
use molglot_graph::GraphSpec;
use molglot_tensor::{Backend, Init, ops::gather_rows};

#[test]
fn the_mean_of_atoms_is_the_molecule() {
    let device = Backend::Flex.open().unwrap();
    let graph = GraphSpec::molecular().build(&Molecule::from_smiles("CCO").unwrap());
    let batch = GraphBatch::new(&[&graph], &device);
    let gin = GinConfig {
        layers: 2,
        width: 8,
        ..GinConfig::default()
    }
    .init(&mut Init::new(1, &device));
    let features = gin.encode(&batch);
    let mean = features.node.clone().mean_dim(0);
    let difference = (mean - features.graph).abs().max();
    assert!(difference.into_scalar::<f32>() < 1e-6);
    assert_eq!(
        gather_rows(features.node, &batch.member_atoms).dims(),
        [3, 8]
    );
}
