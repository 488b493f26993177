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
const PATIENCE: std::ops::Range<u32> = 4..256;

#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    /// Whether the last strip by codes left many candidates.
    doubtful: bool,
    /// Nanoseconds per row of the last strip that was timed without codes.
    plain: Option<f64>,
    /// Strips that the scan still goes without codes.
    without: u32,
    patience: u32,
}

impl Default for Worth {
    fn default() -> Self {
        Self { doubtful: false, plain: None, without: 0, patience: PATIENCE.start }
    }
}

impl Worth {
    /// Whether the scan should compare codes in the next strip.
    pub(super) fn wants_codes(&self) -> bool {
        self.without == 0
    }

    /// Whether the last strip by codes left many candidates.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// To be called before a strip. Reads the clock only after a strip that left many candidates.
    pub(super) fn start(&self) -> Option<Instant> {
        self.doubtful.then(Instant::now)
    }

    /// To be called after a strip without codes.
    pub(super) fn plain(&mut self, started: Option<Instant>, rows: usize) {
        self.without = self.without.saturating_sub(1);
        if let Some(started) = started {
            self.plain = Some(per_row(started, rows));
        }
    }

    /// To be called after a strip by codes, which left `left` of `rows` rows as candidates.
    pub(super) fn coded(&mut self, started: Option<Instant>, rows: usize, left: usize) {
        self.doubtful = left * MANY > rows;
        if !self.doubtful {
            self.patience = PATIENCE.start;
            return;
        }
        if rows.saturating_sub(left) * FEW < rows {
            return self.give_up();
        }
        let Some(started) = started else { return };
        match self.plain {
            None => self.without = 1,
            Some(plain) if per_row(started, rows) > plain => self.give_up(),
            Some(_) => {}
        }
    }

    /// Goes without codes for a while.
    fn give_up(&mut self) {
        self.without = self.patience;
        self.patience = (2 * self.patience).min(PATIENCE.end);
    }
}

fn per_row(started: Instant, rows: usize) -> f64 {
    started.elapsed().as_nanos() as f64 / rows as f64
}
