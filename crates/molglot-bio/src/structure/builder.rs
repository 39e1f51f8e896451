//! Atoms in any order into ordered tables.

use std::collections::HashMap;

use super::{
    Atom, Chain, Component, Entity, LabelChain, Name, Residue, ResidueKind, Span, Structure,
};

/// One atom and what it belongs to, as a file lists it.
#[derive(Clone, Copy, Debug)]
pub struct AtomRecord<'a> {
    /// The atom. Its `residue` is not read.
    pub atom: Atom,
    /// The model, from 0.
    pub model: u32,
    /// The author's chain id.
    pub chain: &'a str,
    /// The label chain's id and its entity's; `None` where the format has none.
    pub label: Option<(&'a str, &'a str)>,
    /// The residue's name.
    pub residue: Name,
    /// The author's residue number.
    pub number: Option<i32>,
    /// The insertion code, or a blank.
    pub insertion: u8,
    /// The place in the entity's sequence.
    pub label_number: Option<i32>,
    /// Whether the residue is part of a polymer; `None` where the file does not say: then hetero atoms behind the end
    /// of their chain ([`Builder::end_chain`]) are not.
    pub polymer: Option<bool>,
}

/// Makes a [`Structure`] of atoms that come in any order.
#[derive(Debug, Default)]
pub struct Builder {
    atoms: Vec<Atom>,
    residues: Vec<Residue>,
    chains: Vec<Chain>,
    /// Per chain, whether its polymer has ended.
    ended: Vec<bool>,
    label_chains: Vec<LabelChain>,
    /// Per label chain, the id of its entity.
    entity_ids: Vec<String>,
    chain_rows: HashMap<(u32, Box<str>), u32>,
    label_rows: HashMap<(u32, bool, Box<str>), u32>,
    residue_rows: HashMap<(u32, Option<i32>, u8, Name), u32>,
    parents: HashMap<Name, u8>,
}

/// How many atoms of a residue are looked at to tell whether it is met again or another one has its name.
const LOOK_BACK: usize = 256;

impl Builder {
    /// Adds an atom.
    ///
    /// Atoms of one chain, residue number, insertion code and residue name are one residue, even apart from each other,
    /// unless they repeat an atom name and alternate location: then numbers have run over and begun anew, or are
    /// missing, and it is another residue.
    #[inline]
    pub fn push(&mut self, record: &AtomRecord<'_>) {
        let residue = match self.atoms.last() {
            Some(last) if self.continues(last.residue, record) => last.residue,
            _ => self.find_residue(record),
        };
        self.atoms.push(Atom {
            residue,
            ..record.atom
        });
        let atoms = &mut self.residues[residue as usize].atoms;
        // While atoms come in, the span is the first run of the residue's atoms.
        let row = self.atoms.len() as u32 - 1;
        if atoms.end == row {
            atoms.end = row + 1;
        }
    }

    /// Ends the polymer of the chain that the last atom belongs to, as TER does.
    pub fn end_chain(&mut self) {
        if let Some(last) = self.atoms.last() {
            let chain = self.residues[last.residue as usize].chain;
            self.ended[chain as usize] = true;
        }
    }

    /// Says which amino acid or nucleotide a component is a modification of. This counts where [`Component::of`] has no
    /// letter for `name` but one for `parent`.
    pub fn set_parent(&mut self, name: Name, parent: Name) {
        let letter = Component::of(parent).letter;
        if Component::of(name).letter == b'X' && letter != b'X' {
            self.parents.insert(name, letter);
        }
    }

    /// How many atoms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Whether there is no atom.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    fn continues(&self, row: u32, record: &AtomRecord<'_>) -> bool {
        let residue = &self.residues[row as usize];
        let chain = &self.chains[residue.chain as usize];
        residue.number == record.number
            && residue.name == record.residue
            && residue.insertion == record.insertion
            && chain.model == record.model
            && chain.id == record.chain
            && record
                .label
                .is_none_or(|(id, _)| self.label_chains[residue.label_chain as usize].id == id)
            && (residue.number.is_some() || !self.repeats(row, &record.atom))
    }

    /// Whether the residue has an atom of this name and alternate location.
    fn repeats(&self, row: u32, atom: &Atom) -> bool {
        self.atoms[self.residues[row as usize].atoms.range()]
            .iter()
            .take(LOOK_BACK)
            .any(|other| other.name == atom.name && other.altloc == atom.altloc)
    }

    fn find_residue(&mut self, record: &AtomRecord<'_>) -> u32 {
        let chain = self.find_chain(record);
        let key = (chain, record.number, record.insertion, record.residue);
        if record.number.is_some()
            && let Some(&row) = self.residue_rows.get(&key)
            && !self.repeats(row, &record.atom)
        {
            return row;
        }
        let component = Component::of(record.residue);
        let linking = matches!(
            component.kind,
            ResidueKind::AminoAcid | ResidueKind::Dna | ResidueKind::Rna
        );
        let in_polymer = record
            .polymer
            .unwrap_or(!record.atom.hetero || !self.ended[chain as usize]);
        let row = self.residues.len() as u32;
        let start = self.atoms.len() as u32;
        let label_chain = self.find_label_chain(chain, in_polymer && linking, record.label);
        self.residues.push(Residue {
            name: record.residue,
            number: record.number,
            insertion: record.insertion,
            label_number: record.label_number,
            kind: component.kind,
            letter: component.letter,
            polymer: in_polymer,
            chain,
            label_chain,
            atoms: Span { start, end: start },
        });
        self.residue_rows.insert(key, row);
        row
    }

    fn find_chain(&mut self, record: &AtomRecord<'_>) -> u32 {
        if let Some(last) = self.residues.last() {
            let chain = &self.chains[last.chain as usize];
            if chain.model == record.model && chain.id == record.chain {
                return last.chain;
            }
        }
        let next = self.chains.len() as u32;
        let row = *self
            .chain_rows
            .entry((record.model, record.chain.into()))
            .or_insert(next);
        if row == next {
            self.chains.push(Chain {
                id: record.chain.to_owned(),
                model: record.model,
                entity: None,
                residues: Span::default(),
            });
            self.ended.push(false);
        }
        row
    }

    fn find_label_chain(&mut self, chain: u32, polymer: bool, label: Option<(&str, &str)>) -> u32 {
        let (id, entity) = label.unwrap_or_default();
        // Without ids of their own, the polymer and the rest of a chain are told apart.
        let polymer = label.is_none() && polymer;
        let next = self.label_chains.len() as u32;
        let row = *self
            .label_rows
            .entry((chain, polymer, id.into()))
            .or_insert(next);
        if row == next {
            self.label_chains.push(LabelChain {
                id: id.to_owned(),
                chain,
                entity: None,
            });
            self.entity_ids.push(entity.to_owned());
        }
        row
    }

    /// Orders the tables and joins them with what is known about the entry: `about` gives the texts and entities of the
    /// result, and its `chains`, if any, name the entity of each author chain's polymer (as PDB headers do).
    #[must_use]
    pub fn finish(mut self, about: Structure) -> Structure {
        self.promote();
        self.order_chains();
        self.order_residues();
        self.order_atoms();
        let mut structure = Structure {
            atoms: self.atoms,
            residues: self.residues,
            chains: self.chains,
            label_chains: self.label_chains,
            ..about
        };
        let by_chain: HashMap<String, Option<u32>> = about
            .chains
            .into_iter()
            .map(|chain| (chain.id, chain.entity))
            .collect();
        structure.join_entities(&self.entity_ids, &by_chain);
        structure
    }

    /// Decides what is part of a polymer: what links into chains, and unknown components with an amino acid's backbone.
    fn promote(&mut self) {
        let mut bits = vec![0u8; self.residues.len()];
        let unknown = |residue: &Residue| residue.polymer && residue.kind == ResidueKind::Ligand;
        for atom in &self.atoms {
            if unknown(&self.residues[atom.residue as usize]) {
                bits[atom.residue as usize] |= match atom.name.as_bytes() {
                    b"N" => 1,
                    b"CA" => 2,
                    b"C" => 4,
                    _ => 0,
                };
            }
        }
        for (residue, bits) in self.residues.iter_mut().zip(bits) {
            if bits == 7 {
                residue.kind = ResidueKind::AminoAcid;
            }
            if residue.kind == ResidueKind::AminoAcid
                && let Some(&letter) = self.parents.get(&residue.name)
            {
                residue.letter = letter;
            }
            residue.polymer &= matches!(
                residue.kind,
                ResidueKind::AminoAcid | ResidueKind::Dna | ResidueKind::Rna
            );
        }
    }

    /// Sorts chains by model where the file mixes models.
    fn order_chains(&mut self) {
        if self.chains.is_sorted_by_key(|chain| chain.model) {
            return;
        }
        let mut order: Vec<u32> = (0..self.chains.len() as u32).collect();
        order.sort_by_key(|&row| self.chains[row as usize].model);
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        self.chains = order
            .iter()
            .map(|&row| self.chains[row as usize].clone())
            .collect();
        for residue in &mut self.residues {
            residue.chain = place[residue.chain as usize];
        }
        for label in &mut self.label_chains {
            label.chain = place[label.chain as usize];
        }
    }

    /// Gathers the residues of each chain.
    fn order_residues(&mut self) {
        let rows = self.residues.iter().map(|residue| residue.chain);
        let (place, spans) = gather(rows, self.chains.len());
        for (chain, span) in self.chains.iter_mut().zip(spans) {
            chain.residues = span;
        }
        if let Some(place) = place {
            permute(&mut self.residues, &place);
            for atom in &mut self.atoms {
                atom.residue = place[atom.residue as usize];
            }
        }
    }

    /// Gathers the atoms of each residue.
    fn order_atoms(&mut self) {
        let rows = self.atoms.iter().map(|atom| atom.residue);
        let (place, spans) = gather(rows, self.residues.len());
        for (residue, span) in self.residues.iter_mut().zip(spans) {
            residue.atoms = span;
        }
        if let Some(place) = place {
            permute(&mut self.atoms, &place);
        }
    }
}

/// The new place of each row so that rows of a group are neighbours, groups ascend and rows keep their order; `None`
/// where that is so already. And the span of each group.
fn gather(
    groups: impl Iterator<Item = u32> + Clone,
    count: usize,
) -> (Option<Vec<u32>>, Vec<Span>) {
    let mut spans = vec![Span::default(); count];
    let (mut sorted, mut last) = (true, 0);
    for group in groups.clone() {
        spans[group as usize].end += 1;
        sorted &= last <= group;
        last = group;
    }
    let mut start = 0;
    for span in &mut spans {
        let length = span.end;
        *span = Span {
            start,
            end: start + length,
        };
        start += length;
    }
    if sorted {
        return (None, spans);
    }
    let mut next: Vec<u32> = spans.iter().map(|span| span.start).collect();
    let place = groups
        .map(|group| {
            let place = next[group as usize];
            next[group as usize] += 1;
            place
        })
        .collect();
    (Some(place), spans)
}

/// Moves row `i` to `place[i]`.
fn permute<T: Clone>(rows: &mut Vec<T>, place: &[u32]) {
    let mut order = vec![0; place.len()];
    for (old, &new) in place.iter().enumerate() {
        order[new as usize] = old as u32;
    }
    *rows = order
        .iter()
        .map(|&old| rows[old as usize].clone())
        .collect();
}

impl Structure {
    /// Gives label chains the entities of these ids, or their author chain's, and chains that of their polymer.
    fn join_entities(&mut self, ids: &[String], by_chain: &HashMap<String, Option<u32>>) {
        let mut rows: HashMap<String, u32> = self
            .entities
            .iter()
            .enumerate()
            .map(|(row, entity)| (entity.id.clone(), row as u32))
            .collect();
        for (label, id) in self.label_chains.iter_mut().zip(ids) {
            if !id.is_empty() {
                let next = self.entities.len() as u32;
                let row = *rows.entry(id.clone()).or_insert(next);
                if row == next {
                    self.entities.push(Entity {
                        id: id.clone(),
                        ..Entity::default()
                    });
                }
                label.entity = Some(row);
            }
        }
        let mut seen = vec![false; self.chains.len()];
        for residue in self.residues.iter().filter(|residue| residue.polymer) {
            let chain = residue.chain as usize;
            if !std::mem::replace(&mut seen[chain], true) {
                let label = &mut self.label_chains[residue.label_chain as usize];
                let named = by_chain.get(&self.chains[chain].id).copied().flatten();
                label.entity = label.entity.or(named);
                self.chains[chain].entity = label.entity;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Altlocs, Element, Gap};
    use super::*;

    /// Atoms from lines of `model chain residue number name altloc occupancy x`.
    fn build(lines: &str) -> Structure {
        let mut builder = Builder::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[0] == "TER" {
                builder.end_chain();
                continue;
            }
            let altloc = fields[5].as_bytes()[0];
            builder.push(&AtomRecord {
                atom: Atom {
                    name: Name::of(fields[4]),
                    position: [fields[7].parse().unwrap(), 0.0, 0.0],
                    occupancy: fields[6].parse().unwrap(),
                    b_factor: 0.0,
                    serial: 0,
                    residue: 0,
                    element: Element::C,
                    charge: 0,
                    altloc: if altloc == b'.' { b' ' } else { altloc },
                    hetero: fields[2].starts_with('h'),
                },
                model: fields[0].parse().unwrap(),
                chain: fields[1],
                label: None,
                residue: Name::of(fields[2].trim_start_matches('h')),
                number: fields[3].parse().ok(),
                insertion: b' ',
                label_number: None,
                polymer: None,
            });
        }
        builder.finish(Structure::default())
    }

    fn names(structure: &Structure) -> String {
        let names: Vec<String> = structure
            .atoms
            .iter()
            .map(|atom| {
                let residue = &structure.residues[atom.residue as usize];
                let chain = &structure.chains[residue.chain as usize];
                format!(
                    "{}{}{}.{}",
                    chain.id,
                    residue.name,
                    residue.number.unwrap_or(-1),
                    atom.name
                )
            })
            .collect();
        names.join(" ")
    }

    #[test]
    fn scattered_atoms_are_gathered() {
        let structure = build(
            "0 A GLY 1 N . 1 0
             0 A GLY 1 CA . 1 1
             0 B ALA 1 N . 1 2
             0 A hHOH 9 O . 1 3
             0 A GLY 1 C . 1 4
             1 A GLY 1 N . 1 5",
        );
        assert_eq!(
            names(&structure),
            "AGLY1.N AGLY1.CA AGLY1.C AHOH9.O BALA1.N AGLY1.N"
        );
        let chains: Vec<_> = structure
            .chains
            .iter()
            .map(|c| (c.id.as_str(), c.model, c.residues.len()))
            .collect();
        assert_eq!(chains, [("A", 0, 2), ("B", 0, 1), ("A", 1, 1)]);
        for (row, residue) in structure.residues.iter().enumerate() {
            assert!(
                structure
                    .atoms_of(row)
                    .iter()
                    .all(|atom| atom.residue as usize == row)
            );
            assert!(
                structure.chains[residue.chain as usize]
                    .residues
                    .range()
                    .contains(&row)
            );
            assert_eq!(
                structure.label_chains[residue.label_chain as usize].chain,
                residue.chain
            );
        }
    }

    #[test]
    fn numbers_that_run_over_or_are_missing_begin_new_residues() {
        let structure = build(
            "0 A hHOH 1 O . 1 0
             0 A hHOH 2 O . 1 0
             0 A hHOH 1 O . 1 0
             0 A hHOH ? O . 1 0
             0 A hHOH ? H1 . 1 0
             0 A hHOH ? O . 1 0",
        );
        assert_eq!(structure.residues.len(), 5);
        assert!(
            structure
                .residues
                .iter()
                .all(|residue| residue.kind == ResidueKind::Water && !residue.polymer)
        );
    }

    #[test]
    fn a_free_amino_acid_behind_the_end_of_its_chain_is_a_ligand() {
        let structure = build(
            "0 A GLY 1 CA . 1 0
             0 A hMSE 2 CA . 1 3.8
             TER
             0 A hGLU 9 CA . 1 9",
        );
        assert_eq!(structure.observed_sequence(0), "GM");
        assert_eq!(structure.alpha_carbons(0).count(), 2);
        assert_eq!(structure.label_chains.len(), 2);
    }

    #[test]
    fn alternatives_for_one_place_count_once_and_the_fuller_one_stays() {
        let mut structure = build(
            "0 A SER 1 N . 1 0
             0 A SER 1 CA A 0.4 1
             0 A SER 1 CA B 0.6 2
             0 A SER 1 OG A 0.9 3
             0 A THR 2 CA A 0.5 4
             0 A VAL 2 CA B 0.5 5
             0 A LEU 3 CA A 0.3 6
             0 A ILE 3 CA B 0.7 7",
        );
        assert_eq!(structure.observed_sequence(0), "STI");
        let alpha: Vec<f32> = structure.alpha_carbons(0).map(|(_, at)| at[0]).collect();
        assert_eq!(alpha, [2.0, 4.0, 7.0]);
        structure.keep_highest_altlocs();
        // The mean of A is 0.65, so A is kept as a whole.
        assert_eq!(
            names(&structure),
            "ASER1.N ASER1.CA ASER1.OG ATHR2.CA AILE3.CA"
        );
        assert_eq!(structure.atoms[1].position[0], 1.0);
        assert_eq!(Altlocs::default(), Altlocs::Highest);
    }

    #[test]
    fn gaps_are_where_the_backbone_breaks() {
        let structure = build(
            "0 A GLY 1 CA . 1 0
             0 A GLY 1 C . 1 1.5
             0 A GLY 2 N . 1 2.8
             0 A GLY 2 CA . 1 3.8
             0 A GLY 6 CA . 1 13
             0 A GLY 7 CA . 1 16.8",
        );
        let gap = Gap {
            before: 1,
            after: 2,
            missing: Some(3),
        };
        assert_eq!(structure.gaps(0), [gap]);
        assert_eq!(structure.missing_atoms(0), [Name::of("N"), Name::of("O")]);
    }

    #[test]
    fn one_chain_alone_is_a_whole_structure() {
        let structure = build(
            "0 A GLY 1 CA . 1 0
             0 B ALA 1 CA . 1 1
             0 B ALA 2 CA . 1 2",
        );
        let chain = structure.select_chain(1);
        assert_eq!(names(&chain), "BALA1.CA BALA2.CA");
        assert_eq!((chain.chains.len(), chain.label_chains.len()), (1, 1));
        assert_eq!(chain.chains[0].residues, Span { start: 0, end: 2 });
    }
}
