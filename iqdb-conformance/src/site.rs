//! The site: an open store, and what it takes to close it and open it again.

use std::ops::Deref;
use std::sync::Arc;

use iqdb_core::{Budget, Error, ErrorKind, Progress, Result, Store};

use crate::place::Place;
use crate::processes;

/// An open store, and the place it lives in if it has one. Used as the store itself.
#[derive(Debug)]
pub struct Site {
    // Dropped in this order: a directory goes after the files in it are closed. `None` only while
    // it is being reopened, or once that has failed.
    store: Option<Arc<dyn Store>>,
    place: Option<Box<dyn Place>>,
    /// How often it was opened again, and whether that was after a kill the last time.
    reopened: (u32, bool),
}

impl Site {
    pub(crate) fn new(store: Arc<dyn Store>, place: Option<Box<dyn Place>>) -> Self {
        Self { store: Some(store), place, reopened: (0, false) }
    }

    /// Whether the store can be closed and opened again.
    #[must_use]
    pub fn reopens(&self) -> bool {
        self.place.is_some()
    }

    /// The last reopening, as a person reads it.
    pub(crate) fn last_reopening(&self) -> String {
        match self.reopened {
            (0, _) => "no reopening".to_owned(),
            (n, false) => format!("reopening {n}, of a closed store"),
            (n, true) => format!("reopening {n}, after a kill"),
        }
    }

    /// Closes the last handle and opens the store again.
    ///
    /// # Errors
    /// Any error of the backend, and the site is then closed; [`ErrorKind::NotSupported`] unless
    /// the site [`reopens`](Self::reopens).
    pub fn reopen(&mut self) -> Result<()> {
        let place = self.place.as_ref().ok_or_else(not_reopened)?;
        self.reopened = (self.reopened.0 + 1, false);
        let _none = processes::hold_back();
        self.store = None;
        self.store = Some(place.open()?);
        Ok(())
    }

    /// Opens the store as a new process would find it if this one were killed.
    ///
    /// # Errors
    /// As for [`reopen`](Self::reopen).
    pub fn reopen_after_kill(&mut self) -> Result<()> {
        let place = self.place.as_ref().ok_or_else(not_reopened)?;
        self.reopened = (self.reopened.0 + 1, true);
        let found = place.open_after_kill();
        self.store = None;
        self.store = Some(found?);
        Ok(())
    }

    /// Has the store copied to another place, and opens the copy. `copied` gets the function that
    /// copies the store there. Returns `None` for a store that has no backups.
    ///
    /// # Errors
    /// Any error of the backend; those of `copied`.
    pub(crate) fn backup(
        &self,
        mut copied: impl FnMut(Copy<'_>) -> Result<()>,
    ) -> Result<Option<Self>> {
        let (Some(place), Some(maintenance)) = (&self.place, self.maintenance()) else {
            return Ok(None);
        };
        let copy = place.copied(&mut |path| {
            copied(&|budget, progress| maintenance.backup_to(path, budget, progress))
        });
        match copy {
            Err(error) if error.kind() == ErrorKind::NotSupported => Ok(None),
            copy => {
                let place = copy?;
                Ok(Some(Self::new(place.open()?, Some(place))))
            }
        }
    }

    /// Closes the last handle. Returns the place, which keeps the files.
    #[must_use]
    pub fn close(self) -> Option<Box<dyn Place>> {
        self.place
    }
}

/// Copies a store within a budget, and says how far it is.
pub(crate) type Copy<'a> = &'a dyn Fn(Budget<'_>, &mut dyn Progress) -> Result<()>;

fn not_reopened() -> Error {
    Error::new(ErrorKind::NotSupported, "the harness can't reopen this store")
        .hint("make it with Harness::in_directory or Harness::durable")
}

impl Deref for Site {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &**self.store.as_ref().expect("a site is open unless reopening it has failed")
    }
}
