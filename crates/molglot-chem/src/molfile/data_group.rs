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

/// Applies data groups to the molecule they belong to.
pub(super) fn apply(groups: &[DataGroup], ctab: &mut Ctab) -> Result<()> {
    let mut dative = Vec::new();
    let mut aromatic = None;
    for group in groups {
        match group.name.as_slice() {
            b"MRV_COORDINATE_BOND_TYPE" => {
                let bond = integer(group.data.trim_ascii()).ok_or(MolfileErrorKind::Number)?;
                dative.extend(u32::try_from(bond - 1));
            }
            b"MRV_IMPLICIT_H" => {
                let Some(count) = group.data.trim_ascii().strip_prefix(b"IMPL_H") else {
                    continue;
                };
                let count = integer(count.trim_ascii())
                    .and_then(|count| u8::try_from(count).ok())
                    .ok_or(MolfileErrorKind::Number)?;
                let aromatic = aromatic.get_or_insert_with(|| ctab.aromatic_atoms());
                for &number in &group.atoms {
                    let atom = ctab.atom(number)?;
                    if aromatic[number as usize - 1] {
                        atom.explicit_hydrogens = count;
                    }
                }
            }
            b"ZBO" | b"ZCH" | b"HYD" => {
                return Err(MolfileErrorKind::Unsupported("bonds of order zero"));
            }
            _ => {}
        }
    }
    dative.sort_unstable();
    ctab.undecided
        .retain(|bond| dative.binary_search(bond).is_err());
    Ok(())
}

/// Applies the data groups of a V2000 property block.
pub(super) fn apply_v2000(lines: Lines<'_>, ctab: &mut Ctab) -> Result<()> {
    let mut groups: Vec<DataGroup> = Vec::new();
    for line in lines.take_while(|line| !line.starts_with(b"M  END")) {
        let kind = column(line, 3, 3);
        if !line.starts_with(b"M  S") || !matches!(kind, b"SAL" | b"SDT" | b"SCD" | b"SED") {
            continue;
        }
        let id = number(line, 7, 3)
            .and_then(|id| usize::try_from(id).ok())
            .ok_or(MolfileErrorKind::Number)?;
        if groups.len() <= id {
            groups.resize_with(id + 1, DataGroup::default);
        }
        let group = &mut groups[id];
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
            _ => group
                .data
                .extend_from_slice(line.get(11..).unwrap_or_default()),
        }
    }
    apply(&groups, ctab)
}
