//! English: numbers, articles, plurals and lists.

const NUMBERS: [&str; 13] = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
];

/// A count as a word up to twelve, as digits above.
pub(super) fn number(count: usize) -> String {
    NUMBERS
        .get(count)
        .map_or_else(|| count.to_string(), |&word| word.to_owned())
}

/// The phrase with "a" or "an" before it, by its sound.
pub(super) fn with_article(phrase: &str) -> String {
    // Letters that are read by name: "an N-oxide", "an E double bond"; "urea" begins like "you".
    let by_letter = ["N-", "E "].iter().any(|start| phrase.starts_with(start));
    let vowel = phrase.starts_with(['a', 'e', 'i', 'o', 'u', '8']);
    let article = if (by_letter || vowel) && !phrase.starts_with("urea") {
        "an"
    } else {
        "a"
    };
    format!("{article} {phrase}")
}

/// "an ester", "two esters". The plural goes to the head of the phrase: "two rings with one
/// nitrogen", "two systems of three rings".
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        return with_article(noun);
    }
    let head = [" with ", " of ", " on "]
        .iter()
        .filter_map(|word| noun.find(word))
        .min();
    let (head, tail) = noun.split_at(head.unwrap_or(noun.len()));
    format!("{} {head}s{tail}", number(count))
}

/// "one nitrogen", "two oxygens"; elements without a plain name keep their symbol.
pub(super) fn hetero_atom(count: usize, element: u8, symbol: &str) -> String {
    let name = match element {
        5 => "boron",
        7 => "nitrogen",
        8 => "oxygen",
        14 => "silicon",
        15 => "phosphorus",
        16 => "sulfur",
        34 => "selenium",
        _ => {
            return format!(
                "{} {symbol} atom{}",
                number(count),
                if count == 1 { "" } else { "s" }
            );
        }
    };
    match count {
        1 => format!("one {name}"),
        count => format!("{} {name} atoms", number(count)),
    }
}

/// "x", "x and y", "x, y and z".
pub(super) fn joined(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_follow_the_sound() {
        for (phrase, expected) in [
            ("ester", "an ester"),
            ("urea", "a urea"),
            ("unsaturated ring", "an unsaturated ring"),
            ("N-oxide", "an N-oxide"),
            ("nitro group", "a nitro group"),
        ] {
            assert_eq!(with_article(phrase), expected);
        }
    }

    #[test]
    fn the_head_of_the_phrase_takes_the_plural() {
        assert_eq!(counted(2, "ester"), "two esters");
        assert_eq!(
            counted(3, "fused system of two rings"),
            "three fused systems of two rings"
        );
        assert_eq!(
            counted(14, "oxo group on an aromatic ring"),
            "14 oxo groups on an aromatic ring"
        );
    }

    #[test]
    fn lists_end_with_and() {
        let list = |items: &[&str]| joined(items.iter().map(|&item| item.to_owned()));
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
