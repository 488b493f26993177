//! How a query is answered: by a probe of clusters, by the codes of all rows that match its filter, or
//! exactly.
//!
//! The costs are estimates in nanoseconds, of counts alone, so that the same query on the same snapshot
//! is always answered in the same way.

use super::efforts::Effort;
use super::run::Run;

/// How a query is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The nearest clusters are scanned, until enough was seen.
    Probe,
    /// The 4-bit code of each row that matches is compared.
    Matches,
    /// The exact scan is faster.
    Exact,
}

/// What a query looks for, in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) effort: Effort,
    pub(super) k: usize,
    pub(super) rows: usize,
    /// Rows that match the filter.
    pub(super) matching: usize,
}

/// The query's codes, and its nearest centres.
const START_NS: usize = 4_000;

/// To compute a canonical distance, per component: its row comes from memory.
const RESCORED_NS: usize = 1;

impl Work {
    /// The fastest way to answer a query with a filter.
    pub(super) fn way(self, run: &Run) -> Way {
        let width = run.space().width();
        let candidates = self.effort.candidates(self.k).min(self.matching);
        let rescore = START_NS + candidates * (50 + RESCORED_NS * width);
        let exact = self.matching * (30 + width / 4);
        let matches = rescore + self.matching * (8 + width / 32);
        let probe = rescore + self.probe_ns(run, width);
        match exact.min(matches).min(probe) {
            least if least == exact => Way::Exact,
            least if least == matches => Way::Matches,
            _ => Way::Probe,
        }
    }

    /// Blocks of the clusters that a probe scans, and the rows that are left of them: the fewer match,
    /// the later there is a threshold.
    fn probe_ns(self, run: &Run, width: usize) -> usize {
        let clusters = run.centroids().count().max(1);
        let probes = self.effort.for_share(self.matching, self.rows, clusters).probes as usize;
        let blocks = probes * run.block_count().div_ceil(clusters);
        blocks * (20 + width / 2)
    }
}
