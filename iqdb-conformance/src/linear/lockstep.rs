//! Lockstep: threads that begin each of their calls at the same moment.
//!
//! A call of a fast store takes less than a microsecond, so calls of free-running threads hardly
//! ever overlap. A thread that leaves, even by a panic, never blocks the others.

use std::hint;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Added by a thread that leaves, so that no other waits for it.
const LEFT: u64 = 1 << 40;
/// The number of spins after which a thread yields the core to the one that it waits for.
const SPINS_MAX: u32 = 2_000;

/// A reusable barrier with a fixed number of threads.
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

    /// The handle that one of the threads holds while it takes part.
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
        let mut spins = 0;
        while arrivals.load(Ordering::SeqCst) < threads * self.steps {
            spins += 1;
            if spins % SPINS_MAX == 0 {
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
    fn a_thread_that_leaves_blocks_no_other() {
        let lockstep = Lockstep::new(3);
        thread::scope(|scope| {
            for steps in [0, 2, 50] {
                let mut stepper = lockstep.join();
                scope.spawn(move || (0..steps).for_each(|_| stepper.step()));
            }
        });
    }
}
