//! Drawing a molecule so that it is read as what it is.
//!
//! A molfile says little about hydrogens and nothing about stereo but places and wedges. So the
//! table is read the way a reader would, and corrected where the reading differs.

use super::ctab::{Ctab, Mark};
use super::error::WriteError;
use super::stereo::{self, Drawing};
use super::{Dimension, Record, wedge};
use crate::depict;
use crate::element::WILDCARD;
use crate::graph::{Direction, RawAtom, RawBond};
use crate::molecule::{Atom, Bond, BondOrder, BondStereo, Chirality, Molecule, Neighbor};
use crate::perceive::{Options, perceive};

/// The table of a record, with wedges, marks and valences such that it reads as the molecule.
pub(super) fn draw(record: &Record) -> Result<Ctab, WriteError> {
    let molecule = &record.molecule;
    let solid = record.dimension == Dimension::Solid && record.coordinates.is_some();
    let quadruple = |bond: &Bond| bond.kekule == BondOrder::Quadruple;
    if let Some(bond) = molecule.bonds().iter().position(quadruple) {
        return Err(WriteError::Bond { bond });
    }
    let mut ctab = table(molecule, coordinates(record)?);
    if !solid && let Some(atom) = wedge_centers(molecule, &mut ctab) {
        return Err(WriteError::Atom {
            atom: atom as usize,
        });
    }
    let found = read(&ctab, solid)?;
    if correct(&mut ctab, molecule, &found) {
        compare(molecule, &read(&ctab, solid)?)?;
    }
    Ok(ctab)
}

/// Atoms and bonds, double bonds of unknown geometry crossed, nothing wedged.
fn table(molecule: &Molecule, coordinates: Vec<[f64; 3]>) -> Ctab {
    let mut ctab = Ctab {
        valences: vec![0; molecule.atoms().len()],
        coordinates,
        ..Ctab::default()
    };
    for atom in molecule.atoms() {
        ctab.graph.atoms.push(RawAtom {
            atomic_number: atom.atomic_number,
            isotope: atom.isotope,
            charge: atom.charge,
            // More than two follow from the valence; the format has no code for them.
            radical_electrons: match atom.radical_electrons {
                count @ 1..=2 => count,
                _ => 0,
            },
            no_implicit: atom.atomic_number == WILDCARD,
            map: atom.map,
            ..RawAtom::default()
        });
    }
    for bond in molecule.bonds() {
        ctab.graph.bonds.push(RawBond {
            begin: bond.begin,
            end: bond.end,
            order: bond.kekule,
            direction: Direction::None,
        });
        ctab.marks.push(match bond.stereo {
            BondStereo::Any => Mark::Crossed,
            _ => Mark::Plain,
        });
    }
    ctab
}

fn coordinates(record: &Record) -> Result<Vec<[f64; 3]>, WriteError> {
    let atoms = record.molecule.atoms().len();
    let Some(places) = &record.coordinates else {
        let drawn = depict::coordinates(&record.molecule);
        return Ok(drawn
            .into_iter()
            .map(|[x, y]| [f64::from(x), f64::from(y), 0.0])
            .collect());
    };
    if places.len() != atoms {
        return Err(WriteError::Places {
            places: places.len(),
            atoms,
        });
    }
    if let Some(atom) = places
        .iter()
        .position(|place| !place.iter().all(|value| value.is_finite()))
    {
        return Err(WriteError::Coordinate { atom });
    }
    Ok(places.iter().map(|place| place.map(f64::from)).collect())
}

/// A bond as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WedgedBond {
    /// The atom at the narrow end of a wedge.
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// In a Kekulé form.
    pub(crate) order: BondOrder,
    pub(crate) mark: Mark,
}

/// The bonds of a flat drawing, with wedges at every stereo centre that the places can show.
pub(crate) fn wedged(molecule: &Molecule, places: &[[f32; 2]]) -> Vec<WedgedBond> {
    let coordinates = places
        .iter()
        .map(|&[x, y]| [f64::from(x), f64::from(y), 0.0])
        .collect();
    let mut ctab = table(molecule, coordinates);
    wedge_centers(molecule, &mut ctab);
    let Ctab { graph, marks, .. } = ctab;
    graph
        .bonds
        .iter()
        .zip(marks)
        .map(|(bond, mark)| WedgedBond {
            begin: bond.begin,
            end: bond.end,
            order: bond.order,
            mark,
        })
        .collect()
}

/// Draws a wedge or hash from every stereo centre. Returns a centre whose places show no volume,
/// if there is one.
fn wedge_centers(molecule: &Molecule, ctab: &mut Ctab) -> Option<u32> {
    let mut failed = None;
    let is_center = |atom: u32| {
        matches!(
            molecule.atoms()[atom as usize].chirality,
            Chirality::Clockwise | Chirality::CounterClockwise
        )
    };
    let mut centers: Vec<u32> = (0..molecule.atoms().len() as u32)
        .filter(|&atom| is_center(atom))
        .collect();
    if centers.is_empty() {
        return None;
    }
    // A centre among centres has the fewest bonds to choose from, as each takes one.
    centers.sort_by_key(|&atom| {
        let links = molecule.neighbors(atom as usize);
        links.iter().filter(|link| !is_center(link.atom)).count()
    });
    let topology = ctab.topology();
    for center in centers {
        let mut arms: Vec<Neighbor> = molecule
            .neighbors(center as usize)
            .iter()
            .copied()
            .filter(|link| {
                ctab.marks[link.bond as usize] == Mark::Plain
                    && ctab.graph.bonds[link.bond as usize].order == BondOrder::Single
            })
            .collect();
        arms.sort_by_key(|link| {
            let bond = &molecule.bonds()[link.bond as usize];
            (
                is_center(link.atom),
                bond.in_ring,
                molecule.neighbors(link.atom as usize).len(),
            )
        });
        let wanted = molecule.atoms()[center as usize].chirality;
        let found = arms.into_iter().any(|arm| {
            let index = arm.bond as usize;
            let before = ctab.graph.bonds[index];
            ctab.graph.bonds[index].begin = center;
            ctab.graph.bonds[index].end = arm.atom;
            ctab.marks[index] = Mark::Wedge;
            let tag = wedge::tag(
                Drawing {
                    graph: &ctab.graph,
                    topology: &topology,
                    coordinates: &ctab.coordinates,
                    marks: &ctab.marks,
                },
                center,
                arm.bond,
            );
            if tag == Chirality::Unspecified {
                ctab.marks[index] = Mark::Plain;
                ctab.graph.bonds[index] = before;
                return false;
            }
            if tag != wanted {
                ctab.marks[index] = Mark::Hash;
            }
            true
        });
        if !found {
            failed = failed.or(Some(center));
        }
    }
    failed
}

/// What a reader makes of the table.
fn read(ctab: &Ctab, solid: bool) -> Result<Molecule, WriteError> {
    let mut ctab = Ctab {
        graph: ctab.graph.clone(),
        coordinates: ctab.coordinates.clone(),
        marks: ctab.marks.clone(),
        valences: ctab.valences.clone(),
        ..Ctab::default()
    };
    ctab.fill_valences();
    let topology = ctab.topology();
    stereo::assign(&mut ctab, &topology, solid);
    let options = Options {
        keep_hydrogens: true,
    };
    match perceive(ctab.graph, options) {
        Ok(perceived) => Ok(perceived.molecule),
        Err(problem) => Err(WriteError::Atom { atom: problem.atom }),
    }
}

/// Marks what was read otherwise than it is. Says whether there was anything.
fn correct(ctab: &mut Ctab, molecule: &Molecule, read: &Molecule) -> bool {
    let mut corrected = false;
    let drawn = ctab.drawn_valences();
    for (index, (atom, read)) in molecule.atoms().iter().zip(read.atoms()).enumerate() {
        if !has_same_electrons(atom, read) {
            ctab.valences[index] = match drawn[index] + u32::from(atom.total_hydrogens) {
                0 => 15,
                valence => valence.min(14) as u8,
            };
            corrected = true;
        }
        if atom.chirality != read.chirality {
            if atom.chirality == Chirality::Unspecified {
                make_wavy(ctab, molecule, index);
            }
            corrected = true;
        }
    }
    for (index, (bond, read)) in molecule.bonds().iter().zip(read.bonds()).enumerate() {
        if bond.stereo != read.stereo {
            if bond.stereo == BondStereo::None {
                ctab.marks[index] = Mark::Crossed;
            }
            corrected = true;
        }
    }
    corrected
}

fn has_same_electrons(atom: &Atom, read: &Atom) -> bool {
    atom.total_hydrogens == read.total_hydrogens && atom.radical_electrons == read.radical_electrons
}

/// A wavy bond says that a centre is not known.
fn make_wavy(ctab: &mut Ctab, molecule: &Molecule, center: usize) {
    let free = molecule.neighbors(center).iter().find(|link| {
        ctab.marks[link.bond as usize] == Mark::Plain
            && ctab.graph.bonds[link.bond as usize].order == BondOrder::Single
    });
    if let Some(link) = free {
        let bond = &mut ctab.graph.bonds[link.bond as usize];
        (bond.begin, bond.end) = (center as u32, link.atom);
        ctab.marks[link.bond as usize] = Mark::Wavy;
    }
}

/// A geometry that stays unknown may be drawn in more than one way; all else has to agree.
fn compare(molecule: &Molecule, read: &Molecule) -> Result<(), WriteError> {
    let differs = molecule
        .atoms()
        .iter()
        .zip(read.atoms())
        .position(|(atom, read)| {
            atom.chirality != read.chirality || !has_same_electrons(atom, read)
        });
    if let Some(atom) = differs {
        return Err(WriteError::Atom { atom });
    }
    let geometry =
        |bond: &Bond| matches!(bond.stereo, BondStereo::Z | BondStereo::E).then_some(bond.stereo);
    match molecule
        .bonds()
        .iter()
        .zip(read.bonds())
        .position(|(bond, read)| geometry(bond) != geometry(read))
    {
        Some(bond) => Err(WriteError::DoubleBond { bond }),
        None => Ok(()),
    }
}
