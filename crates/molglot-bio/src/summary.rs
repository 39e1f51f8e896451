//! What a file says about a protein chain, in words: the text that the study of alignment between language models and
//! models of structure (arXiv 2411.05316) pairs with entries of one distinct chain.
//!
//! The wording is data: [`SENTENCES`] stand in order, each with the places of its fields in braces, and a sentence whose
//! field is not known is left out. Entries of several distinct chains are described by a language model in the study,
//! which cannot be repeated; here each of their chains has a text of its own.

use crate::fasta::Record;
use crate::structure::Structure;

/// The sentences of a summary. The first is always there; the second leads over to those behind it.
pub const SENTENCES: [&str; 5] = [
    "The protein structure {id} has a sequence length of: {length} amino acids.",
    "Here is more information:",
    "The protein structure {id} involves the following chains: {chains}.",
    "The protein is named {name}.",
    "It was derived from the organism {organism}.",
];

/// The number behind these words is the length, wherever the text goes next.
const LENGTH: &str = "length of: ";

/// What a summary is made of; an empty text is one that the file does not give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The id of the entry, as in `1UBQ`.
    pub id: String,
    /// Residues of the whole chain, observed or not.
    pub length: usize,
    /// The chains with this sequence, as the headers of RCSB write them: `Chain A`, `Chains A, B[auth X]`.
    pub chains: String,
    /// The name of the protein.
    pub name: String,
    /// The source organism.
    pub organism: String,
}

impl Fields {
    /// The fields of a structure's chain and of those that are copies of it in the same model.
    ///
    /// The length is that of the entity's sequence, or of the observed one where the file gives no other. A name or an
    /// organism of the whole entry stands in for that of the chain where it is the only one. RCSB's headers add the number
    /// of the taxon to the organism, which structures do not carry, and PDB files write names in capitals.
    ///
    /// # Panics
    /// Where `chain` is no row, as with a slice.
    #[must_use]
    pub fn of_structure(structure: &Structure, chain: usize) -> Self {
        let this = &structure.chains[chain];
        let entity = structure.entity_of(this);
        let only = |texts: &[String]| match texts {
            [text] => text.clone(),
            _ => String::new(),
        };
        let told = |own: Option<&String>, all: &[String]| match own {
            Some(text) if !text.is_empty() => text.clone(),
            _ => only(all),
        };
        let ids: Vec<String> = (0..structure.chains.len())
            .filter(|&other| {
                let copy = &structure.chains[other];
                other == chain
                    || (copy.model == this.model && entity.is_some() && copy.entity == this.entity)
            })
            .map(|chain| chain_id(structure, chain))
            .filter(|id| !id.is_empty())
            .collect();
        let length = structure
            .entity_sequence(chain)
            .unwrap_or_else(|| structure.observed_sequence(chain))
            .len();
        Self {
            id: structure.id.clone(),
            length,
            chains: match ids.as_slice() {
                [] => String::new(),
                [id] => format!("Chain {id}"),
                ids => format!("Chains {}", ids.join(", ")),
            },
            name: told(
                entity.map(|entity| &entity.description),
                &structure.compound,
            ),
            organism: told(entity.map(|entity| &entity.organism), &structure.organism),
        }
    }

    /// The fields of a FASTA record with a header of RCSB: `1UBQ_1|Chain A|UBIQUITIN|Homo sapiens (9606)`. Parts that the
    /// header does not have are not known.
    #[must_use]
    pub fn of_rcsb_record(record: &Record) -> Self {
        let header = match &record.description {
            Some(description) => format!("{} {description}", record.id),
            None => record.id.clone(),
        };
        let mut parts = header.split('|').map(|part| part.trim().to_owned());
        let mut part = || parts.next().unwrap_or_default();
        let id = part();
        Self {
            id: id
                .rsplit_once('_')
                .map_or(id.as_str(), |(id, _)| id)
                .to_owned(),
            length: record.sequence.as_str().len(),
            chains: part(),
            name: part(),
            organism: part(),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let has_more = [&self.chains, &self.name, &self.organism]
            .iter()
            .any(|field| !field.is_empty());
        let known = [
            true,
            has_more,
            !self.chains.is_empty(),
            !self.name.is_empty(),
            !self.organism.is_empty(),
        ];
        let sentences = SENTENCES.iter().zip(known).filter(|(_, known)| *known);
        let sentences: Vec<String> = sentences.map(|(text, _)| self.fill(text)).collect();
        sentences.join(" ")
    }

    /// A sentence with its fields; an id that is not known leaves no blank.
    fn fill(&self, sentence: &str) -> String {
        let length = self.length.to_string();
        let mut text = String::new();
        let mut rest = sentence;
        while let Some((before, (field, after))) = rest
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            let value = match field {
                "id" => &self.id,
                "length" => &length,
                "chains" => &self.chains,
                "name" => &self.name,
                _ => &self.organism,
            };
            text.push_str(before);
            if value.is_empty() {
                text.truncate(text.trim_end().len());
            }
            text.push_str(value);
            rest = after;
        }
        text + rest
    }
}

/// The id of a chain as RCSB writes it: mmCIF's own, and the author's where it is another; a PDB file has only that.
fn chain_id(structure: &Structure, chain: usize) -> String {
    let author = &structure.chains[chain].id;
    let polymer = structure.residues_of(chain).iter().find(|r| r.polymer);
    let label = polymer.map(|residue| &structure.label_chains[residue.label_chain as usize].id);
    match label {
        Some(label) if !label.is_empty() && label != author => format!("{label}[auth {author}]"),
        _ => author.clone(),
    }
}

/// Describes a chain of a structure.
///
/// # Panics
/// Where `chain` is no row, as with a slice.
#[must_use]
pub fn chain_summary(structure: &Structure, chain: usize) -> String {
    Fields::of_structure(structure, chain).text()
}

/// The length that a summary states, whoever wrote it, as the study reads it back; `None` where it states none.
#[must_use]
pub fn stated_length(text: &str) -> Option<usize> {
    text.match_indices(LENGTH).find_map(|(at, words)| {
        let rest = &text[at + words.len()..];
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        rest[end..].strip_prefix(" amino acids")?;
        rest[..end].parse().ok()
    })
}
