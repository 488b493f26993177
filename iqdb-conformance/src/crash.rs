//! Crashes in the middle of a write: a process of its own writes to a store in files, and is killed at
//! one of its system calls; or its calls are recorded, and files are laid out as a power cut may leave
//! them.
//!
//! `script` says what is written, and `child` is the process that writes it. `traced` stops it at its
//! system calls, where there is a way.

pub(crate) mod child;
mod script;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod traced;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod untraced;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use traced::{kills, power_cuts};
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(crate) use untraced::{kills, power_cuts};
