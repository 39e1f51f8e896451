//! mmCIF files.
//!
//! Source: the PDBx/mmCIF dictionary, mmcif.wwpdb.org.

mod atom_site;
mod lexer;
mod meta;

use super::ReadOptions;
use super::error::{Fault, Reason, shown};
use crate::structure::{Builder, Structure};
use atom_site::AtomSite;
use lexer::{Lexer, Token, Value};
use meta::Meta;

/// Reads the first data block that has atoms. Categories may come in any order, as loops or as single rows.
pub(super) fn parse(text: &[u8], options: &ReadOptions) -> Result<Structure, Fault> {
    let mut block = Block::default();
    let mut lexer = Lexer::new(text);
    loop {
        let start = lexer.offset();
        match lexer.next()? {
            Token::End => break,
            Token::Data(name) => {
                if block.has_atoms() {
                    break;
                }
                block = Block {
                    name: super::text(name),
                    ..Block::default()
                };
            }
            Token::Loop => block.read_loop(&mut lexer, options)?,
            Token::Tag(tag) => {
                let Some(value) = lexer.next_value()? else {
                    let tag = shown(tag);
                    return Err(Fault::at(start, Reason::TagWithoutValue { tag }));
                };
                block.add_item(tag, value);
            }
            Token::Keyword => {}
            Token::Value(value) => {
                let text = shown(value.text);
                return Err(Fault::at(lexer.offset(), Reason::StrayValue { text }));
            }
        }
    }
    block.into_structure(options)
}

/// What is read of one data block.
#[derive(Default)]
struct Block<'a> {
    name: String,
    meta: Meta<'a>,
    builder: Builder,
    models: u32,
    /// An `_atom_site` of a single row, which is read once all of its items are met.
    single: (Vec<&'a [u8]>, Vec<Value<'a>>),
}

impl<'a> Block<'a> {
    fn has_atoms(&self) -> bool {
        !self.builder.is_empty() || !self.single.0.is_empty()
    }

    fn add_item(&mut self, tag: &'a [u8], value: Value<'a>) {
        if let Some(item) = lexer::item(tag, b"_atom_site") {
            self.single.0.push(item);
            self.single.1.push(value);
        } else {
            self.meta.add_item(tag, value);
        }
    }

    fn read_loop(&mut self, lexer: &mut Lexer<'a>, options: &ReadOptions) -> Result<(), Fault> {
        let start = lexer.offset();
        let mut tags = Vec::new();
        let mut behind = lexer.clone();
        while let Token::Tag(tag) = behind.next()? {
            tags.push(tag);
            *lexer = behind.clone();
        }
        let Some(&first) = tags.first() else {
            return Err(Fault::at(start, Reason::LoopWithoutTags));
        };
        if lexer::item(first, b"_atom_site").is_some() {
            let items: Vec<&[u8]> = tags
                .iter()
                .map(|tag| lexer::item(tag, b"_atom_site").unwrap_or_default())
                .collect();
            let mut atoms = AtomSite::new(&items, options).map_err(|r| Fault::at(start, r))?;
            let values = atoms.read_rows(lexer, &mut self.builder)?;
            self.models = self.models.max(atoms.models());
            return whole_rows(values, &tags, start);
        }
        let mut table = self.meta.table(&tags);
        let mut values = 0;
        while let Some(value) = lexer.next_value()? {
            if let Some(table) = &mut table {
                table.push(value);
                if values / tags.len() >= MAX_ROWS {
                    let category = category(&tags);
                    let limit = MAX_ROWS;
                    return Err(Fault::at(start, Reason::TooManyRows { category, limit }));
                }
            }
            values += 1;
        }
        whole_rows(values, &tags, start)
    }

    fn into_structure(mut self, options: &ReadOptions) -> Result<Structure, Fault> {
        let (items, values) = std::mem::take(&mut self.single);
        if self.builder.is_empty() && !items.is_empty() {
            let mut atoms = AtomSite::new(&items, options)?;
            atoms.read_row(&values, 0, &mut self.builder)?;
            self.models = atoms.models();
        }
        if self.builder.is_empty() {
            return Err(Reason::NoAtoms.into());
        }
        for (name, parent) in self.meta.parents() {
            self.builder.set_parent(name, parent);
        }
        let about = self.meta.into_structure(self.name, self.models);
        Ok(self.builder.finish(about))
    }
}

/// Rows that are read of a category at most; a row takes more memory than its text.
const MAX_ROWS: usize = 1 << 20;

/// The category of a loop's first tag.
fn category(tags: &[&[u8]]) -> String {
    shown(
        tags[0]
            .split(|&byte| byte == b'.')
            .next()
            .unwrap_or_default(),
    )
}

fn whole_rows(values: usize, tags: &[&[u8]], start: usize) -> Result<(), Fault> {
    if values.is_multiple_of(tags.len()) {
        return Ok(());
    }
    Err(Fault::at(
        start,
        Reason::RaggedLoop {
            category: category(tags),
            tags: tags.len(),
            values,
        },
    ))
}
