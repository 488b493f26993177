//! Feeds: what has changed since a position, for copies that follow a store.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{Batch, Budget, RecordId, Result, Snapshot, Version};

/// Tells followers what has changed: see [`Store::feed`](crate::Store::feed).
///
/// A follower copies the snapshot that [`begin`](Self::begin) returns, and then asks for the
/// [`changes`](Self::changes) since its position, applies each answer as one batch, and keeps the
/// position that the answer goes up to.
pub trait Feed: Debug + Send + Sync {
    /// The position of the store as it is now, and the snapshot to copy there. What follows is kept
    /// while the snapshot lives in this process, or longer.
    ///
    /// - `a_feed_begins_at_its_snapshot`: Position and snapshot are of one version, the newest.
    ///
    /// # Errors
    /// Those of the budget and of [`Store::snapshot`](crate::Store::snapshot).
    fn begin(&self, budget: Budget<'_>) -> Result<(Position, Arc<dyn Snapshot>)>;

    /// What has changed between a position and now. O(changes).
    ///
    /// - `changes_are_each_changed_id_once`: However often it was put or removed, and no other id, also
    ///   where a field was added; since the newest version, none.
    /// - `following_a_feed_makes_a_copy`: The follower has the records of the version that it asked
    ///   up to; beside writers, too.
    /// - `a_position_of_another_history_is_gone`: That of another store, or of a version that there
    ///   has never been, is [`VersionGone`](crate::ErrorKind::VersionGone).
    ///
    /// # Errors
    /// [`VersionGone`](crate::ErrorKind::VersionGone), also when what has changed since then isn't
    /// kept any more: begin again. Those of the budget and of reading the store.
    fn changes(&self, since: Position, budget: Budget<'_>) -> Result<Changes>;
}

/// A version of one history. A follower keeps it beside its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    version: Version,
    history: u128,
}

impl Position {
    /// A position in the history that `history` identifies: two stores share one only if one is a
    /// copy of the other that has all that was written up to this version.
    #[must_use]
    pub fn new(version: Version, history: u128) -> Self {
        Self { version, history }
    }

    /// The version.
    #[must_use]
    pub fn version(self) -> Version {
        self.version
    }

    /// What identifies the history up to the version.
    #[must_use]
    pub fn history(self) -> u128 {
        self.history
    }

    /// The position in bytes, to be kept.
    ///
    /// ```
    /// use iqdb_core::{Position, Version};
    ///
    /// let position = Position::new(Version(7), 9);
    /// assert_eq!(Position::from_bytes(position.to_bytes()), position);
    /// ```
    #[must_use]
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.version.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.history.to_le_bytes());
        bytes
    }

    /// The position that has these [bytes](Self::to_bytes).
    #[must_use]
    pub fn from_bytes(bytes: [u8; 24]) -> Self {
        let (mut version, mut history) = ([0; 8], [0; 16]);
        version.copy_from_slice(&bytes[..8]);
        history.copy_from_slice(&bytes[8..]);
        Self::new(Version(u64::from_le_bytes(version)), u128::from_le_bytes(history))
    }
}

/// What has changed since a position.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The position of the snapshot, to ask from next.
    pub upto: Position,
    /// The store as it is there. It has the schema of its version, which may have fields more.
    pub snapshot: Arc<dyn Snapshot>,
    /// The id of each record that was put or removed since, once, in any order.
    pub ids: Vec<RecordId>,
}

impl Changes {
    /// The batch that a follower applies: it puts the records that are there and deletes the others.
    /// O(bytes of the records).
    ///
    /// # Errors
    /// Whatever reading the snapshot reports.
    pub fn to_batch(&self) -> Result<Batch> {
        let mut batch = Batch::new();
        for id in &self.ids {
            batch = match self.snapshot.get(id)? {
                Some(record) => batch.upsert(record.to_record()?),
                None => batch.delete(id),
            };
        }
        Ok(batch)
    }
}
