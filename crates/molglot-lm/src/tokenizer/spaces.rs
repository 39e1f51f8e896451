//! The spaces that word-piece decoders leave before punctuation.

/// What is replaced, in this order, by Hugging Face's `clean_up_tokenization`.
const JOINS: [(&str, &str); 10] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

/// Text without the spaces before punctuation and English contractions.
///
/// ```
/// assert_eq!(molglot_lm::tokenizer::clean_up_spaces("it does n't burn ."), "it doesn't burn.");
/// ```
pub fn clean_up_spaces(text: &str) -> String {
    JOINS.iter().fold(text.to_owned(), |text, (apart, joined)| {
        text.replace(apart, joined)
    })
}
