//! What the hierarchical encoder alone must obey.

use molglot_chem::Molecule;
use molglot_core::{Encoder, Features, GraphBatch};
use molglot_encoder::{gin::GinConfig, hierarchical::HierarchicalConfig};
use molglot_graph::GraphSpec;
use molglot_tensor::{
    Backend, Init,
    weights::{self, same_names},
};

use crate::laws::{assert_close, values};

#[test]
fn upward_edges_leave_atoms_as_the_plain_gin_has_them() {
    let device = Backend::Flex.open().unwrap();
    let plain = GinConfig {
        layers: 3,
        width: 16,
        ..GinConfig::default()
    }
    .init(&mut Init::new(3, &device));
    let settings = HierarchicalConfig {
        layers: 3,
        width: 16,
        chirality_rows: 5,
        directed: true,
    };
    let upward = settings.init(&mut Init::new(4, &device));
    let bytes = weights::to_bytes(&plain, &|_| true, &same_names).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let own = |path: &str| !path.contains("virtual");
    let upward = weights::Weights::read(file.path())
        .unwrap()
        .load_where(upward, &own, &same_names)
        .unwrap();
    let molecule = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O").unwrap();
    let features = |encoder: &dyn Fn(&GraphBatch) -> Features, spec: GraphSpec| {
        values(encoder(&GraphBatch::new(&[&spec.build(&molecule)], &device)).node)
    };
    let from_plain = features(&|batch| plain.encode(batch), plain.spec());
    let from_upward = features(&|batch| upward.encode(batch), upward.spec());
    assert_close("atoms", &from_upward, &from_plain, 1e-5);
}
