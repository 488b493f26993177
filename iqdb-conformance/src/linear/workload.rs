//! The workload: the calls of each thread of a history, drawn from a seed.
//!
//! There are few ids, so that threads contend for them. Each value is written once only, so that a
//! read identifies the write that it observed.

use std::hint;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use iqdb_core::{Batch, Change, Payload, Record, RecordId, Result, Vector, Version};

use super::operation::{Answer, Call};
use crate::generate::weights::Weights;

/// The size of a history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) threads: u16,
    pub(crate) calls_each: usize,
    /// The number of ids that the threads contend for.
    pub(crate) ids: u64,
    /// Whether the threads begin each call at the same moment.
    pub(crate) in_lockstep: bool,
}

/// The mixture of calls and changes of one history.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) shape: Shape,
    calls: Weights<5>,
    changes: Weights<3>,
}

impl Workload {
    pub(crate) fn new(rng: &mut Rng, shape: Shape) -> Self {
        Self {
            shape,
            calls: Weights::thinned(rng, [10, 8, 3, 5, 4]),
            changes: Weights::thinned(rng, [10, 4, 4]),
        }
    }
}

/// One thread of a history.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    workload: &'a Workload,
    rng: Rng,
    /// The value of the thread's newest batch. No other thread writes the same value.
    value: u16,
    last_version: Version,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(workload: &'a Workload, seed: u64, thread: u16) -> Self {
        let rng = Rng::with_seed(seed.wrapping_mul(1_000).wrapping_add(thread.into()));
        Self { workload, rng, value: thread * 1_000, last_version: Version(0) }
    }

    /// Draws the next call.
    pub(crate) fn next(&mut self) -> Result<Call> {
        Ok(match self.workload.calls.choose(&mut self.rng) {
            0 => Call::Apply(self.batch()?),
            1 => Call::Get(self.id()),
            2 => Call::Len,
            3 => Call::Snapshot,
            _ => Call::Search {
                query_vector: Vector::try_from([1.0, f32::from(self.rng.u16(..9_000))])?,
                k: [1, 2, usize::MAX][self.rng.usize(..3)],
            },
        })
    }

    /// Waits before the next call: for some microseconds, for a yield, or not at all.
    pub(crate) fn pause(&mut self) {
        if self.workload.shape.in_lockstep {
            // Calls are short. A few spins vary which parts of two calls overlap.
            return (0..self.rng.u32(..16)).for_each(|_| hint::spin_loop());
        }
        match self.rng.u8(..8) {
            0 => thread::sleep(Duration::from_micros(self.rng.u64(1..60))),
            1..=3 => thread::yield_now(),
            _ => {}
        }
    }

    /// Takes the store's version from an answer, for a later batch that expects a version.
    pub(crate) fn observe(&mut self, answer: &Answer) {
        self.last_version = answer.version().unwrap_or(self.last_version);
    }

    fn id(&mut self) -> RecordId {
        (1 + self.rng.u64(..self.workload.shape.ids)).into()
    }

    fn batch(&mut self) -> Result<Batch> {
        let batch = match self.rng.u8(..16) {
            0 => Batch::new(),
            1 => Batch::new().delete("nobody"),
            _ => {
                self.value += 1;
                let count = [1, 1, 2, 3, 4][self.rng.usize(..5)];
                (0..count).map(|_| self.change()).collect::<Result<Batch>>()?
            }
        };
        let Version(last) = self.last_version;
        Ok(match self.rng.u8(..12) {
            0..=2 => batch.expect_version(Version(last)),
            3 => batch.expect_version(Version(last.saturating_sub(1))),
            _ => batch,
        })
    }

    fn change(&mut self) -> Result<Change> {
        let (id, value) = (self.id(), self.value);
        let payload = Payload::new().with("n", i64::from(value));
        Ok(match self.workload.changes.choose(&mut self.rng) {
            0 => Change::Upsert(Record::new(id, [1.0, f32::from(value)])?.with_payload(payload)),
            1 => Change::Delete(id),
            _ => Change::SetPayload(id, payload),
        })
    }
}
