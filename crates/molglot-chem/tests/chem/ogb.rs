//! OGB features against the golden case made with OGB 1.2.0 and RDKit.

use std::fs;

use molglot_chem::ogb::{atom_features, bond_features};
use safetensors::SafeTensors;

use crate::support::{data_file, integers, molecule};

#[test]
fn features_equal_the_golden_ids() {
    let Some(folder) = data_file("MOLGLOT_GOLDEN", "gin_moleculestm") else {
        return;
    };
    let bytes = fs::read(folder.join("io.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let listed = fs::read(folder.join("molecules.json")).unwrap();
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed.len(), 16);

    let (mut atoms, mut bonds, mut begins, mut ends, mut batch) =
        (vec![], vec![], vec![], vec![], vec![]);
    let mut offset = 0;
    for (index, entry) in (0i64..).zip(&listed) {
        let molecule = molecule(entry["smiles"].as_str().unwrap());
        let rows = atom_features(&molecule);
        batch.extend(rows.iter().map(|_| index));
        atoms.extend(rows.into_iter().flatten().map(i64::from));
        for (bond, row) in molecule.bonds().iter().zip(bond_features(&molecule)) {
            let (begin, end) = (i64::from(bond.begin) + offset, i64::from(bond.end) + offset);
            begins.extend([begin, end]);
            ends.extend([end, begin]);
            bonds.extend([row, row].into_iter().flatten().map(i64::from));
        }
        offset += molecule.atoms().len() as i64;
    }
    assert_eq!(batch, integers(&tensors, "in.batch"));
    assert_eq!(atoms, integers(&tensors, "out.atom_features"));
    assert_eq!(bonds, integers(&tensors, "out.bond_features"));
    begins.extend(ends);
    assert_eq!(begins, integers(&tensors, "out.edge_index"));
}
