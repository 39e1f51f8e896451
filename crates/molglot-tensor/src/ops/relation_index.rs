//! Edges of several relations: the plan of a relational layer.

use std::sync::Arc;
#[cfg(feature = "flex")]
use std::sync::OnceLock;

#[cfg(feature = "flex")]
use super::compact_relations::Compact;
use super::row_index::RowIndex;

/// Edges from `R` rows to `N` rows, each of one of several relations.
///
/// Cheap to clone; what is derived from it once is kept.
#[derive(Clone, Debug)]
pub struct RelationIndex(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    from: RowIndex,
    to: RowIndex,
    relations: usize,
    #[cfg(feature = "flex")]
    compact: OnceLock<Compact>,
}

impl RelationIndex {
    /// `from` has a source for each edge, `to` a target and relation: `target * relations + relation`.
    ///
    /// # Panics
    ///
    /// When `from` and `to` differ in length, or `to` is not for whole targets.
    pub fn new(from: &RowIndex, to: &RowIndex, relations: usize) -> Self {
        assert_eq!(from.len(), to.len(), "edges have two ends");
        assert!(
            relations > 0 && to.rows().is_multiple_of(relations),
            "{} rows are no whole number of targets with {relations} relations",
            to.rows()
        );
        Self(Arc::new(Inner {
            from: from.clone(),
            to: to.clone(),
            relations,
            #[cfg(feature = "flex")]
            compact: OnceLock::new(),
        }))
    }

    /// The source of each edge.
    pub fn from(&self) -> &RowIndex {
        &self.0.from
    }

    /// The target and relation of each edge.
    pub fn to(&self) -> &RowIndex {
        &self.0.to
    }

    /// Number of relations.
    pub fn relations(&self) -> usize {
        self.0.relations
    }

    /// Number of targets, `N`.
    pub fn targets(&self) -> usize {
        self.0.to.rows() / self.0.relations
    }

    /// What the kernels of the flex backend work on.
    #[cfg(feature = "flex")]
    pub(super) fn compact(&self) -> &Compact {
        self.0.compact.get_or_init(|| Compact::new(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no whole number of targets")]
    fn a_plan_for_a_part_of_a_target_is_refused() {
        let none = RowIndex::new(3, Vec::new());
        let _ = RelationIndex::new(&none, &none, 2);
    }
}
