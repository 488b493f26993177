//! A place: where a durable store lives while no handle to it is open.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use iqdb_core::{Result, Store};

/// Where a durable store lives while no handle to it is open, such as a server. A store in files
/// needs none: [`Harness::in_directory`](crate::Harness::in_directory) has one.
///
/// Made fresh and empty for each case, and dropped after the last handle. What `Drop` does with it
/// (remove a temporary directory, say) is up to the backend.
pub trait Place: fmt::Debug + Send + Sync + 'static {
    /// Opens the store that is here, or creates it the first time. The suite has at most one
    /// handle open at a time.
    ///
    /// # Errors
    /// Any error of the backend; the case then fails.
    fn open(&self) -> Result<Arc<dyn Store>>;

    /// Opens the store as a new process would find it if this one were killed right now, while a
    /// handle is still open and has not been flushed. From then on the place is the one that the
    /// new process found.
    ///
    /// A store that locks its files can copy them to a new directory and open the copy.
    ///
    /// # Errors
    /// Any error of the backend; the case then fails.
    fn open_after_kill(&self) -> Result<Arc<dyn Store>>;

    /// Another place, which `copy` makes a store in: it is called with the path that is handed on to
    /// [`Maintenance::backup_to`](iqdb_core::Maintenance::backup_to).
    ///
    /// # Errors
    /// Those of `copy`; any error of the backend, and the case then fails.
    fn copied(&self, copy: &mut dyn FnMut(&Path) -> Result<()>) -> Result<Box<dyn Place>>;
}
