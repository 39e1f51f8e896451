//! Biconnected components (Tarjan, SIAM J. Comput. 1972, 1, 146), without recursion.

use crate::molecule::Topology;

/// A bond as the depth-first search went along it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) bond: u32,
    pub(super) from: u32,
    pub(super) to: u32,
    /// It leads back to an atom that was seen before.
    pub(super) closes: bool,
}

struct Frame {
    atom: u32,
    /// The bond that leads here.
    via: u32,
    next_link: u32,
    /// The earliest atom that can be reached from here and beyond.
    low: u32,
    /// How many steps were open before `via`.
    steps_before: u32,
}

/// Calls `visit` for every biconnected component of two or more bonds, in the order in which the
/// search leaves them; its bonds are in the order of the search.
pub(super) fn for_each_block(
    topology: &Topology,
    closes_rings: impl Fn(u32) -> bool,
    mut visit: impl FnMut(&mut [Step]),
) {
    const UNSEEN: u32 = 0;
    const NO_BOND: u32 = u32::MAX;
    let mut seen = vec![UNSEEN; topology.atom_count()];
    let mut time = UNSEEN;
    let mut steps: Vec<Step> = Vec::new();
    let mut stack: Vec<Frame> = Vec::new();
    for root in 0..topology.atom_count() {
        if seen[root] != UNSEEN {
            continue;
        }
        time += 1;
        seen[root] = time;
        stack.push(Frame {
            atom: root as u32,
            via: NO_BOND,
            next_link: 0,
            low: time,
            steps_before: 0,
        });
        while let Some(frame) = stack.last_mut() {
            let links = topology.neighbors(frame.atom as usize);
            if let Some(link) = links.get(frame.next_link as usize) {
                frame.next_link += 1;
                if link.bond == frame.via || !closes_rings(link.bond) {
                    continue;
                }
                let step = Step {
                    bond: link.bond,
                    from: frame.atom,
                    to: link.atom,
                    closes: true,
                };
                let reached = seen[link.atom as usize];
                if reached == UNSEEN {
                    time += 1;
                    seen[link.atom as usize] = time;
                    if topology.neighbors(link.atom as usize).len() > 1 {
                        let steps_before = steps.len() as u32;
                        steps.push(Step {
                            closes: false,
                            ..step
                        });
                        stack.push(Frame {
                            atom: link.atom,
                            via: link.bond,
                            next_link: 0,
                            low: time,
                            steps_before,
                        });
                    }
                } else if reached < seen[frame.atom as usize] {
                    frame.low = frame.low.min(reached);
                    steps.push(step);
                }
                continue;
            }
            let (low, first) = (frame.low, frame.steps_before as usize);
            stack.pop();
            let Some(parent) = stack.last_mut() else {
                continue;
            };
            if low < seen[parent.atom as usize] {
                parent.low = parent.low.min(low);
                continue;
            }
            if steps.len() - first > 1 {
                visit(&mut steps[first..]);
            }
            steps.truncate(first);
        }
    }
}
