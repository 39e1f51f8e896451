//! Names of models: as recipes write them, and as types are called.

/// Words of the language, also those kept for later.
const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern false final \
                        fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static \
                        struct super trait true try type typeof unsafe unsized use virtual where while yield";

/// A name that a recipe can write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// `my_net`: in recipes, and of the module.
    pub(crate) snake: String,
    /// `MyNet`: of the type.
    pub(crate) pascal: String,
}

impl Name {
    /// Accepts names that are themselves again when they become a type's and back; for everything else it says what a name
    /// is like.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            word.starts_with(|letter: char| letter.is_ascii_lowercase())
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if !text.split('_').all(is_word) {
            return Err(format!(
                "`{text}` is no name: write words of small letters and digits, each beginning with a letter, with `_` \
                 between them, as in `my_net2`"
            ));
        }
        if KEYWORDS.split_whitespace().any(|word| word == text) {
            return Err(format!(
                "`{text}` is a word of Rust, and a module must not have it: write `{text}_net` or another name"
            ));
        }
        let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
        Ok(Self {
            snake: text.to_owned(),
            pascal: text.split('_').map(capital).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_type() {
        for (snake, pascal) in [("egnn", "Egnn"), ("my_net2", "MyNet2"), ("a_b", "AB")] {
            let name = Name::parse(snake).unwrap();
            assert_eq!((name.snake.as_str(), name.pascal.as_str()), (snake, pascal));
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_what_one_is_like() {
        for bad in [
            "",
            "MyNet",
            "my-net",
            "2d",
            "my_",
            "_my",
            "my__net",
            "net_2",
            "netz\u{fc}",
            "a/b",
            "..",
        ] {
            let reason = Name::parse(bad).unwrap_err();
            assert!(reason.contains("`my_net2`"), "{reason}");
        }
        let reason = Name::parse("loop").unwrap_err();
        assert!(reason.contains("`loop_net`"), "{reason}");
    }
}
