//! What encoders are fed in tests: molecules of our own list with made-up coordinates, and made-up backbones.

use molglot_chem::Molecule;
use molglot_graph::{GeomGraph, GraphSpec, Name, NodeKind, Residues};

pub(crate) type Point = [f32; 3];

const MOLECULES: &str = include_str!("../../../../fixtures/molecules/molecules.tsv");

/// Something that a graph is built from.
#[derive(Clone)]
pub(crate) enum Source {
    /// A molecule in space.
    Molecule(Box<Molecule>, Vec<Point>),
    /// Amino acids.
    Structure(Vec<Residue>),
}

/// An amino acid: letter, chain, and N, CA, C, O, or CA alone.
#[derive(Clone)]
pub(crate) struct Residue {
    pub(crate) letter: u8,
    pub(crate) chain: u32,
    pub(crate) atoms: Vec<Point>,
}

impl Source {
    pub(crate) fn molecule(smiles: &str) -> Self {
        let molecule = Molecule::from_smiles(smiles).unwrap();
        let mut random = Random(smiles.len() as u64 + 1);
        let places = (0..molecule.atoms().len()).map(|atom| {
            let cell = [atom % 3, atom / 3 % 3, atom / 9];
            cell.map(|cell| 1.5 * cell as f32 + random.between(-0.3, 0.3))
        });
        Self::Molecule(Box::new(molecule.clone()), places.collect())
    }

    pub(crate) fn graph(&self, spec: &GraphSpec) -> GeomGraph {
        match self {
            Self::Molecule(molecule, places) => spec.build_conformer(molecule, places).unwrap(),
            Self::Structure(list) => {
                let mut residues = Residues::default();
                for (residue, source) in list.iter().zip(0..) {
                    let names: &[&str] = match residue.atoms.len() {
                        1 => &["CA"],
                        _ => &["N", "CA", "C", "O"],
                    };
                    let atoms = names.iter().zip(&residue.atoms);
                    let atoms = atoms.map(|(name, &place)| (Name::of(name), place, 0));
                    residues.push(residue.letter, residue.chain, source, atoms);
                }
                spec.build_residues(&residues).unwrap()
            }
        }
    }

    /// The same somewhere else.
    pub(crate) fn moved(&self, motion: impl Fn(Point) -> Point) -> Self {
        let mut moved = self.clone();
        let places: Box<dyn Iterator<Item = &mut Point>> = match &mut moved {
            Self::Molecule(_, places) => Box::new(places.iter_mut()),
            Self::Structure(list) => Box::new(list.iter_mut().flat_map(|r| &mut r.atoms)),
        };
        places.for_each(|place| *place = motion(*place));
        moved
    }
}

/// Turns by a fixed rotation and moves by tens of angstroms.
pub(crate) fn turn(place: Point) -> Point {
    // The unit quaternion along (2, 3, -4, 5) as a matrix.
    let (w, x, y, z) = (2.0f64, 3.0, -4.0, 5.0);
    let n = w * w + x * x + y * y + z * z;
    let matrix = [
        [
            n - 2.0 * (y * y + z * z),
            2.0 * (x * y - w * z),
            2.0 * (x * z + w * y),
        ],
        [
            2.0 * (x * y + w * z),
            n - 2.0 * (x * x + z * z),
            2.0 * (y * z - w * x),
        ],
        [
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            n - 2.0 * (x * x + y * y),
        ],
    ];
    let shift = [30.0, -20.0, 10.0];
    std::array::from_fn(|row| {
        let terms = matrix[row].iter().zip(place);
        let turned: f64 = terms.map(|(a, b)| a * f64::from(b) / n).sum();
        (turned + shift[row]) as f32
    })
}

/// The mirror image.
pub(crate) fn mirror([x, y, z]: Point) -> Point {
    [-x, y, z]
}

/// Things of different size that a spec describes: the last ones are as small as they get.
pub(crate) fn sources(spec: &GraphSpec) -> Vec<Source> {
    if is_of_structures(spec) {
        // A residue of which nothing but CA is known has no frame that turns with it.
        let has_frames = spec.nodes.iter().any(|set| set.frames.is_some());
        let thin = backbone(b"GWNDKLLEVAARS", 0, 5);
        return vec![
            Source::Structure(backbone(b"MKTAYIAKQRQISFVKSHFSRQLE", 0, 7)),
            Source::Structure(
                [
                    backbone(b"ACDEFGHIKLMN", 0, 3),
                    backbone(b"PQRSTVWYX", 1, 4),
                ]
                .concat(),
            ),
            Source::Structure(if has_frames { thin } else { ca_alone(thin) }),
            Source::Structure(backbone(b"VH", 0, 6)),
            Source::Structure(backbone(b"G", 0, 8)),
        ];
    }
    let listed = MOLECULES.lines().skip(1).step_by(160);
    let listed = listed.map(|line| line.split('\t').nth(2).unwrap());
    let small = ["CC(=O)Oc1ccccc1C(=O)O", "CCO", "O=C=O", "[Na+].[Cl-]", "C"];
    listed.chain(small).map(Source::molecule).collect()
}

pub(crate) fn is_of_structures(spec: &GraphSpec) -> bool {
    spec.nodes.iter().any(|set| set.kind == NodeKind::Residue)
}

/// A backbone of helices and strands with bond lengths and angles as in proteins.
pub(crate) fn backbone(letters: &[u8], chain: u32, seed: u64) -> Vec<Residue> {
    let mut random = Random(seed);
    let mut n = [seed as f32, 0.0, 0.0];
    let mut ca = [seed as f32 + 1.458, 0.0, 0.0];
    let mut c = [seed as f32 + 2.0, 1.42, 0.0];
    let mut residues = Vec::new();
    for (number, &letter) in letters.iter().enumerate() {
        let helix = number / 7 % 2 == 0;
        let (phi, psi) = if helix {
            (-60.0, -45.0)
        } else {
            (-120.0, 130.0)
        };
        let psi = psi + random.between(-12.0, 12.0);
        let phi = phi + random.between(-12.0, 12.0);
        let o = place([n, ca, c], 1.231, 120.8, psi + 180.0);
        residues.push(Residue {
            letter,
            chain,
            atoms: vec![n, ca, c, o],
        });
        let next = place([n, ca, c], 1.329, 116.2, psi);
        let next_ca = place(
            [ca, c, next],
            1.458,
            121.7,
            180.0 + random.between(-4.0, 4.0),
        );
        let next_c = place([c, next, next_ca], 1.525, 111.0, phi);
        (n, ca, c) = (next, next_ca, next_c);
    }
    residues
}

fn ca_alone(mut residues: Vec<Residue>) -> Vec<Residue> {
    for residue in residues.iter_mut().step_by(3) {
        residue.atoms = vec![residue.atoms[1]];
    }
    residues
}

/// The point at a distance from the last of three, with an angle and a torsion in degrees.
fn place([a, b, c]: [Point; 3], length: f32, angle: f32, torsion: f32) -> Point {
    let minus = |a: Point, b: Point| -> Point { std::array::from_fn(|i| a[i] - b[i]) };
    let unit = |a: Point| -> Point {
        let length = a.iter().map(|x| x * x).sum::<f32>().sqrt();
        a.map(|x| x / length)
    };
    let cross = |a: Point, b: Point| -> Point {
        std::array::from_fn(|i| {
            let (j, k) = ((i + 1) % 3, (i + 2) % 3);
            a[j] * b[k] - a[k] * b[j]
        })
    };
    let (angle, torsion) = (angle.to_radians(), torsion.to_radians());
    let along = unit(minus(c, b));
    let normal = unit(cross(minus(b, a), along));
    let side = cross(normal, along);
    std::array::from_fn(|i| {
        c[i] + length
            * (-angle.cos() * along[i]
                + angle.sin() * (torsion.cos() * side[i] + torsion.sin() * normal[i]))
    })
}

/// A linear congruential generator: the same numbers everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() as f32 / (1u64 << 31) as f32)
    }

    /// The numbers below `count` in some order.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
        order
    }
}
