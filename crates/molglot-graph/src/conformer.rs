//! The atoms of a molecule in space.

use molglot_bio::geometry::squared_distance;
use molglot_chem::Molecule;

use crate::{AtomRule, GraphError, Hydrogens, Oversize};

/// Atoms of a molecule and where they are.
pub(crate) struct Conformer {
    /// The atoms that are nodes, ascending.
    pub(crate) atoms: Vec<u32>,
    /// Their positions; empty where they have none.
    pub(crate) positions: Vec<[f32; 3]>,
}

impl Conformer {
    /// All atoms and no positions.
    pub(crate) fn without_positions(molecule: &Molecule) -> Self {
        Self {
            atoms: (0..molecule.atoms().len() as u32).collect(),
            positions: Vec::new(),
        }
    }
}

/// The atoms that a rule chooses.
pub(crate) fn select(
    molecule: &Molecule,
    positions: &[[f32; 3]],
    rule: AtomRule,
) -> Result<Conformer, GraphError> {
    if positions.len() != molecule.atoms().len() {
        return Err(GraphError::Positions {
            atoms: molecule.atoms().len(),
            coordinates: positions.len(),
        });
    }
    if let Some(atom) = positions
        .iter()
        .position(|place| place.iter().any(|value| !value.is_finite()))
    {
        return Err(GraphError::NotFinite(atom));
    }
    let drops = rule.hydrogens == Hydrogens::Drop;
    let is_kept = |atom: &u32| !(drops && molecule.atoms()[*atom as usize].atomic_number == 1);
    let mut atoms: Vec<u32> = (0..positions.len() as u32).filter(is_kept).collect();
    let place = |atom: &u32| positions[*atom as usize];
    let max = rule.max.map_or(usize::MAX, |max| max as usize);
    if atoms.len() > max {
        if rule.oversize == Oversize::Refuse {
            return Err(GraphError::TooManyAtoms {
                atoms: atoms.len(),
                max,
            });
        }
        let centre = centroid(atoms.iter().map(place));
        atoms.sort_by(|a, b| {
            let far = |atom| squared_distance(place(atom), centre);
            far(a).total_cmp(&far(b)).then(a.cmp(b))
        });
        atoms.truncate(max);
        atoms.sort_unstable();
    }
    let mut positions: Vec<[f32; 3]> = atoms.iter().map(place).collect();
    if rule.centred {
        let centre = centroid(positions.iter().copied());
        for position in &mut positions {
            *position = std::array::from_fn(|axis| position[axis] - centre[axis]);
        }
    }
    Ok(Conformer { atoms, positions })
}

/// The mean position; the origin where there is none.
pub(crate) fn centroid(positions: impl Iterator<Item = [f32; 3]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0f64; 3], 0.0f64);
    for position in positions {
        sum = std::array::from_fn(|axis| sum[axis] + f64::from(position[axis]));
        count += 1.0;
    }
    sum.map(|value| (value / count.max(1.0)) as f32)
}
