//! PDB files, by columns.
//!
//! Source: *Protein Data Bank Contents Guide*, version 3.30; hybrid-36 numbers and blank or missing columns as real
//! files have them.

use memchr::memchr;

use super::error::{Fault, Reason, shown};
use super::header::Header;
use super::number::{float, hybrid36};
use super::{Models, ReadOptions};
use crate::structure::{Atom, AtomRecord, Builder, Element, Name, Structure};

/// Reads PDB text.
///
/// A model starts with MODEL, or after ENDMDL or END where more atoms follow: files that put END between parts or frames
/// are read up to it by default, and the rest counts as further models. The element is read from its columns, else told
/// from the name.
pub(super) fn parse(bytes: &[u8], options: &ReadOptions) -> Result<Structure, Fault> {
    let mut reader = Reader {
        builder: Builder::default(),
        header: Header::default(),
        model: 0,
        model_open: false,
        all_models: options.models == Models::All,
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        if !reader.read_line(line, at)? {
            reader.model += count_models(rest);
            break;
        }
        at += end + 1;
    }
    if reader.builder.is_empty() {
        return Err(Reason::NoAtoms.into());
    }
    reader.header.models = reader.model;
    for (name, parent) in reader.header.take_parents() {
        reader.builder.set_parent(name, parent);
    }
    Ok(reader.builder.finish(reader.header.into_structure()))
}

struct Reader {
    builder: Builder,
    header: Header,
    /// Models begun so far.
    model: u32,
    model_open: bool,
    all_models: bool,
}

impl Reader {
    /// Reads a line; `false` where no more of the file is wanted.
    #[inline]
    fn read_line(&mut self, line: &[u8], offset: usize) -> Result<bool, Fault> {
        // Only the fixed part of the record name: some programs run ATOM and HETATM into the serial.
        match line {
            [b'A', b'T', b'O', b'M', ..] => return self.read_atom(line, offset, false),
            [b'H', b'E', b'T', b'A', b'T', b'M', ..] => return self.read_atom(line, offset, true),
            [b'A', b'N', b'I', b'S', b'O', b'U', ..] => return Ok(true),
            _ => {}
        }
        let name = line[..line.len().min(6)].trim_ascii_end();
        match name {
            b"TER" => self.builder.end_chain(),
            b"MODEL" | b"ENDMDL" | b"END" => self.model_open = false,
            _ => self.header.read_line(name, line),
        }
        Ok(true)
    }

    #[inline]
    fn read_atom(&mut self, line: &[u8], offset: usize, hetero: bool) -> Result<bool, Fault> {
        let fault = |reason| Fault::at(offset, reason);
        if !self.model_open {
            if self.model > 0 && !self.all_models {
                return Ok(false);
            }
            self.model += 1;
            self.model_open = true;
        }
        let Some((fixed, rest)) = line.split_first_chunk::<54>() else {
            return Err(fault(Reason::ShortLine { length: line.len() }));
        };
        let mut position = [0.0; 3];
        for (axis, value) in position.iter_mut().enumerate() {
            let column = &fixed[30 + 8 * axis..38 + 8 * axis];
            *value = float(column).ok_or_else(|| {
                fault(Reason::Coordinate {
                    axis: char::from(b'x' + axis as u8),
                    text: shown(column.trim_ascii()),
                })
            })?;
        }
        let named = |what, text: &[u8]| {
            Name::new(text).ok_or_else(|| {
                fault(Reason::Name {
                    what,
                    text: shown(text),
                })
            })
        };
        let name = named("atom name", &fixed[12..16])?;
        // Four-letter residue names of force fields reach into the column before the chain, and so do two-letter chains.
        let wide = fixed[20] != b' ';
        let residue_in_21 = wide && (fixed[21] == b' ' || &fixed[17..20] == b"TIP");
        let residue = named(
            "residue name",
            &fixed[17..if residue_in_21 { 21 } else { 20 }],
        )?;
        let chain = fixed[if wide && !residue_in_21 { 20 } else { 21 }..22].trim_ascii();
        let chain = std::str::from_utf8(chain).map_err(|_| {
            fault(Reason::Name {
                what: "chain id",
                text: shown(chain),
            })
        })?;
        let code = |what, byte: u8| match byte {
            0 => Ok(b' '),
            b' '..=b'~' => Ok(byte),
            _ => Err(fault(Reason::Name {
                what,
                text: shown(&[byte]),
            })),
        };
        let column =
            |from: usize, to: usize| rest.get(from - 54..to.min(line.len()).max(from) - 54);
        let symbol = column(76, 78).unwrap_or_default().trim_ascii();
        let element = Element::from_symbol(symbol).unwrap_or_else(|| {
            let padded = [fixed[12], fixed[13], fixed[14], fixed[15]];
            Element::from_padded_name(padded, residue.as_bytes())
        });
        let record = AtomRecord {
            atom: Atom {
                name,
                position,
                occupancy: column(54, 60).and_then(float).unwrap_or(1.0),
                b_factor: column(60, 66).and_then(float).unwrap_or(0.0),
                serial: hybrid36(&fixed[6..11]).unwrap_or(0),
                residue: 0,
                element,
                charge: column(78, 80).map_or(0, charge),
                altloc: code("alternate location", fixed[16])?,
                hetero,
            },
            model: self.model - 1,
            chain,
            label: None,
            residue,
            number: hybrid36(&fixed[22..26]),
            insertion: code("insertion code", fixed[26])?,
            label_number: None,
            polymer: None,
        };
        self.builder.push(&record);
        Ok(true)
    }
}

/// How many models begin in these lines, none being open.
fn count_models(mut bytes: &[u8]) -> u32 {
    let (mut models, mut open) = (0, false);
    while !bytes.is_empty() {
        match bytes {
            [b'A', b'T', b'O', b'M', ..] | [b'H', b'E', b'T', b'A', b'T', b'M', ..] => {
                models += u32::from(!open);
                open = true;
            }
            [b'M', b'O', b'D', b'E', b'L', ..] | [b'E', b'N', b'D', ..] => open = false,
            _ => {}
        }
        bytes = memchr(b'\n', bytes).map_or(&[], |end| &bytes[end + 1..]);
    }
    models
}

/// A charge as in `2+`; some programs write `+2`.
fn charge(column: &[u8]) -> i8 {
    match *column {
        [digit @ b'0'..=b'9', sign] | [sign, digit @ b'0'..=b'9'] => match sign {
            b'+' => (digit - b'0') as i8,
            b'-' => -((digit - b'0') as i8),
            _ => 0,
        },
        _ => 0,
    }
}
