//! How long the leader of a group waits for more batches.
//!
//! The writers of the last group learn its outcome at the same time, and come back with their next
//! batches soon after. A leader that didn't wait for them would make them wait for its group and for
//! the next one.

use std::time::{Duration, Instant};

/// The longest wait. A leader also waits at most half as long as the last group took.
const BATCH_WINDOW_MAX: Duration = Duration::from_millis(1);

/// The last group, and the batches that a leader waits for.
#[derive(Debug, Default)]
pub(crate) struct BatchWindow {
    /// The number of batches in the last group.
    batches: usize,
    /// When the last group ended; `None` once a leader has waited since then.
    ended: Option<Instant>,
    /// How long the last group took.
    took: Duration,
    /// The number of batches for which a leader waits, if one does.
    awaited: Option<usize>,
}

impl BatchWindow {
    /// How much longer a group with `staged` batches may wait: `None` once it has as many batches as
    /// the last group, or when that group ended so long ago that its writers will not come back in
    /// time.
    pub(crate) fn remaining(&self, staged: usize) -> Option<Duration> {
        let closes = self.ended? + (self.took / 2).min(BATCH_WINDOW_MAX);
        let remaining = closes.saturating_duration_since(Instant::now());
        (staged < self.batches && !remaining.is_zero()).then_some(remaining)
    }

    /// A leader begins to wait for as many batches as the last group had.
    pub(crate) fn begin_wait(&mut self) {
        self.awaited = Some(self.batches);
    }

    /// The leader stops waiting. It waits once per group.
    pub(crate) fn end_wait(&mut self) {
        (self.awaited, self.ended) = (None, None);
    }

    /// Whether a leader waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Whether a leader waits for just this number of batches.
    pub(crate) fn is_filled_by(&self, staged: usize) -> bool {
        self.awaited == Some(staged)
    }

    /// No leader waits any more: a checkpoint has replaced the log.
    pub(crate) fn cancel_wait(&mut self) {
        self.awaited = None;
    }

    /// Notes a group that has ended just now.
    pub(crate) fn note_group(&mut self, batches: usize, started: Instant) {
        let ended = Instant::now();
        (self.batches, self.ended, self.took) = (batches, Some(ended), ended - started);
    }
}
