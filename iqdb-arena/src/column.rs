//! Append-only columns: one appender, any number of readers, and values that never move.
//!
//! This is the only module of the crate with unsafe code, but for a model checker's stand-in; its
//! interface is safe. What makes it sound:
//!
//! 1. A column is a fixed piece of memory for `capacity` values, which no other column touches, and
//!    it stays where it is until the last handle is gone.
//! 2. `len` only grows. Cells below `len` hold values that never change again; only the column's
//!    [`Appender`] touches cells from `len` on.
//! 3. The appender cannot be cloned and appends through `&mut self`, so there is one at a time.
//! 4. A value is written first and `len` is raised afterwards, with release; a reader loads `len`
//!    with acquire and looks below it only. So a reader that sees a length sees the values.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use memmap2::MmapMut;

use crate::sync::{AtomicUsize, Ordering, Tracker};

/// Columns start at a cache line, whatever the alignment of their values.
const ALIGNMENT: usize = 64;

/// The size from which a column asks for huge pages. A smaller column would take a whole huge page
/// for a part of it, or share one with other memory.
#[cfg(target_os = "linux")]
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// How much memory is prefetched at once, so that a long row doesn't push the others out of the cache.
const PREFETCHED_BYTES: usize = 4 << 10;

/// The size from which a column is mapped from the operating system, to which it returns when it is
/// dropped. Smaller columns come from the allocator.
const MAPPED_BYTES_MIN: usize = 256 * 1_024;

/// A column as its readers see it. Cloning it gives another handle to the same column.
pub(crate) struct Column<T>(Arc<Cells<T>>);

/// The writer's handle to a column. There is one, and it appends.
pub(crate) struct Appender<T>(Arc<Cells<T>>);

struct Cells<T> {
    first: NonNull<T>,
    capacity: usize,
    len: AtomicUsize,
    memory: Memory,
    tracker: Tracker,
}

enum Memory {
    /// A column of no bytes.
    None,
    /// From the allocator, with this layout.
    Heap(Layout),
    /// From the operating system, perhaps together with other columns.
    Mapped(#[allow(dead_code, reason = "it is kept for its drop")] Arc<MmapMut>),
}

// SAFETY: a column owns its values and lends shared references to them on any thread, and the
// last handle drops them on any thread. `first` points into memory that `Cells` owns.
unsafe impl<T: Send + Sync> Send for Cells<T> {}
// SAFETY: as above; the cells that are written meanwhile are above `len`, where readers don't look.
unsafe impl<T: Send + Sync> Sync for Cells<T> {}

/// An empty column with room for `capacity` values, and its appender.
///
/// # Panics
/// When `capacity` values don't fit the address space.
pub(crate) fn column<T>(capacity: usize) -> (Appender<T>, Column<T>) {
    columns(capacity, 1, true).remove(0)
}

/// `count` empty columns, side by side in one mapping if they are large, so that the system can use
/// huge pages, if `huge_pages` asks for them, which one column alone would not fill.
///
/// # Panics
/// When their values don't fit the address space.
pub(crate) fn columns<T>(
    capacity: usize,
    count: usize,
    huge_pages: bool,
) -> Vec<(Appender<T>, Column<T>)> {
    // Mapped memory starts at a page.
    const { assert!(align_of::<T>() <= 4_096) };
    let layout = Layout::array::<T>(capacity)
        .and_then(|layout| layout.align_to(ALIGNMENT))
        .expect("a column fits the address space");
    let step = layout.size().next_multiple_of(ALIGNMENT);
    let map = step.checked_mul(count).and_then(|bytes| map(bytes, huge_pages));
    let column = |n: usize| {
        let (first, memory) = match &map {
            Some((first, map)) => {
                // SAFETY: `map` has `count` times `step` bytes, and `n` is below `count`.
                let first = unsafe { first.add(n * step) };
                (first.cast(), Memory::Mapped(Arc::clone(map)))
            }
            None => allocate::<T>(layout),
        };
        let (len, tracker) = (AtomicUsize::new(0), Tracker::new(capacity));
        let cells = Arc::new(Cells { first, capacity, len, memory, tracker });
        (Appender(Arc::clone(&cells)), Column(cells))
    };
    (0..count).map(column).collect()
}

/// A mapping from the operating system; `None` if it is too small to map or the system refuses.
fn map(bytes: usize, huge_pages: bool) -> Option<(NonNull<u8>, Arc<MmapMut>)> {
    if bytes < MAPPED_BYTES_MIN || cfg!(any(miri, loom)) {
        return None;
    }
    let mut map = MmapMut::map_anon(bytes).ok()?;
    #[cfg(target_os = "linux")]
    if huge_pages && bytes >= HUGE_PAGE_BYTES {
        // A hint, which may fail: fewer, larger pages are faster to map and to scan.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = huge_pages;
    Some((NonNull::new(map.as_mut_ptr())?, Arc::new(map)))
}

fn allocate<T>(layout: Layout) -> (NonNull<T>, Memory) {
    if layout.size() == 0 {
        return (NonNull::dangling(), Memory::None);
    }
    // SAFETY: the layout's size is not 0.
    match NonNull::new(unsafe { alloc(layout) }) {
        Some(first) => (first.cast(), Memory::Heap(layout)),
        None => handle_alloc_error(layout),
    }
}

impl<T> Column<T> {
    /// The number of values, to which the appender may add at any time.
    pub(crate) fn len(&self) -> usize {
        self.0.len.load(Ordering::Acquire)
    }

    /// Value number `n`, if it has been appended. O(1).
    #[inline]
    pub(crate) fn get(&self, n: usize) -> Option<&T> {
        self.slice(n..n.checked_add(1)?)?.first()
    }

    /// All values that have been appended.
    pub(crate) fn all(&self) -> &[T] {
        self.slice(0..self.len()).unwrap_or_default()
    }

    /// The values of `range`, if all of them have been appended. O(1).
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> Option<&[T]> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        self.0.tracker.read(range.clone());
        // SAFETY: all of `range` is below `len`, so the cells are initialised (4) and no thread
        // writes to them (2) for as long as `self` keeps the memory (1).
        Some(unsafe {
            std::slice::from_raw_parts(self.0.first.add(range.start).as_ptr(), range.len())
        })
    }
}

impl<T> Appender<T> {
    /// The number of values.
    pub(crate) fn len(&self) -> usize {
        self.0.len.load(Ordering::Relaxed)
    }

    /// Whether there is no room for another value.
    pub(crate) fn is_full(&self) -> bool {
        self.len() == self.0.capacity
    }

    /// Appends a value; a reader that sees the new length sees the value.
    ///
    /// # Panics
    /// When the column [is full](Self::is_full).
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        let len = self.len();
        assert!(len < self.0.capacity, "a column of {} values is full", self.0.capacity);
        self.0.tracker.write(len..len + 1);
        // SAFETY: the cell is within the capacity (just checked), above `len`, and this is the only
        // appender (2, 3).
        unsafe { self.0.first.add(len).write(value) };
        self.0.len.store(len + 1, Ordering::Release);
    }

    /// Appends copies of all `values`. A reader sees all of them or none.
    ///
    /// # Panics
    /// When there is no room for all of them; then nothing is appended.
    #[inline]
    pub(crate) fn extend_from_slice(&mut self, values: &[T])
    where
        T: Copy,
    {
        let (len, capacity) = (self.len(), self.0.capacity);
        assert!(values.len() <= capacity - len, "a column of {capacity} values is full");
        self.0.tracker.write(len..len + values.len());
        // SAFETY: the cells are within the capacity (just checked; `len` is never above it), above
        // `len`, and this is the only appender (2, 3). `values` can't overlap them: a column lends
        // no cells above `len`.
        unsafe {
            self.0
                .first
                .add(len)
                .copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
        }
        self.0.len.store(len + values.len(), Ordering::Release);
        // Most rows are as long as the one before. Their memory was not written yet, and a store that
        // has to wait for it holds up all stores behind it.
        let next = values.len().min(capacity - len - values.len());
        // SAFETY: the next cells are within the capacity; so the pointer to the first of them is
        // inside of the column's memory, or at its end.
        let first = unsafe { self.0.first.add(len + values.len()) };
        prefetch_memory(first.cast(), next * size_of::<T>());
    }
}

/// Has the processor load these values into its cache, for a caller that reads them soon; at most the
/// first [`PREFETCHED_BYTES`] of them, and none where Rust has no instruction for it.
pub(crate) fn prefetch<T>(values: &[T]) {
    prefetch_memory(NonNull::from(values).cast(), size_of_val(values));
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn prefetch_memory(first: NonNull<u8>, bytes: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for at in (0..bytes.min(PREFETCHED_BYTES)).step_by(ALIGNMENT) {
        // SAFETY: it never faults, whatever the address; it reads and writes nothing that a program
        // could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(first.as_ptr().wrapping_add(at).cast()) };
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn prefetch_memory(_: NonNull<u8>, _: usize) {}

impl<T> Drop for Cells<T> {
    fn drop(&mut self) {
        let len = self.len.load(Ordering::Acquire);
        // SAFETY: the last handle is gone, and the cells below `len` hold values. This is the only
        // drop, so the memory is given back once, by the layout it was taken with; what was mapped
        // goes with `memory`.
        unsafe {
            std::ptr::slice_from_raw_parts_mut(self.first.as_ptr(), len).drop_in_place();
            if let Memory::Heap(layout) = self.memory {
                dealloc(self.first.as_ptr().cast(), layout);
            }
        }
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} of {})", self.len(), self.0.capacity)
    }
}

impl<T> fmt::Debug for Appender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Appender({} of {})", self.len(), self.0.capacity)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
