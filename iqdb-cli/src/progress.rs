//! A progress bar on standard error, for whoever watches.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use crate::screen::Screen;

/// A bar over `steps` steps, drawn only when somebody watches standard error, and gone when it is
/// dropped.
pub(crate) fn bar(screen: &Screen<'_>, what: &'static str, steps: usize) -> ProgressBar {
    if !screen.watched {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{msg:<10} {bar:40} {human_pos}/{human_len}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr())
        .with_finish(ProgressFinish::AndClear);
    bar.set_style(style);
    bar.set_message(what);
    bar
}
