//! Space that is kept for when the disk is full: deletes take it, and sealing the log does.

use std::io::{self, ErrorKind};
use std::ops::Range;

use crate::dir::DatabaseDir;
use crate::group::Failure;
use crate::names::Name;
use crate::owner::{self, HEAD, Owner};
use crate::vfs::{Access, File, FileExt, FileId};

/// A file that says whose it is, and zeros. Nothing relies on what is in it.
///
/// It grows with the log, by what sealing that would write, so that the log can be sealed whenever
/// it has to be: compacting begins with it. Where a file of another owner has its name, there is no
/// reserve.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// Its size while the log is empty; 0 for none at all.
    least: u64,
    database: u128,
    /// What there is, once it has been looked for.
    kept: Option<Kept>,
}

#[derive(Debug, Clone, Copy)]
enum Kept {
    /// The size of the reserve in bytes, and its file. `None` while there is no file.
    Ours(u64, Option<FileId>),
    /// No reserve: a file of another owner has the name, or the file can't be made.
    Not,
}

/// It grows by such a part of its least size, but by a page at least.
const STEPS: u64 = 16;
const STEP_MIN: u64 = 4_096;

impl Reserve {
    pub(crate) fn new(least: u64, database: u128) -> Self {
        Self { least, database, kept: None }
    }

    /// Makes it large enough for a log that takes `sealing` bytes to seal.
    ///
    /// # Errors
    /// Only that the disk is full; it is as large as before then.
    pub(crate) fn take(&mut self, dir: &DatabaseDir, sealing: u64) -> Result<(), Failure> {
        let wanted = self.wanted(sealing);
        let Kept::Ours(taken, _) = self.look(dir) else { return Ok(()) };
        if taken >= wanted {
            return Ok(());
        }
        match self.grow(dir, taken..wanted) {
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                self.kept = None;
                Err(Failure::of(&dir.path_of(Name::Reserve), "taken again", error))
            }
            // A database that can't have one for another reason does without.
            Err(_) => {
                self.kept = Some(Kept::Not);
                Ok(())
            }
            Ok(id) => {
                self.kept = Some(Kept::Ours(wanted, Some(id)));
                Ok(())
            }
        }
    }

    /// Makes it as small as it may be for such a log, or as large as it can be.
    pub(crate) fn fit(&mut self, dir: &DatabaseDir, sealing: u64) {
        let wanted = self.wanted(sealing);
        if let Kept::Ours(taken, Some(_)) = self.look(dir)
            && taken > wanted
        {
            self.kept = None;
            let _ = self.open(dir).and_then(|file| file.set_len(wanted));
        }
        // Until there is space, only deletes are taken.
        let _ = self.take(dir, sealing);
    }

    /// Frees it; returns whether there was anything.
    pub(crate) fn give_up(&mut self, dir: &DatabaseDir) -> bool {
        let id = self.file(dir);
        self.gone();
        id.is_some_and(|id| dir.remove_if(Name::Reserve, id).is_ok())
    }

    /// The file, if there is one.
    pub(crate) fn file(&mut self, dir: &DatabaseDir) -> Option<FileId> {
        match self.look(dir) {
            Kept::Ours(_, id) => id,
            Kept::Not => None,
        }
    }

    /// Another has freed it, or what has its name is not known any more.
    pub(crate) fn gone(&mut self) {
        self.kept = None;
    }

    fn wanted(&self, sealing: u64) -> u64 {
        match self.least {
            0 => 0,
            least => {
                let step = (least / STEPS).max(STEP_MIN);
                least.max(HEAD as u64) + sealing.next_multiple_of(step)
            }
        }
    }

    fn look(&mut self, dir: &DatabaseDir) -> Kept {
        if let Some(kept) = self.kept {
            return kept;
        }
        let kept = match dir.file(Name::Reserve, Access::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => Kept::Ours(0, None),
            Err(_) => Kept::Not,
            Ok(file) => self.look_into(&*file).unwrap_or(Kept::Not),
        };
        self.kept = Some(kept);
        kept
    }

    /// A file of zeros alone is ours, too: a crash has left it without its first bytes.
    fn look_into(&self, file: &dyn File) -> io::Result<Kept> {
        let is_ours = match Owner::of(file, Name::Reserve, Some(self.database))? {
            Owner::Database(database) => database == self.database,
            Owner::Torn => is_zeros(file)?,
            Owner::Stranger => false,
        };
        Ok(if is_ours { Kept::Ours(file.len()?, Some(file.id()?)) } else { Kept::Not })
    }

    /// The file, to be written, if it is the one that was looked into.
    fn open(&self, dir: &DatabaseDir) -> io::Result<Box<dyn File>> {
        let file = dir.file(Name::Reserve, Access::Write)?;
        match self.look_into(&*file)? {
            Kept::Ours(..) => Ok(file),
            Kept::Not => Err(ErrorKind::AlreadyExists.into()),
        }
    }

    /// Writes to all of `range`, which begins where the file ends, so that it is really there.
    fn grow(&self, dir: &DatabaseDir, range: Range<u64>) -> io::Result<FileId> {
        let is_new = !matches!(self.kept, Some(Kept::Ours(_, Some(_))));
        let file = match is_new {
            true => dir.file(Name::Reserve, Access::Create)?,
            false => self.open(dir)?,
        };
        let id = file.id()?;
        let zeros = vec![0; 1 << 16];
        let write = |offset: u64| {
            let len =
                usize::try_from(range.end - offset).map_or(zeros.len(), |len| len.min(zeros.len()));
            file.write_all_at(&zeros[..len], offset)
        };
        let grow = || {
            range.clone().step_by(zeros.len()).try_for_each(write)?;
            file.write_all_at(&owner::head(Name::Reserve, self.database, HEAD), 0)?;
            // Whose it is has to be known after a crash.
            if is_new { file.sync_data() } else { Ok(()) }
        };
        grow().inspect_err(|_| {
            // Half a reserve helps no writer, so other files get all of its space.
            let _ = match is_new {
                true => dir.remove_if(Name::Reserve, id),
                false => file.set_len(range.start),
            };
        })?;
        Ok(id)
    }
}

fn is_zeros(file: &dyn File) -> io::Result<bool> {
    let len = file.len()?;
    let mut bytes = vec![0; 1 << 16];
    for start in (0..len).step_by(bytes.len()) {
        let count = usize::try_from(len - start).map_or(bytes.len(), |left| left.min(bytes.len()));
        file.read_exact_at(&mut bytes[..count], start)?;
        if bytes[..count].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}
