//! How an arena is laid out and when it tidies up.

use iqdb_core::Version;

use crate::generation_builder::ROWS_MAX;

/// Fewer dead bytes than these are no reason to compact.
const DEAD_BYTES_MIN: u64 = 1 << 20;

/// Choices for an [`ArenaStore`](crate::ArenaStore). None of them changes what a search finds.
///
/// ```
/// use iqdb_arena::{ArenaOptions, ArenaStore};
/// use iqdb_core::{Metric, Schema};
///
/// let options = ArenaOptions::new().with_dead_ratio_max(0.2);
/// let store = ArenaStore::with_options(Schema::new(384, Metric::Cosine)?, options);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ArenaOptions {
    pub(crate) chunk_rows: Option<(usize, usize)>,
    dead_ratio_max: f64,
    dead_bytes_min: u64,
    /// The most rows that can be numbered.
    pub(crate) rows_max: u32,
    pub(crate) first_version: Version,
    pub(crate) huge_pages: bool,
}

impl ArenaOptions {
    /// Chunks of 64 rows to 4 MiB; compaction when half of what is stored, and at least 1 MiB of it,
    /// is dead.
    #[must_use]
    pub fn new() -> Self {
        Self {
            chunk_rows: None,
            dead_ratio_max: 0.5,
            dead_bytes_min: DEAD_BYTES_MIN,
            rows_max: ROWS_MAX,
            first_version: Version::default(),
            huge_pages: true,
        }
    }

    /// Whether large chunks ask the system for huge pages, where it has them (Linux). They do unless
    /// told otherwise: a scan is faster. What lives for seconds only had better not: it may take
    /// the system as long to find and clear such a page as to write everything that goes into it.
    #[must_use]
    pub fn with_huge_pages(mut self, wanted: bool) -> Self {
        self.huge_pages = wanted;
        self
    }

    /// Begins, empty, at `version` instead of 0: for a store that takes up the versions of another
    /// where they ended. Its first batch makes the version after it.
    #[must_use]
    pub fn with_first_version(mut self, version: Version) -> Self {
        self.first_version = version;
        self
    }

    /// With `first` rows in the first chunk and twice as many in each that follows, up to `max`,
    /// both rounded up to powers of two and cut to 1..=65,536. Small chunks seal and compact early,
    /// which is good for tests and bad for speed. A `max` below `first` counts as `first`.
    #[must_use]
    pub fn with_chunk_rows(mut self, first: usize, max: usize) -> Self {
        self.chunk_rows = Some((first, max));
        self
    }

    /// Compacts by itself when more than this part of what is stored is dead, 0.5 being half,
    /// counted in bytes of vectors, ids and payloads. From 1 on it never does.
    #[must_use]
    pub fn with_dead_ratio_max(mut self, ratio: f64) -> Self {
        self.dead_ratio_max = ratio;
        self
    }

    /// Fewer dead bytes than these are no reason to compact.
    #[must_use]
    pub fn with_dead_bytes_min(mut self, bytes: u64) -> Self {
        self.dead_bytes_min = bytes;
        self
    }

    pub(crate) fn should_compact(&self, dead_bytes: u64, live_bytes: u64) -> bool {
        let all = dead_bytes.saturating_add(live_bytes);
        dead_bytes > 0
            && dead_bytes >= self.dead_bytes_min
            && dead_bytes as f64 > self.dead_ratio_max * all as f64
    }
}

impl Default for ArenaOptions {
    fn default() -> Self {
        Self::new()
    }
}
