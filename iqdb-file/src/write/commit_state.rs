//! What the writers' lock guards: the writer, and the groups that its batches go through.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::batch_window::BatchWindow;
use super::group::CommitGroup;
use super::retired_views::RetiredViews;
use super::writer::Writer;
use crate::read::view::View;

/// The writer, the group in flight, and the views that readers may still use.
#[derive(Debug)]
pub(crate) struct CommitState {
    writer: Writer,
    /// The group that its leader is writing now.
    in_flight: Option<Arc<CommitGroup>>,
    window: BatchWindow,
    retired: RetiredViews,
}

impl CommitState {
    pub(crate) fn new(writer: Writer) -> Self {
        let (window, retired) = (BatchWindow::default(), RetiredViews::default());
        Self { writer, in_flight: None, window, retired }
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    pub(crate) fn writer_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }

    pub(crate) fn window(&self) -> &BatchWindow {
        &self.window
    }

    pub(crate) fn window_mut(&mut self) -> &mut BatchWindow {
        &mut self.window
    }

    /// Whether a leader is writing a group.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// A leader begins to write this group, or has ended with it.
    pub(crate) fn set_in_flight(&mut self, group: Option<Arc<CommitGroup>>) {
        self.in_flight = group;
    }

    /// The last group that is not on the disk yet: the staged one, or else the one in flight.
    pub(crate) fn last_group(&self) -> Option<Arc<CommitGroup>> {
        match self.writer.staged().is_empty() {
            false => Some(Arc::clone(self.writer.staged().group())),
            true => self.in_flight.clone(),
        }
    }

    /// Publishes a view, and retires the one before.
    pub(crate) fn publish(&mut self, published: &ArcSwap<View>, view: View) {
        self.retired.push(published.swap(Arc::new(view)));
    }

    /// Takes out retired views that no reader uses any more.
    pub(crate) fn reclaim(&mut self) -> Vec<Arc<View>> {
        self.retired.reclaim()
    }
}
