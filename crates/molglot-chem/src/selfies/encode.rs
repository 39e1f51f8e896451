//! From SMILES to SELFIES.

use super::NONE;
use super::atom::Chirality;
use super::bond::Bond;
use super::constraints::Constraints;
use super::error::{EncodeError, EncodeErrorKind};
use super::graph::{Digit, Graph};
use super::index;
use super::kekulize::kekulize;
use super::reader::read;
use crate::error::SmilesErrorKind;

/// The most symbols in a branch, and the most atoms between the ends of a ring bond, that three
/// symbols count.
pub const MAX_SPAN: u32 = 4096;

/// Writes a SMILES string as SELFIES. Atoms keep their order.
///
/// # Errors
///
/// [`EncodeErrorKind::Smiles`] for what is no SMILES or has no SELFIES, with the byte offset;
/// [`EncodeErrorKind::Capacity`] for an atom with more bonds than `constraints` allow, which
/// decoding could not give back; [`EncodeErrorKind::Span`] for a branch or ring bond longer than
/// [`MAX_SPAN`].
///
/// ```
/// use molglot_chem::selfies::{Constraints, encode};
///
/// assert_eq!(encode("CC(=O)O", &Constraints::default())?, "[C][C][=Branch1][C][=O][O]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode(smiles: &str, constraints: &Constraints) -> Result<String, EncodeError> {
    let graph = read_kekulized(smiles)?;
    check_capacities(&graph, constraints)?;
    let sizes = symbol_counts(&graph);
    check_spans(&graph, &sizes)?;
    Ok(write(&graph, &sizes, smiles.len()))
}

/// Writes a SMILES string as SELFIES whatever its bonds and spans, as the Python package does with
/// `strict=False`. Decoding may give another molecule, or be refused.
///
/// # Errors
///
/// [`EncodeErrorKind::Smiles`] as [`encode`].
pub fn encode_lenient(smiles: &str) -> Result<String, EncodeError> {
    let graph = read_kekulized(smiles)?;
    let sizes = symbol_counts(&graph);
    Ok(write(&graph, &sizes, smiles.len()))
}

fn read_kekulized(smiles: &str) -> Result<Graph, EncodeError> {
    let mut graph = read(smiles)?;
    kekulize(&mut graph).map_err(|atom| {
        at_atom(
            &graph,
            atom,
            EncodeErrorKind::Smiles(SmilesErrorKind::Kekulize),
        )
    })?;
    Ok(graph)
}

fn at_atom(graph: &Graph, atom: u32, kind: EncodeErrorKind) -> EncodeError {
    EncodeError::new(graph.atoms[atom as usize].offset as usize, kind)
}

fn check_capacities(graph: &Graph, constraints: &Constraints) -> Result<(), EncodeError> {
    for (id, atom) in (0u32..).zip(&graph.atoms) {
        let bonds = atom.half_orders / 2;
        let capacity = atom.symbol.capacity(constraints);
        if i64::from(bonds) > i64::from(capacity) {
            return Err(at_atom(
                graph,
                id,
                EncodeErrorKind::Capacity { bonds, capacity },
            ));
        }
    }
    Ok(())
}

fn check_spans(graph: &Graph, sizes: &[u32]) -> Result<(), EncodeError> {
    let branches = (0u32..)
        .zip(sizes)
        .filter(|&(atom, _)| is_branch(graph, atom));
    let rings = graph
        .digits
        .iter()
        .filter_map(|digit| Some((digit.atom, ring_span(digit)?)));
    match branches
        .map(|(atom, &size)| (atom, size))
        .chain(rings)
        .find(|&(_, span)| span > MAX_SPAN)
    {
        Some((atom, _)) => Err(at_atom(graph, atom, EncodeErrorKind::Span)),
        None => Ok(()),
    }
}

/// Whether an atom begins a branch: another atom or a ring digit stands behind it on its parent.
fn is_branch(graph: &Graph, atom: u32) -> bool {
    let parent = graph.atoms.get(graph.atoms[atom as usize].parent as usize);
    parent.is_some_and(|parent| parent.next != atom)
}

/// How many atoms a ring bond reaches back; it is written at its later atom only.
fn ring_span(digit: &Digit) -> Option<u32> {
    digit.atom.checked_sub(digit.partner)
}

/// The number of symbols from each atom to the end of what hangs on it.
fn symbol_counts(graph: &Graph) -> Vec<u32> {
    let mut sizes = vec![1; graph.atoms.len()];
    for digit in &graph.digits {
        if let Some(span) = ring_span(digit) {
            sizes[digit.atom as usize] += 1 + index::width(span - 1);
        }
    }
    for atom in (0..graph.atoms.len()).rev() {
        if let Some(parent) = graph.atoms.get(graph.atoms[atom].parent as usize) {
            let size = sizes[atom];
            let branch = if parent.next == atom as u32 {
                0
            } else {
                1 + index::width(size - 1)
            };
            sizes[graph.atoms[atom].parent as usize] += size + branch;
        }
    }
    sizes
}

fn write(graph: &Graph, sizes: &[u32], hint: usize) -> String {
    let mut out = String::with_capacity(4 * hint);
    let mut digits = graph.digits.iter().peekable();
    for ((id, atom), &size) in (0u32..).zip(&graph.atoms).zip(sizes) {
        let mut bond = "";
        if atom.parent != NONE {
            bond = atom.bond.symbol();
            if is_branch(graph, id) {
                let order = if atom.bond.order() == 1 { "" } else { bond };
                write_counted(&mut out, (order, ""), "Branch", size - 1);
            }
        } else if id > 0 {
            out.push('.');
        }
        out.push('[');
        out.push_str(bond);
        let mut symbol = atom.symbol;
        if symbol.chirality != Chirality::None && is_reordered(graph, id) {
            symbol.chirality = symbol.chirality.inverted();
        }
        symbol.write(&mut out);
        out.push(']');
        while let Some(digit) = digits.next_if(|digit| digit.after == id) {
            if let Some(span) = ring_span(digit) {
                let mate = graph.digits[digit.mate as usize].bond;
                write_counted(&mut out, ring_symbols(mate, digit.bond), "Ring", span - 1);
            }
        }
    }
    out
}

/// Appends a branch or ring symbol and the number behind it.
fn write_counted(out: &mut String, bond: (&str, &str), name: &str, number: u32) {
    out.push('[');
    out.push_str(bond.0);
    out.push_str(bond.1);
    out.push_str(name);
    super::atom::push_number(out, index::width(number));
    out.push(']');
    index::write(out, number);
}

/// The bond of a ring symbol, given the bond at the earlier and at the later atom.
fn ring_symbols(earlier: Bond, later: Bond) -> (&'static str, &'static str) {
    if !earlier.is_marked() && !later.is_marked() {
        return (earlier.symbol(), "");
    }
    let mark = |bond: Bond| if bond.is_marked() { bond.symbol() } else { "-" };
    (mark(earlier), mark(later))
}

/// Whether decoding changes the handedness of an atom, by the order it gives the neighbours: ring
/// bonds to earlier atoms first, then those to later atoms by their place, then the chains.
fn is_reordered(graph: &Graph, atom: u32) -> bool {
    let mut rings = Vec::new();
    let mut odd = false;
    for digit in graph.digits_of(atom) {
        odd ^= digit.children % 2 == 1;
        rings.push(if digit.partner > atom {
            Some(digit.partner)
        } else {
            None
        });
    }
    rings.reverse();
    odd ^ is_odd_permutation(&rings)
}

/// Whether a stable sort exchanges two items an odd number of times.
fn is_odd_permutation<T: Ord>(items: &[T]) -> bool {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&at| &items[at]);
    let mut odd = false;
    for at in 0..order.len() {
        while order[at] != at {
            let target = order[at];
            order.swap(at, target);
            odd = !odd;
        }
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parity_is_that_of_the_inversions() {
        for items in [
            &[0u8][..],
            &[1, 0],
            &[2, 0, 1],
            &[2, 1, 0],
            &[1, 1, 0, 3, 2],
            &[3, 3, 1, 0, 1],
        ] {
            let pairs = (0..items.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
            let inversions = pairs.filter(|&(i, j)| items[i] > items[j]).count();
            assert_eq!(is_odd_permutation(items), inversions % 2 == 1, "{items:?}");
        }
    }
}
