//! A process under `ptrace`, and what its system calls do to files.
//!
//! From the bottom up: `memory` reads what a stopped process has, `calls` says what a system call is
//! about to do to files, `tracer` stops the process at each, `recording` keeps what they did, and `image`
//! lays out files from it. `writing` is the process, and `found` checks what a crash left. `kills` and
//! `power_cuts` are what they are for.

mod calls;
mod found;
mod image;
pub(crate) mod kills;
mod memory;
pub(crate) mod power_cuts;
mod recording;
mod started;
mod tracer;
mod writing;
