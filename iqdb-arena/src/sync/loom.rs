//! The types of loom, which explores every interleaving and every value that a load may see.
#![allow(unsafe_code)]

pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};

use std::ops::Range;

use loom::cell::UnsafeCell;

/// Reports every access to raw memory to loom, cell by cell.
#[derive(Debug)]
pub(crate) struct Tracker(Box<[UnsafeCell<()>]>);

impl Tracker {
    pub(crate) fn new(cells: usize) -> Self {
        Self((0..cells).map(|_| UnsafeCell::new(())).collect())
    }

    pub(crate) fn read(&self, cells: Range<usize>) {
        self.0[cells].iter().for_each(|cell| cell.with(|_| ()));
    }

    pub(crate) fn write(&self, cells: Range<usize>) {
        self.0[cells].iter().for_each(|cell| cell.with_mut(|_| ()));
    }
}

/// The most values that one run of a model publishes.
const VALUES: usize = 6;

/// Promises what the real cell promises and no more: `newest` is the pointer, stored with release and
/// loaded with acquire; `swap` returns a value only when no load of it is in progress.
///
/// The pins give readers no ordering: a reader pins the value that `newest` named, and the writer
/// touches the pins of earlier values only.
pub(crate) struct Published<T> {
    newest: AtomicUsize,
    values: Vec<Value<T>>,
    /// The ordering of a publication, which a planted defect weakens.
    order: Ordering,
}

struct Value<T> {
    pins: AtomicUsize,
    held: UnsafeCell<Option<Arc<T>>>,
}

// SAFETY: `held` is written before `newest` names it and after the last pin is gone.
unsafe impl<T: Send + Sync> Sync for Published<T> {}
// SAFETY: it owns its values.
unsafe impl<T: Send + Sync> Send for Published<T> {}

impl<T> Published<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        let mut values: Vec<_> = (0..VALUES)
            .map(|_| Value { pins: AtomicUsize::new(0), held: UnsafeCell::new(None) })
            .collect();
        values[0].held = UnsafeCell::new(Some(value));
        Self { newest: AtomicUsize::new(0), values, order: Ordering::AcqRel }
    }

    /// A cell with a planted defect: it publishes the pointer, and not the value behind it.
    pub(crate) fn relaxed(mut self) -> Self {
        self.order = Ordering::Relaxed;
        self
    }

    pub(crate) fn load(&self) -> Arc<T> {
        loop {
            let n = self.newest.load(Ordering::Acquire);
            self.values[n].pins.fetch_add(1, Ordering::AcqRel);
            // A read-modify-write reads the newest value, so that a late pin is noticed.
            if self.newest.fetch_add(0, Ordering::AcqRel) == n {
                // SAFETY: pinned while it was the newest, so it is not given up yet.
                let value = self.values[n].held.with(|held| unsafe { (*held).clone() });
                self.values[n].pins.fetch_sub(1, Ordering::AcqRel);
                return value.expect("the newest value is there");
            }
            self.values[n].pins.fetch_sub(1, Ordering::AcqRel);
            loom::thread::yield_now();
        }
    }

    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        let old = self.newest.load(Ordering::Relaxed);
        let value = Some(value);
        // SAFETY: nothing names it yet.
        self.values[old + 1].held.with_mut(|held| unsafe { *held = value });
        self.newest.swap(old + 1, self.order);
        while self.values[old].pins.fetch_add(0, Ordering::AcqRel) != 0 {
            loom::thread::yield_now();
        }
        // SAFETY: it is not the newest any more and no thread pins it.
        let old = self.values[old].held.with_mut(|held| unsafe { (*held).take() });
        old.expect("each value is given up once")
    }
}

impl<T> std::fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Published")
    }
}
