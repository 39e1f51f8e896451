//! How rare a protein is in a data set, by anything that groups proteins: organism, family, cluster.
//!
//! The study of alignment between language models and models of structure (arXiv 2411.05316) finds that rare proteins
//! align worse, but names its rare and popular proteins by hand. Here rarity is counted: over the organisms of a data set
//! ([`crate::Structure::organism`]), or over its clusters ([`crate::redundancy::Clusters::of_row`]), which says how many
//! relatives a protein has there.

use std::collections::HashMap;
use std::hash::Hash;

/// Per protein, how many proteins of the set have its key, itself among them; 0 where the key is not known.
pub fn occurrences<K: Eq + Hash>(keys: &[Option<K>]) -> Vec<usize> {
    let mut counts: HashMap<&K, usize> = HashMap::new();
    for key in keys.iter().flatten() {
        *counts.entry(key).or_default() += 1;
    }
    let count = |key: &Option<K>| key.as_ref().map_or(0, |key| counts[key]);
    keys.iter().map(count).collect()
}

/// Per protein, how surprising its key is in bits: -log2 of the share of proteins of known key that have it. 0 where all
/// have the same, one more each time a key is half as frequent; `None` where the key is not known.
pub fn surprisal<K: Eq + Hash>(keys: &[Option<K>]) -> Vec<Option<f64>> {
    let known = keys.iter().flatten().count() as f64;
    occurrences(keys)
        .into_iter()
        .map(|count| (count > 0).then(|| (known / count as f64).log2()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_keys_surprise_and_unknown_ones_do_not_count() {
        let keys = [
            Some("human"),
            Some("human"),
            None,
            Some("yeast"),
            Some("fly"),
        ];
        assert_eq!(occurrences(&keys), [2, 2, 0, 1, 1]);
        let bits = [Some(1.0), Some(1.0), None, Some(2.0), Some(2.0)];
        assert_eq!(surprisal(&keys), bits);
        assert_eq!(surprisal(&[Some(1); 9]), [Some(0.0); 9]);
        assert!(surprisal::<u8>(&[]).is_empty() && surprisal::<u8>(&[None]) == [None]);
    }
}
