//! What a writing process did to the files of its store, and since when each change is durable.
//!
//! Durable is what POSIX says: what was written to a file before a sync of the file began that has
//! returned, and the names in a directory before a sync of the directory. More is assumed of one name only:
//! that of a file in which a store is created is durable once the file is synced, too, as file systems
//! have it, and as stores in one file rely on.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// A file or a directory, by its place in [`Recording::nodes`].
pub(super) type Node = usize;

/// The directory in which the store is.
pub(super) const ROOT: Node = 0;

/// What a file or a directory had before the process wrote.
#[derive(Debug)]
pub(super) enum Before {
    File(Vec<u8>),
    Directory(BTreeMap<OsString, Node>),
}

/// What a name in a directory leads to.
pub(super) type Named = (Node, OsString, Option<Node>);

/// What a system call changed.
#[derive(Debug)]
pub(super) enum Change {
    Write {
        file: Node,
        offset: u64,
        bytes: Vec<u8>,
    },
    Resize {
        file: Node,
        len: u64,
    },
    /// What names in directories lead to from now on, or nothing; all of them at once. They are durable
    /// once one of these is synced.
    Names {
        synced_by: Vec<Node>,
        names: Vec<Named>,
    },
}

/// A change, when it was done, and since when it is durable. Times count what was recorded.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) change: Change,
    pub(super) at: usize,
    pub(super) durable_at: Option<usize>,
}

/// Everything that was done until the process ended.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) nodes: Vec<Before>,
    pub(super) events: Vec<Event>,
    /// When the store was opened, or said so.
    opened: Option<usize>,
    /// When each batch was acknowledged.
    acknowledged: Vec<usize>,
    now: usize,
}

impl Recording {
    /// The number of moments. At each, one thing more has been done than at the one before.
    pub(super) fn moments(&self) -> usize {
        self.now + 1
    }

    /// Whether the store was open before a moment.
    pub(super) fn has_opened(&self, moment: usize) -> bool {
        self.opened.is_some_and(|at| at < moment)
    }

    /// The moments behind each acknowledgement.
    pub(super) fn acknowledgements(&self) -> impl Iterator<Item = usize> {
        self.acknowledged.iter().map(|at| at + 1)
    }

    /// How many batches were acknowledged before a moment.
    pub(super) fn acknowledged(&self, moment: usize) -> usize {
        self.acknowledged.iter().filter(|at| **at < moment).count()
    }

    /// Notes that the store is open.
    pub(super) fn open(&mut self) {
        self.opened = Some(self.now);
        self.now += 1;
    }

    /// Notes that a batch is acknowledged.
    pub(super) fn acknowledge(&mut self) {
        self.acknowledged.push(self.now);
        self.now += 1;
    }

    /// Adds a change, which is not durable.
    pub(super) fn push(&mut self, change: Change) {
        self.push_all([change]);
    }

    /// Adds changes that happen at once.
    pub(super) fn push_all(&mut self, changes: impl IntoIterator<Item = Change>) {
        let at = self.now;
        self.events.extend(changes.into_iter().map(|change| Event {
            change,
            at,
            durable_at: None,
        }));
        self.now += 1;
    }

    /// Makes the last event durable, and nothing else.
    pub(super) fn sync_last(&mut self) {
        if let Some(event) = self.events.last_mut() {
            event.durable_at = Some(self.now);
        }
        self.now += 1;
    }

    /// Makes the first events durable as far as they are about one file or directory; without one, all.
    pub(super) fn sync(&mut self, events: usize, synced: Option<Node>) {
        let now = self.now;
        for event in &mut self.events[..events] {
            let is_synced = |synced: Node| match &event.change {
                Change::Write { file, .. } | Change::Resize { file, .. } => *file == synced,
                Change::Names { synced_by, .. } => synced_by.contains(&synced),
            };
            if synced.is_none_or(is_synced) {
                event.durable_at.get_or_insert(now);
            }
        }
        self.now += 1;
    }
}
