//! What a filter asks of a record.

use crate::{IdRef, PayloadRef, Result};

/// What a [`Filter`](super::Filter) is true or false of: an id, a payload, and which fields there are.
pub trait Subject {
    /// The id.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn id(&self) -> Result<IdRef<'_>>;

    /// The payload.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn payload(&self) -> Result<PayloadRef<'_>>;

    /// Whether there is a vector of the field `name`, or bytes that core computed for it.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn has_field(&self, name: &str) -> Result<bool>;
}
