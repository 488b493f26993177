//! The leader of a group: it writes the group for all writers that have a batch in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use iqdb_core::Result;

use super::commit_state::CommitState;
use super::group::CommitGroup;
use super::group_write::GroupWrite;
use super::read_only::ReadOnlyReason;
use super::staged_group::Undo;
use super::write_failure::WriteFailure;
use crate::fault::Defect;
use crate::read::view::View;

/// A group on its way to the disk. The leader holds the writers' lock when it begins and when it ends,
/// and not while it writes.
#[derive(Debug)]
pub(crate) struct Leader {
    group: Arc<CommitGroup>,
    write: GroupWrite,
    /// The view that readers get once the group is on the disk.
    view: Result<View>,
    /// Whether there is room for the group on the disk.
    room: Result<(), WriteFailure>,
    undo: Undo,
    batches: usize,
    changes: u64,
    started: Instant,
}

impl Leader {
    /// Takes the staged group.
    pub(crate) fn begin(state: &mut CommitState) -> Self {
        let writer = state.writer_mut();
        let view = writer.view();
        let staged = writer.take_staged();
        let (batches, changes) = (staged.batches(), staged.changes());
        let only_deletes = staged.only_deletes();
        let (group, frames, rows, undo) = staged.into_parts();
        let started = Instant::now();
        // An earlier group may have used the reserve since this one was staged.
        let room = if only_deletes { Ok(()) } else { writer.take_reserve() };
        let write = writer.begin_write(frames, rows, only_deletes);
        state.set_in_flight(Some(Arc::clone(&group)));
        Self { group, write, view, room, undo, batches, changes, started }
    }

    /// Writes the group.
    ///
    /// # Errors
    /// Those of [`GroupWrite::run`]; that there is no room.
    pub(crate) fn run(&mut self) -> Result<(), WriteFailure> {
        let run = || match (&self.view, &self.room) {
            (Err(error), _) => Err(WriteFailure::new(error)),
            (Ok(_), Err(failure)) => Err(failure.clone()),
            (Ok(_), Ok(())) => self.write.run(),
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            Err(WriteFailure::new("writing it panicked").with_unknown_outcome())
        })
    }

    /// Publishes the view and acknowledges the batches, or takes the group back. Returns views that no
    /// reader uses any more.
    pub(crate) fn end(
        mut self,
        outcome: Result<(), WriteFailure>,
        state: &mut CommitState,
        published: &ArcSwap<View>,
    ) -> Vec<Arc<View>> {
        state.window_mut().note_group(self.batches, self.started);
        if self.write.gave_up_reserve() {
            state.writer_mut().note_reserve_given_up();
        }
        state.set_in_flight(None);
        let forgets = state.writer().options().fault.has(Defect::FailedSyncForgotten);
        match (outcome, self.view) {
            (Ok(()), Ok(view)) => {
                state.writer_mut().note_written(&self.write, self.changes);
                state.publish(published, view);
                let garbage = state.reclaim();
                self.group.end(Ok(()));
                state.writer_mut().reuse(self.write.take_rows());
                return garbage;
            }
            (Err(failure), Ok(view)) if forgets && failure.is_outcome_unknown() => {
                state.writer_mut().note_written(&self.write, self.changes);
                state.publish(published, view);
                self.group.end(Err(failure));
            }
            (outcome, _) => {
                let failure =
                    outcome.err().unwrap_or_else(|| WriteFailure::new("there is no view"));
                let writer = state.writer_mut();
                let later = Arc::clone(writer.staged().group());
                let failed = Some((self.write.start(), self.undo));
                let undone = writer.roll_back(&published.load(), failed).err();
                let undone = undone.map(|error| ReadOnlyReason::OutcomeUnknown(error.to_string()));
                if let Some(reason) = failure.read_only_reason().or(undone) {
                    writer.make_read_only(reason);
                }
                // Batches staged since then were applied to a state that is gone now.
                later.end(Err(WriteFailure::new(format_args!(
                    "a write before it failed: {failure}"
                ))));
                self.group.end(Err(failure));
            }
        }
        Vec::new()
    }
}
