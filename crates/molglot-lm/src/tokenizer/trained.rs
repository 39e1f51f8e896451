//! The tokenizer of a model: byte-level BPE trained on the captions and stored as `tokenizer.json`, or that of a published
//! model.

use std::{fs, path::Path};

use tokenizers::{
    AddedToken, TokenizerBuilder,
    models::bpe::{BPE, BpeTrainerBuilder},
    normalizers::NFC,
    pre_tokenizers::byte_level::ByteLevel,
};

use super::{
    error::{TokenizerError, inner},
    pretrained::PretrainedTokenizer,
};
use crate::{
    chat::{ChatError, ChatOptions, ChatTemplates, Message},
    generate::{GenerateConfig, GenerateError},
};

/// Fills the gaps of a batch.
const PAD: &str = "<pad>";
/// Begins every text.
const BOS: &str = "<bos>";
/// Ends every text.
const EOS: &str = "<eos>";
/// Stands where a soft token will be.
const GRAPH: &str = "<graph>";

/// Text to ids and back.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    source: Source,
    /// Id of the padding token.
    pub pad: u32,
    /// Id of the token that begins a text; some published models have none.
    pub bos: Option<u32>,
    /// Id of the token that ends a text.
    pub eos: u32,
    /// Id of the placeholder for soft tokens.
    pub graph: u32,
    /// Ids of all tokens that end an answer, `eos` first.
    pub stops: Vec<u32>,
    /// What a chat template puts around what the user says.
    pub turn: Option<Turn>,
}

/// The tokens that a chat template puts around the words of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From the beginning of the text to the user's words.
    pub before: Vec<u32>,
    /// From there to where the answer begins.
    pub after: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Source {
    Trained(Box<tokenizers::Tokenizer>),
    Pretrained {
        /// Takes text that spells a special token for text.
        plain: Box<PretrainedTokenizer>,
        /// The files of its directory.
        files: Vec<(String, Vec<u8>)>,
    },
}

/// What cannot be used in the directory of a published tokenizer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PretrainedTokenizerError {
    /// The vocabulary or its settings.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The chat template.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// `generation_config.json`.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

/// The files of a tokenizer's directory, beside the vocabulary.
const FILES: [&str; 4] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
];

/// Stands for the words of the user while a chat template is rendered; no text has it.
const WORDS: &str = "\u{f0000}words\u{f0000}";

impl Tokenizer {
    /// Trains byte-level BPE (Sennrich et al., 2016; bytes: GPT-2) on `texts` to at most `vocab_size` tokens.
    ///
    /// Every byte is in the alphabet, so any text can be encoded.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses the settings.
    pub fn train<'a>(
        texts: impl Iterator<Item = &'a str> + Send,
        vocab_size: usize,
    ) -> Result<Self, TokenizerError> {
        let specials = [PAD, BOS, EOS, GRAPH].map(|token| AddedToken::from(token, true));
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(vocab_size)
            .min_frequency(2)
            .special_tokens(specials.to_vec())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let mut tokenizer = TokenizerBuilder::default()
            .with_model(BPE::default())
            .with_normalizer(Some(NFC))
            .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
            .with_post_processor(Some(ByteLevel::default()))
            .with_decoder(Some(ByteLevel::default()))
            .build()
            .map_err(inner)?;
        let texts: Vec<&str> = texts.collect();
        tokenizer
            .train(&mut trainer, texts.into_iter())
            .map_err(inner)?;
        // Through its own file format, so that a trained and a loaded tokenizer are one and the same thing.
        let json = tokenizer.to_string(false).map_err(inner)?;
        Self::from_json(&json, "trained tokenizer")
    }

    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] when the file is missing, is no tokenizer or lacks a special token.
    pub fn read(file: &Path) -> Result<Self, TokenizerError> {
        let name = file.display().to_string();
        let json =
            std::fs::read_to_string(file).map_err(|error| inner(format!("{name}: {error}")))?;
        Self::from_json(&json, &name)
    }

    fn from_json(json: &str, file: &str) -> Result<Self, TokenizerError> {
        let tokenizer: tokenizers::Tokenizer = json
            .parse()
            .map_err(|error| inner(format!("{file}: {error}")))?;
        let id = |token: &'static str| {
            tokenizer
                .token_to_id(token)
                .ok_or_else(|| TokenizerError::Special {
                    file: file.to_owned(),
                    token,
                })
        };
        let (pad, bos, eos, graph) = (id(PAD)?, id(BOS)?, id(EOS)?, id(GRAPH)?);
        Ok(Self {
            source: Source::Trained(Box::new(tokenizer)),
            pad,
            bos: Some(bos),
            eos,
            graph,
            stops: vec![eos],
            turn: None,
        })
    }

    /// Reads the tokenizer of a published model from its Hugging Face directory, with its chat template when it has one.
    ///
    /// The tokens that end an answer are that of the tokenizer and those of `generation_config.json`. The placeholder for
    /// soft tokens is the padding token: what is embedded there is replaced.
    ///
    /// # Errors
    ///
    /// [`PretrainedTokenizerError`] naming the file and the key.
    pub fn pretrained(dir: &Path) -> Result<Self, PretrainedTokenizerError> {
        let tokenizer = PretrainedTokenizer::read(dir)?;
        let ids = tokenizer.special_ids();
        let settings = dir.join("generation_config.json");
        let generation = if settings.is_file() {
            GenerateConfig::read(&settings)?
        } else {
            GenerateConfig::default()
        };
        let mut stops: Vec<u32> = ids.eos.into_iter().collect();
        for id in &generation.eos_token_id {
            if !stops.contains(id) {
                stops.push(*id);
            }
        }
        let eos = *stops.first().ok_or_else(|| TokenizerError::NoToken {
            dir: dir.display().to_string(),
            role: "eos_token",
        })?;
        let pad = ids.pad.or(generation.pad_token_id).unwrap_or(eos);
        let turn = match ChatTemplates::read(dir) {
            Ok(templates) => Some(turn(&templates, &tokenizer)?),
            Err(ChatError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut files = Vec::new();
        for name in FILES {
            let file = dir.join(name);
            if file.is_file() {
                let bytes = fs::read(&file)
                    .map_err(|error| TokenizerError::file(&file, error.to_string()))?;
                files.push((name.to_owned(), bytes));
            }
        }
        Ok(Self {
            source: Source::Pretrained {
                plain: Box::new(tokenizer.without_special()),
                files,
            },
            pad,
            bos: ids.bos,
            eos,
            graph: pad,
            stops,
            turn,
        })
    }

    /// The files of its directory, by name: `tokenizer.json`, and what a published one has beside it.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::to_json`].
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>, TokenizerError> {
        match &self.source {
            Source::Trained(_) => Ok(vec![(FILES[0].to_owned(), self.to_json()?.into_bytes())]),
            Source::Pretrained { files, .. } => Ok(files.clone()),
        }
    }

    /// `tokenizer_config.json` for transformers; `None` when the directory that it came from has one.
    pub fn settings(&self) -> Option<serde_json::Value> {
        let Source::Trained(_) = &self.source else {
            return None;
        };
        Some(serde_json::json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": PAD,
            "bos_token": BOS,
            "eos_token": EOS,
            "clean_up_tokenization_spaces": false,
        }))
    }

    /// Whether it is that of a published model.
    pub fn is_pretrained(&self) -> bool {
        matches!(self.source, Source::Pretrained { .. })
    }

    /// The contents of `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate cannot serialise it.
    pub fn to_json(&self) -> Result<String, TokenizerError> {
        match &self.source {
            Source::Trained(tokenizer) => tokenizer.to_string(true).map_err(inner),
            Source::Pretrained { plain, .. } => plain.to_json(),
        }
    }

    /// Number of tokens; of a published one, whose ids may have gaps, one more than the largest id.
    pub fn vocab_size(&self) -> usize {
        match &self.source {
            Source::Trained(tokenizer) => tokenizer.get_vocab_size(true),
            Source::Pretrained { plain, .. } => plain.id_limit() as usize,
        }
    }

    /// Ids of a text, without any special token. Text that happens to spell a special token is plain text.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let tokenizer = match &self.source {
            Source::Trained(tokenizer) => tokenizer,
            Source::Pretrained { plain, .. } => return plain.encode(text, false),
        };
        // A zero-width split inside anything that looks like a special token keeps user text from becoming one.
        let mut ids = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            ids.extend_from_slice(piece(tokenizer, &rest[..=at])?.as_slice());
            rest = &rest[at + 1..];
        }
        ids.extend(piece(tokenizer, rest)?);
        Ok(ids)
    }

    /// Text of ids, special tokens left out.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        match &self.source {
            Source::Trained(tokenizer) => tokenizer.decode(ids, true).map_err(inner),
            Source::Pretrained { plain, .. } => plain.text(ids),
        }
    }
}

fn piece(tokenizer: &tokenizers::Tokenizer, text: &str) -> Result<Vec<u32>, TokenizerError> {
    Ok(tokenizer
        .encode(text, false)
        .map_err(inner)?
        .get_ids()
        .to_vec())
}

/// Where a chat template puts the words of the user.
fn turn(
    templates: &ChatTemplates,
    tokenizer: &PretrainedTokenizer,
) -> Result<Turn, PretrainedTokenizerError> {
    let words = Message {
        role: "user".to_owned(),
        content: WORDS.to_owned(),
    };
    let options = ChatOptions {
        add_generation_prompt: true,
        ..ChatOptions::default()
    };
    let text = templates.render_messages(&[words], &options)?;
    let Some((before, after)) = text.split_once(WORDS) else {
        let reason = "the chat template leaves out what the user says".to_owned();
        return Err(ChatError::Refused(reason).into());
    };
    Ok(Turn {
        before: tokenizer.encode(before, false)?,
        after: tokenizer.encode(after, false)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Tokenizer {
        let texts = [
            "The molecule is an alcohol.",
            "The molecule is a ketone.",
            "The molecule is an acid.",
        ];
        Tokenizer::train(texts.into_iter(), 320).unwrap()
    }

    #[test]
    fn any_text_comes_back() {
        let tokenizer = toy();
        for text in [
            "The molecule is an ester.",
            "C1=CC=CC=C1[N+](=O)[O-]",
            "naïve β-D-glucose ≥ 5 µM \n",
            "",
        ] {
            assert_eq!(
                tokenizer.decode(&tokenizer.encode(text).unwrap()).unwrap(),
                text
            );
        }
    }

    #[test]
    fn user_text_never_becomes_a_special_token() {
        let tokenizer = toy();
        let ids = tokenizer.encode("a <graph> b <eos>").unwrap();
        assert!(!ids.contains(&tokenizer.graph) && !ids.contains(&tokenizer.eos));
        assert_eq!(tokenizer.decode(&ids).unwrap(), "a <graph> b <eos>");
    }

    #[test]
    fn training_is_deterministic_and_the_file_round_trips() {
        let (a, b) = (toy().to_json().unwrap(), toy().to_json().unwrap());
        assert_eq!(a, b);
        assert_eq!(Tokenizer::from_json(&a, "x").unwrap().to_json().unwrap(), a);
    }

    #[test]
    fn a_foreign_tokenizer_is_refused_by_name() {
        let json = toy().to_json().unwrap().replace("<graph>", "<image>");
        let error = Tokenizer::from_json(&json, "t.json")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("t.json") && error.contains("<graph>"),
            "{error}"
        );
    }
}
