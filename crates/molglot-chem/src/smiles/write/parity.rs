//! Parity of small permutations.

/// Whether an odd number of swaps sorts the items in ascending order. Equal items stay in place.
pub(super) fn is_odd<T: PartialOrd>(items: &[T]) -> bool {
    let mut odd = false;
    for (at, item) in items.iter().enumerate() {
        for later in &items[at + 1..] {
            odd ^= later < item;
        }
    }
    odd
}

#[cfg(test)]
mod tests {
    use super::is_odd;

    #[test]
    fn every_swap_changes_the_parity() {
        assert!(!is_odd::<u8>(&[]));
        assert!(!is_odd(&[0, 1, 2, 3]));
        assert!(is_odd(&[1, 0, 2, 3]));
        assert!(!is_odd(&[1, 2, 0, 3]));
        assert!(is_odd(&[3, 0, 1, 2]));
    }
}
