//! A cost model: whether codes pay, measured during the scan.
//!
//! While codes leave few candidates there is nothing to decide, and the scan reads no clock. When
//! they leave many, it times a strip with codes and a strip without them, and goes on in the faster
//! way. If that is the way without codes, it tries codes again after a number of strips that
//! doubles each time. When codes leave nearly all rows, it goes without them at once.

use std::time::Instant;

/// When more than one row in this many is a candidate, the scan times its strips.
const MANY: usize = 32;

/// When codes exclude fewer than one row in this many, they don't pay: comparing them takes as long
/// as scoring that share of the rows.
const FEW: usize = 8;

/// How many strips the scan goes without codes before it tries them again: at first, and at most.
/// Each attempt in vain doubles the number.
const RETRY_STRIPS: std::ops::Range<u32> = 4..256;

/// The cost of strips with and without codes, for one group of queries.
#[derive(Debug, Clone, Copy)]
pub(super) struct CostModel {
    /// Whether the last strip by codes left many candidates, so that strips are timed.
    is_timing: bool,
    /// Nanoseconds per pair of row and query, of the last strip that was timed without codes.
    rows_ns: Option<f64>,
    /// Strips that the scan still goes without codes.
    strips_without: u32,
    /// Strips that it goes without codes the next time.
    retry_strips: u32,
}

impl Default for CostModel {
    fn default() -> Self {
        let retry_strips = RETRY_STRIPS.start;
        Self { is_timing: false, rows_ns: None, strips_without: 0, retry_strips }
    }
}

impl CostModel {
    /// Whether the scan should compare codes in the next strip.
    pub(super) fn wants_codes(&self) -> bool {
        self.strips_without == 0
    }

    /// Whether the last strip by codes left many candidates, so that strips are timed.
    pub(super) fn is_timing(&self) -> bool {
        self.is_timing
    }

    /// To be called before a strip. Reads the clock only after a strip that left many candidates.
    pub(super) fn start(&self) -> Option<Instant> {
        self.is_timing.then(Instant::now)
    }

    /// To be called after a strip without codes, over as many pairs of row and query.
    pub(super) fn record_rows(&mut self, started: Option<Instant>, pairs: usize) {
        self.strips_without = self.strips_without.saturating_sub(1);
        if let Some(started) = started {
            self.rows_ns = Some(ns_per_pair(started, pairs));
        }
    }

    /// To be called after a strip by codes, which left `scored` of as many pairs as candidates.
    pub(super) fn record_codes(&mut self, started: Option<Instant>, pairs: usize, scored: usize) {
        self.is_timing = scored * MANY > pairs;
        if !self.is_timing {
            self.retry_strips = RETRY_STRIPS.start;
            return;
        }
        if pairs.saturating_sub(scored) * FEW < pairs {
            return self.pause_codes();
        }
        let Some(started) = started else { return };
        match self.rows_ns {
            None => self.strips_without = 1,
            Some(rows_ns) if ns_per_pair(started, pairs) > rows_ns => self.pause_codes(),
            Some(_) => {}
        }
    }

    /// Goes without codes for a while.
    fn pause_codes(&mut self) {
        self.strips_without = self.retry_strips;
        self.retry_strips = (2 * self.retry_strips).min(RETRY_STRIPS.end);
    }
}

fn ns_per_pair(started: Instant, pairs: usize) -> f64 {
    started.elapsed().as_nanos() as f64 / pairs as f64
}
