//! The edges of a relational layer without what would be computed twice, for the kernels of the flex backend.

use std::{collections::HashMap, ops::Range};

use super::{RelationIndex, row_index::RowIndex};

/// The edges without what would be computed twice: targets that receive the same from the same sources share a row, and
/// relations that bring a row nothing have none.
#[derive(Debug)]
pub(super) struct Compact {
    /// The row of each of `N` targets, of `U` rows.
    pub(super) rows: RowIndex,
    /// Per relation, what it brings.
    pub(super) groups: Vec<Group>,
    /// The sums of all groups in a row, by source: `readers[starts[s]..starts[s + 1]]` are those that source `s` is in.
    starts: Vec<u32>,
    readers: Vec<u32>,
}

/// What one relation brings.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// The rows that it brings something, ascending.
    pub(super) targets: Vec<u32>,
    /// `sources[starts[i]..starts[i + 1]]` are summed for `targets[i]`.
    starts: Vec<u32>,
    sources: Vec<u32>,
}

impl Compact {
    pub(super) fn new(index: &RelationIndex) -> Self {
        let (from, to, relations) = (index.from(), index.to(), index.relations());
        let segments = |target: usize| {
            (target * relations..(target + 1) * relations).map(|segment| to.positions(segment))
        };
        let sources = |positions: &[u32]| -> Vec<u32> {
            let source = |&position: &u32| from.index()[position as usize];
            positions.iter().map(source).collect()
        };
        // What a target receives: how much by each relation, then from where.
        let received = |target: usize| -> Vec<u32> {
            let lengths = segments(target).map(|positions| positions.len() as u32);
            let places = segments(target).flat_map(&sources);
            lengths.chain(places).collect()
        };
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut groups: Vec<Group> = (0..relations).map(|_| Group::default()).collect();
        let mut rows = Vec::with_capacity(index.targets());
        for target in 0..index.targets() {
            let next = known.len() as u32;
            let row = *known.entry(received(target)).or_insert(next);
            rows.push(row);
            if row == next {
                for (group, positions) in groups.iter_mut().zip(segments(target)) {
                    if !positions.is_empty() {
                        group.targets.push(row);
                        group.starts.push(group.sources.len() as u32);
                        group.sources.extend(sources(positions));
                    }
                }
            }
        }
        for group in &mut groups {
            group.starts.push(group.sources.len() as u32);
        }
        let (starts, readers) = readers(&groups, from.rows());
        Self {
            rows: RowIndex::new(known.len(), rows),
            groups,
            starts,
            readers,
        }
    }

    /// Whether every target has a row of its own.
    pub(super) fn is_whole(&self) -> bool {
        self.rows.rows() == self.rows.len()
    }

    /// The sums that a source is in, counted through all groups, ascending.
    pub(super) fn readers(&self, source: usize) -> &[u32] {
        &self.readers[self.starts[source] as usize..self.starts[source + 1] as usize]
    }

    /// How many sums there are in all groups.
    pub(super) fn sums(&self) -> usize {
        self.groups.iter().map(Group::len).sum()
    }
}

impl Group {
    /// How many rows the relation brings something.
    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// What is summed for the i-th target.
    pub(super) fn sources(&self, i: usize) -> &[u32] {
        &self.sources[self.starts[i] as usize..self.starts[i + 1] as usize]
    }

    /// The places of those targets that are among these rows.
    pub(super) fn within(&self, rows: Range<usize>) -> Range<usize> {
        let before = |end: usize| self.targets.partition_point(|&row| (row as usize) < end);
        before(rows.start)..before(rows.end)
    }
}

/// Turns groups around: by source, the sums that it is in.
fn readers(groups: &[Group], sources: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; sources + 1];
    let all = || groups.iter().flat_map(|group| &group.sources);
    all().for_each(|&source| starts[source as usize + 1] += 1);
    for source in 0..sources {
        starts[source + 1] += starts[source];
    }
    let (mut next, mut readers) = (starts.clone(), vec![0u32; all().count()]);
    let sums = groups
        .iter()
        .flat_map(|group| (0..group.len()).map(|i| group.sources(i)));
    for (sum, sources) in sums.enumerate() {
        for &source in sources {
            readers[next[source as usize] as usize] = sum as u32;
            next[source as usize] += 1;
        }
    }
    (starts, readers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_receive_the_same_share_a_row_and_empty_relations_have_none() {
        // Targets 0 and 2 take sources 1 and 0 by relation 1; target 1 takes source 1 by relation 0; target 3 nothing.
        let from = RowIndex::new(2, vec![1, 1, 0, 1, 0]);
        let to = RowIndex::new(8, vec![1, 5, 1, 2, 5]);
        let index = RelationIndex::new(&from, &to, 2);
        let compact = index.compact();
        assert_eq!(compact.rows.index(), [0, 1, 0, 2]);
        assert_eq!(compact.groups[0].targets, [1]);
        assert_eq!(compact.groups[1].targets, [0]);
        assert_eq!(compact.groups[1].sources(0), [1, 0]);
        assert_eq!(
            (compact.readers(0), compact.readers(1)),
            (&[1u32][..], &[0u32, 1][..])
        );
        assert!(!compact.is_whole());
    }
}
