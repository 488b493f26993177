//! Whether memory that is read in order has to be asked for ahead of time.

/// Some machines read it at half the speed unless they are asked. Those of AMD fetch it by themselves, and
/// asking keeps them from it: they wait for what was asked for with fewer lines on their way. Lock-free.
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_answer_stays_the_same() {
        let first = super::are_asked_for();
        assert!((0..3).all(|_| super::are_asked_for() == first));
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            assert!(super::maker().iter().all(u8::is_ascii_graphic), "{:?}", super::maker());
            assert_eq!(first, super::maker() != *b"AuthenticAMD");
        }
    }
}
