//! How an arena is laid out, and when it compacts.

use iqdb_core::{SealId, Version};

use crate::table::ROWS_MAX;

/// The default of [`ArenaOptions::with_dead_bytes_min`].
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
    /// The most rows of a generation; tests set it lower.
    pub(crate) rows_max: u32,
    pub(crate) first_version: Version,
    pub(crate) huge_pages: bool,
    pub(crate) first_seal: Option<SealId>,
}

impl ArenaOptions {
    /// Chunks of 64 rows to 4 MiB of vectors, and compaction when more than half of the stored bytes,
    /// and at least 1 MiB, are dead.
    #[must_use]
    pub fn new() -> Self {
        Self {
            chunk_rows: None,
            dead_ratio_max: 0.5,
            dead_bytes_min: DEAD_BYTES_MIN,
            rows_max: ROWS_MAX,
            first_version: Version::default(),
            huge_pages: true,
            first_seal: None,
        }
    }

    /// Whether large chunks ask the system for huge pages, where it has them (Linux). The default is
    /// true, which makes scans faster. Choose false for a store that lives for seconds: the system may
    /// need as long to find and clear a huge page as a writer needs to fill it.
    #[must_use]
    pub fn with_huge_pages(mut self, wanted: bool) -> Self {
        self.huge_pages = wanted;
        self
    }

    /// The id of the first chunk that is sealed; those of later ones count on from it. The default are
    /// [unique](SealId::unique) ids. For a store whose runs have to repeat: `first` must be random, or
    /// derived from what no other store has.
    #[must_use]
    pub fn with_first_seal(mut self, first: SealId) -> Self {
        self.first_seal = Some(first);
        self
    }

    /// The version of the empty store, 0 by default: for a store that continues the versions of another
    /// one. The first batch makes the version after it.
    #[must_use]
    pub fn with_first_version(mut self, version: Version) -> Self {
        self.first_version = version;
        self
    }

    /// The capacity of the first chunk and of the largest, in rows. Each chunk has twice the capacity
    /// of the one before, up to `max`. Both are rounded up to powers of two and clamped to 1..=65,536,
    /// and a `max` below `first` counts as `first`. Small chunks are sealed early, which suits tests,
    /// and slow scans down.
    #[must_use]
    pub fn with_chunk_rows(mut self, first: usize, max: usize) -> Self {
        self.chunk_rows = Some((first, max));
        self
    }

    /// The largest share of dead bytes that a write leaves uncompacted, 0.5 by default. Counts the
    /// bytes of vectors, ids and payloads of replaced and deleted records. From 1 on, no write compacts.
    #[must_use]
    pub fn with_dead_ratio_max(mut self, ratio: f64) -> Self {
        self.dead_ratio_max = ratio;
        self
    }

    /// The dead bytes below which no write compacts, whatever their share. 1 MiB by default.
    #[must_use]
    pub fn with_dead_bytes_min(mut self, bytes: u64) -> Self {
        self.dead_bytes_min = bytes;
        self
    }

    /// Whether writes compact as early as by default, or earlier: then live rows, as many dead bytes, and
    /// the copy that a compaction makes are all that there is.
    pub(crate) fn bounds_space(&self) -> bool {
        self.dead_ratio_max <= 0.5 && self.dead_bytes_min <= DEAD_BYTES_MIN
    }

    /// Whether a write that leaves these dead and live bytes compacts.
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
