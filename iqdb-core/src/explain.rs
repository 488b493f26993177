//! What a search did.

/// What a search did: work counted, not timed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Explain {
    /// The plan that ran, such as `f32` or `certified`.
    pub plan: &'static str,
    /// The kernel that computed the fast scores, such as `simsimd`.
    pub kernel: &'static str,
    /// How many threads could work on it at the same time.
    pub threads: usize,
    /// Row × query pairs that were alive and matched the filter.
    pub candidates: u64,
    /// Those of them that a fast score excluded.
    pub excluded: u64,
    /// Those of them whose canonical distance was computed.
    pub rescored: u64,
    /// Bytes of rows, and of what is kept to stand in for them, that were read.
    pub bytes_read: u64,
}

impl Explain {
    /// Nothing done yet, by this plan and kernel.
    #[must_use]
    pub fn of(plan: &'static str, kernel: &'static str) -> Self {
        Self { plan, kernel, threads: 1, ..Self::default() }
    }

    /// Adds what was done for other queries of the same batch. Where plans or kernels differ, they
    /// are `mixed`.
    pub fn add(&mut self, other: &Self) {
        let both = |a: &'static str, b: &'static str| match (a, b) {
            ("", only) | (only, "") => only,
            (a, b) if a == b => a,
            _ => "mixed",
        };
        self.plan = both(self.plan, other.plan);
        self.kernel = both(self.kernel, other.kernel);
        self.threads = self.threads.max(other.threads);
        self.candidates += other.candidates;
        self.excluded += other.excluded;
        self.rescored += other.rescored;
        self.bytes_read += other.bytes_read;
    }
}
