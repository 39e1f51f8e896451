//! The alphabet of ESM.

/// Begins every sequence.
pub const CLS: u32 = 0;
/// Fills short sequences.
pub const PAD: u32 = 1;
/// Ends every sequence.
pub const EOS: u32 = 2;
/// Any character that is not in the alphabet.
pub const UNKNOWN: u32 = 3;
/// A hidden residue.
pub const MASK: u32 = 32;

/// Every token, in the order of its ids.
pub const VOCABULARY: [&str; 33] = [
    "<cls>", "<pad>", "<eos>", "<unk>", "L", "A", "G", "V", "S", "E", "R", "T", "I", "D", "P", "K",
    "Q", "N", "F", "Y", "M", "H", "W", "C", "X", "B", "U", "Z", "O", ".", "-", "<null_1>",
    "<mask>",
];

/// The tokens of a sequence between [`CLS`] and [`EOS`]: one token a residue, so that tokens and residues can be matched
/// by number. Special tokens may be written out, as in `MK<mask>LV`. Small letters count as capitals; white space and `*`,
/// the end of a translation, are left out.
///
/// Hugging Face's tokenizer reads small letters as unknown and makes one token of neighbouring unknown characters, which
/// breaks the count.
///
/// ```
/// use molglot_transformer::esm2::{CLS, EOS, MASK, UNKNOWN, tokenize};
///
/// assert_eq!(tokenize("M<mask>jj*"), [CLS, 20, MASK, UNKNOWN, UNKNOWN, EOS]);
/// ```
pub fn tokenize(sequence: &str) -> Vec<u32> {
    let mut ids = vec![CLS];
    let mut rest = sequence;
    while let Some(letter) = rest.chars().next() {
        if let Some((id, length)) = special(rest) {
            ids.push(id);
            rest = &rest[length..];
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        if !letter.is_whitespace() && letter != '*' {
            ids.push(residue(letter));
        }
    }
    ids.push(EOS);
    ids
}

/// A token of several characters that a text begins with, and its length.
fn special(text: &str) -> Option<(u32, usize)> {
    if !text.starts_with('<') {
        return None;
    }
    let found = VOCABULARY
        .iter()
        .position(|token| token.len() > 1 && text.starts_with(token))?;
    Some((found as u32, VOCABULARY[found].len()))
}

fn residue(letter: char) -> u32 {
    let mut text = [0; 4];
    let text = letter.to_ascii_uppercase().encode_utf8(&mut text);
    VOCABULARY
        .iter()
        .position(|token| *token == text)
        .map_or(UNKNOWN, |id| id as u32)
}
