//! Whether codes pay, measured as the scan goes.
//!
//! As long as codes leave few rows in question there is nothing to decide, and nobody looks at a
//! clock. When they leave many, a strip by codes and a strip without them are timed, and the faster
//! way goes on, for longer and longer, until the other one is tried again. When they leave nearly all,
//! there is nothing to decide either.

use std::time::Instant;

/// More than one row in so many left in question is a reason to take the time.
const MANY: usize = 32;

/// Fewer than one row in so many excluded, and codes don't pay: that is what looking at them takes.
const FEW: usize = 8;

/// Strips without codes before they are tried again: this many, and twice as many each time.
const PATIENCE: std::ops::Range<u32> = 4..256;

#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    /// Whether the last strip by codes left many rows in question.
    doubtful: bool,
    /// Nanoseconds per row of the last strip that was timed without codes.
    plain: Option<f64>,
    /// Strips to go without codes.
    without: u32,
    patience: u32,
}

impl Default for Worth {
    fn default() -> Self {
        Self { doubtful: false, plain: None, without: 0, patience: PATIENCE.start }
    }
}

impl Worth {
    /// Whether the next strip is to be looked at by codes.
    pub(super) fn wants_codes(&self) -> bool {
        self.without == 0
    }

    /// Whether the last strip by codes left many rows in question.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// To be called before a strip.
    pub(super) fn start(&self) -> Option<Instant> {
        self.doubtful.then(Instant::now)
    }

    /// A strip without codes has been looked at.
    pub(super) fn plain(&mut self, started: Option<Instant>, rows: usize) {
        self.without = self.without.saturating_sub(1);
        if let Some(started) = started {
            self.plain = Some(per_row(started, rows));
        }
    }

    /// A strip has been looked at by codes, which left `left` of `rows` in question.
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
