//! The one place that prints to standard output.
//!
//! It never formats: what is printed is rendered by pure functions elsewhere, so that tests see it.

use std::io::{self, Write};

/// Prints `text` as lines.
///
/// A closed pipe is the reader's choice (`cargo xtask tidy | head`), so it is no error; the exit
/// code still tells the verdict.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.trim_end().as_bytes());
    let _ = out.write_all(b"\n");
    let _ = out.flush();
}
