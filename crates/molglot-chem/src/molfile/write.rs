//! Writing molfiles.

use std::fmt::Write;

use super::ctab::{Ctab, Mark};
use super::error::WriteError;
use super::proof;
use super::{Dimension, Record};
use crate::element::{WILDCARD, symbol};
use crate::graph::RawAtom;
use crate::molecule::{Atom, BondOrder, Chirality, Molecule};

/// The version of the format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// V2000 where its columns suffice, otherwise V3000.
    #[default]
    Auto,
    /// Fixed columns, up to 999 atoms and bonds, coordinates to four decimals.
    V2000,
    /// Words, any number of atoms, coordinates as they are.
    V3000,
}

/// Writes a molfile, up to and with `M  END`, in the version that fits.
///
/// Bonds are written in a Kekulé form. What the coordinates would be read as is checked: stereo
/// centres get wedges, unknown geometries a mark, and hydrogens that nobody would expect a valence,
/// so that the same molecule is read back. A molecule without coordinates is drawn first.
///
/// # Errors
///
/// If the coordinates are not those of the molecule, or something has no place in the format.
pub fn write(record: &Record) -> Result<String, WriteError> {
    write_as(record, Format::Auto)
}

/// Writes a molfile in a version of choice.
///
/// # Errors
///
/// Those of [`write`](fn@write), and [`WriteError::TooLarge`] for V2000.
pub fn write_as(record: &Record, format: Format) -> Result<String, WriteError> {
    if [&record.name, &record.comment]
        .iter()
        .any(|line| line.contains(['\n', '\r']))
    {
        return Err(WriteError::Title);
    }
    let ctab = proof::draw(record)?;
    let format = match format {
        Format::Auto if fits_columns(&ctab) => Format::V2000,
        Format::Auto => Format::V3000,
        Format::V2000 if !fits_columns(&ctab) => return Err(WriteError::TooLarge),
        chosen => chosen,
    };
    let dimension = match record.dimension {
        Dimension::Flat => "2D",
        Dimension::Solid => "3D",
    };
    let mut out = format!(
        "{}\n  molglot           {dimension}\n{}\n",
        record.name, record.comment
    );
    let chiral = chiral_flag(&record.molecule);
    // Writing to a string does not fail.
    let _ = match format {
        Format::V3000 => v3000(&mut out, &ctab, chiral),
        _ => v2000(&mut out, &ctab, chiral),
    };
    out.push_str("M  END\n");
    Ok(out)
}

fn fits_columns(ctab: &Ctab) -> bool {
    ctab.graph.atoms.len() <= 999
        && ctab.graph.bonds.len() <= 999
        && ctab.graph.atoms.iter().all(|atom| {
            // RDKit takes no label of three nines.
            atom.map.is_none_or(|map| map <= 999) && atom.isotope.is_none_or(|mass| mass < 999)
        })
        && ctab
            .coordinates
            .iter()
            .flatten()
            .all(|value| (-9999.0..99999.0).contains(value))
}

/// 1 where the stereo centres are meant as drawn, not as one of two mirror images.
fn chiral_flag(molecule: &Molecule) -> u8 {
    let is_tagged = |atom: &Atom| atom.chirality != Chirality::Unspecified;
    u8::from(molecule.atoms().iter().any(is_tagged))
}

fn bond_code(order: BondOrder) -> u8 {
    match order {
        BondOrder::Single => 1,
        BondOrder::Double => 2,
        BondOrder::Triple => 3,
        BondOrder::Aromatic | BondOrder::Quadruple => 4,
        BondOrder::Dative => 9,
    }
}

/// `R#` for a wildcard with a number, the symbol of any other atom.
fn written_symbol(atom: &RawAtom) -> &'static str {
    if atom.atomic_number == WILDCARD && atom.isotope.is_some() {
        "R#"
    } else {
        symbol(atom.atomic_number)
    }
}

/// The spin code of one or two unpaired electrons.
fn spin(electrons: u8) -> Option<u8> {
    match electrons {
        1 => Some(2),
        2 => Some(3),
        _ => None,
    }
}

fn v2000(out: &mut String, ctab: &Ctab, chiral: u8) -> std::fmt::Result {
    let Ctab {
        graph,
        coordinates,
        marks,
        ..
    } = ctab;
    writeln!(
        out,
        "{:3}{:3}  0  0{:3}  0            999 V2000",
        graph.atoms.len(),
        graph.bonds.len(),
        chiral
    )?;
    for (index, (atom, [x, y, z])) in graph.atoms.iter().zip(coordinates).enumerate() {
        writeln!(
            out,
            "{x:10.4}{y:10.4}{z:10.4} {:<3} 0  0  0  0  0{:3}  0  0  0{:3}  0  0",
            written_symbol(atom),
            ctab.valences[index],
            atom.map.unwrap_or(0)
        )?;
    }
    for (bond, mark) in graph.bonds.iter().zip(marks) {
        let stereo = match mark {
            Mark::Plain => 0,
            Mark::Wedge => 1,
            Mark::Hash => 6,
            Mark::Wavy => 4,
            Mark::Crossed => 3,
        };
        writeln!(
            out,
            "{:3}{:3}{:3}{stereo:3}",
            bond.begin + 1,
            bond.end + 1,
            bond_code(bond.order)
        )?;
    }
    let mut charges = Vec::new();
    let mut isotopes = Vec::new();
    let mut labels = Vec::new();
    let mut radicals = Vec::new();
    for (number, atom) in (1..).zip(&graph.atoms) {
        if atom.charge != 0 {
            charges.push((number, i32::from(atom.charge)));
        }
        match atom.isotope {
            Some(label) if atom.atomic_number == WILDCARD => labels.push((number, label.into())),
            Some(mass) => isotopes.push((number, mass.into())),
            None => {}
        }
        if let Some(spin) = spin(atom.radical_electrons) {
            radicals.push((number, spin.into()));
        }
    }
    property(out, "CHG", &charges)?;
    property(out, "ISO", &isotopes)?;
    property(out, "RAD", &radicals)?;
    property(out, "RGP", &labels)
}

/// `M  XXXnn8 aaa vvv ...`, eight atoms to a line.
fn property(out: &mut String, name: &str, values: &[(usize, i32)]) -> std::fmt::Result {
    for line in values.chunks(8) {
        write!(out, "M  {name}{:3}", line.len())?;
        for (atom, value) in line {
            write!(out, " {atom:3} {value:3}")?;
        }
        out.push('\n');
    }
    Ok(())
}

fn v3000(out: &mut String, ctab: &Ctab, chiral: u8) -> std::fmt::Result {
    let Ctab {
        graph,
        coordinates,
        marks,
        ..
    } = ctab;
    out.push_str("  0  0  0  0  0  0            999 V3000\n");
    out.push_str("M  V30 BEGIN CTAB\n");
    writeln!(
        out,
        "M  V30 COUNTS {} {} 0 0 {}",
        graph.atoms.len(),
        graph.bonds.len(),
        chiral
    )?;
    if !graph.atoms.is_empty() {
        out.push_str("M  V30 BEGIN ATOM\n");
        for (index, (atom, place)) in graph.atoms.iter().zip(coordinates).enumerate() {
            let [x, y, z] = place.map(|value| value as f32);
            write!(
                out,
                "M  V30 {} {} {x} {y} {z} {}",
                index + 1,
                written_symbol(atom),
                atom.map.unwrap_or(0)
            )?;
            if atom.charge != 0 {
                write!(out, " CHG={}", atom.charge)?;
            }
            if let Some(spin) = spin(atom.radical_electrons) {
                write!(out, " RAD={spin}")?;
            }
            match atom.isotope {
                Some(label) if atom.atomic_number == WILDCARD => {
                    write!(out, " RGROUPS=(1 {label})")?;
                }
                Some(mass) => write!(out, " MASS={mass}")?,
                None => {}
            }
            match ctab.valences[index] {
                0 => {}
                15 => out.push_str(" VAL=-1"),
                valence => write!(out, " VAL={valence}")?,
            }
            out.push('\n');
        }
        out.push_str("M  V30 END ATOM\n");
    }
    if !graph.bonds.is_empty() {
        out.push_str("M  V30 BEGIN BOND\n");
        for (index, (bond, mark)) in graph.bonds.iter().zip(marks).enumerate() {
            write!(
                out,
                "M  V30 {} {} {} {}",
                index + 1,
                bond_code(bond.order),
                bond.begin + 1,
                bond.end + 1
            )?;
            match mark {
                Mark::Plain => {}
                Mark::Wedge => out.push_str(" CFG=1"),
                Mark::Wavy | Mark::Crossed => out.push_str(" CFG=2"),
                Mark::Hash => out.push_str(" CFG=3"),
            }
            out.push('\n');
        }
        out.push_str("M  V30 END BOND\n");
    }
    out.push_str("M  V30 END CTAB\n");
    Ok(())
}
