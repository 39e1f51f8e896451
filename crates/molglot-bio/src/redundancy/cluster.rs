//! Greedy incremental clusters.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::index::{Index, SLACK};
use super::subsequence::Subsequences;
use super::{Aligner, Identity, MAX_K, MAX_RESIDUES, RedundancyError, Scope};
use crate::Sequence;

/// When a sequence joins a cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterOptions {
    /// The least identity with the representative, above 0 and at most 1.
    pub identity: f64,
    /// What identity is a share of.
    pub definition: Identity,
    /// How much of the sequences is aligned.
    pub scope: Scope,
    /// The least share of the representative that is paired with residues of the sequence, from 0 to 1: 0 lets a
    /// fragment join, 0.8 asks for much the same length.
    pub coverage: f64,
    /// Which pairs are not even aligned.
    pub prefilter: Prefilter,
}

impl Default for ClusterOptions {
    /// 90 % identity over the alignment of the shorter sequence, any coverage, exact.
    fn default() -> Self {
        Self {
            identity: 0.9,
            definition: Identity::default(),
            scope: Scope::default(),
            coverage: 0.0,
            prefilter: Prefilter::default(),
        }
    }
}

/// Which pairs are passed over without an alignment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Prefilter {
    /// None.
    Off,
    /// Those that share fewer words, or whose longest common subsequence is shorter, than the identity asks for: the
    /// clusters are those without a filter. It spares nearly all strangers from about 0.7 identity over the alignment on, and
    /// from about 0.9 over the shorter sequence; below, many pairs are aligned.
    #[default]
    Exact,
    /// Those where less than a share of the shorter sequence's words stands in the longer one. A heuristic: what it
    /// passes over may be alike, so clusters may come out smaller. It is what makes low identities affordable.
    Containment {
        /// The length of words, from 1 to [`MAX_K`].
        k: usize,
        /// The least share, from 0 to 1.
        least: f64,
    },
}

impl ClusterOptions {
    fn check(&self) -> Result<(), RedundancyError> {
        let shares = [
            (
                "identity",
                self.identity,
                self.identity > 0.0 && self.identity <= 1.0,
                "above 0 and at most 1",
            ),
            (
                "coverage",
                self.coverage,
                (0.0..=1.0).contains(&self.coverage),
                "from 0 to 1",
            ),
        ];
        let words = match self.prefilter {
            Prefilter::Off | Prefilter::Exact => None,
            Prefilter::Containment { k, least } => Some([
                ("k", k as f64, (1..=MAX_K).contains(&k), "from 1 to 6"),
                ("least", least, (0.0..=1.0).contains(&least), "from 0 to 1"),
            ]),
        };
        for (option, value, is_right, range) in
            shares.into_iter().chain(words.into_iter().flatten())
        {
            if !is_right {
                return Err(RedundancyError::Option {
                    option,
                    value,
                    range,
                });
            }
        }
        Ok(())
    }
}

/// Sequences in groups around representatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters {
    /// Per sequence, the number of its cluster.
    pub of_row: Vec<u32>,
    /// Per cluster, the row of its representative: the longest member. Clusters stand in descending length of these.
    pub representatives: Vec<u32>,
    /// Per cluster, what decides its part in a split.
    pub(super) keys: Vec<Sequence>,
}

impl Clusters {
    /// Number of clusters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.representatives.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.representatives.is_empty()
    }

    /// Per cluster, its rows, ascending.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.len()];
        for (row, &cluster) in self.of_row.iter().enumerate() {
            members[cluster as usize].push(row);
        }
        members
    }
}

/// Clusters sequences greedily, as CD-HIT does (Li & Godzik 2006, Bioinformatics 22:1658): the longest first, each joins
/// the first representative that it is alike enough to, or becomes one.
///
/// Of sequences of one length the alphabetically first comes first, and of equal ones, which always share a cluster, the
/// first row stands for all. So neither the order of the rows nor the number of threads changes who is with whom.
///
/// # Errors
/// [`RedundancyError`]: an option out of range, or a sequence that is too long to be aligned.
pub fn cluster(
    sequences: &[Sequence],
    options: &ClusterOptions,
) -> Result<Clusters, RedundancyError> {
    options.check()?;
    if u32::try_from(sequences.len()).is_err() {
        return Err(RedundancyError::TooMany(sequences.len()));
    }
    let mut rows: Vec<u32> = (0..sequences.len() as u32).collect();
    let text = |row: u32| sequences[row as usize].as_str();
    rows.par_sort_unstable_by_key(|&row| (Reverse(text(row).len()), text(row), row));
    let groups: Vec<&[u32]> = rows.chunk_by(|&a, &b| text(a) == text(b)).collect();
    let distinct: Vec<&Sequence> = groups
        .iter()
        .map(|group| &sequences[group[0] as usize])
        .collect();
    if let Some(residues) = distinct.first().map(|longest| longest.as_str().len())
        && residues > MAX_RESIDUES
    {
        return Err(RedundancyError::TooLong { residues });
    }
    let mut clusters = Clusters {
        of_row: vec![0; sequences.len()],
        ..Clusters::default()
    };
    for (group, number) in groups.iter().zip(assign(&distinct, options)?) {
        if number as usize == clusters.len() {
            clusters.representatives.push(group[0]);
            clusters.keys.push(sequences[group[0] as usize].clone());
        }
        for &row in *group {
            clusters.of_row[row as usize] = number;
        }
    }
    Ok(clusters)
}

/// Per distinct sequence, longest first, its cluster; a representative is the first of its cluster.
///
/// One representative at a time is compared with all that have no cluster yet. Whoever joins has been refused by every
/// earlier one, so this is what one sequence at a time would come to, and all threads have work.
fn assign(distinct: &[&Sequence], options: &ClusterOptions) -> Result<Vec<u32>, RedundancyError> {
    let index = Index::new(distinct, options);
    // No more residues can be paired, or equal, than the shorter sequence has, and an alignment from end to end has as
    // many columns as the longer one has residues.
    let least_length = match (options.scope, options.definition) {
        (Scope::Global, Identity::OverAlignment) => options.coverage.max(options.identity),
        _ => options.coverage,
    };
    let mut shared = Vec::new();
    let mut numbers = vec![0; distinct.len()];
    let mut left: Vec<usize> = (0..distinct.len()).collect();
    let mut number = 0;
    while let Some((&representative, others)) = left.split_first() {
        numbers[representative] = number;
        if let Some(index) = &index {
            index.count(representative, &mut shared);
        }
        let residues = distinct[representative].as_str().len() as f64;
        let is_worth = |&other: &usize| {
            distinct[other].as_str().len() as f64 / residues >= least_length
                && index
                    .as_ref()
                    .is_none_or(|index| index.is_enough(other, &shared))
        };
        let candidates: Vec<usize> = others.iter().copied().filter(is_worth).collect();
        let joins: Vec<bool> = candidates
            .par_iter()
            .map_init(
                || (Aligner::new(options.scope), Subsequences::default()),
                |(aligner, subsequences), &other| {
                    let (shorter, longer) = (distinct[other], distinct[representative]);
                    if options.prefilter != Prefilter::Off
                        && !may_join(subsequences, shorter, longer, options)
                    {
                        return Ok(false);
                    }
                    let alignment = aligner.align(longer, shorter)?;
                    Ok(alignment.identity(options.definition) >= options.identity
                        && alignment.coverage() >= options.coverage)
                },
            )
            .collect::<Result<_, _>>()?;
        let mut joined = candidates
            .iter()
            .zip(joins)
            .filter_map(|(&other, joins)| joins.then_some(other))
            .peekable();
        let mut rest = Vec::with_capacity(others.len());
        for &other in others {
            if joined.next_if_eq(&other).is_some() {
                numbers[other] = number;
            } else {
                rest.push(other);
            }
        }
        left = rest;
        number += 1;
    }
    Ok(numbers)
}

/// Whether the longest common subsequence allows as many matches as the identity asks for.
///
/// Matches are a common subsequence, and of `L` residues of the shorter sequence at least `tL` must match. Where identity
/// is over the alignment, this has at most `L/t` columns, so the matches stand within as many residues of the longer one.
fn may_join(
    subsequences: &mut Subsequences,
    shorter: &Sequence,
    longer: &Sequence,
    options: &ClusterOptions,
) -> bool {
    let residues = shorter.as_str().len() as f64;
    let window = match options.definition {
        Identity::OverAlignment => (residues / options.identity + SLACK) as usize,
        Identity::OverShorter => usize::MAX,
    };
    let needed = (options.identity * residues - SLACK).ceil() as usize;
    subsequences.bound(shorter, longer, window) >= needed
}
