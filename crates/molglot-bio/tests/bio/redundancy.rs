//! Clusters of sequences against their definition, one sequence at a time and without a filter.

use std::collections::{BTreeSet, HashMap};

use molglot_bio::Sequence;
use molglot_bio::redundancy::{
    Aligner, Alignment, ClusterOptions, Clusters, Identity, Kmers, MAX_RESIDUES, Prefilter,
    RedundancyError, Scope, cluster,
};
use proptest::prelude::*;

fn sequence(text: &str) -> Sequence {
    text.parse().unwrap()
}

fn align(scope: Scope, a: &str, b: &str) -> Alignment {
    Aligner::new(scope)
        .align(&sequence(a), &sequence(b))
        .unwrap()
}

/// Families of mutants with insertions, deletions and cut ends, strangers, and copies.
fn family() -> impl Strategy<Value = Vec<Sequence>> {
    let letters =
        prop_oneof![3 => Just("ACDEFGHIKLMNPQRSTVWY"), 1 => Just("AC"), 1 => Just("GAVX")];
    letters.prop_flat_map(|letters| {
        let letter = prop::sample::select(letters.as_bytes().to_vec());
        let root = prop::collection::vec(letter.clone(), 1..70);
        let edit = (0..6u8, any::<prop::sample::Index>(), letter);
        let edits = prop::collection::vec(edit, 0..12);
        let member = (any::<prop::sample::Index>(), edits);
        (
            prop::collection::vec(root, 1..4),
            prop::collection::vec(member, 1..14),
        )
            .prop_map(|(roots, members)| {
                let mut all: Vec<Sequence> = Vec::new();
                for (root, edits) in members {
                    let mut text = root.get(&roots).clone();
                    for (kind, at, letter) in edits {
                        let at = at.index(text.len());
                        match kind {
                            0 => text.insert(at, letter),
                            1 if text.len() > 1 => drop(text.remove(at)),
                            2 if text.len() > 8 => drop(text.drain(..at / 4)),
                            _ => text[at] = letter,
                        }
                    }
                    all.push(sequence(std::str::from_utf8(&text).unwrap()));
                }
                all
            })
    })
}

fn options() -> impl Strategy<Value = ClusterOptions> {
    (
        prop_oneof![
            Just(0.3),
            Just(0.5),
            Just(0.7),
            Just(0.8),
            Just(0.9),
            Just(1.0),
            0.05..1.0f64
        ],
        prop_oneof![Just(Identity::OverAlignment), Just(Identity::OverShorter)],
        prop_oneof![Just(Scope::Global), Just(Scope::Shorter)],
        prop_oneof![Just(0.0), Just(0.8), 0.0..=1.0f64],
    )
        .prop_map(|(identity, definition, scope, coverage)| ClusterOptions {
            identity,
            definition,
            scope,
            coverage,
            prefilter: Prefilter::Off,
        })
}

fn is_alike(a: &Sequence, b: &Sequence, options: &ClusterOptions) -> bool {
    let found = Aligner::new(options.scope).align(a, b).unwrap();
    found.identity(options.definition) >= options.identity && found.coverage() >= options.coverage
}

/// The definition: the longest first, each joins the first representative that it is alike to.
fn one_at_a_time(sequences: &[Sequence], options: &ClusterOptions) -> Vec<u32> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&row| {
        let text = sequences[row].as_str();
        (usize::MAX - text.len(), text, row)
    });
    let mut representatives: Vec<usize> = Vec::new();
    let mut numbers = vec![0; sequences.len()];
    for row in order {
        let home = representatives.iter().position(|&representative| {
            sequences[representative] == sequences[row]
                || is_alike(&sequences[representative], &sequences[row], options)
        });
        numbers[row] = home.unwrap_or(representatives.len()) as u32;
        if home.is_none() {
            representatives.push(row);
        }
    }
    numbers
}

/// Which sequences share a cluster, however rows and clusters are numbered.
fn partition(sequences: &[Sequence], clusters: &Clusters) -> BTreeSet<Vec<Sequence>> {
    let members = clusters.members().into_iter().map(|rows| {
        let mut group: Vec<Sequence> = rows.iter().map(|&row| sequences[row].clone()).collect();
        group.sort();
        group
    });
    members.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn clusters_are_those_of_the_definition_with_and_without_the_exact_filter(
        sequences in family(),
        options in options(),
    ) {
        let expected = one_at_a_time(&sequences, &options);
        for prefilter in [Prefilter::Off, Prefilter::Exact] {
            let found = cluster(&sequences, &ClusterOptions { prefilter, ..options }).unwrap();
            prop_assert_eq!(&found.of_row, &expected, "{:?}", prefilter);
        }
    }

    #[test]
    fn members_are_within_the_threshold_of_their_representative_and_copies_together(
        sequences in family(),
        options in options(),
        least in 0.0..=1.0f64,
    ) {
        let prefilter = Prefilter::Containment { k: 3, least };
        for prefilter in [Prefilter::Exact, prefilter] {
            let clusters = cluster(&sequences, &ClusterOptions { prefilter, ..options }).unwrap();
            let mut home = HashMap::new();
            for (row, &number) in clusters.of_row.iter().enumerate() {
                let representative = &sequences[clusters.representatives[number as usize] as usize];
                prop_assert!(representative.as_str().len() >= sequences[row].as_str().len());
                prop_assert!(representative == &sequences[row] || is_alike(representative, &sequences[row], &options));
                prop_assert_eq!(*home.entry(&sequences[row]).or_insert(number), number);
            }
            for (number, &row) in clusters.representatives.iter().enumerate() {
                prop_assert_eq!(clusters.of_row[row as usize] as usize, number);
            }
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_threads_change_clusters_or_splits(
        (sequences, shuffled) in family().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        options in options(),
        seed in any::<u64>(),
    ) {
        let options = ClusterOptions { prefilter: Prefilter::Exact, ..options };
        let (one, other) = (cluster(&sequences, &options).unwrap(), cluster(&shuffled, &options).unwrap());
        prop_assert_eq!(partition(&sequences, &one), partition(&shuffled, &other));
        let texts = |all: &[Sequence], rows: &[usize]| {
            let mut texts: Vec<Sequence> = rows.iter().map(|&row| all[row].clone()).collect();
            texts.sort();
            texts
        };
        let fractions = [0.6, 0.2, 0.2];
        let (a, b) = (one.split(fractions, seed).unwrap(), other.split(fractions, seed).unwrap());
        for (a, b) in [(&a.train, &b.train), (&a.valid, &b.valid), (&a.test, &b.test)] {
            prop_assert_eq!(texts(&sequences, a), texts(&shuffled, b));
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            prop_assert_eq!(&pool.install(|| cluster(&sequences, &options)).unwrap(), &one);
        }
    }

    #[test]
    fn a_split_has_every_row_once_and_breaks_no_cluster(
        sequences in family(),
        options in options(),
        cut in (0.0..1.0f64, 0.0..1.0f64),
        seed in any::<u64>(),
    ) {
        let clusters = cluster(&sequences, &options).unwrap();
        let train = cut.0;
        let valid = (1.0 - train) * cut.1;
        let split = clusters.split([train, valid, 1.0 - train - valid], seed).unwrap();
        let mut part_of = HashMap::new();
        let mut rows = Vec::new();
        for (part, of_part) in [&split.train, &split.valid, &split.test].into_iter().enumerate() {
            for &row in of_part {
                prop_assert_eq!(*part_of.entry(clusters.of_row[row]).or_insert(part), part);
                rows.push(row);
            }
        }
        rows.sort_unstable();
        prop_assert_eq!(rows, (0..sequences.len()).collect::<Vec<_>>());
        let share = |part: f64| (part * sequences.len() as f64 + 1e-6) as usize;
        prop_assert!(split.train.len() <= share(train) && split.valid.len() <= share(valid));
    }

    #[test]
    fn identity_does_not_depend_on_the_order_and_words_measure_likewise(pair in family(), k in 1usize..=6) {
        let (a, b) = (&pair[0], &pair[pair.len() - 1]);
        for scope in [Scope::Global, Scope::Shorter] {
            let mut aligner = Aligner::new(scope);
            let found = aligner.align(a, b).unwrap();
            prop_assert_eq!(found, aligner.align(b, a).unwrap());
            prop_assert!(found.matches <= found.pairs && found.pairs <= found.shorter);
            prop_assert!(found.shorter <= found.columns && found.shorter <= found.longer);
            prop_assert_eq!(found.identity(Identity::OverShorter) == 1.0, found.matches == found.shorter);
            prop_assert_eq!(aligner.align(a, a).unwrap().identity(Identity::OverAlignment), 1.0);
        }
        let (words, others) = (Kmers::new(a, k).unwrap(), Kmers::new(b, k).unwrap());
        let mut left: Vec<&[u8]> = b.as_str().as_bytes().windows(k).collect();
        let shared = a.as_str().as_bytes().windows(k).filter(|word| {
            let at = left.iter().position(|other| other == word);
            at.map(|at| left.swap_remove(at)).is_some()
        });
        let shared = shared.count();
        prop_assert_eq!(words.shared(&others), shared);
        prop_assert_eq!(others.shared(&words), shared);
        let all = words.total() + others.total() - shared;
        prop_assert_eq!(words.jaccard(&others), shared as f64 / all.max(1) as f64);
        prop_assert_eq!(words.containment(&others), shared as f64 / words.total().max(1) as f64);
    }
}

#[test]
fn both_identities_and_both_scopes_by_hand() {
    // Twelve residues, one of them another, inside twenty; then an insertion of two.
    let (short, long) = ("WCHMYPFKDRNE", "GGGGWCHMYPFADRNEGGGG");
    let found = align(Scope::Shorter, short, long);
    let expected = Alignment {
        matches: 11,
        pairs: 12,
        columns: 12,
        shorter: 12,
        longer: 20,
    };
    assert_eq!(found, expected);
    assert_eq!((found.coverage() * 20.0).round(), 12.0);
    let found = align(Scope::Global, short, long);
    assert_eq!((found.matches, found.pairs, found.columns), (11, 12, 20));
    assert!((found.identity(Identity::OverShorter) - 11.0 / 12.0).abs() < 1e-12);
    assert!((found.identity(Identity::OverAlignment) - 11.0 / 20.0).abs() < 1e-12);
    let found = align(Scope::Shorter, "WCHMYPFKDRNE", "WCHMYPGGFKDRNE");
    assert_eq!((found.matches, found.pairs, found.columns), (12, 12, 14));
    assert!(found.identity(Identity::OverShorter) == 1.0);
}

#[test]
fn the_first_residue_of_a_gap_costs_eleven() {
    // Side by side -5, shifted 16 less two gaps; then -4 and 19 less two gaps.
    for (a, b, matches, columns) in [("GWR", "WRE", 0, 3), ("GWH", "WHE", 2, 4)] {
        let found = align(Scope::Global, a, b);
        assert_eq!(
            (found.matches, found.columns),
            (matches, columns),
            "{a} {b}"
        );
    }
}

#[test]
fn a_fragment_joins_unless_coverage_forbids_it() {
    let whole = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVK";
    let sequences = [sequence(&whole[10..40]), sequence(whole)];
    let number = |coverage, prefilter| {
        let options = ClusterOptions {
            coverage,
            prefilter,
            ..ClusterOptions::default()
        };
        cluster(&sequences, &options).unwrap().of_row
    };
    for prefilter in [Prefilter::Off, Prefilter::Exact] {
        assert_eq!(number(0.0, prefilter), [0, 0]);
        assert_eq!(number(0.5, prefilter), [0, 0]);
        assert_eq!(number(0.51, prefilter), [1, 0]);
    }
    // In binary 0.07 times a hundred is more than seven.
    let whole = sequence(&"ACDEFGHIKL".repeat(10));
    let options = ClusterOptions {
        coverage: 0.07,
        ..ClusterOptions::default()
    };
    let found = cluster(&[whole, sequence("ACDEFGH")], &options).unwrap();
    assert_eq!(found.of_row, [0, 0]);
}

#[test]
fn the_heuristic_filter_may_pass_over_what_is_alike() {
    // Every third residue another: no word of three in common, and two thirds of the residues.
    let (a, b) = ("ACDEFGHIKLMNPQRSTV", "ACWEFWHIWLMWPQWSTW");
    let options = |prefilter| ClusterOptions {
        identity: 0.6,
        prefilter,
        ..ClusterOptions::default()
    };
    let count = |prefilter| {
        let sequences = [sequence(a), sequence(b)];
        cluster(&sequences, &options(prefilter)).unwrap().len()
    };
    assert_eq!((count(Prefilter::Off), count(Prefilter::Exact)), (1, 1));
    assert_eq!(count(Prefilter::Containment { k: 3, least: 0.1 }), 2);
    assert_eq!(count(Prefilter::Containment { k: 3, least: 0.0 }), 1);
}

#[test]
fn what_cannot_be_compared_says_so() {
    let long = sequence(&"A".repeat(MAX_RESIDUES + 1));
    let short = sequence("MKV");
    let too_long = RedundancyError::TooLong {
        residues: MAX_RESIDUES + 1,
    };
    let options = ClusterOptions::default();
    let pair = [short.clone(), long.clone()];
    assert_eq!(cluster(&pair, &options), Err(too_long.clone()));
    let found = Aligner::new(Scope::Global).align(&short, &long);
    assert_eq!(found, Err(too_long));
    for options in [
        ClusterOptions {
            identity: 0.0,
            ..options
        },
        ClusterOptions {
            identity: f64::NAN,
            ..options
        },
        ClusterOptions {
            coverage: 1.1,
            ..options
        },
        ClusterOptions {
            prefilter: Prefilter::Containment { k: 7, least: 0.1 },
            ..options
        },
        ClusterOptions {
            prefilter: Prefilter::Containment { k: 3, least: -0.1 },
            ..options
        },
    ] {
        let error = cluster(&[], &options).unwrap_err().to_string();
        assert!(error.contains("it must be"), "{error}");
    }
    assert!(Kmers::new(&short, 0).is_err() && Kmers::new(&short, 7).is_err());
    let none = cluster(&[], &options).unwrap();
    assert!(none.is_empty() && none.split([1.0, 0.0, 0.0], 1).is_ok());
    for fractions in [[0.8, 0.1, 0.2], [1.2, -0.1, -0.1], [f64::NAN, 0.5, 0.5]] {
        let error = none.split(fractions, 1).unwrap_err();
        assert!(matches!(error, RedundancyError::Fractions(_)), "{error}");
    }
}

#[test]
fn a_seed_decides_a_split_and_shares_are_met() {
    let mut state = 3u64;
    let mut random = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let letters = b"ACDEFGHIKLMNPQRSTVWY";
    let mut sequences = Vec::new();
    for family in 0..60 {
        let root: String = (0..40)
            .map(|_| char::from(letters[random(20) as usize]))
            .collect();
        // Each copy loses a residue at the end, so it is no duplicate.
        sequences.extend((0..=family % 4).map(|cut| sequence(&root[..40 - cut])));
    }
    let clusters = cluster(&sequences, &ClusterOptions::default()).unwrap();
    assert_eq!((clusters.len(), sequences.len()), (60, 150));
    let split = |seed| clusters.split([0.8, 0.1, 0.1], seed).unwrap();
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
    for seed in 0..20 {
        let split = split(seed);
        let sizes = [split.train.len(), split.valid.len(), split.test.len()];
        assert!(
            sizes[0] >= 117 && sizes[1] >= 12 && sizes[2] <= 18,
            "{sizes:?}"
        );
    }
}
