//! A process under `ptrace`, and what its system calls do to files.
//!
//! From the bottom up: `untried` is why something isn't tried, `writing` is the process, `memory` reads
//! what it has where it is stopped, `calls` says what a system call is about to do to files, `tracer`
//! stops the process at each, `recording` keeps what they did, `image` lays out files from it, and
//! `recorder` makes it. `found` checks what a crash left. `kills` and `power_cuts` are what they are for.

mod calls;
mod found;
mod image;
mod kills;
mod memory;
mod power_cuts;
#[cfg(test)]
mod recorded;
mod recorder;
mod recording;
mod tracer;
mod untried;
mod writing;

use iqdb_core::Result;

use crate::{Harness, Outcome};

/// Kills processes of a case, and checks what each left.
///
/// # Errors
/// Any error of the store; those of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(crate) fn kills(harness: &Harness, case: &str) -> Result<Outcome> {
    untried::outcome(harness, case, kills::check(harness, case))
}

/// Records a process of a case, and checks what power cuts may leave.
///
/// # Errors
/// Any error of the store; those of the system.
///
/// # Panics
/// When a store shows anything but what was acknowledged, and of the next batch all or nothing.
pub(crate) fn power_cuts(harness: &Harness, case: &str) -> Result<Outcome> {
    untried::outcome(harness, case, power_cuts::check(harness, case))
}
