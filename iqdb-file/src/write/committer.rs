//! Commits batches in groups.
//!
//! A writer stages its batch under the lock: it applies the batch in memory and adds its frame to the
//! staged group. The first writer that finds no group in flight leads the staged group: it writes and
//! syncs the group without the lock, while other writers stage the next one, and then publishes it. So
//! all writers that come during one sync share the next one, and no reader sees what is not on the disk.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use iqdb_core::{Applied, Batch, Budget, Change, Error, ErrorKind, Field, Limits, Result, Version};

use super::added_field::AddedField;
use super::commit_state::CommitState;
use super::field_turn::FieldTurn;
use super::group::CommitGroup;
use super::leader::Leader;
use super::read_only::ReadOnlyReason;
use super::retired_views::drop_quietly;
use super::write_failure::WriteFailure;
use super::writer::Writer;
use crate::format::schema::check_codes;
use crate::pace::Pace;
use crate::read::segment::Segment;
use crate::read::view::View;

/// How often the column files of a new field are written for segments that came meanwhile, before
/// writers have to wait.
const ROUNDS_MAX: usize = 16;

/// The published view, and the writers that work on the next one.
#[derive(Debug)]
pub(crate) struct Committer {
    published: ArcSwap<View>,
    state: Mutex<CommitState>,
    /// A group has been written, or has failed.
    group_ended: Condvar,
    /// The staged group has as many batches as its leader waits for.
    followers_staged: Condvar,
    /// The calls that add a field.
    field_turn: FieldTurn,
}

impl Committer {
    /// # Errors
    /// Those of the first view.
    pub(crate) fn new(writer: Writer) -> Result<Self> {
        Ok(Self {
            published: ArcSwap::from_pointee(writer.view()?),
            state: Mutex::new(CommitState::new(writer)),
            group_ended: Condvar::new(),
            followers_staged: Condvar::new(),
            field_turn: FieldTurn::default(),
        })
    }

    /// The newest published view. Takes no lock.
    pub(crate) fn view(&self) -> Arc<View> {
        self.published.load_full()
    }

    /// Commits a batch whose input has been checked. Returns when the batch is on the disk, as far as
    /// the durability asks for it, and visible. The budget counts until the batch is staged: then it
    /// belongs to its group, whose leader decides.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](iqdb_core::Store::apply_within).
    pub(crate) fn commit(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let is_delete = |change: &Change| matches!(change, Change::Delete(_));
        let mut state = self.ready(batch.changes().iter().all(is_delete), budget)?;
        if batch.check_version(state.writer().version()).is_err() {
            // The version it conflicts with may not be on the disk yet, and may never be.
            drop(state);
            state = self.idle()?;
            batch.check_version(state.writer().version())?;
        }
        let applied = state.writer_mut().stage(batch, budget)?;
        if state.window().is_filled_by(state.writer().staged().batches()) {
            self.followers_staged.notify_one();
        }
        // A batch without effect has seen batches that may not be on the disk yet.
        match state.last_group() {
            Some(group) => self.finish(state, &group).map(|()| applied),
            None => Ok(applied),
        }
    }

    /// Appends a field to the schema, as the next version: seals the log, so that every file has the
    /// fields of its manifest or fewer, and publishes a manifest with the field. Returns the version.
    ///
    /// The column files of a computed field are written before that, while other writers go on, and
    /// again for the segments that they have made or rewritten meanwhile. So the checkpoint, for which
    /// writers wait, has little left to compute.
    ///
    /// # Errors
    /// Those of [`Store::add_field`](iqdb_core::Store::add_field).
    pub(crate) fn add_field(
        &self,
        field: Field,
        limits: Limits,
        pace: &mut Pace<'_>,
    ) -> Result<Version> {
        let _turn = self.field_turn.take(pace.budget())?;
        let mut added = self.begin_field(field, limits)?;
        for _ in 0..ROUNDS_MAX {
            if !added.write_columns(&self.view(), pace)? {
                break;
            }
        }
        let state = self.idle()?;
        pace.budget().check()?;
        let version = state.writer().version().next();
        let done = self.checkpoint(state, (&[], Some(&mut added)), false, pace.budget());
        done.map_err(|error| {
            match self.lock().writer().check_writable() {
                Ok(()) => error,
                // The manifest may have been renamed.
                Err(reason) => Error::new(
                    ErrorKind::OutcomeUnknown,
                    "the field may or may not be there once the database is opened again",
                )
                .during("add_field")
                .found(reason)
                .caused_by(error),
            }
        })?;
        Ok(version)
    }

    /// Checks a field that is to be added. No other call adds one meanwhile.
    fn begin_field(&self, field: Field, limits: Limits) -> Result<AddedField> {
        let state = self.lock();
        let writer = state.writer();
        writer.check_writable()?;
        let grown = limits.add_field(writer.schema(), field)?;
        check_codes(&grown)?;
        Ok(AddedField::new(grown, writer.files(), writer.options()))
    }

    /// A panic of a writer must not wedge the store, so this ignores the lock's poison: the next writer
    /// takes back what the panic left half done.
    pub(crate) fn lock(&self) -> MutexGuard<'_, CommitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, CommitState>) -> MutexGuard<'a, CommitState> {
        self.group_ended.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the writers' lock once the writer can take a batch: one that only deletes, or any.
    ///
    /// On a full disk batches that only delete go on. The store refuses other batches while it can't
    /// seal the log or the reserve isn't whole: they would fill the space that deletes and compaction
    /// need. Where it can't seal the log for another reason, it refuses both once the log is several
    /// times its bound.
    fn ready(&self, only_deletes: bool, budget: Budget<'_>) -> Result<MutexGuard<'_, CommitState>> {
        let mut state = self.lock();
        loop {
            budget.check()?;
            state.writer().check_writable()?;
            if state.writer().is_half_applied() {
                state = self.undo_panic(state)?;
            } else if !state.writer().wants_checkpoint(only_deletes) {
                if !only_deletes {
                    let reserved = state.writer_mut().take_reserve();
                    reserved.map_err(|failure| failure.to_error())?;
                }
                return Ok(state);
            } else if state.is_in_flight() {
                state = self.wait(state);
            } else if !state.writer().staged().is_empty() {
                state = self.lead(state);
            } else {
                state = self.checkpoint_before_batch(state, only_deletes)?;
            }
        }
    }

    /// Runs a checkpoint that is due before a batch. A failure is an error only where the log must not
    /// grow any more: else the log is safe as it is, and a later checkpoint may succeed.
    fn checkpoint_before_batch<'a>(
        &'a self,
        state: MutexGuard<'a, CommitState>,
        only_deletes: bool,
    ) -> Result<MutexGuard<'a, CommitState>> {
        let writer = state.writer();
        let end = writer.tables().log().end().offset;
        // Where sealing is overdue, the checkpoint seals the log and rewrites nothing.
        let is_overdue = writer.must_seal(only_deletes);
        let chosen = if is_overdue { Vec::new() } else { writer.worth_rewriting() };
        // On a full disk, sealing the log gains no space; rewriting segments does.
        let done = self.checkpoint(state, (&chosen, None), !chosen.is_empty(), Budget::new());
        let mut state = self.lock();
        if let Err(error) = done {
            let writer = state.writer_mut();
            writer.note_failed_checkpoint(&error, end);
            writer.check_writable()?;
            if writer.must_seal(only_deletes) {
                return Err(error);
            }
        }
        Ok(state)
    }

    /// Takes the writers' lock once everything that was staged is on the disk.
    pub(crate) fn idle(&self) -> Result<MutexGuard<'_, CommitState>> {
        let mut state = self.lock();
        loop {
            state.writer().check_writable()?;
            if state.writer().is_half_applied() {
                state = self.undo_panic(state)?;
            } else if state.is_in_flight() {
                state = self.wait(state);
            } else if !state.writer().staged().is_empty() {
                state = self.lead(state);
            } else {
                return Ok(state);
            }
        }
    }

    /// Takes back what a panic left half applied.
    fn undo_panic<'a>(
        &'a self,
        mut state: MutexGuard<'a, CommitState>,
    ) -> Result<MutexGuard<'a, CommitState>> {
        if state.is_in_flight() {
            return Ok(self.wait(state));
        }
        let group = Arc::clone(state.writer().staged().group());
        let undone = state.writer_mut().roll_back(&self.view(), None);
        group.end(Err(WriteFailure::new("another writer of its group gave up")));
        self.group_ended.notify_all();
        undone.map(|()| state)
    }

    /// Waits until a staged batch is on the disk and visible; leads its group if no other writer does.
    fn finish<'a>(
        &'a self,
        mut state: MutexGuard<'a, CommitState>,
        group: &CommitGroup,
    ) -> Result<()> {
        loop {
            if let Some(outcome) = group.outcome() {
                return outcome;
            }
            let batches = state.writer().staged().batches();
            state = if state.is_in_flight() || state.window().is_waiting() {
                self.wait(state)
            } else if let Some(batch_window) = state.window().remaining(batches) {
                self.wait_for_followers(state, group, batch_window)
            } else {
                self.lead(state)
            };
        }
    }

    /// Waits until as many batches are staged as the last group had, or the window closes.
    fn wait_for_followers<'a>(
        &'a self,
        mut state: MutexGuard<'a, CommitState>,
        group: &CommitGroup,
        batch_window: Duration,
    ) -> MutexGuard<'a, CommitState> {
        state.window_mut().begin_wait();
        let waited = self.followers_staged.wait_timeout(state, batch_window);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.window_mut().end_wait();
        if !std::ptr::eq(&**state.writer().staged().group(), group) {
            // Another writer has written it. A later group may be staged, and waits for its leader.
            self.group_ended.notify_all();
        }
        state
    }

    /// Leads the staged group: writes it, without the lock, and publishes it.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, CommitState>) -> MutexGuard<'a, CommitState> {
        let mut leader = Leader::begin(&mut state);
        drop(state);
        let outcome = leader.run();
        let mut state = self.lock();
        let garbage = leader.end(outcome, &mut state, &self.published);
        self.group_ended.notify_all();
        if !garbage.is_empty() {
            // Freeing may take long, and no other writer need wait for it.
            drop(state);
            drop_quietly(garbage);
            state = self.lock();
        }
        state
    }

    /// Seals the log, rewrites these segments into one, and adds a field. The writer must be idle. Another
    /// writer may be at work by the time this returns, so it doesn't return the lock.
    fn checkpoint(
        &self,
        mut state: MutexGuard<'_, CommitState>,
        (rewrite, added): (&[Arc<Segment>], Option<&mut AddedField>),
        may_use_reserve: bool,
        budget: Budget<'_>,
    ) -> Result<()> {
        let writer = state.writer_mut();
        let checkpoint = std::panic::AssertUnwindSafe(|| {
            writer.checkpoint(rewrite, added, may_use_reserve, budget)
        });
        match std::panic::catch_unwind(checkpoint) {
            Ok(done) => {
                if done? {
                    let view = state.writer().view()?;
                    state.publish(&self.published, view);
                    state.window_mut().cancel_wait();
                }
                let garbage = state.reclaim();
                drop(state);
                drop_quietly(garbage);
                Ok(())
            }
            Err(_) => {
                let what = "sealing the log panicked";
                let writer = state.writer_mut();
                writer.make_read_only(ReadOnlyReason::OutcomeUnknown(what.to_owned()));
                Err(WriteFailure::new(what).with_unknown_outcome().to_error())
            }
        }
    }

    /// Seals the log, and rewrites segments until none has dead rows and few are small. The caller
    /// hears of the rows in between, while no lock is held.
    ///
    /// # Errors
    /// Those of [`Writer::checkpoint`].
    pub(crate) fn compact(&self, pace: &mut Pace<'_>) -> Result<()> {
        pace.step(0)?;
        self.checkpoint(self.idle()?, (&[], None), true, pace.budget())?;
        let mut most = usize::MAX;
        loop {
            // Other writers may have written since.
            let mut state = self.idle()?;
            let chosen = state.writer().shrinkable(most);
            if chosen.is_empty() {
                state.writer_mut().restore_reserve();
                return Ok(());
            }
            let rows = chosen.iter().map(|segment| segment.info().rows - segment.dead()).sum();
            pace.expect(rows);
            match self.checkpoint(state, (&chosen, None), true, pace.budget()) {
                Ok(()) => pace.step(rows)?,
                // On a full disk half of them may go where all don't.
                Err(_) if chosen.len() > 1 && pace.budget().check().is_ok() => {
                    most = chosen.len() / 2;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
