//! The log: the batches since the manifest, one frame each.
//!
//! A crash may leave anything behind the last sync: whole frames, parts of frames, holes. So the log
//! ends at the first frame whose checksum is wrong. But such a frame is damage, and an error, if the
//! manifest, the mark or a later correct frame proves that it was on the disk.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use iqdb_core::{Result, Version};

use crate::errors::{damaged, damaged_at, refused};
use crate::files::database_dir::DatabaseDir;
use crate::format::file_head::check_header;
use crate::format::file_name::FileName;
use crate::format::log::{ALIGN, FRAME_HEAD, FrameHead, HEADER, append, header, salt};
use crate::vfs::{Access, File, FileExt, FileId};

/// A log that is open.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: Box<dyn File>,
    id: FileId,
    number: u64,
    salt: u64,
}

/// The extent of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// The offset behind its last frame.
    pub(crate) end: u64,
    /// The offset up to which the log was known to be on the disk when the last frame was written.
    pub(crate) synced: u64,
}

/// What a reader of the log makes of a correct frame.
pub(crate) enum Verdict {
    /// The frame has been applied.
    Good,
    /// Rows that the frame refers to never reached the disk: the log ends before it.
    Torn,
}

impl Log {
    /// Makes a new log and syncs it, but not its directory.
    pub(crate) fn create(dir: &DatabaseDir, database: u128, number: u64) -> Result<Self> {
        let path = dir.path_of(FileName::Log(number));
        let make = || {
            let file = dir.create(FileName::Log(number), database, &header(database, number))?;
            file.sync_data()?;
            Ok((file.id()?, file))
        };
        let (id, file) = make().map_err(|error| refused(&path, "made", error))?;
        Ok(Self { path, file, id, number, salt: salt(database, number) })
    }

    /// Whether a log has more than its header.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn is_written(dir: &DatabaseDir, name: FileName) -> io::Result<bool> {
        Ok(dir.file(name, Access::Read)?.len()? > HEADER as u64)
    }

    pub(crate) fn open(
        dir: &DatabaseDir,
        database: u128,
        number: u64,
        access: Access,
    ) -> Result<Self> {
        let path = dir.path_of(FileName::Log(number));
        let file = dir.file(FileName::Log(number), access).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                damaged(&path, "a file of the database is missing").caused_by(error)
            }
            _ => refused(&path, "opened", error),
        })?;
        let mut found = vec![0; HEADER];
        match file.read_exact_at(&mut found, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged_at(&path, "it is cut off", 0));
            }
            read => read.map_err(|error| refused(&path, "read", error))?,
        }
        check_header(&path, &found, &header(database, number))?;
        let id = file.id().map_err(|error| refused(&path, "opened", error))?;
        Ok(Self { path, file, id, number, salt: salt(database, number) })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The file, which has to keep its name while it is written.
    pub(crate) fn held(&self) -> (FileName, FileId) {
        (FileName::Log(self.number), self.id)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &dyn File {
        &*self.file
    }

    /// Appends to `out`, which is to be written at `start`, the frame of this body.
    pub(crate) fn frame(
        &self,
        out: &mut Vec<u8>,
        body: &[u8],
        start: u64,
        version: Version,
        synced: u64,
    ) -> Result<()> {
        append(out, body, start + out.len() as u64, version.0, synced, self.salt)
    }

    /// Calls `each` with the offset and the body of every frame, in order; returns how far they go.
    /// `known` bytes are on the disk whatever happened. O(length of the log).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) where something is lost that was known
    /// to be on the disk; those of `each`.
    pub(crate) fn replay(
        &self,
        after: Version,
        known: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<Verdict>,
    ) -> Result<Replayed> {
        let io = |error| refused(&self.path, "read", error);
        let len = self.file.len().map_err(io)?;
        let start = HEADER as u64;
        let mut reader =
            BufReader::with_capacity(1 << 18, ReadFrom { file: &*self.file, offset: start });
        let (mut end, mut version) = (start, after);
        let mut synced = known.max(start);
        let mut body = Vec::new();
        while let Some(head) = self.read_frame(&mut reader, &mut body, end, len).map_err(io)? {
            version = version.next();
            if head.version != version.0 {
                return Err(damaged_at(&self.path, "a frame is not the one that follows", end)
                    .expected(format_args!("version {version}"))
                    .found(format_args!("version {}", head.version)));
            }
            match each(end, &body)? {
                Verdict::Good => (end, synced) = (head.next(), synced.max(head.synced)),
                Verdict::Torn => break,
            }
        }
        if end < known {
            return Err(damaged_at(&self.path, "what follows is not what was written", end)
                .expected(format_args!("{known} bytes of frames"))
                .found(format_args!("{end} bytes")));
        }
        self.look_for_lost_frames(end, len)?;
        Ok(Replayed { end, synced })
    }

    /// The frame at `end`, if there is one that checks.
    fn read_frame(
        &self,
        reader: &mut impl Read,
        body: &mut Vec<u8>,
        end: u64,
        len: u64,
    ) -> io::Result<Option<FrameHead>> {
        let room = len.saturating_sub(end);
        if room < FRAME_HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; FRAME_HEAD];
        reader.read_exact(&mut head)?;
        let Some(head) = FrameHead::decode(&head).filter(|head| head.offset == end) else {
            return Ok(None);
        };
        // Before memory is asked for: no frame is longer than the rest of the file.
        if head.next() > len {
            return Ok(None);
        }
        body.resize(head.len as usize, 0);
        reader.read_exact(body)?;
        let mut padding = [0; ALIGN];
        reader.read_exact(&mut padding[..head.padding()])?;
        Ok(head.fits(body, self.salt).then_some(head))
    }

    /// Reports damage if a frame behind `end` says that what is at `end` was on the disk.
    fn look_for_lost_frames(&self, end: u64, len: u64) -> Result<()> {
        let rest = usize::try_from(len.saturating_sub(end)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; rest];
        self.file
            .read_exact_at(&mut bytes, end)
            .map_err(|error| refused(&self.path, "read", error))?;
        // Bytes that were written to make the search slow are damage, too.
        let mut effort = 4 * bytes.len() + (1 << 20);
        for start in (ALIGN..bytes.len().saturating_sub(FRAME_HEAD)).step_by(ALIGN) {
            let Some(head) = FrameHead::decode(&bytes[start..start + FRAME_HEAD]) else {
                continue;
            };
            let body = start + FRAME_HEAD
                ..start.saturating_add(FRAME_HEAD).saturating_add(head.len as usize);
            let Some(body) = bytes.get(body) else {
                continue;
            };
            effort = effort.saturating_sub(FRAME_HEAD + body.len());
            let is_ours = head.offset == end + start as u64;
            if effort == 0 || is_ours && head.synced > end && head.fits(body, self.salt) {
                return Err(damaged_at(
                    &self.path,
                    "a frame is not what was written, and later ones are",
                    end,
                ));
            }
        }
        Ok(())
    }
}

/// Reads a file from an offset on.
struct ReadFrom<'a> {
    file: &'a dyn File,
    offset: u64,
}

impl Read for ReadFrom<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(room, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
