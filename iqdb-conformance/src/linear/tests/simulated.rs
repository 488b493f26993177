//! Simulated histories: simulated threads take random turns on a model, in one real thread.
//!
//! A history is linearizable by construction, unless a fault is injected. A fault may have no
//! effect, and then the history is linearizable after all: for instance, a stale read of a record
//! that no thread has changed.

use fastrand::Rng;
use iqdb_core::{Batch, Metric, Result, Schema, Version};

use crate::Model;
use crate::linear::operation::{Answer, Call, History, Operation, answer};
use crate::linear::workload::{Caller, Shape, Workload};

/// The fault that is injected, once per history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    WrongRead,
    LostWrite,
    VersionOutOfOrder,
    HalfABatch,
    StaleRead,
    WrongCount,
}

impl Fault {
    pub(super) const ALL: [Self; 6] = [
        Self::WrongRead,
        Self::LostWrite,
        Self::VersionOutOfOrder,
        Self::HalfABatch,
        Self::StaleRead,
        Self::WrongCount,
    ];
}

/// A call that is under way.
#[derive(Debug)]
struct Pending {
    invoked: u64,
    call: Call,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct World {
    model: Model,
    /// Every state so far.
    past: Vec<Model>,
    /// The number of versions that the store counted for writes that it lost.
    lost: u64,
    fault: Option<Fault>,
    rng: Rng,
}

/// A history of 2 to `threads_max` threads and at most `operations_max` operations, with the fault
/// in it if there is one.
pub(super) fn history(
    rng: &mut Rng,
    threads_max: u16,
    operations_max: usize,
    fault: Option<Fault>,
) -> Result<History> {
    loop {
        let threads = rng.u16(2..=threads_max);
        let operations = rng.usize(3..=operations_max);
        if let Some(history) = attempt(rng, threads, operations, fault)? {
            return Ok(history);
        }
    }
}

/// `None` if there was no opportunity for the fault.
fn attempt(
    rng: &mut Rng,
    threads: u16,
    mut to_begin: usize,
    fault: Option<Fault>,
) -> Result<Option<History>> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let shape = Shape { threads, calls_each: to_begin, ids: rng.u64(1..=2), in_lockstep: false };
    let workload = Workload::new(rng, shape);
    let seed = rng.u64(..);
    let mut callers: Vec<_> =
        (0..threads).map(|thread| Caller::new(&workload, seed, thread)).collect();
    let mut pending: Vec<Option<Pending>> = callers.iter().map(|_| None).collect();
    let model = Model::new(schema.clone());
    let mut world = World { past: vec![model.clone()], model, lost: 0, fault, rng: rng.fork() };
    let mut operations: Vec<Operation> = Vec::new();
    for now in 0.. {
        let thread = rng.usize(..callers.len());
        match pending[thread].take() {
            None if to_begin > 0 => {
                to_begin -= 1;
                let call = callers[thread].next()?;
                pending[thread] = Some(Pending { invoked: now, call, answer: None });
            }
            None if pending.iter().all(Option::is_none) => break,
            None => {}
            Some(Pending { invoked, call, answer: None }) => {
                let under_way = pending.iter().flatten().filter(|other| other.answer.is_none());
                let answer = world.perform(&call, under_way.map(|other| &other.call));
                pending[thread] = Some(Pending { invoked, call, answer: Some(answer) });
            }
            Some(Pending { invoked, call, answer: Some(answer) }) => {
                callers[thread].observe(&answer);
                let thread = u16::try_from(thread).unwrap_or(u16::MAX);
                operations.push(Operation { thread, invoked, returned: now, call, answer });
            }
        }
    }
    if world.fault == Some(Fault::VersionOutOfOrder) {
        world.swap_versions(&mut operations);
    }
    Ok(world.fault.is_none().then(|| History::new(schema, operations)))
}

impl World {
    /// Whether to inject this fault now. A fault is injected once only.
    fn fails(&mut self, fault: Fault) -> bool {
        let fails = self.fault == Some(fault) && self.rng.bool();
        if fails {
            self.fault = None;
        }
        fails
    }

    fn perform<'a>(&mut self, call: &Call, under_way: impl Iterator<Item = &'a Call>) -> Answer {
        let before = self.model.clone();
        let mut found = answer(&mut self.model, call);
        if let Answer::Applied(applied) = &mut found {
            if applied.has_effect() && self.fails(Fault::LostWrite) {
                self.model = before;
                self.lost += 1;
                // The version that it was told comes from the count below.
                applied.version = self.model.version();
            } else if applied.inserted + applied.replaced > 0 && self.fails(Fault::WrongCount) {
                std::mem::swap(&mut applied.inserted, &mut applied.replaced);
            }
            self.past.push(self.model.clone());
        } else if found != Answer::Conflict {
            found = self.misread(call, found, under_way);
        }
        if let Some(Version(version)) = found.version_mut() {
            *version += self.lost;
        }
        found
    }

    /// The answer of a read, with the fault injected if it is one of reads.
    fn misread<'a>(
        &mut self,
        call: &Call,
        found: Answer,
        under_way: impl Iterator<Item = &'a Call>,
    ) -> Answer {
        let misread = match self.fault {
            Some(Fault::StaleRead) => {
                let stale = self.rng.usize(..self.past.len());
                answer(&mut self.past[stale], call)
            }
            Some(Fault::WrongRead) => self.wrong(found.clone()),
            Some(Fault::HalfABatch) => {
                let batches: Vec<_> = under_way.filter_map(|call| self.halved(call)).collect();
                let Some(mut halved) = self.rng.choice(batches) else { return found };
                let [at_half, whole] = halved.each_mut().map(|model| answer(model, call));
                // Half a batch that reads as the whole one is none.
                if at_half == whole { found.clone() } else { at_half }
            }
            _ => return found,
        };
        if misread == found || self.rng.bool() {
            return found;
        }
        self.fault = None;
        misread
    }

    /// The state after half of the batch, and after all of it.
    fn halved(&self, call: &Call) -> Option<[Model; 2]> {
        let Call::Apply(batch) = call else { return None };
        let half: Batch = batch.changes()[..batch.changes().len() / 2].iter().cloned().collect();
        let mut halved = [self.model.clone(), self.model.clone()];
        halved[1].apply(batch).ok()?;
        halved[0].apply(&half).ok()?;
        Some(halved)
    }

    /// A changed answer.
    fn wrong(&mut self, mut found: Answer) -> Answer {
        match &mut found {
            Answer::Got(found @ Some(_)) if self.rng.bool() => *found = None,
            Answer::Got(Some(record)) => {
                record.payload.insert("n", -1);
            }
            Answer::Got(found @ None) => {
                let records: Vec<_> = self.past.iter().flat_map(Model::records).collect();
                *found = self.rng.choice(records).cloned();
            }
            Answer::Length(len) => *len = self.rng.u64(..3),
            Answer::Seen { records, len, .. } => {
                if records.pop().is_none() {
                    *len += 1;
                }
            }
            Answer::Found { hits, .. } => hits.reverse(),
            Answer::Applied(_) | Answer::Conflict => {}
        }
        found
    }

    /// Swaps the versions of two answers that name different ones.
    fn swap_versions(&mut self, operations: &mut [Operation]) {
        let versions = operations.iter().enumerate();
        let mut places: Vec<_> = versions
            .filter_map(|(i, operation)| Some((i, operation.answer.version()?)))
            .filter(|(_, version)| *version > Version(0))
            .collect();
        self.rng.shuffle(&mut places);
        let other = places.iter().skip(1).find(|(_, version)| *version != places[0].1);
        let Some(&(j, of_j)) = other else { return };
        let (i, of_i) = places[0];
        for (place, version) in [(i, of_j), (j, of_i)] {
            if let Some(its_version) = operations[place].answer.version_mut() {
                *its_version = version;
            }
        }
        self.fault = None;
    }
}
