//! A filter that is given in parts, as text or built, and read when it is needed.

use iqdb_core::{Error, Filter, Result};

/// Everything that a caller has asked for so far. The first part that can't be read is what
/// [`read`](Self::read) reports.
#[derive(Debug)]
pub(crate) struct Condition(Result<Option<Filter>>);

impl Condition {
    /// True of every record.
    pub(crate) fn none() -> Self {
        Self(Ok(None))
    }

    /// This and `filter`.
    pub(crate) fn and(self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        Self(self.0.and_then(|earlier| {
            let filter = filter.try_into().map_err(Into::into)?;
            Ok(Some(match earlier {
                Some(earlier) => earlier.and(filter),
                None => filter,
            }))
        }))
    }

    /// The filter, if there is one.
    pub(crate) fn read(self) -> Result<Option<Filter>> {
        self.0
    }
}
