//! What a search did.

use std::fmt;

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
    /// Row × query pairs that were alive and matched the filter; of a snapshot without blocks, those that
    /// were sent.
    pub candidates: u64,
    /// Those of them that a fast score excluded.
    pub excluded: u64,
    /// Those of them whose canonical distance was computed.
    pub rescored: u64,
    /// Bytes of rows, and of what is kept to stand in for them, that were read.
    pub bytes_read: u64,
    /// Why a query that gives up exactness was answered in this way, as where an exact scan is faster;
    /// empty for other queries.
    pub reason: &'static str,
}

impl Explain {
    /// Nothing done yet, by this plan and kernel.
    #[must_use]
    pub fn of(plan: &'static str, kernel: &'static str) -> Self {
        Self { plan, kernel, threads: 1, ..Self::default() }
    }

    /// Adds what was done for other queries of the same batch. Where plans, kernels or reasons differ, they
    /// are `mixed`.
    pub fn add(&mut self, other: &Self) {
        let both = |a: &'static str, b: &'static str| match (a, b) {
            ("", only) | (only, "") => only,
            (a, b) if a == b => a,
            _ => "mixed",
        };
        self.plan = both(self.plan, other.plan);
        self.kernel = both(self.kernel, other.kernel);
        self.reason = both(self.reason, other.reason);
        self.threads = self.threads.max(other.threads);
        self.candidates += other.candidates;
        self.excluded += other.excluded;
        self.rescored += other.rescored;
        self.bytes_read += other.bytes_read;
    }
}

/// `certified by avx2 on 1 thread: 10000 candidates, 9950 excluded, 50 rescored, 1.2 MB read`.
impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = if self.threads == 1 { "thread" } else { "threads" };
        write!(f, "{} by {} on {} {threads}: ", self.plan, self.kernel, self.threads)?;
        write!(f, "{} candidates, {} excluded, ", self.candidates, self.excluded)?;
        write!(f, "{} rescored, ", self.rescored)?;
        let (mut amount, mut unit) = (self.bytes_read as f64, "B");
        for larger in ["kB", "MB", "GB", "TB"] {
            if amount < 1_000.0 {
                break;
            }
            (amount, unit) = (amount / 1_000.0, larger);
        }
        match unit {
            "B" => write!(f, "{amount} B read")?,
            unit => write!(f, "{amount:.1} {unit} read")?,
        }
        match self.reason {
            "" => Ok(()),
            reason => write!(f, "; {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_one_line() {
        let mut explain = Explain::of("certified", "avx2");
        explain.candidates = 10_000;
        explain.bytes_read = 1_234_567;
        insta::assert_snapshot!(explain, @"certified by avx2 on 1 thread: 10000 candidates, 0 excluded, 0 rescored, 1.2 MB read");
        explain.add(&Explain { threads: 2, bytes_read: 7, ..Explain::of("i8", "avx2") });
        explain.bytes_read = 7;
        explain.reason = "few rows match";
        insta::assert_snapshot!(explain, @"mixed by avx2 on 2 threads: 10000 candidates, 0 excluded, 0 rescored, 7 B read; few rows match");
    }
}
