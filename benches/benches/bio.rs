//! Proteins: what is done to every structure and sequence before a model sees it, on made-up ones.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use molglot_bio::geometry::{Frame, Residues, nearest, within};
use molglot_bio::read::{self, ReadOptions};
use molglot_bio::redundancy::{ClusterOptions, cluster};
use molglot_bio::{Sequence, Structure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RESIDUES: usize = 2000;

/// xorshift64*; the same numbers in every run.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        self.word() as usize % end
    }

    fn within(&mut self, side: f32) -> f32 {
        (self.word() as f64 / f64::from(1 << 31)) as f32 * side
    }
}

/// The backbone of a long helix of serines: serial, atom, residue number and position.
fn helix() -> impl Iterator<Item = (usize, &'static str, usize, [f64; 3])> {
    const ATOMS: [(&str, f64, f64, f64); 4] = [
        ("N", 1.55, -0.49, -0.90),
        ("CA", 2.28, 0.0, 0.0),
        ("C", 1.68, 0.45, 1.10),
        ("O", 2.02, 0.35, 2.28),
    ];
    (0..RESIDUES * ATOMS.len()).map(|row| {
        let (residue, (name, radius, angle, height)) =
            (row / ATOMS.len(), ATOMS[row % ATOMS.len()]);
        let turn = angle + 1.745 * residue as f64;
        let height = height + 1.5 * residue as f64 - 1500.0;
        let position = [radius * turn.cos(), radius * turn.sin(), height];
        (row + 1, name, residue + 1, position)
    })
}

fn pdb() -> String {
    let mut text = String::new();
    for (serial, name, number, [x, y, z]) in helix() {
        writeln!(
            text,
            "ATOM  {serial:>5}  {name:<3} SER A{number:>4}    {x:>8.3}{y:>8.3}{z:>8.3}  1.00 20.00          {:>2}",
            &name[..1]
        )
        .unwrap();
    }
    text + "TER\nEND\n"
}

fn mmcif() -> String {
    let mut text = "data_BENCH\nloop_\n".to_owned();
    for item in [
        "group_PDB",
        "id",
        "type_symbol",
        "label_atom_id",
        "label_alt_id",
        "label_comp_id",
        "label_asym_id",
        "label_entity_id",
        "label_seq_id",
        "pdbx_PDB_ins_code",
        "Cartn_x",
        "Cartn_y",
        "Cartn_z",
        "occupancy",
        "B_iso_or_equiv",
        "auth_seq_id",
        "auth_asym_id",
        "pdbx_PDB_model_num",
    ] {
        writeln!(text, "_atom_site.{item}").unwrap();
    }
    for (serial, name, number, [x, y, z]) in helix() {
        let element = &name[..1];
        writeln!(
            text,
            "ATOM {serial} {element} {name} . SER A 1 {number} ? {x:.3} {y:.3} {z:.3} 1.00 20.00 {number} A 1"
        )
        .unwrap();
    }
    text + "#\n"
}

fn parse(text: &str) -> Structure {
    read::parse(text.as_bytes(), "bench", &ReadOptions::default()).unwrap()
}

fn timed<T>(criterion: &mut Criterion, name: &str, throughput: Throughput, work: impl Fn() -> T) {
    let mut group = criterion.benchmark_group("bio");
    group.throughput(throughput);
    group.bench_function(name, |bencher| bencher.iter(|| black_box(work())));
    group.finish();
}

fn files(criterion: &mut Criterion) {
    for (name, text) in [("read_pdb", pdb()), ("read_mmcif", mmcif())] {
        let bytes = Throughput::Bytes(text.len() as u64);
        timed(criterion, name, bytes, || parse(&text));
    }
}

fn geometry(criterion: &mut Criterion) {
    let structure = parse(&pdb());
    timed(
        criterion,
        "frames",
        Throughput::Elements(RESIDUES as u64),
        || {
            let residues = Residues::of_structure(&structure);
            let atom = |residue, name| residues.position(residue, name).unwrap();
            (0..residues.len())
                .map(|i| Frame::of_backbone(atom(i, "N"), atom(i, "CA"), atom(i, "C")))
                .collect::<Vec<_>>()
        },
    );
    for points in [1000usize, 100_000] {
        // The heavy atoms of a protein: one in 20 cubic angstrom.
        let side = (points as f32 * 20.0).cbrt();
        let mut random = Random(points as u64);
        let cloud: Vec<[f32; 3]> = (0..points)
            .map(|_| std::array::from_fn(|_| random.within(side)))
            .collect();
        let elements = || Throughput::Elements(points as u64);
        timed(
            criterion,
            &format!("within_5A/{points}"),
            elements(),
            || within(&cloud, 5.0),
        );
        timed(
            criterion,
            &format!("nearest_10/{points}"),
            elements(),
            || nearest(&cloud, 10),
        );
    }
}

fn clusters(criterion: &mut Criterion) {
    const LETTERS: &[u8] = b"ACDEFGHIKLMNPQRSTVWY";
    let mut random = Random(1);
    let mut sequences: Vec<Sequence> = Vec::new();
    for _ in 0..100 {
        let mut text: Vec<u8> = (0..80 + random.below(300))
            .map(|_| LETTERS[random.below(LETTERS.len())])
            .collect();
        // Each member is another one in a hundred residues away from the last.
        for _ in 0..5 {
            sequences.push(std::str::from_utf8(&text).unwrap().parse().unwrap());
            for _ in 0..=text.len() / 100 {
                let at = random.below(text.len());
                text[at] = LETTERS[random.below(LETTERS.len())];
            }
        }
    }
    let elements = Throughput::Elements(sequences.len() as u64);
    timed(criterion, "cluster_90", elements, || {
        cluster(&sequences, &ClusterOptions::default())
    });
}

criterion_group!(benches, files, geometry, clusters);
criterion_main!(benches);
