//! Defects that tests plant, and points of a commit where tests run code. Compiled to nothing outside
//! of tests.

pub(crate) use imp::Faults;

/// A point that a writer passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// All rows of a batch are appended and none is visible.
    Appended,
    /// Some of the ended rows are stamped and the view isn't published yet.
    Stamping,
    /// The view of a batch, or of an added computed field, is published.
    Published,
    /// All live rows are copied and the new generation isn't published yet.
    Packed,
    /// The columns of a field that is being added are computed, up to what a view showed, and the
    /// writers' lock isn't taken yet.
    CaughtUp,
    /// The chunks have the columns of an added field, and the view with the field isn't published yet.
    Filled,
}

/// A defect that a test plants, to see its check fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(dead_code, reason = "tests plant them, and models, which are other builds")]
pub(crate) enum Defect {
    /// A view is published before the rows that it ends are stamped.
    PublishedBeforeStamped,
    /// The pointer to a view is published, but not what it points to.
    RelaxedPublication,
    /// A writer ignores that a commit was interrupted.
    TornForgotten,
    /// Writers leave retired views to the readers that hold them.
    FreedByReaders,
    /// Taking a snapshot allocates.
    AllocatesInSnapshot,
    /// Readers take the writers' lock.
    ReadersLock,
    /// The table names a row before the row is written.
    TableBeforeRow,
    /// No row links to the earlier rows of its id.
    NoLinks,
    /// A compaction ends the rows that it copied.
    CompactionEndsRows,
    /// A view with an added field is published before the chunks have its columns.
    PublishedBeforeFilled,
}

#[cfg(not(test))]
mod imp {
    use super::{Defect, Stage};

    #[derive(Debug, Clone)]
    pub(crate) struct Faults;

    impl Faults {
        pub(crate) fn none() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn reach(&self, _: Stage) {}

        #[inline(always)]
        pub(crate) fn has(&self, _: Defect) -> bool {
            false
        }
    }
}

#[cfg(test)]
mod imp {
    use std::fmt;
    use std::sync::Arc;

    use super::{Defect, Stage};

    /// The code to run at each stage, and the planted defect.
    #[derive(Clone, Default)]
    pub(crate) struct Faults {
        on_stage: Option<Arc<dyn Fn(Stage) + Send + Sync>>,
        planted: Option<Defect>,
    }

    impl Faults {
        pub(crate) fn none() -> Self {
            Self::default()
        }

        pub(crate) fn planted(defect: Defect) -> Self {
            Self { planted: Some(defect), ..Self::default() }
        }

        pub(crate) fn on_stage(mut self, run: impl Fn(Stage) + Send + Sync + 'static) -> Self {
            self.on_stage = Some(Arc::new(run));
            self
        }

        pub(crate) fn reach(&self, stage: Stage) {
            if let Some(run) = &self.on_stage {
                run(stage);
            }
        }

        pub(crate) fn has(&self, defect: Defect) -> bool {
            self.planted == Some(defect)
        }
    }

    impl fmt::Debug for Faults {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Faults({:?})", self.planted)
        }
    }
}
