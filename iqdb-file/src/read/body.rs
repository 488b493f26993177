//! The bytes of a segment, each checked before a reader uses it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::Result;
use xxhash_rust::xxh3::xxh3_64;

use crate::errors::{damaged, damaged_at, defect, refused};
use crate::fault::{Defect, InjectedFault};
use crate::format::segment::layout::{HEADER, PIECE_BYTES_MAX, Piece};
use crate::options::ReadMode;
use crate::vfs::{File, FileExt, Mapping, Reading};

/// The most bytes of a range that is read through the mapping without read-ahead.
const SMALL: usize = 64 << 10;

/// The part of a segment's file that its footer describes.
pub(crate) struct Body {
    path: PathBuf,
    source: Source,
    /// Where the first piece begins.
    start: u64,
    pieces: Box<[Piece]>,
    /// For every [`PIECE_BYTES_MAX`] bytes from `start` on, the piece that contains the first byte.
    piece_at: Box<[usize]>,
    /// A bit for each piece that has been checked.
    checked: Box<[AtomicU64]>,
    sections: Box<[Range<u64>]>,
    /// The pieces that each section is in.
    pieces_in: Box<[Range<usize>]>,
    fault: InjectedFault,
}

enum Source {
    /// Two mappings of the same file: one that the system reads ahead, for whole ranges, and one that it
    /// does not, for single rows.
    Mapped { all: Mapping, here_and_there: Mapping },
    /// The file, and the bytes of each section once they are read: the pieces that the section lies in.
    Copied(Arc<dyn File>, Box<[OnceLock<Copied>]>),
}

struct Copied {
    start: u64,
    bytes: Mapping,
}

impl Body {
    /// Of a file whose pieces end in order, as the sections do, all of them within the pieces: the
    /// caller has seen to that.
    pub(crate) fn new(
        path: PathBuf,
        file: Arc<dyn File>,
        (mode, fault): (ReadMode, InjectedFault),
        pieces: Box<[Piece]>,
        sections: Box<[Range<u64>]>,
    ) -> Result<Self> {
        let start = HEADER as u64;
        let end = pieces.last().map_or(start, |piece| piece.end);
        let source = match mode {
            ReadMode::Map => {
                let map = |reading| {
                    file.map(end, reading).map_err(|error| refused(&path, "mapped", error))
                };
                Source::Mapped { all: map(Reading::Ahead)?, here_and_there: map(Reading::Nothing)? }
            }
            ReadMode::Copy => {
                Source::Copied(file, sections.iter().map(|_| OnceLock::new()).collect())
            }
        };
        let checked = (0..pieces.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let piece_at = pieces_at(start..end, PIECE_BYTES_MAX, &pieces);
        let pieces_in = Box::default();
        let mut body =
            Self { path, source, start, pieces, piece_at, checked, sections, pieces_in, fault };
        let sections = body.sections.iter().cloned();
        body.pieces_in = sections.map(|section| body.pieces_of(section)).collect();
        Ok(body)
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// How many bytes a section has.
    pub(crate) fn len_of(&self, slot: usize) -> usize {
        let range = self.sections.get(slot).cloned().unwrap_or_default();
        usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
    }

    /// These bytes of a section, checked. O(bytes) at their first use; allocates then only in
    /// [`ReadMode::Copy`].
    pub(crate) fn bytes(&self, slot: usize, range: Range<usize>) -> Result<&[u8]> {
        let section = self.sections.get(slot).ok_or_else(|| defect("there is no such section"))?;
        let (start, end) = self.place_of(section, range.clone())?;
        match &self.source {
            Source::Mapped { all, here_and_there } => {
                let mapping = if range.len() <= SMALL { here_and_there } else { all };
                for n in self.pieces_of(start..end) {
                    self.check(n, |piece| slice(mapping, 0, piece))?;
                }
                slice(mapping, 0, start..end)
            }
            Source::Copied(file, sections) => {
                let copied =
                    sections.get(slot).ok_or_else(|| defect("there is no such section"))?;
                let copied = match copied.get() {
                    Some(copied) => copied,
                    None => {
                        let read = self.read(&**file, section.clone())?;
                        // Another reader may have been faster.
                        let _ = copied.set(read);
                        copied.get().ok_or_else(|| defect("a section was read and isn't there"))?
                    }
                };
                slice(&copied.bytes, copied.start, start..end)
            }
        }
    }

    /// These bytes of a section, of which only `wanted` are checked, and read where files are mapped.
    pub(crate) fn some_bytes(
        &self,
        slot: usize,
        range: Range<usize>,
        wanted: impl Iterator<Item = Range<usize>> + Clone,
    ) -> Result<&[u8]> {
        let Source::Mapped { here_and_there, .. } = &self.source else {
            return self.bytes(slot, range);
        };
        let section = self.sections.get(slot).ok_or_else(|| defect("there is no such section"))?;
        let (start, end) = self.place_of(section, range.clone())?;
        let pieces = |wanted: Range<usize>| {
            self.pieces_of(section.start + wanted.start as u64..section.start + wanted.end as u64)
        };
        // Most pieces have been checked. All others are requested before the first one is waited for.
        let mut is_new = false;
        let wanted = (!self.all_checked(slot)).then_some(wanted).into_iter().flatten();
        for wanted in wanted.clone() {
            if wanted.end > range.end {
                return Err(defect("a row was wanted outside of those that were asked for"));
            }
            for n in pieces(wanted).filter(|n| !self.is_checked(*n)) {
                let piece = self.range_of(n);
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                here_and_there.expect(place(piece.start)..place(piece.end));
                is_new = true;
            }
        }
        if is_new {
            for n in wanted.flat_map(pieces) {
                self.check(n, |piece| slice(here_and_there, 0, piece))?;
            }
        }
        slice(here_and_there, 0, start..end)
    }

    /// Where these bytes of a section begin and end in the file.
    fn place_of(&self, section: &Range<u64>, range: Range<usize>) -> Result<(u64, u64)> {
        let place = |at: usize| section.start.checked_add(at as u64);
        let place = place(range.start).zip(place(range.end));
        place.filter(|(start, end)| start <= end && *end <= section.end).ok_or_else(|| {
            let what = "it refers to bytes that it doesn't have";
            damaged_at(&self.path, what, section.start)
        })
    }

    /// All bytes of a section, checked.
    pub(crate) fn section(&self, slot: usize) -> Result<&[u8]> {
        self.bytes(slot, 0..self.len_of(slot))
    }

    /// Marks all bytes as checked: the writer that wrote them just now need not check them.
    pub(crate) fn trust(&self) {
        self.checked.iter().for_each(|word| word.store(u64::MAX, Ordering::Release));
    }

    /// Reads and checks all pieces, including those that have been checked before. Calls `seen` with
    /// the number of bytes of each piece.
    pub(crate) fn check_all(&self, seen: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        let mut room = Vec::new();
        for n in 0..self.pieces.len() {
            let range = self.range_of(n);
            match &self.source {
                Source::Mapped { all: mapping, .. } => {
                    self.compare(n, slice(mapping, 0, range.clone())?)?;
                }
                Source::Copied(file, _) => {
                    room.resize(length(&range), 0);
                    file.read_exact_at(&mut room, range.start)
                        .map_err(|error| refused(&self.path, "read", error))?;
                    self.compare(n, &room)?;
                }
            }
            seen(range.end - range.start)?;
        }
        Ok(())
    }

    fn read(&self, file: &dyn File, section: Range<u64>) -> Result<Copied> {
        let pieces = self.pieces_of(section.clone());
        if pieces.is_empty() {
            return Ok(Copied { start: section.start, bytes: Mapping::copied(&[]) });
        }
        let range = self.range_of(pieces.start).start..self.range_of(pieces.end - 1).end;
        let mut room = vec![0; length(&range)];
        file.read_exact_at(&mut room, range.start)
            .map_err(|error| refused(&self.path, "read", error))?;
        for n in pieces {
            self.compare(n, slice(&room, range.start, self.range_of(n))?)?;
        }
        Ok(Copied { start: range.start, bytes: Mapping::copied(&room) })
    }

    /// The numbers of the pieces that these bytes are in.
    fn pieces_of(&self, range: Range<u64>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let step = range.start.saturating_sub(self.start) / PIECE_BYTES_MAX as u64;
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let near = self.piece_at.get(step).map_or(self.pieces.len(), |n| *n);
        let from = self.pieces.get(near..).unwrap_or_default();
        let first = near + from.iter().take_while(|piece| piece.end <= range.start).count();
        let more = self.pieces.get(first..).unwrap_or_default();
        // Few: a piece is as large as what is mostly asked for.
        first..first + 1 + more.iter().take_while(|piece| piece.end < range.end).count()
    }

    fn range_of(&self, n: usize) -> Range<u64> {
        let end = |n: usize| self.pieces.get(n).map_or(self.start, |piece| piece.end);
        n.checked_sub(1).map_or(self.start, end)..end(n)
    }

    /// Whether all of a section has been checked. Looks at 64 pieces at a time.
    fn all_checked(&self, slot: usize) -> bool {
        let Some(pieces) = self.pieces_in.get(slot) else { return false };
        let words = pieces.start / 64..pieces.end.div_ceil(64);
        let Some(checked) = self.checked.get(words.clone()) else { return false };
        words.zip(checked).all(|(n, word)| {
            // The bits before the first piece and behind the last belong to other sections.
            let before = pieces.start.saturating_sub(n * 64);
            let behind = ((n + 1) * 64).saturating_sub(pieces.end);
            (u64::MAX << before) & (u64::MAX >> behind) & !word.load(Ordering::Acquire) == 0
        })
    }

    fn is_checked(&self, n: usize) -> bool {
        self.checked
            .get(n / 64)
            .is_some_and(|word| word.load(Ordering::Acquire) >> (n % 64) & 1 == 1)
    }

    fn check<'a>(
        &self,
        n: usize,
        bytes: impl FnOnce(Range<u64>) -> Result<&'a [u8]>,
    ) -> Result<()> {
        if !self.is_checked(n) {
            self.compare(n, bytes(self.range_of(n))?)?;
            if let Some(word) = self.checked.get(n / 64) {
                word.fetch_or(1 << (n % 64), Ordering::Release);
            }
        }
        Ok(())
    }

    fn compare(&self, n: usize, bytes: &[u8]) -> Result<()> {
        let expected = self.pieces.get(n).ok_or_else(|| defect("there is no such piece"))?.hash;
        let found = xxh3_64(bytes);
        if found == expected || self.fault.has(Defect::ChecksumsIgnored) {
            return Ok(());
        }
        let range = self.range_of(n);
        let what = format!("bytes {} to {} are not what was written", range.start, range.end);
        Err(damaged(&self.path, &what)
            .expected(format_args!("checksum {expected:016x}"))
            .found(format_args!("{found:016x}"))
            .at(iqdb_core::Location::Byte(range.start)))
    }
}

/// The pieces that contain the first byte of `range`, and every byte `step` bytes further on. The
/// pieces end in order, the last one with `range`.
fn pieces_at(range: Range<u64>, step: usize, pieces: &[Piece]) -> Box<[usize]> {
    let mut ends = pieces.iter().map(|piece| piece.end).enumerate().peekable();
    range
        .step_by(step)
        .map_while(|at| {
            while ends.next_if(|(_, end)| *end <= at).is_some() {}
            ends.peek().map(|(n, _)| *n)
        })
        .collect()
}

fn length(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

/// The bytes of `range`, of which `bytes` begin at `start`.
fn slice(bytes: &[u8], start: u64, range: Range<u64>) -> Result<&[u8]> {
    let place = |at: u64| usize::try_from(at.checked_sub(start)?).ok();
    place(range.start)
        .zip(place(range.end))
        .and_then(|(start, end)| bytes.get(start..end))
        .ok_or_else(|| defect("a range lies outside of what is mapped"))
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({}, {} pieces)", self.path.display(), self.pieces.len())
    }
}

#[cfg(test)]
mod tests;
