//! What an mmCIF file says beside its atoms: titles, entities, sequences.

use std::collections::HashMap;

use super::super::number::{float, integer};
use super::super::{distinct, text};
use super::lexer::{Value, item};
use crate::structure::{BFactor, Entity, EntityKind, Name, Structure};

/// The categories that are read, and their items.
const CATEGORIES: [(&str, &[&str]); 14] = [
    ("entry", &["id"]),
    ("struct", &["title"]),
    ("struct_keywords", &["pdbx_keywords", "text"]),
    ("exptl", &["method"]),
    ("refine", &["ls_d_res_high"]),
    ("em_3d_reconstruction", &["resolution"]),
    ("entity", &["id", "type", "pdbx_description"]),
    ("entity_poly", &["entity_id", "type"]),
    ("entity_poly_seq", &["entity_id", "num", "mon_id"]),
    (
        "entity_src_gen",
        &["entity_id", "pdbx_gene_src_scientific_name"],
    ),
    ("entity_src_nat", &["entity_id", "pdbx_organism_scientific"]),
    ("pdbx_entity_src_syn", &["entity_id", "organism_scientific"]),
    (
        "pdbx_struct_mod_residue",
        &["label_comp_id", "parent_comp_id"],
    ),
    ("ma_qa_metric", &["name", "type"]),
];

/// The rows of one category: as many values as it has items in [`CATEGORIES`].
type Row<'a> = [Option<&'a [u8]>; 3];

/// The rows read so far, per category.
#[derive(Default)]
pub(super) struct Meta<'a> {
    rows: [Vec<Row<'a>>; CATEGORIES.len()],
}

/// Takes the values of a loop.
pub(super) struct Table<'m, 'a> {
    rows: &'m mut Vec<Row<'a>>,
    /// Per tag of the loop, the place of its value in a row.
    places: Vec<Option<usize>>,
    column: usize,
}

impl<'a> Table<'_, 'a> {
    pub(super) fn push(&mut self, value: Value<'a>) {
        if self.column == 0 {
            self.rows.push([None; 3]);
        }
        if let (Some(place), Some(row)) = (self.places[self.column], self.rows.last_mut()) {
            row[place] = value.known();
        }
        self.column = (self.column + 1) % self.places.len();
    }
}

/// The category and the place of an item that is read.
fn place(tag: &[u8]) -> Option<(usize, Option<usize>)> {
    CATEGORIES
        .iter()
        .enumerate()
        .find_map(|(row, (category, items))| {
            let item = item(tag.strip_prefix(b"_")?, category.as_bytes())?;
            Some((
                row,
                items
                    .iter()
                    .position(|known| known.as_bytes().eq_ignore_ascii_case(item)),
            ))
        })
}

impl<'a> Meta<'a> {
    /// Reads the item of a single row.
    pub(super) fn add_item(&mut self, tag: &[u8], value: Value<'a>) {
        if let Some((category, Some(place))) = place(tag) {
            let rows = &mut self.rows[category];
            if rows.is_empty() {
                rows.push([None; 3]);
            }
            rows[0][place] = value.known();
        }
    }

    /// The place for the values of a loop, if they are read.
    pub(super) fn table(&mut self, tags: &[&[u8]]) -> Option<Table<'_, 'a>> {
        let (category, _) = place(tags.first()?)?;
        Some(Table {
            rows: &mut self.rows[category],
            places: tags
                .iter()
                .map(|tag| place(tag).and_then(|(_, place)| place))
                .collect(),
            column: 0,
        })
    }

    fn rows(&self, category: &str) -> &[Row<'a>] {
        CATEGORIES
            .iter()
            .position(|(name, _)| *name == category)
            .map_or(&[], |row| &self.rows[row])
    }

    /// The values of a category's item.
    fn values(&self, category: &str, item: usize) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.rows(category).iter().filter_map(move |row| row[item])
    }

    fn first(&self, category: &str) -> String {
        self.values(category, 0)
            .next()
            .map(text)
            .unwrap_or_default()
    }

    /// Modified residues and what they are modifications of.
    pub(super) fn parents(&self) -> Vec<(Name, Name)> {
        self.rows("pdbx_struct_mod_residue")
            .iter()
            .filter_map(|row| Some((Name::new(row[0]?)?, Name::new(row[1]?)?)))
            .collect()
    }

    /// The texts and the entities of the entry.
    pub(super) fn into_structure(self, block: String, models: u32) -> Structure {
        let entities = self.entities();
        let polymers = || entities.iter().filter(|entity| entity.kind.is_polymer());
        let id = self.first("entry");
        let keywords: Vec<String> = self
            .values("struct_keywords", 0)
            .take(1)
            .map(text)
            .chain(self.values("struct_keywords", 1).map(text))
            .collect();
        let mut keywords = keywords.iter().map(String::as_str);
        let keywords = keywords
            .next()
            .into_iter()
            .chain(keywords.flat_map(|text| text.split(',')));
        let methods: Vec<String> = self
            .values("exptl", 0)
            .map(|m| text(m).to_uppercase())
            .collect();
        let plddt = self
            .values("ma_qa_metric", 0)
            .chain(self.values("ma_qa_metric", 1))
            .any(|metric| metric.eq_ignore_ascii_case(b"pLDDT"));
        Structure {
            id: if id.is_empty() { block } else { id },
            title: self.first("struct"),
            compound: distinct(polymers().map(|entity| entity.description.as_str())),
            organism: distinct(entities.iter().map(|entity| entity.organism.as_str())),
            keywords: distinct(keywords),
            method: methods.join("; "),
            resolution: ["refine", "em_3d_reconstruction"]
                .into_iter()
                .find_map(|category| self.values(category, 0).find_map(float)),
            b_factor: if plddt {
                BFactor::Plddt
            } else {
                BFactor::Temperature
            },
            models,
            entities,
            ..Structure::default()
        }
    }

    fn entities(&self) -> Vec<Entity> {
        let mut entities: Vec<Entity> = Vec::new();
        let mut by_id: HashMap<&[u8], usize> = HashMap::new();
        let mut find = |id: &'a [u8], entities: &mut Vec<Entity>| {
            *by_id.entry(id).or_insert_with(|| {
                entities.push(Entity {
                    id: text(id),
                    ..Entity::default()
                });
                entities.len() - 1
            })
        };
        for row in self.rows("entity") {
            let Some(id) = row[0] else { continue };
            let entity = find(id, &mut entities);
            let entity = &mut entities[entity];
            entity.description = row[2].map(text).unwrap_or_default();
            entity.kind = match row[1].map(<[u8]>::to_ascii_lowercase).as_deref() {
                Some(b"polymer") => EntityKind::OtherPolymer,
                Some(b"non-polymer") => EntityKind::NonPolymer,
                Some(b"branched") => EntityKind::Branched,
                Some(b"water") => EntityKind::Water,
                _ => EntityKind::Unknown,
            };
        }
        for row in self.rows("entity_poly") {
            let Some(id) = row[0] else { continue };
            let entity = find(id, &mut entities);
            entities[entity].kind = match row[1].map(<[u8]>::to_ascii_lowercase).as_deref() {
                Some(b"polypeptide(l)" | b"polypeptide(d)") => EntityKind::Protein,
                Some(b"polydeoxyribonucleotide") => EntityKind::Dna,
                Some(b"polyribonucleotide") => EntityKind::Rna,
                _ => EntityKind::OtherPolymer,
            };
        }
        let mut last = None;
        for row in self.rows("entity_poly_seq") {
            let (Some(id), Some(name)) = (row[0], row[2].and_then(Name::new)) else {
                continue;
            };
            let entity = find(id, &mut entities);
            let place = (entity, row[1].and_then(integer));
            if last != Some(place) || place.1.is_none() {
                entities[entity].sequence.push(name);
            }
            last = Some(place);
        }
        for category in ["entity_src_gen", "entity_src_nat", "pdbx_entity_src_syn"] {
            for row in self.rows(category) {
                if let (Some(id), Some(organism)) = (row[0], row[1]) {
                    let entity = find(id, &mut entities);
                    if entities[entity].organism.is_empty() {
                        entities[entity].organism = text(organism);
                    }
                }
            }
        }
        entities
    }
}

impl EntityKind {
    fn is_polymer(self) -> bool {
        matches!(
            self,
            Self::Protein | Self::Dna | Self::Rna | Self::OtherPolymer
        )
    }
}
