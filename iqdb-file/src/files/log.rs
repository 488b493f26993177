//! The log: the batches since the manifest, one frame each.
//!
//! A crash may leave anything behind the last sync: whole frames, parts of frames, holes. So the log
//! ends at the first frame whose checksum is wrong. But such a frame is damage, and an error, if the
//! manifest, the mark or a later correct frame proves that it was on the disk. So is a frame with a right
//! checksum that goes on from another frame than the one before it: it is of another history.

use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use iqdb_core::{Result, Version};

use crate::errors::{damaged, damaged_at, refused};
use crate::fault::{Defect, InjectedFault};
use crate::files::database_dir::DatabaseDir;
use crate::format::file_head::check_header;
use crate::format::file_name::FileName;
use crate::format::log::{ALIGN, FRAME_HEAD, FrameHead, HEADER, LogEnd, append, header, salt};
use crate::format::mark::{Mark, Published};
use crate::vfs::{Access, File, FileExt, FileId};

/// A log that is open.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: Box<dyn File>,
    id: FileId,
    number: u64,
    salt: u64,
    start: LogEnd,
    fault: InjectedFault,
}

/// An end that a log is known to have had, with everything before it on the disk.
#[derive(Debug, Clone)]
pub(crate) struct KnownEnd {
    pub(crate) end: LogEnd,
    /// What says so, for people.
    pub(crate) by: String,
}

impl KnownEnd {
    /// What a mark says of the log of this number, if it says anything.
    pub(crate) fn of_mark(mark: &Mark, log: u64) -> Option<Self> {
        let Published { log: marked, end, .. } = mark.published;
        (marked == log).then(|| Self { end, by: mark.describe() })
    }
}

/// The extent of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// The end of its last frame.
    pub(crate) end: LogEnd,
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
    fn new(dir: &DatabaseDir, database: u128, number: u64, chain: u64, file: OpenFile) -> Self {
        let OpenFile { path, file, id } = file;
        let (salt, start) = (salt(database, number), LogEnd::start(chain));
        Self { path, file, id, number, salt, start, fault: dir.fault() }
    }

    /// Makes a new log, which goes on from this chain hash, and syncs it, but not its directory.
    pub(crate) fn create(
        dir: &DatabaseDir,
        database: u128,
        number: u64,
        chain: u64,
    ) -> Result<Self> {
        let path = dir.path_of(FileName::Log(number));
        let make = || {
            let head = header(database, number, chain);
            let file = dir.create(FileName::Log(number), database, &head)?;
            file.sync_data()?;
            Ok((file.id()?, file))
        };
        let (id, file) = make().map_err(|error| refused(&path, "made", error))?;
        Ok(Self::new(dir, database, number, chain, OpenFile { path, file, id }))
    }

    /// Whether a log has more than its header.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn is_written(dir: &DatabaseDir, name: FileName) -> io::Result<bool> {
        Ok(dir.file(name, Access::Read)?.len()? > HEADER as u64)
    }

    /// Opens the log of this number, which goes on from this chain hash.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) where it is missing, or another log;
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
    pub(crate) fn open(
        dir: &DatabaseDir,
        (database, number, chain): (u128, u64, u64),
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
        check_header(&path, &found, &header(database, number, chain))?;
        let id = file.id().map_err(|error| refused(&path, "opened", error))?;
        Ok(Self::new(dir, database, number, chain, OpenFile { path, file, id }))
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

    /// Where the first frame begins.
    pub(crate) fn start(&self) -> LogEnd {
        self.start
    }

    pub(crate) fn file(&self) -> &dyn File {
        &*self.file
    }

    /// Appends the frame of this body to `out`. The frame begins at `at`; returns where it ends.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](iqdb_core::ErrorKind::NotSupported) for a body of more than 4 GiB.
    pub(crate) fn frame(
        &self,
        out: &mut Vec<u8>,
        body: &[u8],
        at: LogEnd,
        version: Version,
        synced: u64,
    ) -> Result<LogEnd> {
        let at = LogEnd { chain: self.link(at), ..at };
        append(out, body, at, version, synced, self.salt)
    }

    /// What a frame that begins at `at` has of the frame before.
    fn link(&self, at: LogEnd) -> u64 {
        if self.fault.has(Defect::ChainOfConstants) { 0 } else { at.chain }
    }

    fn frames(&self) -> io::Result<Frames<'_>> {
        let file = &*self.file;
        let from = ReadFrom { file, offset: self.start.offset };
        let reader = BufReader::with_capacity(1 << 18, from);
        Ok(Frames { log: self, reader, at: self.start, len: file.len()?, body: Vec::new() })
    }

    /// How much of the log was published, as far as its frames and `known` say: what is known to be on
    /// the disk. Frames behind that may never have been synced. O(length of the log).
    ///
    /// # Errors
    /// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
    pub(crate) fn published(&self, known: &[KnownEnd]) -> Result<u64> {
        let io = |error| refused(&self.path, "read", error);
        let mut frames = self.frames().map_err(io)?;
        let ends = known.iter().map(|known| known.end.offset);
        let mut published = ends.max().unwrap_or(0).max(self.start.offset);
        while published < frames.len
            && let Some(head) = frames.next().map_err(io)?
        {
            frames.at = head.end();
            published = published.max(head.synced);
        }
        Ok(published)
    }

    /// Calls `each` with the offset and the body of every frame up to the offset `upto`, in order;
    /// returns how far they go. `known` is on the disk whatever happened. O(length of the log).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) where something is lost that was known
    /// to be on the disk, and where a frame is of another history; those of `each`.
    pub(crate) fn replay(
        &self,
        after: Version,
        known: &[KnownEnd],
        upto: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<Verdict>,
    ) -> Result<Replayed> {
        let io = |error| refused(&self.path, "read", error);
        let mut frames = self.frames().map_err(io)?;
        let (mut version, mut end) = (after, self.start);
        let known_len = known.iter().map(|known| known.end.offset).max().unwrap_or(0);
        let mut synced = known_len.max(self.start.offset);
        self.check_known(known, (0, self.start))?;
        while let Some(head) = frames.next().map_err(io)? {
            version = version.next();
            self.check_follows(&head, frames.at, version)?;
            self.check_known(known, (head.offset, head.end()))?;
            if head.end().offset <= upto {
                match each(head.offset, &frames.body)? {
                    Verdict::Good => (end, synced) = (head.end(), synced.max(head.synced)),
                    Verdict::Torn => break,
                }
            }
            frames.at = head.end();
        }
        if let Some(lost) = known.iter().find(|known| known.end.offset > end.offset) {
            let what = "what follows is not what was written";
            return Err(damaged_at(&self.path, what, end.offset)
                .expected(format_args!("{} bytes, as {} says", lost.end.offset, lost.by))
                .found(format_args!("{} bytes of frames", end.offset)));
        }
        self.look_for_lost_frames(frames.at.offset, frames.len)?;
        Ok(Replayed { end, synced })
    }

    /// Checks that a frame goes on from the one before, which ends at `at`.
    fn check_follows(&self, head: &FrameHead, at: LogEnd, version: Version) -> Result<()> {
        if head.version != version.0 {
            return Err(damaged_at(&self.path, "a frame is not the one that follows", at.offset)
                .expected(format_args!("version {version}"))
                .found(format_args!("version {}", head.version)));
        }
        if head.before != self.link(at) {
            return Err(damaged_at(&self.path, "a frame is of another history", at.offset)
                .expected(format_args!("a frame that follows one of hash {:016x}", at.chain))
                .found(format_args!("one that follows {:016x}", head.before)));
        }
        Ok(())
    }

    /// Checks that a frame, which begins and ends there, doesn't contradict what is known of the log.
    fn check_known(&self, known: &[KnownEnd], (start, end): (u64, LogEnd)) -> Result<()> {
        let contradicts = |known: &&KnownEnd| {
            let at = known.end.offset;
            start < at && (at < end.offset || at == end.offset && known.end.chain != end.chain)
        };
        let Some(KnownEnd { end: known, by }) = known.iter().find(contradicts) else {
            return Ok(());
        };
        let at = known.offset;
        Err(damaged_at(&self.path, "it is of another history", start)
            .expected(format_args!("hash {:016x} at byte {at}, as {by} says", known.chain))
            .found(match at == end.offset {
                true => format!("hash {:016x}", end.chain),
                false => "a frame that goes on there".to_owned(),
            }))
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

/// A file that was made or opened.
struct OpenFile {
    path: PathBuf,
    file: Box<dyn File>,
    id: FileId,
}

/// Reads the frames of a log, one after the other.
struct Frames<'a> {
    log: &'a Log,
    reader: BufReader<ReadFrom<'a>>,
    /// Where the next frame begins. The caller moves it over a frame.
    at: LogEnd,
    /// The length of the file.
    len: u64,
    /// The body of the last frame.
    body: Vec<u8>,
}

impl Frames<'_> {
    /// The frame at [`at`](Self::at), if there is one whose checksum is right.
    fn next(&mut self) -> io::Result<Option<FrameHead>> {
        let start = self.at.offset;
        if self.len.saturating_sub(start) < FRAME_HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; FRAME_HEAD];
        self.reader.read_exact(&mut head)?;
        let Some(head) = FrameHead::decode(&head).filter(|head| head.offset == start) else {
            return Ok(None);
        };
        // Before memory is asked for: no frame is longer than the rest of the file.
        if head.end().offset > self.len {
            return Ok(None);
        }
        self.body.resize(head.len as usize, 0);
        self.reader.read_exact(&mut self.body)?;
        let mut padding = [0; ALIGN];
        self.reader.read_exact(&mut padding[..head.padding()])?;
        Ok(head.fits(&self.body, self.log.salt).then_some(head))
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
