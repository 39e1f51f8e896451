//! Merge sort that keeps equal items together.

use std::cmp::Ordering;

/// Sorts items, stable, and puts the number of equal items at the first of them in `sizes` (by
/// item), 0 at the others; `sizes` must come in as ones. Each run of equal items is compared by
/// its first item only, so many equal items cost little.
pub(super) fn group_sort(
    items: &mut [u32],
    sizes: &mut [u32],
    merged: &mut [u32],
    compare: &impl Fn(u32, u32) -> Ordering,
) {
    match items {
        [] | [_] => return,
        // Most classes that are looked at have two members.
        [a, b] => {
            match compare(*a, *b) {
                Ordering::Less => {}
                Ordering::Equal => (sizes[*a as usize], sizes[*b as usize]) = (2, 0),
                Ordering::Greater => std::mem::swap(a, b),
            }
            return;
        }
        _ => {}
    }
    let half = items.len() / 2;
    let (left, right) = items.split_at_mut(half);
    group_sort(left, sizes, &mut merged[..half], compare);
    group_sort(right, sizes, &mut merged[half..], compare);
    let (mut at_left, mut at_right, mut filled) = (0, 0, 0);
    let mut take = |from: &[u32], at: &mut usize, len: u32| {
        let run = &from[*at..*at + len as usize];
        merged[filled..filled + run.len()].copy_from_slice(run);
        filled += run.len();
        *at += run.len();
    };
    while at_left < left.len() && at_right < right.len() {
        let (a, b) = (left[at_left], right[at_right]);
        let (len_a, len_b) = (sizes[a as usize], sizes[b as usize]);
        let ordering = compare(a, b);
        if ordering.is_le() {
            take(left, &mut at_left, len_a);
        }
        if ordering.is_ge() {
            take(right, &mut at_right, len_b);
        }
        if ordering.is_eq() {
            sizes[a as usize] = len_a + len_b;
            sizes[b as usize] = 0;
        }
    }
    let rest = (left.len() - at_left) as u32;
    take(left, &mut at_left, rest);
    let rest = (right.len() - at_right) as u32;
    take(right, &mut at_right, rest);
    items.copy_from_slice(&merged[..items.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_form_groups_in_their_order() {
        let value = [2, 0, 1, 0, 2, 2, 1];
        let mut items: Vec<u32> = (0..7).collect();
        let mut sizes = vec![1; 7];
        group_sort(&mut items, &mut sizes, &mut [0; 7], &|a, b| {
            value[a as usize].cmp(&value[b as usize])
        });
        assert_eq!(items, [1, 3, 2, 6, 0, 4, 5]);
        assert_eq!(sizes, [3, 2, 2, 0, 0, 0, 0]);
    }
}
