//! Whether memory that is read in order has to be asked for ahead of time.

/// Some machines read it more slowly unless they are asked. Those of AMD fetch it by themselves, and are slower
/// when they are asked: `ARCHITECTURE.md` has what was measured. Lock-free.
#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) fn are_asked_for() -> bool {
    use std::sync::atomic::{AtomicU8, Ordering};

    const UNKNOWN: u8 = 0;
    const ASKED: u8 = 1;
    const FETCHED: u8 = 2;

    // Whoever finds it unknown finds it out, and all of them find the same.
    static FOUND: AtomicU8 = AtomicU8::new(UNKNOWN);
    let found = match FOUND.load(Ordering::Relaxed) {
        UNKNOWN => {
            let found = if maker() == *b"AuthenticAMD" { FETCHED } else { ASKED };
            FOUND.store(found, Ordering::Relaxed);
            found
        }
        found => found,
    };
    found == ASKED
}

/// Elsewhere nothing is known of asking that would make a difference. Miri has no instructions.
#[cfg(any(not(target_arch = "x86_64"), miri))]
pub(super) fn are_asked_for() -> bool {
    false
}

/// Who made the processor, as it says itself.
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
    /// Linux says who made it, too.
    #[test]
    fn the_maker_is_the_one_that_the_system_names() {
        let found = super::maker();
        assert!(found.iter().all(u8::is_ascii_graphic), "{found:?}");
        for _ in 0..3 {
            assert_eq!(super::are_asked_for(), found != *b"AuthenticAMD");
        }
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let line = cpu.lines().find_map(|line| line.strip_prefix("vendor_id"));
        match line.and_then(|line| line.split_once(": ")) {
            Some((_, name)) => assert_eq!(name.trim().as_bytes(), found),
            None => eprintln!("skipped: this system does not name the processor's maker"),
        }
    }
}
