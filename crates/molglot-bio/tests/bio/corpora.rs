//! Real structures against what gemmi finds in them (`fixtures/structures`).

use std::collections::BTreeMap;

use molglot_bio::Structure;
use molglot_bio::read::{self, ReadOptions};
use molglot_bio::structure::Altlocs;

use crate::corpus;

const EXPECTED: &str = include_str!("../../../../fixtures/structures/corpora.tsv");

fn all() -> ReadOptions {
    ReadOptions {
        altlocs: Altlocs::All,
        ..ReadOptions::default()
    }
}

/// A chain's id, its amino acids with alpha carbon, and their coordinates weighted by place.
fn summary(structure: &Structure, chain: usize) -> (String, String, [f64; 3]) {
    let mut sequence = String::new();
    let mut sums = [0.0; 3];
    for (place, (residue, position)) in structure.alpha_carbons(chain).enumerate() {
        sequence.push(char::from(structure.residues[residue].letter));
        for (sum, x) in sums.iter_mut().zip(position) {
            *sum += (place as f64 + 1.0) * f64::from(x);
        }
    }
    (structure.chains[chain].id.clone(), sequence, sums)
}

#[test]
fn structures_are_what_gemmi_reads() {
    let Some(root) = corpus("structures") else {
        return;
    };
    // gemmi has no entry for this derivative of alanine; the component dictionary has.
    let modified = [("5eil", "MSKLGEMLIXAV", "MSKLGEMLIAAV")];
    let mut read_files = 0;
    for line in EXPECTED.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let structure = read::read(root.join(fields[0]), &all());
        if fields[1] == "unreadable" {
            assert!(
                structure.is_err() || fields[0] == "odd/models.pdb",
                "{}",
                fields[0]
            );
            continue;
        }
        let structure = structure.unwrap();
        let counts = [
            structure.chains.len(),
            structure.residues.len(),
            structure.atoms.len(),
        ];
        assert_eq!(
            counts.map(|count| count.to_string()),
            fields[1..4],
            "{}",
            fields[0]
        );
        assert_eq!(structure.chains.len(), fields.len() - 4);
        for (chain, expected) in fields[4..].iter().enumerate() {
            let expected: Vec<&str> = expected.split('|').collect();
            let (id, sequence, sums) = summary(&structure, chain);
            let mut letters = expected[1].to_owned();
            for (file, from, to) in modified {
                if fields[0].contains(file) {
                    letters = letters.replace(from, to);
                }
            }
            assert_eq!(
                (id.as_str(), &sequence),
                (expected[0], &letters),
                "{}",
                fields[0]
            );
            // Coordinates agree to 0.001 angstrom, and each counts as often as its place.
            let weight = (sequence.len() * (sequence.len() + 1) / 2) as f64;
            for (sum, expected) in sums.iter().zip(&expected[2..]) {
                let expected: f64 = expected.parse().unwrap();
                assert!(
                    (sum - expected).abs() <= 1e-5 * weight.max(100.0),
                    "{} {id}",
                    fields[0]
                );
            }
        }
        read_files += 1;
    }
    assert_eq!(read_files, 112);
}

#[test]
fn both_formats_of_an_entry_give_the_same_chains() {
    let Some(root) = corpus("structures") else {
        return;
    };
    let mut pairs = 0;
    for pdb in std::fs::read_dir(root.join("pdb")).unwrap() {
        let pdb = pdb.unwrap().path();
        let id = pdb.file_stem().unwrap().to_str().unwrap();
        let cif = root.join(format!("mmcif/{id}.cif"));
        if !cif.exists() {
            continue;
        }
        let read = |path| read::read(path, &ReadOptions::default()).unwrap();
        let (old, new) = (read(&pdb), read(&cif));
        let chains = |structure: &Structure| -> BTreeMap<String, (String, usize)> {
            (0..structure.chains.len())
                .map(|chain| {
                    let id = structure.chains[chain].id.clone();
                    (
                        id,
                        (
                            structure.observed_sequence(chain),
                            structure.gaps(chain).len(),
                        ),
                    )
                })
                .collect()
        };
        assert_eq!(chains(&old), chains(&new), "{id}");
        pairs += 1;
        // The PDB file of this entry is another refinement of it, with hydrogens.
        if id == "1ubq" {
            continue;
        }
        for chain in 0..old.chains.len() {
            let same = new.chain(&old.chains[chain].id).unwrap();
            let alpha = |structure: &Structure, chain| -> Vec<[f32; 3]> {
                structure.alpha_carbons(chain).map(|(_, at)| at).collect()
            };
            assert_eq!(alpha(&old, chain), alpha(&new, same), "{id}");
            // Some PDB files come without their SEQRES records.
            if let Some(sequence) = old.entity_sequence(chain) {
                assert_eq!(Some(sequence), new.entity_sequence(same), "{id}");
            }
        }
        assert_eq!(
            (old.atoms.len(), old.models),
            (new.atoms.len(), new.models),
            "{id}"
        );
        for (old, new) in [
            (&old.id, &new.id),
            (&old.title, &new.title),
            (&old.method, &new.method),
        ] {
            assert!(
                old.is_empty() || old.eq_ignore_ascii_case(new),
                "{id}: {old:?} {new:?}"
            );
        }
        // PDB files round it to hundredths.
        if let (Some(old), Some(new)) = (old.resolution, new.resolution) {
            assert!((old - new).abs() < 0.0051, "{id}: {old} {new}");
        }
    }
    assert_eq!(pairs, 18);
}
