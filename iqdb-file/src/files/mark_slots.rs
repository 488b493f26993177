//! Reads and writes the two slots of the mark in the file `lock`.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fault::{Defect, InjectedFault};
use crate::format::mark::{Mark, MarkWriter, Published, SLOT_BYTES, SLOTS};
use crate::vfs::{File, FileExt};

/// The slots of a file, and what was written to them.
#[derive(Debug)]
pub(crate) struct MarkSlots {
    database: u128,
    /// This process, when it opened the database.
    writer: MarkWriter,
    fault: InjectedFault,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest mark of the file.
    last: Option<Mark>,
    /// The manifest of the last mark that this process has synced.
    synced: Option<u64>,
    /// The last mark could not be written.
    has_failed: bool,
}

impl MarkSlots {
    pub(crate) fn new(database: u128, writer: MarkWriter, fault: InjectedFault) -> Self {
        Self { database, writer, fault, state: Mutex::default() }
    }

    pub(crate) fn database(&self) -> u128 {
        self.database
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the newest mark whose checksum is right. The marks that this process writes follow it.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(crate) fn open(&self, file: &dyn File) -> io::Result<Option<Mark>> {
        let newest = self.newest(file)?;
        self.state().last.clone_from(&newest);
        Ok(newest)
    }

    fn newest(&self, file: &dyn File) -> io::Result<Option<Mark>> {
        let len = file.len()?;
        let mut found = Vec::new();
        for slot in SLOTS.iter().filter(|slot| **slot + SLOT_BYTES as u64 <= len) {
            let mut bytes = [0; SLOT_BYTES];
            file.read_exact_at(&mut bytes, *slot)?;
            found.extend(Mark::decode(&bytes, self.database));
        }
        found.sort_by_key(|mark| mark.sequence);
        Ok(match self.fault.has(Defect::StaleSlotTaken) {
            true => found.into_iter().next(),
            false => found.pop(),
        })
    }

    /// Reads the newest mark once more. `Err` where it is not the last one that was read or written,
    /// unless the last one could not be written.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(crate) fn check(&self, file: &dyn File) -> io::Result<Result<Option<Mark>, Option<Mark>>> {
        let state = self.state();
        let found = self.newest(file)?;
        let is_as_left = state.has_failed || found == state.last;
        Ok(if is_as_left { Ok(found) } else { Err(found) })
    }

    /// Whether a mark was written in this boot, as far as the system tells.
    pub(crate) fn is_of_this_boot(&self, mark: &Mark) -> bool {
        self.fault.has(Defect::MarkOfAnotherBootTrusted)
            || mark.writer.boot.is_some() && mark.writer.boot == self.writer.boot
    }

    /// Whether this process has synced a mark of this manifest.
    pub(crate) fn has_begun(&self, manifest: u64) -> bool {
        self.state().synced == Some(manifest)
    }

    /// Whether this process has synced a mark of another manifest, and none of this one.
    pub(crate) fn owes(&self, manifest: u64) -> bool {
        self.state().synced.is_some_and(|synced| synced != manifest)
    }

    /// Writes and syncs this process's first mark of the manifest, unless it was written before.
    ///
    /// # Errors
    /// Those of the system. Then the next call tries again.
    pub(crate) fn begin(&self, file: &dyn File, published: Published) -> io::Result<()> {
        let mut state = self.state();
        match state.synced == Some(published.manifest) {
            true => Ok(()),
            false => self.write(&mut state, file, published, false),
        }
    }

    /// Writes a mark, if this process has written one before.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn publish(
        &self,
        file: &dyn File,
        published: Published,
        is_clean: bool,
    ) -> io::Result<()> {
        let mut state = self.state();
        let says = |mark: &Mark| mark.published == published && mark.is_clean == is_clean;
        let is_written = !state.has_failed && state.last.as_ref().is_some_and(says);
        match state.synced.is_none() || is_written {
            true => Ok(()),
            false => self.write(&mut state, file, published, is_clean),
        }
    }

    /// Writes a mark, and syncs the first one of each manifest. The next mark after one that could not be
    /// written has its sequence and its slot: the other slot has the last mark that is whole.
    fn write(
        &self,
        state: &mut State,
        file: &dyn File,
        published: Published,
        is_clean: bool,
    ) -> io::Result<()> {
        let sequence = state.last.as_ref().map_or(0, |mark| mark.sequence) + 1;
        let mark = Mark { sequence, published, writer: self.writer.clone(), is_clean };
        let written = self.write_to(file, &mark, state.synced);
        state.has_failed = written.is_err();
        if written.is_ok() {
            state.last = Some(mark);
            state.synced = Some(published.manifest);
        }
        written
    }

    fn write_to(&self, file: &dyn File, mark: &Mark, synced: Option<u64>) -> io::Result<()> {
        if synced.is_none() && self.fault.has(Defect::MarkNotBegun) {
            return Ok(());
        }
        file.write_all_at(&mark.encode(self.database), self.slot(mark))?;
        let is_first = synced != Some(mark.published.manifest);
        let forgets = synced.is_some() && self.fault.has(Defect::LaterManifestNotMarked);
        if is_first && !forgets { file.sync_data() } else { Ok(()) }
    }

    fn slot(&self, mark: &Mark) -> u64 {
        if self.fault.has(Defect::SlotsNotAlternating) { SLOTS[0] } else { mark.slot() }
    }

    /// Whether the last mark could not be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// Whether the file may have a mark that names an earlier manifest than this one, and no later mark.
    pub(crate) fn names_earlier(&self, manifest: u64) -> bool {
        self.state().last.as_ref().is_some_and(|mark| mark.published.manifest < manifest)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::format::mark::FILE_BYTES;
    use crate::format::mark::tests::mark;
    use crate::vfs::sim::{Fault, FaultKind, SimVfs};
    use crate::vfs::{Access, Vfs};

    fn slots(database: u128) -> MarkSlots {
        MarkSlots::new(database, mark(0, Some(1)).writer, InjectedFault::default())
    }

    fn file(vfs: &SimVfs) -> Box<dyn File> {
        vfs.put(Path::new("lock"), &[0; FILE_BYTES]).unwrap();
        vfs.open_dir(Path::new("")).unwrap().open("lock", Access::Write).unwrap()
    }

    /// What was published with the mark of this sequence.
    fn published(sequence: u64) -> Published {
        mark(sequence, None).published
    }

    #[test]
    fn the_newest_mark_that_checks_is_read() {
        let vfs = SimVfs::new();
        let file = file(&vfs);
        let ours = slots(7);
        assert_eq!(ours.open(&*file).unwrap(), None);
        ours.publish(&*file, published(1), false).unwrap();
        assert_eq!(ours.newest(&*file).unwrap(), None, "no mark before the first, which is synced");
        for sequence in 1..5 {
            ours.begin(&*file, published(sequence)).unwrap();
            ours.publish(&*file, published(sequence), sequence == 4).unwrap();
            let found = ours.check(&*file).unwrap().unwrap().unwrap();
            assert_eq!((found.sequence, found.published), (sequence, published(sequence)));
            assert_eq!(found.is_clean, sequence == 4);
            assert!(ours.is_of_this_boot(&found) && !ours.is_of_this_boot(&mark(1, None)));
            assert_eq!(slots(8).open(&*file).unwrap(), None, "of another database");
        }
        // The newest is torn: the one before it is read, and the next one takes its place.
        file.write_all_at(&[0xff], SLOTS[0] + 3).unwrap();
        assert_eq!(ours.check(&*file).unwrap().unwrap_err().unwrap().sequence, 3);
        let next = slots(7);
        assert_eq!(next.open(&*file).unwrap().unwrap().sequence, 3);
        next.begin(&*file, published(9)).unwrap();
        assert_eq!(next.newest(&*file).unwrap().unwrap().sequence, 4);
        file.set_len(64).unwrap();
        assert_eq!(ours.newest(&*file).unwrap(), None);
    }

    #[test]
    fn a_mark_that_fails_leaves_the_one_before_and_is_tried_again_in_its_own_slot() {
        let vfs = SimVfs::new();
        let file = file(&vfs);
        let slots = slots(7);
        slots.begin(&*file, published(1)).unwrap();
        for attempt in 2..5 {
            vfs.set_fault(Some(Fault {
                at: vfs.calls().len() as u64 + 1,
                kind: FaultKind::Eio,
                sticky: false,
            }));
            slots.publish(&*file, published(attempt), false).unwrap_err();
            assert!(slots.has_failed());
            // What was written of it, if anything.
            file.write_all_at(&[0xff; 99], SLOTS[0]).unwrap();
            assert_eq!(slots.newest(&*file).unwrap().unwrap().published, published(1));
        }
        slots.publish(&*file, published(4), false).unwrap();
        assert!(!slots.has_failed());
        assert_eq!(slots.newest(&*file).unwrap().unwrap().sequence, 2);
    }

    #[test]
    fn without_a_synced_mark_there_is_no_other() {
        let vfs = SimVfs::new();
        let file = file(&vfs);
        let slots = slots(7);
        for at in [1, 2] {
            let at = vfs.calls().len() as u64 + at;
            vfs.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
            slots.begin(&*file, published(1)).unwrap_err();
            assert!(slots.has_failed());
        }
        slots.begin(&*file, published(1)).unwrap();
        assert_eq!(slots.newest(&*file).unwrap().unwrap().sequence, 1);
    }
}
