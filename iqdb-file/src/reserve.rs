//! Space that is kept for when the disk is full: deletes take it, and sealing the log does.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::path::Path;

use crate::group::Failure;
use crate::names::Name;
use crate::vfs::{Access, FileExt, Vfs};

/// A file of zeros. Nothing relies on what is in it.
///
/// It grows with the log, by what sealing that would write, so that the log can be sealed whenever
/// it has to be: compacting begins with it.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// Its size while the log is empty; 0 for none at all.
    least: u64,
    /// How large it is, once somebody has looked.
    taken: Option<u64>,
}

/// It grows by such a part of its least size, but by a page at least.
const STEPS: u64 = 16;
const STEP_MIN: u64 = 4_096;

impl Reserve {
    pub(crate) fn new(least: u64) -> Self {
        Self { least, taken: None }
    }

    /// Makes it large enough for a log that takes so many bytes to seal.
    ///
    /// # Errors
    /// Only that the disk is full; it is as large as before then.
    pub(crate) fn take(
        &mut self,
        vfs: &dyn Vfs,
        dir: &Path,
        sealing: u64,
    ) -> std::result::Result<(), Failure> {
        let path = Name::Reserve.within(dir);
        let (wanted, taken) = (self.wanted(sealing), self.look(vfs, &path));
        if taken >= wanted {
            return Ok(());
        }
        match grow(vfs, &path, taken..wanted) {
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                self.taken = None;
                Err(Failure::of(&path, "taken again", error))
            }
            // Who can't have one for another reason does without.
            _ => {
                self.taken = Some(wanted);
                Ok(())
            }
        }
    }

    /// Makes it as small as it may be for such a log, or as large as it can be.
    pub(crate) fn fit(&mut self, vfs: &dyn Vfs, dir: &Path, sealing: u64) {
        let path = Name::Reserve.within(dir);
        let (wanted, taken) = (self.wanted(sealing), self.look(vfs, &path));
        if taken > wanted {
            self.taken = None;
            let _ = vfs.open(&path, Access::Write).and_then(|file| file.set_len(wanted));
        }
        // Until there is space, only deletes are taken.
        let _ = self.take(vfs, dir, sealing);
    }

    /// Frees it; returns whether there was anything.
    pub(crate) fn give_up(&mut self, vfs: &dyn Vfs, dir: &Path) -> bool {
        self.gone();
        vfs.remove(&Name::Reserve.within(dir)).is_ok()
    }

    /// Somebody else has freed it.
    pub(crate) fn gone(&mut self) {
        self.taken = None;
    }

    fn wanted(&self, sealing: u64) -> u64 {
        match self.least {
            0 => 0,
            least => least + sealing.next_multiple_of((least / STEPS).max(STEP_MIN)),
        }
    }

    fn look(&mut self, vfs: &dyn Vfs, path: &Path) -> u64 {
        let len = || vfs.open(path, Access::Read).and_then(|file| file.len()).unwrap_or(0);
        *self.taken.get_or_insert_with(len)
    }
}

/// Writes zeros to all of `range`, which begins where the file ends.
fn grow(vfs: &dyn Vfs, path: &Path, range: Range<u64>) -> Result<()> {
    let access = if range.start == 0 { Access::Create } else { Access::Write };
    let file = vfs.open(path, access)?;
    let zeros = vec![0; 1 << 16];
    let write = |offset: u64| {
        let len =
            usize::try_from(range.end - offset).map_or(zeros.len(), |len| len.min(zeros.len()));
        file.write_all_at(&zeros[..len], offset)
    };
    let written = range.clone().step_by(zeros.len()).try_for_each(write);
    written.inspect_err(|_: &Error| {
        // Better all of it for others than half of it for nobody.
        let _ = match range.start {
            0 => vfs.remove(path),
            start => file.set_len(start),
        };
    })
}
