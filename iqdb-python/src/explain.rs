//! What was done: by a write, and by a search.

use pyo3::prelude::*;

/// What a search did: work counted, not timed.
#[pyclass(frozen, get_all, module = "iqdb")]
#[derive(Debug, Clone)]
pub(crate) struct Explain {
    /// The plan that ran, such as `f32` or `certified`.
    plan: &'static str,
    /// The kernel that computed the fast scores.
    kernel: &'static str,
    /// How many threads could work on it at the same time.
    threads: usize,
    /// Pairs of a row and a query that were alive and matched the filter.
    candidates: u64,
    /// Those of them that a fast score excluded.
    excluded: u64,
    /// Those of them whose distance was computed.
    rescored: u64,
    /// Bytes of rows that were read.
    bytes_read: u64,
    /// All of it in one line.
    summary: String,
}

impl From<&iqdb::Explain> for Explain {
    fn from(explain: &iqdb::Explain) -> Self {
        Self {
            plan: explain.plan,
            kernel: explain.kernel,
            threads: explain.threads,
            candidates: explain.candidates,
            excluded: explain.excluded,
            rescored: explain.rescored,
            bytes_read: explain.bytes_read,
            summary: explain.to_string(),
        }
    }
}

#[pymethods]
impl Explain {
    fn __repr__(&self) -> String {
        format!("Explain({})", self.summary)
    }
}

/// What a write did: how many records, and the version that it made.
#[pyclass(frozen, get_all, eq, module = "iqdb")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The version of the database after it.
    version: u64,
    /// Records that were not there before.
    inserted: u64,
    /// Records that were there and were replaced.
    replaced: u64,
    /// Records that were deleted.
    deleted: u64,
    /// Records that were there and stayed as they were.
    kept: u64,
}

impl Applied {
    /// Counts another batch of the same call.
    pub(crate) fn add(&mut self, applied: iqdb::Applied) {
        self.version = applied.version.0;
        self.inserted += applied.inserted;
        self.replaced += applied.replaced;
        self.deleted += applied.deleted;
        self.kept += applied.kept;
    }
}

impl From<iqdb::Applied> for Applied {
    fn from(applied: iqdb::Applied) -> Self {
        let mut counted = Self::default();
        counted.add(applied);
        counted
    }
}

#[pymethods]
impl Applied {
    fn __repr__(&self) -> String {
        let Self { version, inserted, replaced, deleted, kept } = self;
        format!(
            "Applied(version={version}, inserted={inserted}, replaced={replaced}, \
             deleted={deleted}, kept={kept})"
        )
    }
}
