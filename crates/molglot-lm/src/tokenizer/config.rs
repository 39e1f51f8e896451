//! `tokenizer_config.json` and `special_tokens_map.json`, in the layouts of every generation of transformers.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use tokenizers::AddedToken;

use super::error::TokenizerError;

/// What a tokenizer's directory says about it, beside the vocabulary.
#[derive(Clone, Debug, Default)]
pub struct TokenizerConfig {
    /// The tokens with a role.
    pub special: SpecialTokens,
    /// Tokens that belong to the vocabulary, by id; empty in newer files, where `tokenizer.json` has them.
    pub added: BTreeMap<u32, AddedToken>,
    /// Longest sequence that the model reads; `None` when the file gives none or a number that stands for none.
    pub model_max_length: Option<usize>,
    /// Whether padding goes to the left.
    pub pads_left: bool,
    /// Whether truncation takes the beginning away.
    pub truncates_left: bool,
    /// Whether decoded text loses its spaces before punctuation.
    pub clean_up_tokenization_spaces: bool,
    /// Chat templates by name; a single one is called `default`.
    pub chat_templates: BTreeMap<String, String>,
}

/// The tokens with a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Begins a text.
    pub bos: Option<String>,
    /// Ends a text.
    pub eos: Option<String>,
    /// Fills gaps.
    pub pad: Option<String>,
    /// Stands for what has no token.
    pub unk: Option<String>,
    /// Begins an encoder's text.
    pub cls: Option<String>,
    /// Ends an encoder's text.
    pub sep: Option<String>,
    /// Hides a token.
    pub mask: Option<String>,
}

impl SpecialTokens {
    /// Keys of the files and the tokens, in the order of the fields.
    pub fn by_key(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("bos_token", self.bos.as_deref()),
            ("eos_token", self.eos.as_deref()),
            ("pad_token", self.pad.as_deref()),
            ("unk_token", self.unk.as_deref()),
            ("cls_token", self.cls.as_deref()),
            ("sep_token", self.sep.as_deref()),
            ("mask_token", self.mask.as_deref()),
        ]
    }
}

/// A token in older files: its text, or its text with how it is found.
#[derive(Deserialize)]
struct Described {
    content: String,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    special: bool,
}

/// A JSON object of a file, and the name of that file for errors.
struct Source {
    file: PathBuf,
    fields: serde_json::Map<String, Value>,
}

impl Source {
    /// `None` when there is no such file.
    fn read(file: &Path) -> Result<Option<Self>, TokenizerError> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TokenizerError::file(file, error.to_string())),
        };
        let fields = serde_json::from_str(&text)
            .map_err(|error| TokenizerError::file(file, error.to_string()))?;
        Ok(Some(Self {
            file: file.to_owned(),
            fields,
        }))
    }

    fn error(&self, key: &str, reason: impl Into<String>) -> TokenizerError {
        TokenizerError::Key {
            file: self.file.display().to_string(),
            key: key.to_owned(),
            reason: reason.into(),
        }
    }

    /// The value at a key; `null` counts as nothing.
    fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    fn flag(&self, key: &str) -> Result<bool, TokenizerError> {
        match self.get(key) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.error(key, format!("{value} is neither true nor false"))),
        }
    }

    /// Whether a side is the left one.
    fn left(&self, key: &str) -> Result<bool, TokenizerError> {
        match self.get(key).map(Value::as_str) {
            None | Some(Some("right")) => Ok(false),
            Some(Some("left")) => Ok(true),
            Some(_) => Err(self.error(key, "a side is \"left\" or \"right\"")),
        }
    }

    /// The text of a token that is written as text or as a description.
    fn token(&self, key: &str) -> Result<Option<String>, TokenizerError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let text = value
            .as_str()
            .or_else(|| value.get("content").and_then(Value::as_str));
        match text {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.error(
                key,
                "a token is a text, or an object whose `content` is one",
            )),
        }
    }

    fn added(&self) -> Result<BTreeMap<u32, AddedToken>, TokenizerError> {
        const KEY: &str = "added_tokens_decoder";
        let Some(value) = self.get(KEY) else {
            return Ok(BTreeMap::new());
        };
        let described = BTreeMap::<u32, Described>::deserialize(value)
            .map_err(|error| self.error(KEY, error.to_string()))?;
        let token = |described: Described| {
            AddedToken::from(described.content, described.special)
                .lstrip(described.lstrip)
                .rstrip(described.rstrip)
                .single_word(described.single_word)
                .normalized(described.normalized)
        };
        Ok(described
            .into_iter()
            .map(|(id, described)| (id, token(described)))
            .collect())
    }

    /// One template, or a list of named ones.
    fn chat_templates(&self) -> Result<BTreeMap<String, String>, TokenizerError> {
        const KEY: &str = "chat_template";
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Named(Vec<Named>),
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
            template: String,
        }
        let Some(value) = self.get(KEY) else {
            return Ok(BTreeMap::new());
        };
        match Written::deserialize(value) {
            Ok(Written::One(template)) => Ok([("default".to_owned(), template)].into()),
            Ok(Written::Named(named)) => {
                Ok(named.into_iter().map(|n| (n.name, n.template)).collect())
            }
            Err(_) => Err(self.error(
                KEY,
                "a chat template is a text, or a list of objects with `name` and `template`",
            )),
        }
    }

    fn model_max_length(&self) -> Result<Option<usize>, TokenizerError> {
        const KEY: &str = "model_max_length";
        /// Transformers writes 1e30 for "no limit".
        const NO_LIMIT: f64 = 1e18;
        let Some(value) = self.get(KEY) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(length) if length >= NO_LIMIT => Ok(None),
            Some(length) if length >= 1.0 => Ok(Some(length as usize)),
            _ => Err(self.error(KEY, format!("{value} is no length"))),
        }
    }
}

impl TokenizerConfig {
    /// Reads a file in the layout of `tokenizer_config.json`, and `special_tokens_map.json` beside it for the tokens
    /// that the first does not name.
    ///
    /// A directory without these files has a tokenizer without special tokens.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::File`] when a file is no JSON object, [`TokenizerError::Key`] for a value of the wrong kind.
    pub fn read(file: &Path) -> Result<Self, TokenizerError> {
        let main = Source::read(file)?;
        let map = Source::read(&file.with_file_name("special_tokens_map.json"))?;
        let token = |key: &str| {
            for source in [&main, &map].into_iter().flatten() {
                if let Some(token) = source.token(key)? {
                    return Ok(Some(token));
                }
            }
            Ok(None)
        };
        let special = SpecialTokens {
            bos: token("bos_token")?,
            eos: token("eos_token")?,
            pad: token("pad_token")?,
            unk: token("unk_token")?,
            cls: token("cls_token")?,
            sep: token("sep_token")?,
            mask: token("mask_token")?,
        };
        let Some(main) = main else {
            return Ok(Self {
                special,
                ..Self::default()
            });
        };
        Ok(Self {
            special,
            added: main.added()?,
            model_max_length: main.model_max_length()?,
            pads_left: main.left("padding_side")?,
            truncates_left: main.left("truncation_side")?,
            clean_up_tokenization_spaces: main.flag("clean_up_tokenization_spaces")?,
            chat_templates: main.chat_templates()?,
        })
    }
}
