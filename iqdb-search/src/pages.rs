//! Memory for the codes of blocks: those that follow each other lie side by side, in large pages.
//!
//! A search reads all codes from end to end, and the codes of one block fill a fraction of the
//! largest pages there are. So blocks take their memory from one mapping, one after the other, and
//! give its pages back one by one, when they are dropped.
//!
//! This is the only module besides `kernel` with unsafe code; its interface is safe. What
//! makes it sound:
//!
//! 1. A mapping is fixed and stays where it is until the last [`Lines`] in it are gone, and code
//!    reaches its bytes only through them.
//! 2. `taken` only grows, so no two `Lines` are of the same part of a mapping; a part is whole
//!    pages, zeros at first.
//! 3. `Lines` own their part as a box would: they are written through `&mut` and read through `&`.
//! 4. Pages go back when their `Lines` are dropped; no reference into them is left then.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::MmapMut;

use crate::kernel::CodeLine;

/// Bytes of a mapping. The part that no `Lines` has taken uses no memory.
const MAPPING_BYTES: usize = 32 << 20;

/// Lines of fewer bytes than this come from the allocator: they are not worth a large page.
const SHARED_BYTES_MIN: usize = 128 << 10;

/// A part of a mapping begins and ends with a page, so that it can be given back alone. Of a machine
/// with larger pages, it keeps some until the whole mapping goes.
const PAGE: usize = 4_096;

/// Lines that lie in one piece.
pub(crate) struct Lines(Memory);

enum Memory {
    Own(Box<[CodeLine]>),
    Part(Part),
}

/// Pages of a mapping, and lines in them from the first byte on.
struct Part {
    first: NonNull<CodeLine>,
    lines: usize,
    mapping: Arc<Mapping>,
}

struct Mapping {
    first: NonNull<u8>,
    bytes: usize,
    /// Bytes that some `Lines` own or have owned; those behind them are zero.
    taken: AtomicUsize,
    /// No code asks it for its bytes as a whole: while parts are written, they are not one slice.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "it is kept for its drop"))]
    #[cfg_attr(miri, allow(dead_code, reason = "it is kept for its drop"))]
    map: MmapMut,
}

// SAFETY: a mapping is bytes and a counter, and says nothing of a thread; `first` points into `map`.
unsafe impl Send for Mapping {}
// SAFETY: as above. Only the owner of a part reads and writes its bytes.
unsafe impl Sync for Mapping {}
// SAFETY: a part owns what it points to, as a box would, and a line is bytes.
unsafe impl Send for Part {}
// SAFETY: as above.
unsafe impl Sync for Part {}

impl Lines {
    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: a line is 64 bytes without padding, and lines follow each other.
        unsafe { std::slice::from_raw_parts(self.as_ptr().cast(), size_of_val::<[CodeLine]>(self)) }
    }

    /// All bytes, to be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let bytes = size_of_val::<[CodeLine]>(self);
        // SAFETY: as in `bytes`; they are borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr().cast(), bytes) }
    }

    /// `len` lines of zeros; behind `before` in memory, if there is room.
    pub(crate) fn zeroed(len: usize, before: Option<&Self>) -> Self {
        let before = before.and_then(|before| match &before.0 {
            Memory::Own(_) => None,
            Memory::Part(part) => Some(&part.mapping),
        });
        Self(match Part::new(len, before) {
            Some(part) => Memory::Part(part),
            None => Memory::Own(vec![CodeLine::ZERO; len].into_boxed_slice()),
        })
    }
}

impl Part {
    /// Takes a part for this many lines: of the mapping `before`, if it has room, or of a new one.
    /// `None` for few lines, or if the system has no memory for a mapping.
    fn new(lines: usize, before: Option<&Arc<Mapping>>) -> Option<Self> {
        let bytes = lines.checked_mul(size_of::<CodeLine>())?.checked_next_multiple_of(PAGE)?;
        if bytes < SHARED_BYTES_MIN {
            return None;
        }
        let take = |mapping: Arc<Mapping>| Some((mapping.take(bytes)?, mapping));
        let (start, mapping) = match before.cloned().and_then(take) {
            Some(beside) => beside,
            None => take(Arc::new(Mapping::new(bytes.max(MAPPING_BYTES))?))?,
        };
        // SAFETY: `take` says that there are `bytes` bytes from `start` on.
        let first = unsafe { mapping.first.add(start) }.cast();
        Some(Self { first, lines, mapping })
    }
}

impl Mapping {
    fn new(bytes: usize) -> Option<Self> {
        let mut map = MmapMut::map_anon(bytes).ok()?;
        #[cfg(all(target_os = "linux", not(miri)))]
        {
            // A hint: fewer, larger pages are faster to scan from end to end.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        let first = NonNull::new(map.as_mut_ptr())?;
        Some(Self { first, bytes, taken: AtomicUsize::new(0), map })
    }

    /// Takes `bytes` bytes for the caller alone and returns where they begin; `None` if fewer are
    /// left. `bytes` is a multiple of the page.
    fn take(&self, bytes: usize) -> Option<usize> {
        let fits = |taken: usize| taken.checked_add(bytes).filter(|end| *end <= self.bytes);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()
    }
}

impl Deref for Lines {
    type Target = [CodeLine];

    fn deref(&self) -> &[CodeLine] {
        match &self.0 {
            Memory::Own(lines) => lines,
            // SAFETY: `part.lines` lines begin at `first`. They are bytes, were zeros at first, and
            // belong to the part alone (2, 3). A part begins with a page, so they are aligned.
            Memory::Part(part) => unsafe {
                std::slice::from_raw_parts(part.first.as_ptr(), part.lines)
            },
        }
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [CodeLine] {
        match &mut self.0 {
            Memory::Own(lines) => lines,
            // SAFETY: as for `deref`; the part is borrowed exclusively.
            Memory::Part(part) => unsafe {
                std::slice::from_raw_parts_mut(part.first.as_ptr(), part.lines)
            },
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // The last one takes the whole mapping with it.
        #[cfg(all(target_os = "linux", not(miri)))]
        if Arc::strong_count(&self.mapping) > 1 {
            let start = self.first.addr().get() - self.mapping.first.addr().get();
            let bytes = (self.lines * size_of::<CodeLine>()).next_multiple_of(PAGE);
            let give_back = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the pages are those of the part (2), and no reference into them is left (4).
            // Should it fail, they stay until the whole mapping goes.
            let _ = unsafe { self.mapping.map.unchecked_advise_range(give_back, start, bytes) };
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lines({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: usize = SHARED_BYTES_MIN / size_of::<CodeLine>();

    fn fill(lines: &mut Lines, byte: u8) {
        lines.iter_mut().for_each(|line| line.0.fill(byte));
    }

    fn holds(lines: &Lines, byte: u8) -> bool {
        lines.iter().all(|line| line.0 == [byte; 64])
    }

    fn address(lines: &Lines) -> usize {
        lines.as_ptr().addr()
    }

    #[test]
    fn those_of_blocks_that_follow_each_other_lie_side_by_side() {
        let mut first = Lines::zeroed(LINES + 1, None);
        let mut second = Lines::zeroed(LINES, Some(&first));
        let third = Lines::zeroed(LINES, Some(&first));
        assert_eq!(address(&second) - address(&first), SHARED_BYTES_MIN + PAGE);
        assert_eq!(address(&third) - address(&second), SHARED_BYTES_MIN);
        fill(&mut first, 1);
        fill(&mut second, 2);
        assert!(holds(&first, 1) && holds(&second, 2) && holds(&third, 0));
        drop(first);
        assert!(holds(&second, 2) && holds(&third, 0));
        // No `Lines` takes again what another has given back.
        let fourth = Lines::zeroed(LINES, Some(&second));
        assert_eq!(address(&fourth) - address(&third), SHARED_BYTES_MIN);
        drop((second, third));
        assert!(holds(&fourth, 0));
    }

    #[test]
    fn few_lines_are_the_allocator_s_and_many_have_a_mapping_of_their_own() {
        let few = Lines::zeroed(LINES - PAGE / size_of::<CodeLine>(), None);
        assert!(matches!(few.0, Memory::Own(_)));
        assert!(holds(&few, 0));
        let none = Lines::zeroed(0, Some(&few));
        assert!(none.is_empty());
        let mut many = Lines::zeroed(MAPPING_BYTES / size_of::<CodeLine>() + 1, Some(&few));
        let last = many.len() - 1;
        many[last] = CodeLine([7; 64]);
        assert_eq!(many[last].0, [7; 64]);
        // There is no room behind them.
        let next = Lines::zeroed(LINES, Some(&many));
        assert!(holds(&next, 0));
    }

    #[test]
    fn threads_take_different_parts() {
        let first = Lines::zeroed(LINES, None);
        let all: Vec<Lines> = std::thread::scope(|scope| {
            let take = |byte| {
                let mut lines = Lines::zeroed(LINES, Some(&first));
                fill(&mut lines, byte);
                lines
            };
            let threads: Vec<_> = (1..5).map(|byte| scope.spawn(move || take(byte))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(holds(&first, 0));
        assert!(all.iter().zip(1..5).all(|(lines, byte)| holds(lines, byte)));
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn what_is_dropped_is_given_back() {
        let mut first = Lines::zeroed(LINES, None);
        let second = Lines::zeroed(LINES, Some(&first));
        fill(&mut first, 1);
        let Memory::Part(part) = &second.0 else { panic!("memory is to be had") };
        let mapping = Arc::clone(&part.mapping);
        drop(first);
        // SAFETY: the mapping is there, and no `Lines` has its first bytes any more.
        let bytes = unsafe { std::slice::from_raw_parts(mapping.first.as_ptr(), SHARED_BYTES_MIN) };
        assert!(bytes.iter().all(|byte| *byte == 0), "the system lends zeros in their place");
    }
}
