//! Which families are relevant: linear algebra over bonds, modulo 2.

use super::system::RingSystem;

const NONE: u32 = u32::MAX;

/// A basis of the cycles so far in echelon form. A cycle is its edges in descending order; the
/// first one of a row is its pivot.
struct Basis {
    rows: Vec<Vec<u32>>,
    /// The row that an edge is the pivot of.
    row_of: Vec<u32>,
    scratch: Vec<u32>,
}

impl Basis {
    /// Adds rows of index below `limit` until the cycle is empty or its first edge is no pivot.
    fn reduce(&mut self, cycle: &mut Vec<u32>, limit: usize) {
        while let Some(&first) = cycle.first() {
            let row = self.row_of[first as usize] as usize;
            if row >= limit {
                break;
            }
            symmetric_difference(cycle, &self.rows[row], &mut self.scratch);
            std::mem::swap(cycle, &mut self.scratch);
        }
    }

    fn insert(&mut self, cycle: &[u32]) {
        self.row_of[cycle[0] as usize] = self.rows.len() as u32;
        self.rows.push(cycle.to_vec());
    }
}

/// The relevant families of a system whose families are sorted by length, and the rank they span.
///
/// Families of one length that are equal up to shorter cycles and share an edge (unique ring
/// families: Kolodzik et al., J. Chem. Inf. Model. 2012, 52, 2013) follow each other.
pub(super) fn relevant(system: &RingSystem, rank: usize) -> (Vec<u32>, usize) {
    let mut basis = Basis {
        rows: Vec::new(),
        row_of: vec![NONE; system.edge_count()],
        scratch: Vec::new(),
    };
    let mut order: Vec<u32> = Vec::new();
    let (mut cycle, mut edges, mut other) = (Vec::new(), Vec::new(), Vec::new());
    let mut groups: Vec<(u32, u32)> = Vec::new();
    let mut index = 0;
    for same_length in system.families().chunk_by(|a, b| a.length == b.length) {
        let shorter = basis.rows.len();
        if shorter == rank {
            break;
        }
        groups.clear();
        for family in same_length {
            let this = index;
            index += 1;
            system.edges(family, &mut edges);
            cycle.clone_from(&edges);
            basis.reduce(&mut cycle, shorter);
            if cycle.is_empty() {
                continue;
            }
            let limit = basis.rows.len();
            basis.reduce(&mut cycle, limit);
            groups.push((this, this));
            if !cycle.is_empty() {
                basis.insert(&cycle);
                continue;
            }
            for at in 0..groups.len() - 1 {
                let (group, earlier) = groups[at];
                system.edges(&system.families()[earlier as usize], &mut other);
                symmetric_difference(&edges, &other, &mut cycle);
                if cycle.len() == edges.len() + other.len() {
                    continue;
                }
                basis.reduce(&mut cycle, shorter);
                if cycle.is_empty() {
                    let own = groups[groups.len() - 1].0;
                    for entry in &mut groups {
                        if entry.0 == own.max(group) {
                            entry.0 = own.min(group);
                        }
                    }
                }
            }
        }
        groups.sort_unstable();
        order.extend(groups.iter().map(|&(_, family)| family));
    }
    (order, basis.rows.len())
}

fn symmetric_difference(a: &[u32], b: &[u32], out: &mut Vec<u32>) {
    out.clear();
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Greater => {
                out.push(a[i]);
                i += 1;
            }
            std::cmp::Ordering::Less => {
                out.push(b[j]);
                j += 1;
            }
            std::cmp::Ordering::Equal => {
                i += 1;
                j += 1;
            }
        }
    }
    out.extend_from_slice(&a[i..]);
    out.extend_from_slice(&b[j..]);
}
