//! Which families of cycles are relevant: linear algebra over bonds, modulo 2.

use std::cmp::Ordering;

use super::system::RingSystem;

const NONE: u32 = u32::MAX;

/// Independent cycles in echelon form. A cycle is its edges in descending order, and the first
/// edge of a row is its pivot.
struct Basis {
    rows: Vec<Vec<u32>>,
    /// The row that an edge is the pivot of.
    row_of: Vec<u32>,
    sum: Vec<u32>,
}

/// The relevant families of a system, whose families are sorted by length, and the rank they span.
pub(super) fn relevant(system: &RingSystem, rank: usize) -> (Vec<u32>, usize) {
    let mut basis = Basis {
        rows: Vec::new(),
        row_of: vec![NONE; system.edge_count()],
        sum: Vec::new(),
    };
    let mut order = Vec::new();
    let mut cycle = Vec::new();
    let mut index = 0;
    for same_length in system.families().chunk_by(|a, b| a.length == b.length) {
        let (shorter, listed) = (basis.rows.len(), order.len());
        if shorter == rank {
            break;
        }
        let mut dependent = false;
        for _ in same_length {
            system.edges(index, &mut cycle);
            basis.reduce(&mut cycle, shorter);
            if !cycle.is_empty() {
                order.push(index);
                basis.reduce(&mut cycle, basis.rows.len());
                dependent |= cycle.is_empty();
                basis.insert(&cycle);
            }
            index += 1;
        }
        if dependent && shorter > 0 {
            basis.join_ring_families(system, shorter, &mut order[listed..]);
        }
    }
    (order, basis.rows.len())
}

impl Basis {
    /// Adds rows of index below `limit` until the cycle is empty or its first edge is no pivot.
    fn reduce(&mut self, cycle: &mut Vec<u32>, limit: usize) {
        while let Some(&first) = cycle.first() {
            let row = self.row_of[first as usize] as usize;
            if row >= limit {
                break;
            }
            symmetric_difference(cycle, &self.rows[row], &mut self.sum);
            std::mem::swap(cycle, &mut self.sum);
        }
    }

    fn insert(&mut self, cycle: &[u32]) {
        if let Some(&pivot) = cycle.first() {
            self.row_of[pivot as usize] = self.rows.len() as u32;
            self.rows.push(cycle.to_vec());
        }
    }

    /// Moves families of one unique ring family (Kolodzik et al., J. Chem. Inf. Model. 2012, 52,
    /// 2013) behind the first of them: they are equal up to the first `shorter` rows and hang
    /// together by shared edges. The families are all of one length.
    fn join_ring_families(&self, system: &RingSystem, shorter: usize, families: &mut [u32]) {
        let marks = self.marks(shorter);
        let mut edges = Vec::new();
        let mut marked: Vec<(u64, u32)> = Vec::with_capacity(families.len());
        for &family in &*families {
            system.edges(family, &mut edges);
            let mark = edges
                .iter()
                .fold(0, |sum, &edge| sum ^ marks[edge as usize]);
            marked.push((mark, family));
        }
        marked.sort_unstable();
        let mut owner = vec![usize::MAX; marks.len()];
        // The first family of a unique ring family, and the family.
        let mut joined: Vec<(u32, u32)> = Vec::with_capacity(families.len());
        for equal in marked.chunk_by(|a, b| a.0 == b.0) {
            let start = joined.len();
            for &(_, family) in equal {
                joined.push((family, family));
                if equal.len() == 1 {
                    continue;
                }
                system.edges(family, &mut edges);
                for &edge in &edges {
                    let other = std::mem::replace(&mut owner[edge as usize], joined.len() - 1);
                    if other == usize::MAX || other < start {
                        continue;
                    }
                    let (a, b) = (joined[other].0, joined[joined.len() - 1].0);
                    if a != b {
                        for entry in joined[start..].iter_mut().filter(|e| e.0 == a.max(b)) {
                            entry.0 = a.min(b);
                        }
                    }
                }
            }
        }
        joined.sort_unstable();
        for (place, (_, family)) in families.iter_mut().zip(joined) {
            *place = family;
        }
    }

    /// Random numbers for the edges that add up to zero, bit by bit, over each of the first
    /// `limit` rows: cycles that are equal up to these rows have equal sums, and as good as no
    /// others do.
    fn marks(&self, limit: usize) -> Vec<u64> {
        let mut marks = vec![0; self.row_of.len()];
        for (edge, &row) in self.row_of.iter().enumerate() {
            marks[edge] = if (row as usize) < limit {
                let others = &self.rows[row as usize][1..];
                others
                    .iter()
                    .fold(0, |sum, &edge| sum ^ marks[edge as usize])
            } else {
                split_mix(edge as u64)
            };
        }
        marks
    }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn split_mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn symmetric_difference(a: &[u32], b: &[u32], out: &mut Vec<u32>) {
    out.clear();
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            Ordering::Greater => {
                out.push(a[i]);
                i += 1;
            }
            Ordering::Less => {
                out.push(b[j]);
                j += 1;
            }
            Ordering::Equal => {
                i += 1;
                j += 1;
            }
        }
    }
    out.extend_from_slice(&a[i..]);
    out.extend_from_slice(&b[j..]);
}
