//! How an arena is laid out and when it tidies up.

use crate::growing::ROWS_MAX;

/// How many bytes of dead rows are left alone.
const DEAD_BYTES_MIN: u64 = 1 << 20;

/// Choices for an [`ArenaStore`](crate::ArenaStore). None of them changes an answer.
///
/// ```
/// use iqdb_arena::{ArenaOptions, ArenaStore};
/// use iqdb_core::{Metric, Schema};
///
/// let options = ArenaOptions::new().compact_above(0.2);
/// let store = ArenaStore::with_options(Schema::new(384, Metric::Cosine)?, options);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ArenaOptions {
    pub(crate) chunk_rows: Option<(usize, usize)>,
    dead_ratio: f64,
    dead_bytes_min: u64,
    /// The most rows that can be numbered.
    pub(crate) rows_max: u32,
}

impl ArenaOptions {
    /// Chunks of 64 rows to 8 MiB; compaction when half of the rows, and at least 1 MiB of them,
    /// are dead.
    #[must_use]
    pub fn new() -> Self {
        Self {
            chunk_rows: None,
            dead_ratio: 0.5,
            dead_bytes_min: DEAD_BYTES_MIN,
            rows_max: ROWS_MAX,
        }
    }

    /// With `first` rows in the first chunk and twice as many in each that follows, up to `max`,
    /// both rounded up to powers of two and cut to 1..=65,536. Small chunks seal and compact early,
    /// which is good for tests and bad for speed.
    #[must_use]
    pub fn chunk_rows(mut self, first: usize, max: usize) -> Self {
        self.chunk_rows = Some((first, max));
        self
    }

    /// Compacts by itself when more than this part of all rows is dead, 0.5 being half. From 1 on
    /// it never does.
    #[must_use]
    pub fn compact_above(mut self, dead_ratio: f64) -> Self {
        self.dead_ratio = dead_ratio;
        self
    }

    /// Leaves less than so many bytes of dead rows alone, counted in vectors.
    #[must_use]
    pub fn compact_from_bytes(mut self, bytes: u64) -> Self {
        self.dead_bytes_min = bytes;
        self
    }

    pub(crate) fn asks_to_compact(&self, dead: u64, rows: u64, row_bytes: u64) -> bool {
        dead > 0
            && dead.saturating_mul(row_bytes) >= self.dead_bytes_min
            && dead as f64 > self.dead_ratio * rows as f64
    }
}

impl Default for ArenaOptions {
    fn default() -> Self {
        Self::new()
    }
}
