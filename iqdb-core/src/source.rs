//! What a backend implements to lend a block.

use crate::{FieldId, IdRef, Narrow, PayloadRef, Predicate, Result, VectorColumn, Version};

/// The rows behind a block: one chunk or segment of a backend, shared by all views of it.
///
/// Rows are numbered from 0. All methods may be called from many threads at once.
pub trait BlockSource: Send + Sync {
    /// The vectors of a field; `None` when no row has one. O(1).
    ///
    /// - `blocks_have_the_columns_of_the_schema`: Each field has rows of its element and dimension, in
    ///   blocks that are seen at the snapshot's version.
    /// - `computed_columns_are_made_of_the_payloads`: Each row has the bytes that core makes of its
    ///   payload, whichever statement wrote that, or none where core makes none.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading it fails.
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>>;

    /// Clears from `live` the rows that are not alive at version `at`.
    ///
    /// - `clear_dead_clears_exactly_the_dead_rows`: Whichever rows of the block `live` has.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading them fails.
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()>;

    /// Whether a row is alive at version `at`. O(1).
    ///
    /// - `is_alive_agrees_with_clear_dead`: Row by row, at the version of the block.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading it fails.
    fn is_alive(&self, row: usize, at: Version) -> Result<bool>;

    /// Appends to `out` the rows that ended after version `since`, up to and with version `at`, in any
    /// order, and returns true; or returns false where that is not known any more, as when a compaction
    /// has moved the rows to other blocks before version `at`, and leaves `out` alone. O(log rows), and O(rows that ended). Neither version is beyond those that were
    /// published.
    ///
    /// - `ended_names_the_rows_that_ended_between_two_versions`: Those, each once, and no other row, or
    ///   false.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading them fails.
    fn ended(&self, since: Version, at: Version, out: &mut Vec<u32>) -> Result<bool>;

    /// The id of a row. O(1).
    ///
    /// - `row_ids_are_those_of_their_records`: In whatever order, and however often, they are asked
    ///   for.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading it fails.
    fn id(&self, row: usize) -> Result<IdRef<'_>>;

    /// The payload of a row.
    ///
    /// - `row_payloads_are_as_of_their_snapshot`: One that was set later is in later snapshots only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading it fails.
    fn payload(&self, row: usize) -> Result<PayloadRef<'_>>;

    /// Narrows `mask` to the rows that match `leaf`, by whole columns, and returns true; or leaves
    /// it alone and returns false, and the rows are asked one by one.
    ///
    /// - `matching_agrees_with_the_predicate`: Where it returns true, the mask is what asking each
    ///   row would have left; where false, it is untouched.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading the columns fails.
    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool>;
}
