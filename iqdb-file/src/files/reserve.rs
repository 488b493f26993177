//! Disk space that is kept for a full disk. Deletes and checkpoints use it.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use crate::files::database_dir::DatabaseDir;
use crate::files::database_dir::owner_of;
use crate::format::file_head::{HEAD, Owner, encode_head};
use crate::format::file_name::FileName;
use crate::vfs::{Access, File, FileExt};

/// A file of zeros behind a file head. Only its size matters.
///
/// It grows with the log, by as many bytes as sealing the log would write, so that a compaction can
/// always seal the log. Where a file of another owner has its name, there is no
/// reserve.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// Its size while the log is empty; 0 for none at all.
    least: u64,
    database: u128,
    /// The file, once it has been looked for.
    kept: Option<Kept>,
}

#[derive(Debug)]
enum Kept {
    /// There is no file.
    Absent,
    /// A file of ours, which stays open, and its length.
    Ours { file: Arc<dyn File>, len: u64 },
    /// Another program's file has the name, or the file can't be made.
    Unavailable,
}

/// It grows in steps of this part of its least size, but at least a page.
const STEPS: u64 = 16;
const STEP_MIN: u64 = 4_096;

impl Reserve {
    pub(crate) fn new(least: u64, database: u128) -> Self {
        Self { least, database, kept: None }
    }

    /// Makes it large enough for a log that takes this many bytes to seal.
    ///
    /// # Errors
    /// Only that the disk is full; it is as large as before then.
    pub(crate) fn take(&mut self, dir: &DatabaseDir, sealing: u64) -> io::Result<()> {
        let wanted = self.wanted(sealing);
        let grown = match self.look(dir) {
            Kept::Unavailable => return Ok(()),
            Kept::Ours { len, .. } if *len >= wanted => return Ok(()),
            Kept::Absent if wanted == 0 => return Ok(()),
            // A group of deletes may have given it up meanwhile.
            Kept::Ours { file, len } => {
                let grown = file.len().and_then(|found| grow(&**file, found..wanted));
                grown.map(|()| {
                    *len = wanted;
                    None
                })
            }
            Kept::Absent => make(dir, self.database, wanted).map(Some),
        };
        match grown {
            Ok(None) => Ok(()),
            Ok(made) => {
                self.kept = made;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                self.kept = None;
                Err(error)
            }
            // A database that can't have one for another reason does without.
            Err(_) => {
                self.kept = Some(Kept::Unavailable);
                Ok(())
            }
        }
    }

    /// Makes it as small as it may be for such a log, or as large as it can be.
    pub(crate) fn fit(&mut self, dir: &DatabaseDir, sealing: u64) {
        let wanted = self.wanted(sealing).max(HEAD as u64);
        if let Kept::Ours { file, len } = self.look(dir)
            && *len > wanted
            && file.set_len(wanted).is_ok()
        {
            *len = wanted;
        }
        // Until there is space, only deletes are taken.
        let _ = self.take(dir, sealing);
    }

    /// Frees it; returns whether there was anything.
    pub(crate) fn give_up(&mut self, dir: &DatabaseDir) -> bool {
        let file = self.file(dir);
        self.kept = None;
        file.is_some_and(|file| give_up(&*file).is_ok())
    }

    /// The file, if it has anything to give up.
    pub(crate) fn file(&mut self, dir: &DatabaseDir) -> Option<Arc<dyn File>> {
        match self.look(dir) {
            Kept::Ours { file, len } if *len > HEAD as u64 => Some(Arc::clone(file)),
            _ => None,
        }
    }

    /// Forgets the length: a leader has freed the file.
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

    fn look(&mut self, dir: &DatabaseDir) -> &mut Kept {
        let database = self.database;
        self.kept.get_or_insert_with(|| match dir.file(FileName::Reserve, Access::Write) {
            Err(error) if error.kind() == ErrorKind::NotFound => Kept::Absent,
            Err(_) => Kept::Unavailable,
            Ok(file) => look_into(file, database).unwrap_or(Kept::Unavailable),
        })
    }
}

/// Frees the space of a file, but for its first bytes.
///
/// # Errors
/// Those of the system.
pub(crate) fn give_up(file: &dyn File) -> io::Result<()> {
    file.set_len(HEAD as u64)
}

/// Looks whether the file is ours. A file of zeros is: a crash has left it without its head.
fn look_into(file: Box<dyn File>, database: u128) -> io::Result<Kept> {
    let is_ours = match owner_of(&*file, FileName::Reserve, Some(database))? {
        Owner::Database(found) => found == database,
        Owner::Torn if is_zeros(&*file)? => {
            file.write_all_at(&encode_head(FileName::Reserve, database, HEAD), 0)?;
            true
        }
        Owner::Torn | Owner::Stranger => false,
    };
    match is_ours {
        true => Ok(Kept::Ours { len: file.len()?, file: file.into() }),
        false => Ok(Kept::Unavailable),
    }
}

/// Makes the file and syncs its head, by which a later opening knows the owner.
fn make(dir: &DatabaseDir, database: u128, len: u64) -> io::Result<Kept> {
    let file = dir.file(FileName::Reserve, Access::Create)?;
    let id = file.id()?;
    let head = encode_head(FileName::Reserve, database, HEAD);
    let made = grow(&*file, 0..len)
        .and_then(|()| file.write_all_at(&head, 0))
        .and_then(|()| file.sync_data());
    match made {
        Ok(()) => Ok(Kept::Ours { file: file.into(), len }),
        Err(error) => {
            // Half a reserve is of no use, and other programs can use the space.
            let _ = dir.remove_if(FileName::Reserve, id);
            Err(error)
        }
    }
}

/// Writes to all of `range`, which begins where the file ends, so that the space is taken.
fn grow(file: &dyn File, range: Range<u64>) -> io::Result<()> {
    let zeros = vec![0; 1 << 16];
    let write = |offset: u64| {
        let len =
            usize::try_from(range.end - offset).map_or(zeros.len(), |len| len.min(zeros.len()));
        file.write_all_at(&zeros[..len], offset)
    };
    range.clone().step_by(zeros.len()).try_for_each(write).inspect_err(|_| {
        let _ = file.set_len(range.start);
    })
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
