//! Bytes of a file, to be read in place or from a copy.
//!
//! The call here that maps a file is unsafe, and so is the one in `process.rs`; nothing else of this
//! crate is.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};

use bytemuck::{Pod, Zeroable};
use memmap2::{Mmap, MmapOptions};

/// What the system is to read of a mapped file beside what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What follows, and much of it: it will be asked for next.
    Ahead,
    /// Nothing: rows are wanted here and there.
    Nothing,
}

/// Bytes that don't change for as long as this lives: a file's, mapped, or a copy of them.
///
/// The first one stands at a multiple of [`Self::ALIGNMENT`].
pub struct Mapping(Bytes);

enum Bytes {
    Mapped(Mmap),
    Copied { lines: Vec<Line>, len: usize },
}

/// What a copy is made of, for the alignment.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; Mapping::ALIGNMENT]);

impl Mapping {
    /// What the address of the first byte is a multiple of, in bytes. A mapped file stands at the
    /// beginning of a page, which is more.
    pub const ALIGNMENT: usize = 64;

    /// A copy of these bytes on the heap. Any number of them, also none.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        let mut lines = vec![Line::zeroed(); bytes.len().div_ceil(Self::ALIGNMENT)];
        bytemuck::cast_slice_mut::<_, u8>(&mut lines)[..bytes.len()].copy_from_slice(bytes);
        Self(Bytes::Copied { lines, len: bytes.len() })
    }

    /// Maps the first `len` bytes of a file. They must not change for as long as the mapping lives.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the file is shorter; those of the system.
    pub(super) fn of(file: &File, len: u64, reading: Reading) -> io::Result<Self> {
        if file.metadata()?.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        if len == 0 {
            return Ok(Self::copied(&[]));
        }
        let mut options = MmapOptions::new();
        options.len(len);
        // What has to hold for as long as the mapping lives, and why it does:
        //  1. The range is within the file, or reading it would end the process. It was checked
        //     above.
        //  2. No process cuts the file. We cut only what was never committed, and map only what
        //     was.
        //  3. No process writes to the range. Committed bytes are never written again: segments are
        //     replaced as a whole, by files of another name.
        // 2 and 3 are ours to keep within one process; the lock of the directory keeps other
        // processes of ours away, and its permissions other users. Against a stranger with the
        // owner's rights nothing can hold: that is what reading without mapping is for.
        // SAFETY: the three points above.
        #[allow(unsafe_code)]
        let mapped = unsafe { options.map(file)? };
        #[cfg(unix)]
        if reading == Reading::Nothing {
            mapped.advise(memmap2::Advice::Random)?;
        }
        #[cfg(not(unix))]
        let _ = reading;
        Ok(Self(Bytes::Mapped(mapped)))
    }
}

impl Mapping {
    /// Asks the system to read these bytes by now. Returns at once; they can be read without.
    pub fn expect(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Bytes::Mapped(mapped) = &self.0
            && range.end <= mapped.len()
        {
            // It is a hint, and a reader loses nothing if the system ignores it.
            let _ = mapped.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
        }
        #[cfg(not(unix))]
        let _ = range;
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Copied { lines, len } => &bytemuck::cast_slice(lines)[..*len],
        }
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            Bytes::Mapped(_) => "mapped",
            Bytes::Copied { .. } => "copied",
        };
        write!(f, "Mapping({} bytes, {kind})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn is_aligned(mapping: &Mapping) -> bool {
        mapping.as_ptr().addr().is_multiple_of(Mapping::ALIGNMENT)
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_copy_of_any_length_is_equal_and_aligned() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in [0, 1, 63, 64, 65, 256] {
            let mapping = Mapping::copied(&bytes[..len]);
            assert_eq!(&*mapping, &bytes[..len]);
            assert!(is_aligned(&mapping), "{len}");
        }
    }

    #[test]
    fn a_file_is_mapped_as_far_as_asked() {
        let file = file(b"abcdef");
        for len in [0, 1, 6] {
            let mapping = Mapping::of(&file, len, Reading::Ahead).unwrap();
            assert_eq!(&*mapping, &b"abcdef"[..usize::try_from(len).unwrap()]);
            assert!(is_aligned(&mapping), "{len}");
        }
    }

    #[test]
    fn a_file_is_not_mapped_beyond_its_end() {
        for len in [7, u64::MAX] {
            let error = Mapping::of(&file(b"abcdef"), len, Reading::Nothing).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn debug_prints_no_contents() {
        assert_eq!(format!("{:?}", Mapping::copied(b"secret")), "Mapping(6 bytes, copied)");
        let mapped = Mapping::of(&file(b"secret"), 6, Reading::Nothing).unwrap();
        assert_eq!(format!("{mapped:?}"), "Mapping(6 bytes, mapped)");
    }
}
