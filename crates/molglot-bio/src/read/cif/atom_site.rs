//! The atoms of an mmCIF file.

use std::collections::HashMap;

use super::super::error::{Fault, Reason, shown};
use super::super::number::{float, integer};
use super::super::{Models, ReadOptions};
use super::lexer::{Lexer, Value};
use crate::structure::{Atom, AtomRecord, Builder, Element, Name};

/// What columns are for.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Role {
    Group,
    Serial,
    Symbol,
    Atom,
    Altloc,
    Residue,
    LabelChain,
    Entity,
    LabelNumber,
    Insertion,
    X,
    Y,
    Z,
    Occupancy,
    BFactor,
    Charge,
    Number,
    Chain,
    Model,
    AuthResidue,
    AuthAtom,
}

/// The items in the order of [`Role`].
const ITEMS: [&[u8]; 21] = [
    b"group_PDB",
    b"id",
    b"type_symbol",
    b"label_atom_id",
    b"label_alt_id",
    b"label_comp_id",
    b"label_asym_id",
    b"label_entity_id",
    b"label_seq_id",
    b"pdbx_PDB_ins_code",
    b"Cartn_x",
    b"Cartn_y",
    b"Cartn_z",
    b"occupancy",
    b"B_iso_or_equiv",
    b"pdbx_formal_charge",
    b"auth_seq_id",
    b"auth_asym_id",
    b"pdbx_PDB_model_num",
    b"auth_comp_id",
    b"auth_atom_id",
];

/// The slot for columns that are not read, behind those that are.
const UNREAD: usize = ITEMS.len();

/// Reads the rows of `_atom_site`.
pub(super) struct AtomSite<'a> {
    /// Per column, its role or [`UNREAD`].
    slots: Vec<usize>,
    /// Per role, whether a column has it.
    present: [bool; ITEMS.len()],
    /// Model numbers as written, in order of appearance.
    models: HashMap<&'a [u8], u32>,
    model: (&'a [u8], u32),
    all_models: bool,
    /// Whether an atom had a `label_seq_id`.
    has_places: bool,
}

impl<'a> AtomSite<'a> {
    /// Finds the columns.
    pub(super) fn new(items: &[&[u8]], options: &ReadOptions) -> Result<Self, Reason> {
        let mut present = [false; ITEMS.len()];
        let slots = items
            .iter()
            .map(|item| {
                let role = ITEMS
                    .iter()
                    .position(|known| known.eq_ignore_ascii_case(item));
                match role {
                    Some(role) if !present[role] => {
                        present[role] = true;
                        role
                    }
                    _ => UNREAD,
                }
            })
            .collect();
        let has = |role: Role| present[role as usize];
        let needed = [
            (has(Role::X), "Cartn_x"),
            (has(Role::Y), "Cartn_y"),
            (has(Role::Z), "Cartn_z"),
            (has(Role::Atom) || has(Role::AuthAtom), "label_atom_id"),
            (
                has(Role::Residue) || has(Role::AuthResidue),
                "label_comp_id",
            ),
        ];
        if let Some((_, column)) = needed.into_iter().find(|(found, _)| !found) {
            return Err(Reason::MissingColumn { column });
        }
        Ok(Self {
            slots,
            present,
            models: HashMap::new(),
            model: (b"", u32::MAX),
            all_models: options.models == Models::All,
            has_places: false,
        })
    }

    /// How many models were met.
    pub(super) fn models(&self) -> u32 {
        self.models.len() as u32
    }

    /// Reads rows up to the end of the loop; how many values they have.
    pub(super) fn read_rows(
        &mut self,
        lexer: &mut Lexer<'a>,
        builder: &mut Builder,
    ) -> Result<usize, Fault> {
        let mut fields = [Value::default(); ITEMS.len() + 1];
        let mut values = 0;
        loop {
            for &slot in &self.slots {
                match lexer.next_value()? {
                    Some(value) => fields[slot] = value,
                    None => return Ok(values),
                }
                values += 1;
            }
            self.read_fields(&fields, lexer.offset(), builder)?;
        }
    }

    /// Reads one row.
    pub(super) fn read_row(
        &mut self,
        values: &[Value<'a>],
        offset: usize,
        builder: &mut Builder,
    ) -> Result<(), Fault> {
        let mut fields = [Value::default(); ITEMS.len() + 1];
        for (&slot, &value) in self.slots.iter().zip(values) {
            fields[slot] = value;
        }
        self.read_fields(&fields, offset, builder)
    }

    #[inline]
    fn read_fields(
        &mut self,
        fields: &[Value<'a>; ITEMS.len() + 1],
        offset: usize,
        builder: &mut Builder,
    ) -> Result<(), Fault> {
        let known = |role: Role| -> Option<&'a [u8]> {
            if self.present[role as usize] {
                fields[role as usize].known()
            } else {
                None
            }
        };
        let fault = |what, text: &[u8]| {
            let text = shown(text);
            Fault::at(offset, Reason::Name { what, text })
        };
        let name = |what, text: &[u8]| Name::new(text).ok_or_else(|| fault(what, text));
        let id = |what, text: Option<&'a [u8]>| {
            let text = text.unwrap_or_default();
            std::str::from_utf8(text).map_err(|_| fault(what, text))
        };
        let code = |what, text: Option<&'a [u8]>| match text {
            None | Some([]) => Ok(b' '),
            Some(&[byte @ b' '..=b'~']) => Ok(byte),
            Some(text) => Err(fault(what, text)),
        };
        let model = known(Role::Model).unwrap_or(b"1");
        if self.model.1 == u32::MAX || self.model.0 != model {
            let next = self.models.len() as u32;
            self.model = (model, *self.models.entry(model).or_insert(next));
        }
        if self.model.1 > 0 && !self.all_models {
            return Ok(());
        }
        let coordinate = |role: Role, axis| {
            let text = fields[role as usize];
            text.known().and_then(float).ok_or_else(|| {
                let text = shown(text.text);
                Fault::at(offset, Reason::Coordinate { axis, text })
            })
        };
        let atom = known(Role::Atom)
            .or_else(|| known(Role::AuthAtom))
            .unwrap_or_default();
        let atom_name = name("atom name", atom)?;
        let residue = known(Role::Residue)
            .or_else(|| known(Role::AuthResidue))
            .unwrap_or_default();
        let residue = name("residue name", residue)?;
        let element = known(Role::Symbol)
            .and_then(Element::from_symbol)
            .unwrap_or_else(|| Element::from_name(atom_name.as_bytes(), residue.as_bytes()));
        let label_chain = id("label chain id", known(Role::LabelChain))?;
        let label_number = known(Role::LabelNumber).and_then(integer);
        self.has_places |= label_number.is_some();
        let hetero = known(Role::Group) == Some(b"HETATM");
        let chain = match known(Role::Chain) {
            Some(chain) => id("chain id", Some(chain))?,
            None => label_chain,
        };
        builder.push(&AtomRecord {
            atom: Atom {
                name: atom_name,
                position: [
                    coordinate(Role::X, 'x')?,
                    coordinate(Role::Y, 'y')?,
                    coordinate(Role::Z, 'z')?,
                ],
                occupancy: known(Role::Occupancy).and_then(float).unwrap_or(1.0),
                b_factor: known(Role::BFactor).and_then(float).unwrap_or(0.0),
                serial: known(Role::Serial).and_then(integer).unwrap_or(0),
                residue: 0,
                element,
                charge: known(Role::Charge)
                    .and_then(integer)
                    .and_then(|charge| i8::try_from(charge).ok())
                    .unwrap_or(0),
                altloc: code("alternate location", known(Role::Altloc))?,
                hetero,
            },
            model: self.model.1,
            chain,
            label: Some((label_chain, id("entity id", known(Role::Entity))?)),
            residue,
            number: known(Role::Number).and_then(integer).or(label_number),
            insertion: code("insertion code", known(Role::Insertion))?,
            label_number,
            // Where no atom has a place in a sequence, as in files of modelling programs, the group has to tell.
            polymer: Some(label_number.is_some() || !(self.has_places || hetero)),
        });
        Ok(())
    }
}
