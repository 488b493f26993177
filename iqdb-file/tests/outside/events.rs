//! The events that the database tells the log of the program, for the test that listens.

use std::cell::RefCell;
use std::sync::Once;

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    /// Those of this thread, since it was asked last.
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct ByThread;

impl Log for ByThread {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, event: &Record<'_>) {
        let text = format!("{} {}: {}", event.level(), event.target(), event.args());
        HEARD.with_borrow_mut(|heard| heard.push(text));
    }

    fn flush(&self) {}
}

/// Forgets what was heard before.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        log::set_logger(&ByThread).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
    heard();
}

/// The events of this thread since it was asked last: warnings and errors.
pub(crate) fn heard() -> Vec<String> {
    HEARD.take()
}
