//! Lockstep: threads that begin each of their calls at the same moment.
//!
//! A call of a fast store is over in less than a microsecond; left to themselves, threads hardly
//! ever meet. It is no lock: a thread that leaves, even by a panic, holds up no other.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Added by a thread that leaves, so that no other waits for it.
const LEFT: u64 = 1 << 40;
/// After this many looks, a thread yields: the one that it waits for needs the core.
const LOOKS_MAX: u32 = 2_000;

/// The line at which the threads meet.
#[derive(Debug)]
pub(super) struct Lockstep {
    threads: u64,
    arrivals: AtomicU64,
}

/// One thread of a lockstep, until it is dropped.
#[derive(Debug)]
pub(super) struct Stepper<'a> {
    lockstep: &'a Lockstep,
    steps: u64,
}

impl Lockstep {
    pub(super) fn new(threads: u16) -> Self {
        Self { threads: threads.into(), arrivals: AtomicU64::new(0) }
    }

    /// To be held by one of the threads for as long as it keeps step.
    pub(super) fn join(&self) -> Stepper<'_> {
        Stepper { lockstep: self, steps: 0 }
    }
}

impl Stepper<'_> {
    /// Returns when every thread has come as far, or one has left.
    pub(super) fn step(&mut self) {
        let Lockstep { threads, arrivals } = self.lockstep;
        self.steps += 1;
        arrivals.fetch_add(1, Ordering::SeqCst);
        let mut looks = 0;
        while arrivals.load(Ordering::SeqCst) < threads * self.steps {
            looks += 1;
            if looks % LOOKS_MAX == 0 {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
    }
}

impl Drop for Stepper<'_> {
    fn drop(&mut self) {
        self.lockstep.arrivals.fetch_add(LEFT, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_leaves_holds_up_nobody() {
        let lockstep = Lockstep::new(3);
        thread::scope(|scope| {
            for steps in [0, 2, 50] {
                let mut stepper = lockstep.join();
                scope.spawn(move || (0..steps).for_each(|_| stepper.step()));
            }
        });
    }
}
