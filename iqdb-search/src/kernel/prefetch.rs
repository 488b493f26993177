//! Prefetch instructions, and whether a kernel gains from them in memory that it reads in order.

/// Bytes in a line of the cache.
const LINE_BYTES: usize = 64;

/// Lines of a row that are prefetched; the processor prefetches those behind them by itself.
const FIRST_LINES: usize = 12;

/// Prefetches the front of a row into the cache, where there is an instruction for it.
#[inline(always)]
pub(crate) fn prefetch_row<C>(row: &[C]) {
    for line in row.chunks(LINE_BYTES / size_of::<C>()).take(FIRST_LINES) {
        prefetch_line(line.as_ptr().cast());
    }
}

/// Prefetches all of these bytes into the cache, where there is an instruction for it.
#[inline(always)]
pub(crate) fn prefetch_lines(bytes: &[u8]) {
    for line in bytes.chunks(LINE_BYTES) {
        prefetch_line(line.as_ptr());
    }
}

/// Prefetches the line at an address, where there is an instruction for it. Any address will do.
#[inline(always)]
pub(super) fn prefetch_line(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and no address makes it fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Whether memory that a kernel reads in order is read faster with prefetch instructions. Those of
/// AMD fetch it by themselves, and the instructions slow them down:
/// `docs/decisions/009-memory-of-codes.md` has the measurements. Lock-free.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) fn streams_need_prefetch() -> bool {
    use std::sync::atomic::{AtomicU8, Ordering};

    const UNKNOWN: u8 = 0;
    const NEEDED: u8 = 1;
    const FETCHED: u8 = 2;

    // Racing initialisers compute the same value.
    static FOUND: AtomicU8 = AtomicU8::new(UNKNOWN);
    let found = match FOUND.load(Ordering::Relaxed) {
        UNKNOWN => {
            let found = if maker() == *b"AuthenticAMD" { FETCHED } else { NEEDED };
            FOUND.store(found, Ordering::Relaxed);
            found
        }
        found => found,
    };
    found == NEEDED
}

/// No other architecture is known to gain from prefetch instructions. Miri has no such
/// instructions.
#[cfg(any(not(target_arch = "x86_64"), miri))]
pub(super) fn streams_need_prefetch() -> bool {
    false
}

/// The vendor string that the processor reports.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn maker() -> [u8; 12] {
    // SAFETY: every x86-64 processor has the instruction. Later versions of Rust say so as well.
    #[allow(unused_unsafe)]
    let leaf = unsafe { std::arch::x86_64::__cpuid(0) };
    let mut maker = [0; 12];
    for (part, word) in maker.as_chunks_mut().0.iter_mut().zip([leaf.ebx, leaf.edx, leaf.ecx]) {
        *part = word.to_le_bytes();
    }
    maker
}

#[cfg(all(test, target_arch = "x86_64", not(miri)))]
mod tests {
    /// Linux reports the vendor, too.
    #[test]
    fn the_maker_is_the_one_that_the_system_names() {
        let found = super::maker();
        assert!(found.iter().all(u8::is_ascii_graphic), "{found:?}");
        for _ in 0..3 {
            assert_eq!(super::streams_need_prefetch(), found != *b"AuthenticAMD");
        }
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let line = cpu.lines().find_map(|line| line.strip_prefix("vendor_id"));
        match line.and_then(|line| line.split_once(": ")) {
            Some((_, name)) => assert_eq!(name.trim().as_bytes(), found),
            None => eprintln!("skipped: this system does not name the processor's maker"),
        }
    }
}
