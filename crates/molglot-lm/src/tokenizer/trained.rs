//! A byte-level BPE tokenizer, trained on the captions and stored as `tokenizer.json`.

use std::path::Path;

use tokenizers::{
    AddedToken, TokenizerBuilder,
    models::bpe::{BPE, BpeTrainerBuilder},
    normalizers::NFC,
    pre_tokenizers::byte_level::ByteLevel,
};

use super::error::{TokenizerError, inner};

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
    tokenizer: tokenizers::Tokenizer,
    /// Id of the padding token.
    pub pad: u32,
    /// Id of the token that begins a text.
    pub bos: u32,
    /// Id of the token that ends a text.
    pub eos: u32,
    /// Id of the placeholder for soft tokens.
    pub graph: u32,
}

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
            tokenizer,
            pad,
            bos,
            eos,
            graph,
        })
    }

    /// The contents of `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate cannot serialise it.
    pub fn to_json(&self) -> Result<String, TokenizerError> {
        self.tokenizer.to_string(true).map_err(inner)
    }

    /// Number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Ids of a text, without any special token. Text that happens to spell a special token is plain text.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        // A zero-width split inside anything that looks like a special token keeps user text from becoming one.
        let mut ids = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            ids.extend_from_slice(self.piece(&rest[..=at])?.as_slice());
            rest = &rest[at + 1..];
        }
        ids.extend(self.piece(rest)?);
        Ok(ids)
    }

    fn piece(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        Ok(self
            .tokenizer
            .encode(text, false)
            .map_err(inner)?
            .get_ids()
            .to_vec())
    }

    /// Text of ids, special tokens left out.
    ///
    /// # Errors
    ///
    /// [`TokenizerError::Inner`] when the `tokenizers` crate refuses.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        self.tokenizer.decode(ids, true).map_err(inner)
    }
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
