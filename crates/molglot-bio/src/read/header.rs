//! What a PDB file says before its atoms: titles, molecules, sequences.

use std::collections::{BTreeMap, HashMap};

use super::number::float;
use super::text;
use crate::structure::{
    BFactor, Chain, Component, Entity, EntityKind, Name, ResidueKind, Span, Structure,
};

/// The records before the atoms, as they come.
#[derive(Default)]
pub(super) struct Header {
    pub(super) models: u32,
    id: String,
    class: String,
    title: Vec<u8>,
    compound: Vec<u8>,
    source: Vec<u8>,
    keywords: Vec<u8>,
    method: Vec<u8>,
    resolution: Option<f32>,
    /// Chain id and its whole sequence, in the order of the file.
    sequences: Vec<(u8, Vec<Name>)>,
    /// Modified residues and what they are modifications of.
    parents: Vec<(Name, Name)>,
}

/// A molecule as COMPND and SOURCE describe it.
#[derive(Default)]
struct Molecule {
    name: String,
    organism: String,
    chains: Vec<String>,
}

impl Header {
    /// Reads one record; those that are not asked for are skipped.
    pub(super) fn read_line(&mut self, name: &[u8], line: &[u8]) {
        let columns = |from: usize, to: usize| {
            line.get(from..to.min(line.len()).max(from))
                .unwrap_or_default()
        };
        match name {
            b"HEADER" => {
                self.class = text(columns(10, 50));
                self.id = text(columns(62, 66));
            }
            b"TITLE" => self.title.extend(columns(10, 80)),
            b"COMPND" => self.compound.extend(columns(10, 80)),
            b"SOURCE" => self.source.extend(columns(10, 80)),
            b"KEYWDS" => self.keywords.extend(columns(10, 80)),
            b"EXPDTA" => self.method.extend(columns(10, 80)),
            b"REMARK" if line.starts_with(b"REMARK   2 RESOLUTION.") => {
                let value = columns(22, 80).trim_ascii_start();
                let value = value.split(|&byte| byte == b' ').next().unwrap_or_default();
                self.resolution = float(value);
            }
            b"SEQRES" => {
                let chain = columns(11, 12).first().copied().unwrap_or(b' ');
                if self.sequences.last().is_none_or(|(last, _)| *last != chain) {
                    self.sequences.push((chain, Vec::new()));
                }
                if let Some((_, sequence)) = self.sequences.last_mut() {
                    let names = columns(19, 70).split(|&byte| byte == b' ');
                    sequence.extend(names.filter(|name| !name.is_empty()).filter_map(Name::new));
                }
            }
            b"MODRES" => {
                if let (Some(name), Some(parent)) =
                    (Name::new(columns(12, 15)), Name::new(columns(24, 27)))
                {
                    self.parents.push((name, parent));
                }
            }
            _ => {}
        }
    }

    pub(super) fn take_parents(&mut self) -> Vec<(Name, Name)> {
        std::mem::take(&mut self.parents)
    }

    /// The texts, the entities, and per chain its entity.
    pub(super) fn into_structure(self) -> Structure {
        let molecules = molecules(&text(&self.compound), &text(&self.source));
        let title = text(&self.title);
        let keywords = text(&self.keywords);
        let keywords = std::iter::once(self.class.as_str()).chain(keywords.split(','));
        let upper = title.to_uppercase();
        let mut structure = Structure {
            id: self.id,
            method: text(&self.method),
            resolution: self.resolution,
            keywords: super::distinct(keywords),
            compound: super::distinct(molecules.iter().map(|molecule| molecule.name.as_str())),
            organism: super::distinct(molecules.iter().flat_map(|m| m.organism.split(','))),
            b_factor: if upper.contains("ALPHAFOLD") && upper.contains("PREDICTION") {
                BFactor::Plddt
            } else {
                BFactor::Temperature
            },
            models: self.models,
            title,
            ..Structure::default()
        };
        add_entities(&mut structure, molecules, self.sequences);
        structure
    }
}

/// The molecules of COMPND in order, with the organisms that SOURCE gives them. Old entries have no `MOL_ID`: their
/// records are one molecule's name and organism.
fn molecules(compound: &str, source: &str) -> Vec<Molecule> {
    let mut molecules: BTreeMap<u32, Molecule> = BTreeMap::new();
    for (records, of_source) in [(compound, false), (source, true)] {
        if !records.contains("MOL_ID:") {
            let records = records.trim_end_matches(';');
            if !records.is_empty() {
                let molecule = molecules.entry(1).or_default();
                let target = if of_source {
                    &mut molecule.organism
                } else {
                    &mut molecule.name
                };
                *target = records.to_owned();
            }
            continue;
        }
        let mut id = 1;
        for item in records.split(';') {
            let Some((key, value)) = item.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if key.trim() == "MOL_ID" {
                id = value.parse().unwrap_or(id);
            }
            let molecule = molecules.entry(id).or_default();
            match (of_source, key.trim()) {
                (false, "MOLECULE") => molecule.name = value.to_owned(),
                (false, "CHAIN") => {
                    molecule.chains = value
                        .split(',')
                        .map(|chain| chain.trim().to_owned())
                        .collect();
                }
                (true, "ORGANISM_SCIENTIFIC") => molecule.organism = value.to_owned(),
                _ => {}
            }
        }
    }
    molecules.into_values().collect()
}

/// One entity per molecule that names chains, and one per distinct sequence of the chains that none names.
fn add_entities(
    structure: &mut Structure,
    molecules: Vec<Molecule>,
    sequences: Vec<(u8, Vec<Name>)>,
) {
    let sequences: Vec<(String, Vec<Name>)> = sequences
        .into_iter()
        .map(|(chain, sequence)| (text(&[chain]), sequence))
        .collect();
    let of_chain: HashMap<&str, &Vec<Name>> = sequences
        .iter()
        .map(|(id, sequence)| (id.as_str(), sequence))
        .collect();
    let mut entity_of: HashMap<String, u32> = HashMap::new();
    let only = molecules.len() == 1;
    for molecule in molecules {
        let row = structure.entities.len() as u32;
        let sequence = molecule
            .chains
            .iter()
            .find_map(|chain| of_chain.get(chain.as_str()))
            .map(|sequence| (*sequence).clone());
        if molecule.chains.is_empty() && !(only && sequences.is_empty()) {
            continue;
        }
        for chain in molecule.chains {
            entity_of.entry(chain).or_insert(row);
        }
        structure.entities.push(entity(
            row,
            molecule.name,
            molecule.organism,
            sequence.unwrap_or_default(),
        ));
    }
    let mut by_sequence: HashMap<&[Name], u32> = HashMap::new();
    for (chain, sequence) in &sequences {
        if !entity_of.contains_key(chain) {
            let next = structure.entities.len() as u32;
            let row = *by_sequence.entry(sequence).or_insert(next);
            if row == next {
                structure.entities.push(entity(
                    row,
                    String::new(),
                    String::new(),
                    sequence.clone(),
                ));
            }
            entity_of.insert(chain.clone(), row);
        }
    }
    let mut chains: Vec<Chain> = entity_of
        .into_iter()
        .map(|(id, entity)| Chain {
            id,
            model: 0,
            entity: Some(entity),
            residues: Span::default(),
        })
        .collect();
    chains.sort_by(|a, b| a.id.cmp(&b.id));
    structure.chains = chains;
}

fn entity(row: u32, description: String, organism: String, sequence: Vec<Name>) -> Entity {
    let count = |kind| {
        sequence
            .iter()
            .filter(|&&name| Component::of(name).kind == kind)
            .count()
    };
    let kinds = [
        (ResidueKind::AminoAcid, EntityKind::Protein),
        (ResidueKind::Dna, EntityKind::Dna),
        (ResidueKind::Rna, EntityKind::Rna),
    ];
    let kind = kinds
        .into_iter()
        .map(|(residue, entity)| (count(residue), entity))
        .filter(|&(count, _)| count > 0)
        .max_by_key(|&(count, _)| count)
        .map_or(EntityKind::Unknown, |(_, kind)| kind);
    Entity {
        id: (row + 1).to_string(),
        kind,
        description,
        organism,
        sequence,
    }
}
