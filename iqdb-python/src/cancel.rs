//! A flag that ends the calls of another thread: `iqdb.aio` sets it when an `await` is cancelled.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

thread_local! {
    /// The flag of the call that this thread is in the middle of.
    static CURRENT: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// The flag that ends what this thread does, if it does it for `_Cancel.run`.
pub(crate) fn current() -> Option<Arc<AtomicBool>> {
    CURRENT.with_borrow(Option::clone)
}

/// Ends, when it is set, the call that `run` makes on another thread: it raises a `CancelledError` soon.
#[pyclass(frozen, name = "_Cancel", module = "iqdb._iqdb")]
#[derive(Debug)]
pub(crate) struct Cancel(Arc<AtomicBool>);

/// Puts back the flag that was there before, after an exception, too.
struct Restored(Option<Arc<AtomicBool>>);

impl Drop for Restored {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[pymethods]
impl Cancel {
    #[new]
    fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Calls `call` on this thread and returns what it does.
    #[pyo3(signature = (call, /, *args, **kwargs))]
    fn run<'py>(
        &self,
        call: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _restored = Restored(CURRENT.replace(Some(Arc::clone(&self.0))));
        call.call(args, kwargs)
    }
}
