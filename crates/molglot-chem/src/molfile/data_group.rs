//! Data groups that change the molecule.
//!
//! V2000 has no dative bond and no way to give an aromatic nitrogen its hydrogen. Marvin writes
//! both as data of substructure groups, and ChEBI's files have them.

use super::ctab::Ctab;
use super::error::MolfileErrorKind;
use super::lines::{Lines, column, integer, number};

type Result<T> = std::result::Result<T, MolfileErrorKind>;

#[derive(Debug, Default)]
pub(super) struct DataGroup {
    pub(super) name: Vec<u8>,
    pub(super) data: Vec<u8>,
    /// Numbers as in the file.
    pub(super) atoms: Vec<i32>,
}

impl DataGroup {
    pub(super) fn apply(&self, ctab: &mut Ctab) -> Result<()> {
        match self.name.as_slice() {
            b"MRV_COORDINATE_BOND_TYPE" => {
                let bond = integer(self.data.trim_ascii()).ok_or(MolfileErrorKind::Number)?;
                ctab.undecided.retain(|&open| i64::from(open) + 1 != i64::from(bond));
            }
            b"MRV_IMPLICIT_H" => {
                let Some(count) = self.data.trim_ascii().strip_prefix(b"IMPL_H") else {
                    return Ok(());
                };
                let count = integer(count.trim_ascii())
                    .and_then(|count| u8::try_from(count).ok())
                    .ok_or(MolfileErrorKind::Number)?;
                for &number in &self.atoms {
                    let is_aromatic = ctab.is_aromatic(number);
                    let atom = ctab.atom(number)?;
                    if is_aromatic {
                        atom.explicit_hydrogens = count;
                    }
                }
            }
            b"ZBO" | b"ZCH" | b"HYD" => {
                return Err(MolfileErrorKind::Unsupported("bonds of order zero"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Applies the data groups of a V2000 property block.
pub(super) fn apply_v2000(lines: Lines<'_>, ctab: &mut Ctab) -> Result<()> {
    let mut groups: Vec<(i32, DataGroup)> = Vec::new();
    for line in lines {
        if !line.starts_with(b"M  S") {
            if line.starts_with(b"M  END") {
                break;
            }
            continue;
        }
        let kind = column(line, 3, 3);
        if !matches!(kind, b"SAL" | b"SDT" | b"SCD" | b"SED") {
            continue;
        }
        let id = number(line, 7, 3).ok_or(MolfileErrorKind::Number)?;
        let known = groups.iter().rposition(|(known, _)| *known == id);
        let at = known.unwrap_or_else(|| {
            groups.push((id, DataGroup::default()));
            groups.len() - 1
        });
        let group = &mut groups[at].1;
        let rest = line.get(11..).unwrap_or_default();
        match kind {
            b"SDT" => group.name = column(line, 11, 30).to_vec(),
            b"SAL" => {
                let count = number(line, 10, 3).ok_or(MolfileErrorKind::Number)?;
                for start in (13..).step_by(4).take(count.max(0) as usize) {
                    if start >= line.len() {
                        return Err(MolfileErrorKind::ShortLine);
                    }
                    let atom = number(line, start, 4).ok_or(MolfileErrorKind::Number)?;
                    group.atoms.push(atom);
                }
            }
            _ => group.data.extend_from_slice(rest),
        }
    }
    groups.iter().try_for_each(|(_, group)| group.apply(ctab))
}
