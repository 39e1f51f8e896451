//! Perfect matching in a general graph by augmenting paths with contracted blossoms (Edmonds 1965).

use std::collections::VecDeque;

const NONE: usize = usize::MAX;

/// A matching that grows until every vertex that must be matched is.
pub(super) struct Matching {
    optional: Vec<bool>,
    start: Vec<usize>,
    targets: Vec<usize>,
    mates: Vec<usize>,
}

/// One search from an unmatched vertex. What it touched is put back for the next one.
struct Search {
    /// The vertex before, on the way from the root, of vertices at odd distance.
    previous: Vec<usize>,
    /// The base of the blossom that each vertex is in, by way of other vertices.
    base: Vec<usize>,
    /// At even distance from the root.
    even: Vec<bool>,
    queue: VecDeque<usize>,
    touched: Vec<usize>,
    /// The number of the last contraction that passed a vertex on its way to the base.
    passed: Vec<usize>,
    contractions: usize,
}

impl Search {
    fn new(count: usize) -> Self {
        Self {
            previous: vec![NONE; count],
            base: (0..count).collect(),
            even: vec![false; count],
            queue: VecDeque::new(),
            touched: Vec::new(),
            passed: vec![0; count],
            contractions: 0,
        }
    }

    fn reset(&mut self) {
        for &vertex in &self.touched {
            self.previous[vertex] = NONE;
            self.base[vertex] = vertex;
            self.even[vertex] = false;
        }
        self.touched.clear();
        self.queue.clear();
    }

    fn base(&mut self, mut vertex: usize) -> usize {
        while self.base[vertex] != vertex {
            self.base[vertex] = self.base[self.base[vertex]];
            vertex = self.base[vertex];
        }
        vertex
    }

    fn make_even(&mut self, vertex: usize) {
        self.even[vertex] = true;
        self.touched.push(vertex);
        self.queue.push_back(vertex);
    }
}

impl Matching {
    /// No edge is taken yet. Vertices that are `optional` may stay alone.
    pub(super) fn new(
        optional: Vec<bool>,
        edges: impl Iterator<Item = (usize, usize)> + Clone,
    ) -> Self {
        let count = optional.len();
        let mut start = vec![0; count + 1];
        for (a, b) in edges.clone() {
            start[a + 1] += 1;
            start[b + 1] += 1;
        }
        for vertex in 0..count {
            start[vertex + 1] += start[vertex];
        }
        let mut next = start.clone();
        let mut targets = vec![0; start[count]];
        for (a, b) in edges {
            for (from, to) in [(a, b), (b, a)] {
                targets[next[from]] = to;
                next[from] += 1;
            }
        }
        Self {
            mates: vec![NONE; count],
            optional,
            start,
            targets,
        }
    }

    /// Takes an edge between two vertices that have none.
    pub(super) fn join(&mut self, a: usize, b: usize) {
        self.mates[a] = b;
        self.mates[b] = a;
    }

    pub(super) fn mate(&self, vertex: usize) -> Option<usize> {
        Some(self.mates[vertex]).filter(|&mate| mate != NONE)
    }

    /// Matches every vertex that is not optional; `false` if that cannot be.
    pub(super) fn complete(&mut self) -> bool {
        let mut search = Search::new(self.mates.len());
        (0..self.mates.len()).all(|vertex| {
            self.optional[vertex] || self.mates[vertex] != NONE || {
                search.reset();
                self.augment(&mut search, vertex)
            }
        })
    }

    fn augment(&mut self, search: &mut Search, root: usize) -> bool {
        search.make_even(root);
        while let Some(vertex) = search.queue.pop_front() {
            for edge in self.start[vertex]..self.start[vertex + 1] {
                let next = self.targets[edge];
                if self.mates[vertex] == next || search.base(vertex) == search.base(next) {
                    continue;
                }
                if search.even[next] {
                    if let Some(spare) = self.contract(search, vertex, next) {
                        self.release(search, spare);
                        return true;
                    }
                } else if search.previous[next] == NONE {
                    search.previous[next] = vertex;
                    search.touched.push(next);
                    let mate = self.mates[next];
                    if mate == NONE {
                        self.flip(search, next);
                        return true;
                    }
                    search.make_even(mate);
                    if self.optional[mate] {
                        self.release(search, mate);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Leaves an optional vertex at even distance alone in favour of the root.
    fn release(&mut self, search: &Search, spare: usize) {
        let mate = self.mates[spare];
        self.mates[spare] = NONE;
        self.flip(search, mate);
    }

    /// Swaps taken and free edges on the way back to the root.
    fn flip(&mut self, search: &Search, mut vertex: usize) {
        while vertex != NONE {
            let previous = search.previous[vertex];
            let next = self.mates[previous];
            self.join(vertex, previous);
            vertex = next;
        }
    }

    /// Makes one vertex of the odd cycle that an edge between two even vertices closes. Returns an
    /// optional vertex that came to even distance by it.
    fn contract(&self, search: &mut Search, a: usize, b: usize) -> Option<usize> {
        let base = self.common_base(search, a, b);
        let mut inside = Vec::new();
        let spare = self.turn(search, a, b, base, &mut inside);
        let spare = self.turn(search, b, a, base, &mut inside).or(spare);
        for blossom in inside {
            search.base[blossom] = base;
        }
        spare
    }

    /// Where the ways back to the root meet. They are gone in turns, so that the work is in
    /// proportion to the cycle.
    fn common_base(&self, search: &mut Search, a: usize, b: usize) -> usize {
        search.contractions += 1;
        let (mut here, mut there) = (search.base(a), search.base(b));
        loop {
            if here != NONE {
                if search.passed[here] == search.contractions {
                    return here;
                }
                search.passed[here] = search.contractions;
                here = match self.mates[here] {
                    NONE => NONE,
                    mate => search.base(search.previous[mate]),
                };
            }
            std::mem::swap(&mut here, &mut there);
        }
    }

    /// Lets the way from one end of the closing edge to the base be gone the other way as well,
    /// which brings its odd vertices to even distance.
    fn turn(
        &self,
        search: &mut Search,
        mut vertex: usize,
        mut child: usize,
        base: usize,
        inside: &mut Vec<usize>,
    ) -> Option<usize> {
        let mut spare = None;
        while search.base(vertex) != base {
            let mate = self.mates[vertex];
            let blossoms = [search.base(vertex), search.base(mate)];
            inside.extend(blossoms);
            search.previous[vertex] = child;
            if !search.even[mate] {
                search.make_even(mate);
                spare = spare.or(Some(mate).filter(|&mate| self.optional[mate]));
            }
            child = mate;
            vertex = search.previous[mate];
        }
        spare
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether some set of disjoint edges covers every vertex that is not optional.
    fn can_cover(edges: &[(usize, usize)], optional: &[bool]) -> bool {
        fn search(edges: &[(usize, usize)], covered: &mut Vec<bool>) -> bool {
            if covered.iter().all(|&covered| covered) {
                return true;
            }
            let Some((&(a, b), rest)) = edges.split_first() else {
                return false;
            };
            search(rest, covered) || {
                let before = covered.clone();
                // Optional vertices are covered from the start, so joining them needs a mark.
                covered[a] = true;
                covered[b] = true;
                let found = search(&without(rest, a, b), covered);
                *covered = before;
                found
            }
        }
        fn without(edges: &[(usize, usize)], a: usize, b: usize) -> Vec<(usize, usize)> {
            let free = |&&(c, d): &&(usize, usize)| ![c, d].contains(&a) && ![c, d].contains(&b);
            edges.iter().filter(free).copied().collect()
        }
        search(edges, &mut optional.to_vec())
    }

    #[test]
    fn agrees_with_trying_everything() {
        let mut state = 1u64;
        let mut random = move |below: u64| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for _ in 0..3000 {
            let count = 2 + random(7) as usize;
            let pairs = (0..count).flat_map(|a| (0..a).map(move |b| (b, a)));
            let edges: Vec<_> = pairs.filter(|_| random(3) == 0).collect();
            let optional: Vec<_> = (0..count).map(|_| random(4) == 0).collect();
            let mut matching = Matching::new(optional.clone(), edges.iter().copied());
            let complete = matching.complete();
            assert_eq!(
                complete,
                can_cover(&edges, &optional),
                "{edges:?} {optional:?}"
            );
            for vertex in (0..count).filter(|_| complete) {
                match matching.mate(vertex) {
                    None => assert!(optional[vertex]),
                    Some(mate) => {
                        assert_eq!(matching.mate(mate), Some(vertex));
                        assert!(edges.contains(&(vertex.min(mate), vertex.max(mate))));
                    }
                }
            }
        }
    }
}
