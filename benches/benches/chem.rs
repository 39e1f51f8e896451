//! Molecules: what is done to every row before a model sees it, on the molecules of this project, one core.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use molglot_chem::{
    AtomOrder, Molecule, SmilesStyle, brics,
    descriptors::Descriptors,
    fingerprint::{maccs, morgan, rdk},
    llamo, molfile, ogb, scaffold,
    selfies::{self, Constraints},
    smarts::Pattern,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MOLECULES: &str = include_str!("../../fixtures/molecules/molecules.tsv");

fn smiles() -> Vec<&'static str> {
    let column = |line: &'static str| line.split('\t').nth(2).unwrap();
    MOLECULES.lines().skip(1).map(column).collect()
}

/// Times one function over all items; a rate is items per second.
fn each<I, T>(criterion: &mut Criterion, name: &str, items: &[I], work: impl Fn(&I) -> T) {
    let mut group = criterion.benchmark_group("chem");
    group.throughput(Throughput::Elements(items.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            for item in items {
                black_box(work(item));
            }
        });
    });
    group.finish();
}

fn text(criterion: &mut Criterion) {
    let smiles = smiles();
    let constraints = Constraints::default();
    let encode = |text: &&str| selfies::encode(text, &constraints);
    let texts: Vec<String> = smiles.iter().filter_map(|text| encode(text).ok()).collect();
    each(criterion, "smiles_parse", &smiles, |text| {
        Molecule::from_smiles(text)
    });
    each(criterion, "selfies_encode", &smiles, encode);
    each(criterion, "selfies_decode", &texts, |text| {
        selfies::decode(text, &constraints)
    });
}

fn graph(criterion: &mut Criterion) {
    let molecules: Vec<Molecule> = smiles()
        .iter()
        .map(|text| Molecule::from_smiles(text).unwrap())
        .collect();
    let random = SmilesStyle {
        order: AtomOrder::Random { seed: 1 },
        ..SmilesStyle::default()
    };
    let amide = Pattern::new("[NX3][CX3](=[OX1])[#6]").unwrap();
    let tables: Vec<String> = molecules
        .iter()
        .map(|molecule| molfile::write(&molfile::Record::new(molecule.clone())).unwrap())
        .collect();
    each(
        criterion,
        "smiles_canonical",
        &molecules,
        Molecule::canonical_smiles,
    );
    each(criterion, "smiles_random", &molecules, |molecule| {
        molecule.to_smiles(&random)
    });
    each(criterion, "brics_bonds", &molecules, brics::cut_bonds);
    each(criterion, "brics_fragments", &molecules, brics::fragments);
    each(criterion, "morgan", &molecules, |molecule| {
        morgan::bits(molecule, 2, 2048)
    });
    each(criterion, "rdk_fp", &molecules, |molecule| {
        rdk::bits(molecule, rdk::DEFAULT_LENGTHS, 2048)
    });
    each(criterion, "maccs", &molecules, maccs::bits);
    each(criterion, "smarts", &molecules, |molecule| {
        amide.is_match(molecule)
    });
    each(criterion, "descriptors", &molecules, Descriptors::of);
    each(criterion, "scaffold", &molecules, scaffold::scaffold);
    each(criterion, "llamo_groups", &molecules, llamo::motifs);
    each(criterion, "ogb_features", &molecules, |molecule| {
        (ogb::atom_features(molecule), ogb::bond_features(molecule))
    });
    each(criterion, "molfile_read", &tables, |text: &String| {
        molfile::read(text)
    });
}

criterion_group!(benches, text, graph);
criterion_main!(benches);
