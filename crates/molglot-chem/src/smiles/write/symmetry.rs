//! Shells of atoms around ring atoms, for cages in which classes of neighbours do not settle ties.
//!
//! In a regular graph every atom sees the same classes, however different the places are; the
//! numbers of atoms at each distance, and how often these are met, tell some of them apart
//! (Schneider, Sahnoun and Landrum 2015, section on highly symmetric molecules).

use crate::molecule::Molecule;

const END_OF_SHELL: i32 = -1;

/// The counts along the shells of one atom: new atoms per shell, and how often atoms were met.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Profile {
    sizes: Vec<i32>,
    meetings: Vec<i32>,
}

/// For every atom the rank of its profile among those of `atoms`; 0 outside rings.
pub(super) fn shells(molecule: &Molecule, atoms: &[u32]) -> Vec<u32> {
    let mut walk = Walk::new(molecule);
    let mut profiles: Vec<(Profile, u32)> = atoms
        .iter()
        .filter(|&&atom| molecule.atoms()[atom as usize].in_ring)
        .map(|&atom| (walk.profile(atom), atom))
        .collect();
    profiles.sort_unstable();
    let mut ranks = vec![0; molecule.atoms().len()];
    let mut rank = 1;
    for (at, (profile, atom)) in profiles.iter().enumerate() {
        if at > 0 && *profile != profiles[at - 1].0 {
            rank += 1;
        }
        ranks[*atom as usize] = rank;
    }
    ranks
}

/// Where a breadth-first walk over ring atoms met an atom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shell {
    Unseen,
    Older,
    Last,
    Current,
}

struct Walk<'m> {
    molecule: &'m Molecule,
    shell: Vec<Shell>,
    meetings: Vec<i32>,
    seen: Vec<u32>,
    met: Vec<u32>,
}

impl<'m> Walk<'m> {
    fn new(molecule: &'m Molecule) -> Self {
        let count = molecule.atoms().len();
        Self {
            molecule,
            shell: vec![Shell::Unseen; count],
            meetings: vec![0; count],
            seen: Vec::new(),
            met: Vec::new(),
        }
    }

    fn profile(&mut self, start: u32) -> Profile {
        let molecule = self.molecule;
        for atom in self.seen.drain(..) {
            self.shell[atom as usize] = Shell::Unseen;
        }
        let mut profile = Profile::default();
        let (mut last, mut current) = (vec![start], Vec::new());
        self.shell[start as usize] = Shell::Last;
        self.seen.push(start);
        while !last.is_empty() {
            current.clear();
            // Atoms outside rings are counted, but not walked on from.
            let in_ring = |atom: u32| molecule.atoms()[atom as usize].in_ring;
            for &atom in last.iter().filter(|&&atom| in_ring(atom)) {
                for link in molecule.neighbors(atom as usize) {
                    let shell = &mut self.shell[link.atom as usize];
                    if *shell == Shell::Unseen {
                        *shell = Shell::Current;
                        current.push(link.atom);
                        self.seen.push(link.atom);
                    }
                }
            }
            for &atom in &current {
                for link in molecule.neighbors(atom as usize) {
                    let other = link.atom as usize;
                    if matches!(self.shell[other], Shell::Last | Shell::Current) {
                        if self.meetings[other] == 0 {
                            self.met.push(link.atom);
                        }
                        self.meetings[other] += 1;
                    }
                }
            }
            let from = profile.meetings.len();
            for atom in self.met.drain(..) {
                profile
                    .meetings
                    .push(std::mem::take(&mut self.meetings[atom as usize]));
            }
            profile.meetings[from..].sort_unstable();
            profile.meetings.push(END_OF_SHELL);
            profile.sizes.extend([current.len() as i32, END_OF_SHELL]);
            for &atom in &last {
                self.shell[atom as usize] = Shell::Older;
            }
            for &atom in &current {
                self.shell[atom as usize] = Shell::Last;
            }
            std::mem::swap(&mut last, &mut current);
        }
        profile
    }
}
