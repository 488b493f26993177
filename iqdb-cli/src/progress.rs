//! A progress bar on standard error, for a user who watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::input::{Progress, Unit};
use crate::screen::Screen;

const STEPS: &str = "{msg:<10} {bar:40} {human_pos}/{human_len}, {eta} left";
const ROWS: &str = "{msg:<10} {bar:40} {human_pos}/{human_len} rows, {per_sec}, {eta} left";
const BYTES: &str =
    "{msg:<10} {bar:40} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";

/// A bar over `steps` steps, drawn only when a user watches standard error, and gone when it is
/// dropped.
pub(crate) fn bar(screen: &Screen<'_>, what: &'static str, steps: usize) -> ProgressBar {
    drawn(screen, what, steps as u64, STEPS)
}

/// A bar over the rows or bytes of a file, with their rate.
pub(crate) fn of_file(screen: &Screen<'_>, what: &'static str, file: Progress) -> ProgressBar {
    let template = match file.unit {
        Unit::Rows => ROWS,
        Unit::Bytes => BYTES,
    };
    drawn(screen, what, file.total, template)
}

/// A bar over `rows` rows, with their rate.
pub(crate) fn of_rows(screen: &Screen<'_>, what: &'static str, rows: u64) -> ProgressBar {
    drawn(screen, what, rows, ROWS)
}

/// A bar over `bytes` bytes, with their rate.
pub(crate) fn of_bytes(screen: &Screen<'_>, what: &'static str, bytes: u64) -> ProgressBar {
    drawn(screen, what, bytes, BYTES)
}

fn drawn(screen: &Screen<'_>, what: &'static str, length: u64, template: &str) -> ProgressBar {
    if !screen.watched {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─");
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr())
        .with_finish(ProgressFinish::AndClear);
    bar.set_style(style);
    bar.set_message(what);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_one() {
        for template in [STEPS, ROWS, BYTES] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
