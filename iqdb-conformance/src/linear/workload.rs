//! The workload: what each thread of a history asks, all of it drawn from a seed.
//!
//! Few ids, so that threads meet; every value written once only, so that a read says whose write
//! it has seen.

use std::hint;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use iqdb_core::{Batch, Change, Payload, Record, RecordId, Result, Vector, Version};

use super::operation::{Answer, Call};
use crate::generate::weights::Weights;

/// How large a history is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) threads: u16,
    pub(crate) calls_each: usize,
    /// How many records are fought for.
    pub(crate) ids: u64,
    /// Whether the threads begin their calls at the same moments.
    pub(crate) in_lockstep: bool,
}

/// How the threads of one history spend their calls.
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
    /// The value of its newest batch. No other thread writes the same value.
    value: u16,
    last_version: Version,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(workload: &'a Workload, seed: u64, thread: u16) -> Self {
        let rng = Rng::with_seed(seed.wrapping_mul(1_000).wrapping_add(thread.into()));
        Self { workload, rng, value: thread * 1_000, last_version: Version(0) }
    }

    /// What it asks next.
    pub(crate) fn next(&mut self) -> Result<Call> {
        Ok(match self.workload.calls.choose(&mut self.rng) {
            0 => Call::Apply(self.batch()?),
            1 => Call::Get(self.id()),
            2 => Call::Len,
            3 => Call::Snapshot,
            _ => Call::Search {
                probe: Vector::try_from([1.0, f32::from(self.rng.u16(..9_000))])?,
                k: [1, 2, usize::MAX][self.rng.usize(..3)],
            },
        })
    }

    /// Does something else before its next call: nothing, mostly.
    pub(crate) fn pause(&mut self) {
        if self.workload.shape.in_lockstep {
            // Calls are short, and which part of one meets which of another should vary.
            return (0..self.rng.u32(..16)).for_each(|_| hint::spin_loop());
        }
        match self.rng.u8(..8) {
            0 => thread::sleep(Duration::from_micros(self.rng.u64(1..60))),
            1..=3 => thread::yield_now(),
            _ => {}
        }
    }

    /// Learns from an answer at which version the store is, for a batch that expects one.
    pub(crate) fn hear(&mut self, answer: &Answer) {
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
