//! V2000: fixed columns.

use super::ctab::{self, Ctab, Mark};
use super::data_group;
use super::error::{MolfileError, MolfileErrorKind, QueryFeature};
use super::lines::{Lines, column, decimal, number, text};
use crate::nuclide;

type Result<T> = std::result::Result<T, MolfileErrorKind>;

/// Reads the atom, bond and property blocks behind a counts line.
pub(super) fn read(
    lines: &mut Lines<'_>,
    counts: &[u8],
    ctab: &mut Ctab,
) -> std::result::Result<(), MolfileError> {
    blocks(lines, counts, ctab).map_err(|kind| MolfileError::new(lines.number(), kind))
}

fn blocks(lines: &mut Lines<'_>, counts: &[u8], ctab: &mut Ctab) -> Result<()> {
    let count = |start| {
        number(counts, start, 3)
            .and_then(|count| usize::try_from(count).ok())
            .ok_or(MolfileErrorKind::Counts)
    };
    let (atoms, bonds) = (count(0)?, count(3)?);
    ctab.reserve(atoms, bonds);
    for _ in 0..atoms {
        let line = lines.next().ok_or(MolfileErrorKind::Truncated)?;
        atom_line(line, lines.number(), ctab)?;
    }
    for _ in 0..bonds {
        let line = lines.next().ok_or(MolfileErrorKind::Truncated)?;
        bond_line(line, lines.number(), ctab)?;
    }
    properties(lines, ctab)
}

/// `xxxxx.xxxxyyyyy.yyyyzzzzz.zzzz aaaddcccssshhhbbbvvvHHHrrriiimmmnnneee`
fn atom_line(line: &[u8], at: usize, ctab: &mut Ctab) -> Result<()> {
    if line.len() < 32 {
        return Err(MolfileErrorKind::ShortLine);
    }
    let mut place = [0.0; 3];
    for (axis, value) in place.iter_mut().enumerate() {
        *value = decimal(column(line, 10 * axis, 10)).ok_or(MolfileErrorKind::Coordinate)?;
    }
    let mut atom = ctab::atom(column(line, 31, 3))?;
    let rest = line.get(34..).unwrap_or_default();
    if rest.iter().all(|byte| matches!(byte, b' ' | b'0')) {
        ctab.push_atom(atom, place, 0, at);
        return Ok(());
    }
    let field = |start, width| number(line, start, width).ok_or(MolfileErrorKind::Number);
    let mass_difference = field(34, 2)?;
    if mass_difference != 0 {
        let mass = i32::from(nuclide::most_common(atom.atomic_number)) + mass_difference;
        atom.isotope = ctab::isotope(mass)?;
    }
    match field(36, 3)? {
        0 => {}
        4 => atom.radical_electrons = 1,
        code @ 1..8 => atom.charge = (4 - code) as i8,
        _ => return Err(MolfileErrorKind::Charge),
    }
    if field(42, 3)? != 0 {
        return Err(MolfileErrorKind::Query(QueryFeature::HydrogenCount));
    }
    let valence = ctab::valence(field(48, 3)?)?;
    atom.map = u16::try_from(field(60, 3)?).ok().filter(|&map| map > 0);
    ctab.push_atom(atom, place, valence, at);
    Ok(())
}

/// `111222tttsssxxxrrrccc`
fn bond_line(line: &[u8], at: usize, ctab: &mut Ctab) -> Result<()> {
    if line.len() < 9 {
        return Err(MolfileErrorKind::ShortLine);
    }
    let end = |start| {
        let written = number(line, start, 3).ok_or(MolfileErrorKind::Number)?;
        if written < 1 || written as usize > ctab.graph.atoms.len() {
            return Err(MolfileErrorKind::NoSuchAtom(written.to_string()));
        }
        Ok(written as u32 - 1)
    };
    let ends = [end(0)?, end(3)?];
    let code = number(line, 6, 3).ok_or(MolfileErrorKind::Number)?;
    let mark = match (column(line, 9, 3), code) {
        (b"1", _) => Mark::Wedge,
        (b"6", _) => Mark::Hash,
        (b"4", _) => Mark::Wavy,
        (b"3", 2) => Mark::Crossed,
        (b"" | b"0" | b"3", _) => Mark::Plain,
        (other, _) => return Err(MolfileErrorKind::Bond(text(other))),
    };
    if !matches!(column(line, 15, 3), b"" | b"0") {
        return Err(MolfileErrorKind::Query(QueryFeature::BondTopology));
    }
    ctab.push_bond(ends, code, mark, at)
}

fn properties(lines: &mut Lines<'_>, ctab: &mut Ctab) -> Result<()> {
    let block = *lines;
    let mut has_data_groups = false;
    let mut charges_are_listed = false;
    while let Some(line) = lines.next() {
        match line {
            [b'M', b' ', b' ', b'E', b'N', b'D', ..] => {
                if has_data_groups {
                    data_group::apply_v2000(block, ctab)?;
                }
                return Ok(());
            }
            [b'M', b' ', b' ', b'C', b'H', b'G', ..] => {
                take_over_charges(&mut charges_are_listed, ctab);
                for_each(line, |atom, value| {
                    ctab.atom(atom)?.charge = ctab::charge(value)?;
                    Ok(())
                })?;
            }
            [b'M', b' ', b' ', b'R', b'A', b'D', ..] => {
                take_over_charges(&mut charges_are_listed, ctab);
                for_each(line, |atom, value| {
                    ctab.atom(atom)?.radical_electrons = ctab::radical_electrons(value)?;
                    Ok(())
                })?;
            }
            [b'M', b' ', b' ', b'I', b'S', b'O', ..] => for_each(line, |atom, value| {
                ctab.atom(atom)?.isotope = ctab::isotope(value)?;
                Ok(())
            })?,
            [b'M', b' ', b' ', b'R', b'G', b'P', ..] => for_each(line, |atom, value| {
                ctab.atom(atom)?.isotope = ctab::isotope(value)?;
                Ok(())
            })?,
            [b'M', b' ', b' ', b'S', b'D', b'T', ..] => has_data_groups = true,
            [b'M', b' ', b' ', a, b, c, ..] => refuse([*a, *b, *c], line)?,
            // The text of an alias or an abbreviation is on the next line.
            [b'A' | b'G', b' ', ..] => {
                lines.next();
            }
            [b'S', b' ', b' ', b'S', b'K', b'P', ..] => {
                let skipped = number(line, 6, 3).ok_or(MolfileErrorKind::Number)?;
                for _ in 0..skipped {
                    lines.next();
                }
            }
            [b'$', b'$', b'$', b'$', ..] => return Err(MolfileErrorKind::Truncated),
            [b'M' | b'V' | b'S', ..] => {}
            line if is_atom_list(line) => {
                return Err(MolfileErrorKind::Query(QueryFeature::AtomList));
            }
            _ => {}
        }
    }
    Err(MolfileErrorKind::Truncated)
}

/// The lists of charges and radicals replace those of the atom block.
fn take_over_charges(done: &mut bool, ctab: &mut Ctab) {
    if !std::mem::replace(done, true) {
        for atom in &mut ctab.graph.atoms {
            (atom.charge, atom.radical_electrons) = (0, 0);
        }
    }
}

/// `M  XXXnn8 aaa vvv ...`
fn for_each(line: &[u8], mut apply: impl FnMut(i32, i32) -> Result<()>) -> Result<()> {
    let count = number(line, 6, 3).ok_or(MolfileErrorKind::Number)?;
    for start in (9..).step_by(8).take(count.max(0) as usize) {
        if start >= line.len() {
            return Err(MolfileErrorKind::ShortLine);
        }
        let (atom, value) = number(line, start, 4)
            .zip(number(line, start + 4, 4))
            .ok_or(MolfileErrorKind::Number)?;
        apply(atom, value)?;
    }
    Ok(())
}

/// Properties that make a query of the molecule, or that this crate does not model.
fn refuse(name: [u8; 3], line: &[u8]) -> Result<()> {
    let feature = match &name {
        b"ALS" if number(line, 10, 3) != Some(0) => QueryFeature::AtomList,
        b"RBC" => QueryFeature::RingBondCount,
        b"SUB" => QueryFeature::SubstitutionCount,
        b"UNS" => QueryFeature::Unsaturation,
        b"LIN" => QueryFeature::LinkNode,
        b"MRV" if column(line, 7, 3) == b"SMA" => QueryFeature::Smarts,
        b"ZBO" | b"ZCH" | b"HYD" => {
            return Err(MolfileErrorKind::Unsupported("bonds of order zero"));
        }
        _ => return Ok(()),
    };
    Err(MolfileErrorKind::Query(feature))
}

/// The atom list of the format before `M  ALS`: `aaa kSSSSn 111 222 ...`.
fn is_atom_list(line: &[u8]) -> bool {
    matches!(line.get(4), Some(b'T' | b'F')) && number(line, 0, 3).is_some_and(|atom| atom > 0)
}
