//! Structures and `pdbtbx::PDB` into each other.

use pdbtbx::{Chain, Conformer, Model, PDB, Residue};

use super::ConvertError;
use crate::structure::{Atom, AtomRecord, Builder, Element, Name, Structure};

/// Chains, residues, conformers and atoms, and the id as identifier. Titles, sequences, entities and label ids have no
/// place in `pdbtbx::PDB` and are left out. Residues that share a place become one with several conformers; atoms
/// without alternate location stay in a conformer of their own.
impl TryFrom<&Structure> for PDB {
    type Error = ConvertError;

    /// # Errors
    /// [`ConvertError`] for chains without id, residues without number, and names that `pdbtbx` would change.
    fn try_from(structure: &Structure) -> Result<Self, ConvertError> {
        let mut pdb = Self::new();
        pdb.identifier = (!structure.id.is_empty()).then(|| structure.id.clone());
        let mut model: Option<Model> = None;
        for (row, chain) in structure.chains.iter().enumerate() {
            let number = chain.model as usize + 1;
            if model
                .as_ref()
                .is_some_and(|model| model.serial_number() != number)
            {
                pdb.models_extend(&mut model);
            }
            model
                .get_or_insert_with(|| Model::new(number))
                .add_chain(chain_of(structure, row)?);
        }
        pdb.models_extend(&mut model);
        Ok(pdb)
    }
}

trait TakeModel {
    fn models_extend(&mut self, model: &mut Option<Model>);
}

impl TakeModel for PDB {
    fn models_extend(&mut self, model: &mut Option<Model>) {
        if let Some(model) = model.take() {
            self.add_model(model);
        }
    }
}

fn chain_of(structure: &Structure, row: usize) -> Result<Chain, ConvertError> {
    let id = &structure.chains[row].id;
    let mut chain = Chain::new(unchanged("chain", id, false)?).ok_or(ConvertError::NoChainId)?;
    let mut place: Option<(isize, u8, Residue)> = None;
    for residue in structure.residues_of(row) {
        let number = residue.number.ok_or_else(|| ConvertError::NoNumber {
            name: residue.name.to_string(),
            chain: id.clone(),
        })? as isize;
        let name = unchanged("residue", residue.name.as_str(), true)?;
        let code = char::from(residue.insertion).to_string();
        let code = (residue.insertion != b' ').then_some(code.as_str());
        if let Some(code) = code {
            unchanged("insertion code", code, true)?;
        }
        let current = match place.take() {
            // Neighbours of one number are alternatives of a place, as far as their conformers differ.
            Some(same) if (same.0, same.1) == (number, residue.insertion) => same.2,
            other => {
                if let Some((_, _, done)) = other {
                    chain.add_residue(done);
                }
                Residue::new(number, code, None).ok_or_else(|| name_error("residue", name))?
            }
        };
        let mut current = current;
        for atom in &structure.atoms[residue.atoms.range()] {
            add_atom(&mut current, name, atom)?;
        }
        place = Some((number, residue.insertion, current));
    }
    if let Some((_, _, done)) = place {
        chain.add_residue(done);
    }
    Ok(chain)
}

fn add_atom(residue: &mut Residue, name: &str, atom: &Atom) -> Result<(), ConvertError> {
    let altloc = char::from(atom.altloc).to_string();
    let altloc = if atom.altloc == b' ' {
        None
    } else {
        Some(unchanged("alternate location", &altloc, true)?)
    };
    let range = |what| ConvertError::Number {
        what,
        atom: atom.name.to_string(),
    };
    let serial = usize::try_from(atom.serial).map_err(|_| range("serial number"))?;
    let [x, y, z] = atom.position.map(f64::from);
    let symbol = if atom.element == Element::default() {
        ""
    } else {
        atom.element.symbol()
    };
    let converted = pdbtbx::Atom::new(
        atom.hetero,
        serial,
        unchanged("atom", atom.name.as_str(), true)?,
        x,
        y,
        z,
        f64::from(atom.occupancy),
        f64::from(atom.b_factor),
        symbol,
        isize::from(atom.charge),
    )
    .ok_or_else(|| range("position"))?;
    let found = residue
        .conformers_mut()
        .find(|conformer| conformer.id() == (name, altloc));
    if let Some(conformer) = found {
        conformer.add_atom(converted);
    } else {
        let conformer = Conformer::new(name, altloc, Some(converted));
        residue.add_conformer(conformer.ok_or_else(|| name_error("residue", name))?);
    }
    Ok(())
}

/// A name that `pdbtbx` keeps: in upper case where it makes that of all, and not blank.
fn unchanged<'a>(what: &'static str, name: &'a str, upper: bool) -> Result<&'a str, ConvertError> {
    let kept =
        name == name.trim() && !(upper && name.bytes().any(|byte| byte.is_ascii_lowercase()));
    if kept {
        Ok(name)
    } else {
        Err(name_error(what, name))
    }
}

fn name_error(what: &'static str, text: &str) -> ConvertError {
    ConvertError::Name {
        what,
        text: text.to_owned(),
    }
}

/// All models. `pdbtbx` copies atoms without alternate location into every conformer and divides their occupancy; such
/// copies become one atom again.
impl TryFrom<&PDB> for Structure {
    type Error = ConvertError;

    /// # Errors
    /// [`ConvertError`] for names and numbers that a [`Structure`] cannot hold.
    fn try_from(pdb: &PDB) -> Result<Self, ConvertError> {
        let mut builder = Builder::default();
        for (model, chains) in pdb.models().enumerate() {
            for chain in chains.chains() {
                for residue in chain.residues() {
                    read_residue(&mut builder, model as u32, chain.id(), residue)?;
                }
            }
        }
        Ok(builder.finish(Self {
            id: pdb.identifier.clone().unwrap_or_default(),
            models: pdb.model_count() as u32,
            ..Self::default()
        }))
    }
}

fn read_residue(
    builder: &mut Builder,
    model: u32,
    chain: &str,
    residue: &Residue,
) -> Result<(), ConvertError> {
    let name_of =
        |what, text: &str| Name::new(text.as_bytes()).ok_or_else(|| name_error(what, text));
    let letter = |what, text: Option<&str>| match text.map(str::as_bytes) {
        None => Ok(b' '),
        Some(&[letter]) => Ok(letter),
        Some(_) => Err(name_error(what, text.unwrap_or_default())),
    };
    let conformers: Vec<&Conformer> = residue.conformers().collect();
    // Atoms without alternate location, as far as they are written already.
    let mut shared: Vec<&pdbtbx::Atom> = Vec::new();
    for (row, conformer) in conformers.iter().enumerate() {
        let altloc = letter("alternate location", conformer.alternative_location())?;
        for atom in conformer.atoms() {
            let copy = |other: &&pdbtbx::Atom| {
                other.serial_number() == atom.serial_number()
                    && other.name() == atom.name()
                    && other.pos() == atom.pos()
            };
            if shared.iter().any(copy) {
                continue;
            }
            let is_shared = altloc != b' '
                && conformers[row + 1..]
                    .iter()
                    .any(|later| later.atoms().any(|atom| copy(&atom)));
            let mut occupancy = atom.occupancy();
            if is_shared {
                shared.push(atom);
                occupancy *= conformers.len() as f64 + 1.0;
            }
            let range = |what| ConvertError::Number {
                what,
                atom: atom.name().to_owned(),
            };
            let number = residue.serial_number();
            let (x, y, z) = atom.pos();
            builder.push(&AtomRecord {
                atom: Atom {
                    name: name_of("atom", atom.name())?,
                    position: [x as f32, y as f32, z as f32],
                    occupancy: occupancy as f32,
                    b_factor: atom.b_factor() as f32,
                    serial: i32::try_from(atom.serial_number())
                        .map_err(|_| range("serial number"))?,
                    residue: 0,
                    element: atom
                        .element()
                        .and_then(|element| Element::from_symbol(element.symbol().as_bytes()))
                        .unwrap_or_default(),
                    charge: i8::try_from(atom.charge()).map_err(|_| range("charge"))?,
                    altloc: if is_shared { b' ' } else { altloc },
                    hetero: atom.hetero(),
                },
                model,
                chain,
                label: None,
                residue: name_of("residue", conformer.name())?,
                number: Some(i32::try_from(number).map_err(|_| range("residue number"))?),
                insertion: letter("insertion code", residue.insertion_code())?,
                label_number: None,
                polymer: None,
            });
        }
    }
    Ok(())
}
