//! The tokenizer of a published model, from its Hugging Face directory.

use std::path::{Path, PathBuf};

use tokenizers::{
    AddedToken, Encoding, PaddingDirection, Tokenizer as Inner, TruncationDirection,
    TruncationParams,
};

use super::{
    config::TokenizerConfig,
    error::{TokenizerError, inner as crate_error},
    spaces::clean_up_spaces,
};

/// Where padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the text.
    Left,
    /// After the text.
    Right,
}

/// How long a padded batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As long as its longest text.
    Longest,
    /// This long, or as long as its longest text when that is longer.
    To(usize),
}

/// Ids of the tokens with a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpecialIds {
    /// Begins a text.
    pub bos: Option<u32>,
    /// Ends a text.
    pub eos: Option<u32>,
    /// Fills gaps.
    pub pad: Option<u32>,
    /// Stands for what has no token.
    pub unk: Option<u32>,
    /// Begins an encoder's text.
    pub cls: Option<u32>,
    /// Ends an encoder's text.
    pub sep: Option<u32>,
    /// Hides a token.
    pub mask: Option<u32>,
}

/// Texts of one length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Padded {
    /// Ids per text.
    pub ids: Vec<Vec<u32>>,
    /// 1 for a token of the text, 0 for padding.
    pub attention_mask: Vec<Vec<u32>>,
    /// 1 for tokens of the second text of a pair, else 0.
    pub token_type_ids: Vec<Vec<u32>>,
}

/// Text to ids and back as a published model wants it.
#[derive(Clone, Debug)]
pub struct PretrainedTokenizer {
    inner: Inner,
    config: TokenizerConfig,
    ids: SpecialIds,
    dir: PathBuf,
}

impl PretrainedTokenizer {
    /// Reads `tokenizer.json` with `tokenizer_config.json` and `special_tokens_map.json` where there are any.
    ///
    /// # Errors
    ///
    /// [`TokenizerError`] naming the file, and the key for a value that does not fit.
    pub fn read(dir: &Path) -> Result<Self, TokenizerError> {
        Self::read_files(
            &dir.join("tokenizer.json"),
            &dir.join("tokenizer_config.json"),
        )
    }

    /// Reads a vocabulary and a configuration that do not lie in one directory.
    ///
    /// # Errors
    ///
    /// As [`PretrainedTokenizer::read`].
    pub fn read_files(vocabulary: &Path, config: &Path) -> Result<Self, TokenizerError> {
        if !vocabulary.exists() {
            return Err(TokenizerError::file(
                vocabulary,
                "no such file; a directory with vocab.txt or tokenizer.model alone is given one by \
                 `AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)` of transformers",
            ));
        }
        let mut inner = Inner::from_file(vocabulary)
            .map_err(|error| TokenizerError::file(vocabulary, error.to_string()))?;
        // Batches are truncated and padded as the caller asks, not as the file was once left behind.
        inner.with_truncation(None).map_err(crate_error)?;
        inner.with_padding(None);
        let settings = TokenizerConfig::read(config)?;
        let key = |key: &str, reason: String| TokenizerError::Key {
            file: config.display().to_string(),
            key: key.to_owned(),
            reason,
        };
        for (&id, token) in &settings.added {
            if inner.get_added_tokens_decoder().contains_key(&id) {
                continue;
            }
            inner.add_tokens([token.clone()]).map_err(crate_error)?;
            let found = inner.token_to_id(&token.content);
            if found != Some(id) {
                let found = found.map_or("none".to_owned(), |found| found.to_string());
                let reason = format!(
                    "`{}` has the id {id} here and {found} by {}; the two files are of two tokenizers",
                    token.content,
                    vocabulary.display()
                );
                return Err(key("added_tokens_decoder", reason));
            }
        }
        let mut ids = [None; 7];
        for (slot, (name, token)) in ids.iter_mut().zip(settings.special.by_key()) {
            let Some(token) = token else { continue };
            *slot = inner.token_to_id(token);
            if slot.is_none() {
                let reason = format!(
                    "`{token}` is not in {}; add it there, or set the key to null",
                    vocabulary.display()
                );
                return Err(key(name, reason));
            }
            let added = inner.get_added_vocabulary();
            if !added.get_vocab().contains_key(token) {
                // A token with a role is found whole in a text, whatever its characters would split into.
                let token = AddedToken::from(token, true);
                inner.add_special_tokens([token]).map_err(crate_error)?;
            }
        }
        let [bos, eos, pad, unk, cls, sep, mask] = ids;
        Ok(Self {
            inner,
            config: settings,
            ids: SpecialIds {
                bos,
                eos,
                pad,
                unk,
                cls,
                sep,
                mask,
            },
            dir: config.parent().unwrap_or(config).to_owned(),
        })
    }

    /// The directory's settings.
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// Ids of the tokens with a role.
    pub fn special_ids(&self) -> SpecialIds {
        self.ids
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// One more than the largest id: how many rows a table of embeddings needs.
    pub fn id_limit(&self) -> u32 {
        let ids = self.inner.get_vocab(true);
        ids.values().copied().max().map_or(0, |largest| largest + 1)
    }

    /// The same tokenizer, for which text that spells a special token is text.
    #[must_use]
    pub fn without_special(&self) -> Self {
        let mut plain = self.clone();
        plain.inner.set_encode_special_tokens(true);
        plain
    }

    /// The contents of `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate cannot serialise it.
    pub fn to_json(&self) -> Result<String, TokenizerError> {
        self.inner.to_string(true).map_err(crate_error)
    }

    /// The id of a token as the vocabulary writes it.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token of an id as the vocabulary writes it.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The same tokenizer, whose texts are cut to at most this many tokens, special ones included.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when that leaves no room beside the special tokens.
    pub fn truncating(&self, max_length: usize) -> Result<Self, TokenizerError> {
        let mut shorter = self.clone();
        let direction = if self.config.truncates_left {
            TruncationDirection::Left
        } else {
            TruncationDirection::Right
        };
        let params = TruncationParams {
            max_length,
            direction,
            ..TruncationParams::default()
        };
        shorter
            .inner
            .with_truncation(Some(params))
            .map_err(crate_error)?;
        Ok(shorter)
    }

    /// A text as tokens, with ids, offsets in characters, and everything else that the `tokenizers` crate knows.
    ///
    /// `special` adds the tokens that the model expects around a text.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn encoding(&self, text: &str, special: bool) -> Result<Encoding, TokenizerError> {
        self.inner
            .encode_char_offsets(text, special)
            .map_err(crate_error)
    }

    /// Ids of a text.
    ///
    /// # Errors
    ///
    /// As [`PretrainedTokenizer::encoding`].
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>, TokenizerError> {
        Ok(self.encoding(text, special)?.get_ids().to_vec())
    }

    /// A pair of texts, with the special tokens that the model expects around them and its types of tokens.
    ///
    /// # Errors
    ///
    /// As [`PretrainedTokenizer::encoding`].
    pub fn encode_pair(&self, text: &str, pair: &str) -> Result<Encoding, TokenizerError> {
        self.inner
            .encode_char_offsets((text, pair), true)
            .map_err(crate_error)
    }

    /// The side that the directory pads on.
    pub fn padding_side(&self) -> Side {
        if self.config.pads_left {
            Side::Left
        } else {
            Side::Right
        }
    }

    /// Texts with their special tokens, padded to one length.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::NoToken`] when the tokenizer has no padding token.
    pub fn encode_batch(
        &self,
        texts: &[&str],
        padding: Padding,
        side: Side,
    ) -> Result<Padded, TokenizerError> {
        let (Some(pad), Some(token)) = (self.ids.pad, &self.config.special.pad) else {
            return Err(TokenizerError::NoToken {
                dir: self.dir.display().to_string(),
                role: "pad_token",
            });
        };
        let mut encodings = self
            .inner
            .encode_batch_char_offsets(texts.to_vec(), true)
            .map_err(crate_error)?;
        let longest = encodings.iter().map(Encoding::len).max().unwrap_or(0);
        let length = match padding {
            Padding::Longest => longest,
            Padding::To(length) => length.max(longest),
        };
        let direction = match side {
            Side::Left => PaddingDirection::Left,
            Side::Right => PaddingDirection::Right,
        };
        let mut padded = Padded::default();
        for encoding in &mut encodings {
            encoding.pad(length, pad, 0, token, direction);
            padded.ids.push(encoding.get_ids().to_vec());
            padded
                .attention_mask
                .push(encoding.get_attention_mask().to_vec());
            padded.token_type_ids.push(encoding.get_type_ids().to_vec());
        }
        Ok(padded)
    }

    /// Text of ids exactly as the vocabulary spells it; `skip_special` leaves special tokens out.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        self.inner.decode(ids, skip_special).map_err(crate_error)
    }

    /// Text of ids for a reader: without special tokens, and with [`clean_up_spaces`] where the directory asks for it.
    ///
    /// # Errors
    ///
    /// As [`PretrainedTokenizer::decode`].
    pub fn text(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let text = self.decode(ids, true)?;
        Ok(if self.config.clean_up_tokenization_spaces {
            clean_up_spaces(&text)
        } else {
            text
        })
    }
}
