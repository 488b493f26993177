//! Processes that the suite starts, and stores that are opened again meanwhile.
//!
//! A process that is being started has everything open that this one has, until its program runs. A
//! store whose lock is gone once its last handle is closed would still be locked then.

use std::io;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

static STARTING: RwLock<()> = RwLock::new(());

/// Starts a process while no store is being opened again.
///
/// # Errors
/// Any error of the system.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    let _starting = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Holds processes back while a store is closed and opened again.
pub(crate) fn hold_back() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}
