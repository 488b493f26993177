//! What was found that must not be.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iqdb_core::Error;

/// Which promise is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Breach {
    /// An acknowledged write is gone.
    Lost,
    /// Something is there that was never written, or not yet.
    Phantom,
    /// A version shows something else than what was written up to it.
    Wrong,
    /// A database that was made can't be opened.
    Unopenable,
    /// What should have worked failed, or the other way round.
    Behaviour,
    /// A panic, or the end of the process.
    Panic,
}

impl Breach {
    pub(crate) const ALL: [Self; 6] =
        [Self::Lost, Self::Phantom, Self::Wrong, Self::Unopenable, Self::Behaviour, Self::Panic];

    /// As it is counted: "0 lost".
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Phantom => "phantom",
            Self::Wrong => "wrong",
            Self::Unopenable => "unopenable",
            Self::Behaviour => "misbehaved",
            Self::Panic => "panics",
        }
    }
}

/// One broken promise, and the story of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) breach: Breach,
    pub(crate) story: String,
}

impl Finding {
    pub(crate) fn new(breach: Breach, story: impl fmt::Display) -> Self {
        Self { breach, story: story.to_string() }
    }

    /// What should have worked and did not.
    pub(crate) fn failed(what: &str, error: &Error) -> Self {
        Self::new(Breach::Behaviour, format_args!("{what}: {error}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.breach.name(), self.story)
    }
}

/// What `run` finds; a panic in it is a finding.
pub(crate) fn caught<T>(run: impl FnOnce() -> Result<T, Finding>) -> Result<T, Finding> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(Finding::new(Breach::Panic, message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// Panics are caught and reported with their story; the usual lines about them would drown it.
pub(crate) fn quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_finding() {
        quiet();
        for found in [caught::<()>(|| panic!("no {}", 1)), caught(|| std::panic::panic_any("no 1"))]
        {
            assert_eq!(found, Err(Finding::new(Breach::Panic, "no 1")));
        }
        assert_eq!(caught(|| Ok(1)), Ok(1));
    }
}
