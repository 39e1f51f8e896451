//! Local frames as ScanNet builds them.
//!
//! Two clouds of points, of atoms and of residues, and for each atom or residue three points of its cloud: the centre and
//! two partners that orient it. Where a partner is missing, a virtual point stands in for it. The quirks of the reference
//! are kept, because the published weights were trained with them: a residue without side chain uses N of the residue
//! *before* it, and residues count as bonded across gaps of a chain. Four things differ, none of which touches a chain
//! with complete residues: chains are not bonded to each other, so their order does not matter; selenium is read as sulfur;
//! where an atom has no partner to orient it, the axes of its residue's frame stand in for those of the coordinate
//! system, so that frames turn with the structure; and the start of a chain of one residue is defined.
//!
//! Source: Tubiana et al., *Nat. Methods* 19:730 (2022) and its reference implementation.

mod table;

use super::frames::{Frame, WORLD};
use super::residues::Residues;
use super::vector::{add, narrow, scale, sub, wide};
use crate::structure::Name;

pub use table::{ATOM_KINDS, atom_kind};

/// Points, the three points of every frame, and the frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud {
    /// Positions, angstrom.
    pub points: Vec<[f32; 3]>,
    /// Per frame, the rows of its centre, second and third point.
    pub triplets: Vec<[u32; 3]>,
    /// The frames.
    pub frames: Vec<Frame>,
}

/// The residues and atoms that ScanNet sees: the 20 standard amino acids and 38 names of heavy atoms.
#[must_use]
pub fn visible(residues: &Residues) -> Residues {
    let mut kept = Residues::default();
    for (number, residue) in residues.residues().iter().enumerate() {
        let seen = residues
            .atoms_of(number)
            .iter()
            .filter(|atom| table::is_seen(atom.name));
        let is_standard = b"ACDEFGHIKLMNPQRSTVWY".contains(&residue.letter);
        if is_standard && seen.clone().next().is_some() {
            let atoms = seen.map(|atom| (atom.name, atom.position, atom.source));
            kept.push(residue.letter, residue.chain, residue.source, atoms);
        }
    }
    kept
}

/// Whether a residue continues the chain of the one before it.
fn continues(residues: &Residues, number: usize) -> bool {
    let all = residues.residues();
    number > 0
        && all
            .get(number)
            .is_some_and(|residue| residue.chain == all[number - 1].chain)
}

/// The frame of every residue: centre CA (else the first atom), second point the centre of the residue before, third the
/// centre of mass of the side chain. Residues as [`visible`] leaves them.
#[must_use]
pub fn residue_cloud(residues: &Residues) -> Cloud {
    let mut cloud = Cloud::default();
    let mut before = 0;
    for number in 0..residues.len() {
        let atoms = residues.atoms_of(number);
        let Some(first) = atoms.first() else { continue };
        let centre = residues.position(number, "CA").unwrap_or(first.position);
        let row = cloud.push(centre);
        let second = if continues(residues, number) {
            before
        } else {
            let after = if continues(residues, number + 1) {
                number + 1
            } else {
                number
            };
            let start = residues
                .atoms_of(after)
                .first()
                .map_or(centre, |atom| atom.position);
            cloud.push(narrow(sub(scale(wide(centre), 2.0), wide(start))))
        };
        let third = cloud
            .push(side_chain_point(residues, number).unwrap_or(atoms[atoms.len() - 1].position));
        cloud.frame([row, second, third]);
        before = row;
    }
    cloud
}

/// The centre of mass of a residue's side chain; for a residue without one, the point across from C of this and N of the
/// residue before. In single precision, as the reference has it: frames amplify what is left of rounding.
fn side_chain_point(residues: &Residues, number: usize) -> Option<[f32; 3]> {
    let (mut sum, mut total) = ([0f32; 3], 0f32);
    for atom in residues.atoms_of(number) {
        let name = atom.name.as_bytes();
        if !matches!(name, b"N" | b"CA" | b"C" | b"O" | b"OXT") {
            let mass = match name.first() {
                Some(b'O') => 16.0,
                Some(b'N') => 14.0,
                Some(b'S') => 32.0,
                _ => 12.0,
            };
            sum = std::array::from_fn(|axis| sum[axis] + mass * atom.position[axis]);
            total += mass;
        }
    }
    if total > 0.0 {
        return Some(sum.map(|value| value / total));
    }
    if !continues(residues, number) {
        return None;
    }
    let (ca, c) = (
        residues.position(number, "CA")?,
        residues.position(number, "C")?,
    );
    let n_before = residues.position(number - 1, "N")?;
    Some(std::array::from_fn(|axis| {
        3.0 * ca[axis] - n_before[axis] - c[axis]
    }))
}

/// The frame of every atom: second and third point are the atoms before and behind it along the chain or its branch.
/// `cloud` holds the frames of the residues.
#[must_use]
pub fn atom_cloud(residues: &Residues, cloud: &Cloud) -> Cloud {
    let atoms = residues.atoms();
    let partners = partners(residues);
    let mut points: Vec<[f32; 3]> = atoms.iter().map(|atom| atom.position).collect();
    let mut triplets: Vec<[Option<u32>; 3]> = partners
        .iter()
        .zip(0..)
        .map(|(&[previous, next], row)| [Some(row), previous, next])
        .collect();
    for row in 0..atoms.len() {
        let axes = cloud
            .frames
            .get(atoms[row].residue as usize)
            .map_or(WORLD, |frame| frame.axes);
        let here = wide(atoms[row].position);
        let missing = [triplets[row][1], triplets[row][2]].map(|partner| partner.is_none());
        // The other partner's own partner, which may be virtual, makes a parallelogram.
        let parallel = |from: Option<u32>, place: usize, axis: usize| {
            let far = from.and_then(|from| Some((from, triplets[from as usize][place]?)));
            let step = match far {
                Some((from, far)) => sub(wide(points[from as usize]), wide(points[far as usize])),
                None => wide(axes[axis]),
            };
            add(here, step)
        };
        let previous = missing[0].then(|| parallel(triplets[row][2], 2, 0));
        let next = missing[1].then(|| parallel(triplets[row][1], 1, 2));
        for (place, point) in [(1, previous), (2, next)] {
            if let Some(point) = point {
                triplets[row][place] = Some(points.len() as u32);
                points.push(narrow(point));
            }
        }
    }
    let mut result = Cloud {
        points,
        ..Cloud::default()
    };
    for triplet in triplets {
        result.frame(triplet.map(Option::unwrap_or_default));
    }
    result
}

/// Per atom, the atoms before and behind it, as far as they are there.
fn partners(residues: &Residues) -> Vec<[Option<u32>; 2]> {
    let row = |residue: usize, name: Name| {
        let first = residues.residues().get(residue)?.first_atom();
        let place = residues
            .atoms_of(residue)
            .iter()
            .position(|atom| atom.name == name)?;
        (!name.is_empty()).then_some(first + place as u32)
    };
    residues
        .atoms()
        .iter()
        .map(|atom| {
            let residue = atom.residue as usize;
            let letter = residues.residues()[residue].letter;
            let Some(entry) = table::entry(letter, atom.name) else {
                return [None; 2];
            };
            match atom.name.as_bytes() {
                b"N" => {
                    let before = if continues(residues, residue) {
                        row(residue - 1, entry.previous)
                    } else {
                        None
                    };
                    [before, row(residue, entry.next)]
                }
                b"C" => {
                    let after = if continues(residues, residue + 1) {
                        row(residue + 1, entry.next)
                    } else {
                        None
                    };
                    [row(residue, entry.previous), after]
                }
                _ => [row(residue, entry.previous), row(residue, entry.next)],
            }
        })
        .collect()
}

impl Cloud {
    fn push(&mut self, point: [f32; 3]) -> u32 {
        self.points.push(point);
        self.points.len() as u32 - 1
    }

    fn frame(&mut self, triplet: [u32; 3]) {
        let [centre, second, third] = triplet.map(|row| self.points[row as usize]);
        self.triplets.push(triplet);
        self.frames.push(Frame::of_triplet(centre, second, third));
    }
}
