//! Names and what they name: as a program sees them, as they are on the disk, and what is between.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::content::Mood;

/// A file or a directory, whatever its name. Numbers are not used again.
pub(super) type NodeId = usize;

pub(super) type Names = BTreeMap<String, NodeId>;

#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    /// What a program sees.
    pub(super) now: Names,
    /// What a sync has brought to the disk.
    durable: Names,
    /// What has happened since, in order.
    pending: Vec<EntryChange>,
}

#[derive(Debug, Clone)]
pub(super) enum EntryChange {
    Add(String, NodeId),
    Remove(String, NodeId),
    Rename(String, NodeId),
}

impl EntryChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, node) => _ = names.insert(name.clone(), *node),
            // Unless the name is another's, because an earlier change was lost.
            Self::Remove(name, node) => names.retain(|n, named| n != name || named != node),
            Self::Rename(to, node) => {
                // Whatever it was called: an earlier change of that may have been lost.
                names.retain(|_, named| named != node);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Directory {
    pub(super) fn durable(names: Names) -> Self {
        Self { now: names.clone(), durable: names, pending: Vec::new() }
    }

    pub(super) fn change(&mut self, change: EntryChange) {
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Which names may be found after a power loss: each change happened as a whole or not.
    pub(super) fn crashed(&self, rng: &mut Rng) -> Names {
        let mood = Mood::draw(rng);
        let mut names = self.durable.clone();
        for change in &self.pending {
            if mood.keeps(rng) {
                change.apply(&mut names);
            }
        }
        names
    }
}
