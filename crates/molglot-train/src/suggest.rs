//! "Did you mean ...?": the nearest known name to a mistyped one.

/// The candidate that `word` was most likely meant to be, if any is near enough.
///
/// Case and the difference between `-` and `_` do not count. A candidate is near when few letters differ (one third of
/// the longer name, two at least) or when one name contains the other.
#[must_use]
pub fn closest<'a, S: AsRef<str> + 'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    let word = normal(word);
    let length = word.chars().count();
    if length == 0 {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let candidate = candidate.as_ref();
            let name = normal(candidate);
            let limit = (length.max(name.chars().count()) / 3)
                .max(2)
                .min(length - 1);
            let distance = strsim::damerau_levenshtein(&word, &name);
            let contained = length >= 3 && (name.contains(&word) || word.contains(&name));
            // A near miss beats a name that merely contains the word.
            let rank = if distance <= limit {
                (0, distance)
            } else {
                (1, distance)
            };
            (rank.0 == 0 || contained).then_some((rank, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::closest;

    const KEYS: [&str; 4] = ["learning_rate", "epochs", "batch_size", "name"];

    #[test]
    fn near_names_are_found() {
        assert_eq!(closest("lern_rate", &KEYS), Some("learning_rate"));
        assert_eq!(closest("learning-rate", &KEYS), Some("learning_rate"));
        assert_eq!(closest("epoch", &KEYS), Some("epochs"));
        assert_eq!(closest("batch", &KEYS), Some("batch_size"));
    }

    #[test]
    fn far_names_are_not() {
        assert_eq!(closest("temperature", &KEYS), None);
        assert_eq!(closest("x", &KEYS), None);
        assert_eq!(closest("", &KEYS), None);
    }
}
