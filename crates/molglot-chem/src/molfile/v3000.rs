//! V3000: words behind `M  V30 `, long lines continued by a hyphen.

use super::ctab::{self, Ctab, Mark};
use super::data_group::{self, DataGroup};
use super::error::{MolfileError, MolfileErrorKind, QueryFeature};
use super::lines::{Lines, decimal, integer, text};
use crate::smiles::MAX_ATOMS;

type Result<T> = std::result::Result<T, MolfileErrorKind>;

/// Reads everything behind the counts line of the header.
pub(super) fn read(
    lines: &mut Lines<'_>,
    ctab: &mut Ctab,
) -> std::result::Result<(), MolfileError> {
    let mut table = Table {
        lines,
        line: Vec::new(),
        numbers: AtomNumbers::default(),
        ctab,
    };
    table
        .read()
        .map_err(|kind| MolfileError::new(lines.number(), kind))
}

struct Table<'a, 'b> {
    lines: &'b mut Lines<'a>,
    /// The current line without its prefixes, continuations joined.
    line: Vec<u8>,
    numbers: AtomNumbers,
    ctab: &'b mut Ctab,
}

impl Table<'_, '_> {
    fn read(&mut self) -> Result<()> {
        self.expect("BEGIN CTAB")?;
        let [atoms, bonds] = self.counts()?;
        // A bond or an atom takes at least this many bytes, whatever the counts say.
        let room = self.lines.rest().len() / 16;
        self.ctab.reserve(atoms.min(room), bonds.min(room));
        if atoms > 0 {
            self.expect("BEGIN ATOM")?;
            for _ in 0..atoms {
                self.advance()?;
                self.atom()?;
            }
            self.expect("END ATOM")?;
        }
        self.numbers.sort()?;
        if bonds > 0 {
            self.expect("BEGIN BOND")?;
            for _ in 0..bonds {
                self.advance()?;
                self.bond()?;
            }
            self.expect("END BOND")?;
        }
        self.other_blocks()?;
        match self.lines.find(|line| !line.trim_ascii().is_empty()) {
            Some(line) if line.starts_with(b"M  END") => Ok(()),
            Some(_) => Err(MolfileErrorKind::Expected("M  END")),
            None => Err(MolfileErrorKind::Truncated),
        }
    }

    fn advance(&mut self) -> Result<()> {
        self.line.clear();
        loop {
            let line = self.lines.next().ok_or(MolfileErrorKind::Truncated)?;
            let line = line
                .strip_prefix(b"M  V30 ")
                .ok_or(MolfileErrorKind::Prefix)?;
            match line.trim_ascii_end().strip_suffix(b"-") {
                Some(part) => self.line.extend_from_slice(part),
                None => {
                    self.line.extend_from_slice(line);
                    return Ok(());
                }
            }
        }
    }

    fn is(&self, keyword: &str) -> bool {
        let line = self.line.trim_ascii();
        line.len() >= keyword.len()
            && line[..keyword.len()].eq_ignore_ascii_case(keyword.as_bytes())
    }

    fn expect(&mut self, keyword: &'static str) -> Result<()> {
        self.advance()?;
        if self.is(keyword) {
            Ok(())
        } else {
            Err(MolfileErrorKind::Expected(keyword))
        }
    }

    /// `COUNTS na nb nsg n3d chiral`
    fn counts(&mut self) -> Result<[usize; 2]> {
        self.expect("COUNTS")?;
        let mut words = words(&self.line).skip(1).map(|word| {
            integer(word)
                .and_then(|count| usize::try_from(count).ok())
                .ok_or(MolfileErrorKind::Counts)
        });
        let mut next = || words.next().ok_or(MolfileErrorKind::Counts)?;
        let (atoms, bonds) = (next()?, next()?);
        if atoms > MAX_ATOMS {
            return Err(MolfileErrorKind::TooManyAtoms);
        }
        Ok([atoms, bonds])
    }

    /// `index type x y z aamap [KEY=value ...]`
    fn atom(&mut self) -> Result<()> {
        let mut words = words(&self.line);
        let mut next = || words.next().ok_or(MolfileErrorKind::ShortLine);
        let number = positive(next()?)?;
        let symbol = next()?;
        if symbol.starts_with(b"[") || symbol.eq_ignore_ascii_case(b"NOT") {
            return Err(MolfileErrorKind::Query(QueryFeature::AtomList));
        }
        let mut atom = ctab::atom(symbol)?;
        let mut at = [0.0; 3];
        for value in &mut at {
            *value = decimal(next()?).ok_or(MolfileErrorKind::Coordinate)?;
        }
        let map = integer(next()?).ok_or(MolfileErrorKind::Number)?;
        atom.map = u16::try_from(map).ok().filter(|&map| map > 0);
        let mut valence = 0;
        for word in words {
            let (key, value) = property(word)?;
            let number = || integer(value).ok_or(MolfileErrorKind::Number);
            let refuse_unless_zero = |feature| match value {
                b"0" => Ok(()),
                _ => Err(MolfileErrorKind::Query(feature)),
            };
            match key.to_ascii_uppercase().as_slice() {
                b"CHG" => atom.charge = ctab::charge(number()?)?,
                b"RAD" => atom.radical_electrons = ctab::radical_electrons(number()?)?,
                // Some programs write the atomic mass instead of the mass number.
                b"MASS" => {
                    let mass = decimal(value).ok_or(MolfileErrorKind::Number)?;
                    atom.isotope = ctab::isotope(mass.floor() as i32)?;
                }
                b"VAL" => valence = ctab::valence(number()?)?,
                b"RGROUPS" => {
                    let label = list(value)
                        .skip(1)
                        .last()
                        .and_then(integer)
                        .ok_or(MolfileErrorKind::Number)?;
                    atom.isotope = ctab::isotope(label)?;
                }
                b"HCOUNT" => refuse_unless_zero(QueryFeature::HydrogenCount)?,
                b"UNSAT" => refuse_unless_zero(QueryFeature::Unsaturation)?,
                b"RBCNT" => refuse_unless_zero(QueryFeature::RingBondCount)?,
                b"SUBST" => refuse_unless_zero(QueryFeature::SubstitutionCount)?,
                _ => {}
            }
        }
        self.numbers.push(number);
        self.ctab.push_atom(atom, at, valence, self.lines.number());
        Ok(())
    }

    /// `index type atom1 atom2 [KEY=value ...]`
    fn bond(&mut self) -> Result<()> {
        let mut words = words(&self.line);
        let mut next = || words.next().ok_or(MolfileErrorKind::ShortLine);
        positive(next()?)?;
        let code = integer(next()?).ok_or(MolfileErrorKind::Number)?;
        let ends = [self.numbers.find(next()?)?, self.numbers.find(next()?)?];
        let mut mark = Mark::Plain;
        for word in words {
            let (key, value) = property(word)?;
            match key.to_ascii_uppercase().as_slice() {
                b"CFG" => {
                    mark = match (value, code) {
                        (b"0", _) => Mark::Plain,
                        (b"1", _) => Mark::Wedge,
                        (b"3", _) => Mark::Hash,
                        (b"2", 2) => Mark::Crossed,
                        (b"2", 1) => Mark::Wavy,
                        (b"2", _) => Mark::Plain,
                        _ => return Err(MolfileErrorKind::Bond(text(word))),
                    }
                }
                b"TOPO" if value != b"0" => {
                    return Err(MolfileErrorKind::Query(QueryFeature::BondTopology));
                }
                _ => {}
            }
        }
        self.ctab.push_bond(ends, code, mark, self.lines.number())
    }

    /// Substructure groups, collections and 3D constraints, up to `END CTAB`. Only the data groups
    /// that change the molecule are read.
    fn other_blocks(&mut self) -> Result<()> {
        let mut groups = Vec::new();
        loop {
            self.advance()?;
            if self.is("END CTAB") {
                return data_group::apply(&groups, self.ctab);
            }
            if self.is("LINKNODE") {
                return Err(MolfileErrorKind::Query(QueryFeature::LinkNode));
            }
            if !self.is("BEGIN") {
                return Err(MolfileErrorKind::Expected("END CTAB"));
            }
            let has_groups = self.is("BEGIN SGROUP");
            loop {
                self.advance()?;
                if self.is("END") {
                    break;
                }
                if has_groups {
                    groups.push(self.group()?);
                }
            }
        }
    }

    /// `index type extindex [KEY=value ...]`
    fn group(&self) -> Result<DataGroup> {
        let mut group = DataGroup::default();
        for (key, value) in words(&self.line)
            .skip(3)
            .filter_map(|word| property(word).ok())
        {
            match key.to_ascii_uppercase().as_slice() {
                b"FIELDNAME" => group.name = unquoted(value).to_vec(),
                b"FIELDDATA" => group.data.extend_from_slice(unquoted(value)),
                b"ATOMS" => {
                    for atom in list(value).skip(1) {
                        group.atoms.push(self.numbers.find(atom)? as i32 + 1);
                    }
                }
                _ => {}
            }
        }
        Ok(group)
    }
}

/// The numbers that the file gives its atoms: any, though nearly always 1, 2, 3, ...
#[derive(Debug, Default)]
struct AtomNumbers {
    written: Vec<u32>,
    /// Number and index by number, where the numbers are not 1, 2, 3, ...
    sorted: Vec<(u32, u32)>,
}

impl AtomNumbers {
    fn push(&mut self, number: u32) {
        self.written.push(number);
    }

    fn sort(&mut self) -> Result<()> {
        if (1u32..)
            .zip(&self.written)
            .all(|(position, &number)| position == number)
        {
            return Ok(());
        }
        self.sorted = (0u32..)
            .zip(&self.written)
            .map(|(index, &number)| (number, index))
            .collect();
        self.sorted.sort_unstable();
        match self.sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(MolfileErrorKind::DuplicateAtom(pair[0].0)),
            None => Ok(()),
        }
    }

    /// The index of the atom with a number.
    fn find(&self, word: &[u8]) -> Result<u32> {
        let number = positive(word)?;
        let index = if self.sorted.is_empty() {
            Some(number - 1).filter(|&index| (index as usize) < self.written.len())
        } else {
            self.sorted
                .binary_search_by_key(&number, |&(number, _)| number)
                .ok()
                .map(|at| self.sorted[at].1)
        };
        index.ok_or_else(|| MolfileErrorKind::NoSuchAtom(number.to_string()))
    }
}

fn positive(word: &[u8]) -> Result<u32> {
    integer(word)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|&number| number > 0)
        .ok_or(MolfileErrorKind::Number)
}

fn property(word: &[u8]) -> Result<(&[u8], &[u8])> {
    let at = word
        .iter()
        .position(|&byte| byte == b'=')
        .ok_or_else(|| MolfileErrorKind::Property(text(word)))?;
    Ok((&word[..at], &word[at + 1..]))
}

fn unquoted(value: &[u8]) -> &[u8] {
    value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// The items of `(n item ...)`, the count among them.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .strip_prefix(b"(")
        .and_then(|value| value.strip_suffix(b")"))
        .unwrap_or_default()
        .split(u8::is_ascii_whitespace)
        .filter(|item| !item.is_empty())
}

/// Splits at blanks outside of parentheses and quotes.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let (mut depth, mut quoted) = (0u32, false);
        let end = rest.iter().position(|&byte| {
            match byte {
                b'"' => quoted = !quoted,
                b'(' if !quoted => depth += 1,
                b')' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            byte.is_ascii_whitespace() && depth == 0 && !quoted
        });
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_lists_and_quotes_together() {
        let found: Vec<_> = words(b" 1  DAT ATOMS=(2 5 6)\tFIELDDATA=\"a b)\" X=1").collect();
        assert_eq!(
            found,
            [
                &b"1"[..],
                b"DAT",
                b"ATOMS=(2 5 6)",
                b"FIELDDATA=\"a b)\"",
                b"X=1"
            ]
        );
    }
}
