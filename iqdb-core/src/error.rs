//! The one error type: what was attempted, on what, what was expected, what was found, what to do.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;

use crate::RecordId;
use crate::readable::{readable, readable_cow};

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong. Match on this; the texts are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A vector's dimension is not its field's.
    DimensionMismatch,
    /// A vector's element is not its field's.
    ElementMismatch,
    /// The schema has no field of this name.
    UnknownField,
    /// A vector is empty, not finite, too long, or zero where the metric needs a direction.
    InvalidVector,
    /// A record id can't be parsed or is longer than [`ID_BYTES_MAX`](crate::limits::ID_BYTES_MAX).
    InvalidId,
    /// A payload breaks a limit, nests too deeply, or holds a float that is not finite; or a date can't be
    /// read.
    InvalidPayload,
    /// A schema breaks a limit, or its parts don't fit together.
    InvalidSchema,
    /// A query asks for nothing, or its parts don't fit together.
    InvalidQuery,
    /// The text of a filter or a path can't be parsed, or it breaks a limit.
    InvalidFilter,
    /// A record that was to be inserted is there already.
    AlreadyExists,
    /// The store is not at the version that the batch expected. Read again and retry.
    VersionConflict,
    /// A write may or may not have taken effect, such as when the disk or the connection failed
    /// while it was being made durable. Read again before you retry.
    OutcomeUnknown,
    /// The deadline of the call has passed, and the call changed nothing. A write that took effect, or
    /// may have, never ends so.
    DeadlineExceeded,
    /// The caller cancelled the call, which changed nothing.
    Cancelled,
    /// The snapshot can't be read any more, and never will be: its store gave it up. Take another.
    SnapshotExpired,
    /// The changes since this version are not kept any more, or belong to another history. Begin again.
    VersionGone,
    /// The store doesn't promise this; see [`Capabilities`](crate::Capabilities).
    NotSupported,
    /// Another process or another handle holds the database. Try again once it is closed there.
    Locked,
    /// The operating system refused; [`source`](StdError::source) says how.
    Io,
    /// Stored bytes are not what was written. Nothing read from them can be trusted.
    Damaged,
    /// A backend or a search broke its own contract: a defect there, not in the caller's input.
    ContractViolation,
}

impl ErrorKind {
    /// The kind in a few words, such as `wrong dimension`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DimensionMismatch => "wrong dimension",
            Self::ElementMismatch => "wrong element",
            Self::UnknownField => "unknown field",
            Self::InvalidVector => "invalid vector",
            Self::InvalidId => "invalid id",
            Self::InvalidPayload => "invalid payload",
            Self::InvalidSchema => "invalid schema",
            Self::InvalidQuery => "invalid query",
            Self::InvalidFilter => "invalid filter",
            Self::AlreadyExists => "already exists",
            Self::VersionConflict => "version conflict",
            Self::OutcomeUnknown => "outcome unknown",
            Self::DeadlineExceeded => "deadline exceeded",
            Self::Cancelled => "cancelled",
            Self::SnapshotExpired => "snapshot expired",
            Self::VersionGone => "version gone",
            Self::NotSupported => "not supported",
            Self::Locked => "locked",
            Self::Io => "input/output error",
            Self::Damaged => "damaged data",
            Self::ContractViolation => "contract violation",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where in a text or a file the input went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Location {
    /// A column of a text, counted in characters from 1.
    Column(usize),
    /// An offset into a file, counted in bytes from 0.
    Byte(u64),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "column {column}"),
            Self::Byte(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// Everything that can go wrong in iqdb, in one type.
///
/// An error means that nothing has changed: a failed write wrote nothing, a failed search left
/// every hit buffer empty. The one exception has a kind of its own,
/// [`ErrorKind::OutcomeUnknown`]. [`Display`](fmt::Display) is one line; [`Debug`](fmt::Debug) is the
/// same over several lines with the causes, because that is what `main` prints. Input that an error
/// repeats can't break or turn a line: control characters and those that change the direction of
/// text are escaped, and each of an error's texts is cut after 200 characters.
///
/// ```
/// use iqdb_core::{ErrorKind, Metric, Schema};
///
/// let error = Schema::new(0, Metric::Cosine).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidSchema);
/// ```
#[derive(thiserror::Error)]
#[error("{report}")]
pub struct Error {
    report: Box<Report>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

struct Report {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<Cow<'static, str>>,
    id: Option<RecordId>,
    field: Option<String>,
    location: Option<Location>,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<Cow<'static, str>>,
    is_transient: bool,
}

impl Error {
    /// An error of this kind; `message` says what is wrong without repeating the kind.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            report: Box::new(Report {
                kind,
                message: readable_cow(message.into()),
                operation: None,
                id: None,
                field: None,
                location: None,
                expected: None,
                found: None,
                hint: None,
                is_transient: false,
            }),
            source: None,
        }
    }

    /// Names what was being attempted, unless an inner call has named it already.
    #[must_use]
    pub fn during(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.report.operation.get_or_insert_with(|| readable_cow(operation.into()));
        self
    }

    /// Names the record at fault.
    #[must_use]
    pub fn with_id(mut self, id: &RecordId) -> Self {
        self.report.id = Some(id.clone());
        self
    }

    /// Names the vector field at fault.
    #[must_use]
    pub fn with_field(mut self, name: &str) -> Self {
        self.report.field = Some(name.to_owned());
        self
    }

    /// Says where in the input it went wrong.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.report.location = Some(location);
        self
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.report.expected = Some(readable(expected));
        self
    }

    /// Says what was there instead.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.report.found = Some(readable(found));
        self
    }

    /// Says what a person can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.report.hint = Some(readable_cow(hint.into()));
        self
    }

    /// Keeps the error that caused this one as its [`source`](StdError::source).
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says that the cause may pass by itself, and that the call was given up before it could take
    /// effect: a connection that was lost before the decision, for example.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.report.is_transient = true;
        self
    }

    /// Whether the same call, unchanged, may succeed later: after [`ErrorKind::Locked`],
    /// [`ErrorKind::DeadlineExceeded`], and what is [`transient`](Self::transient).
    ///
    /// [`ErrorKind::VersionConflict`], [`ErrorKind::OutcomeUnknown`], [`ErrorKind::SnapshotExpired`] and
    /// [`ErrorKind::VersionGone`] are never retryable: the caller has to read again first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Locked | ErrorKind::DeadlineExceeded => true,
            ErrorKind::VersionConflict
            | ErrorKind::OutcomeUnknown
            | ErrorKind::SnapshotExpired
            | ErrorKind::VersionGone => false,
            _ => self.report.is_transient,
        }
    }

    /// The sort of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.report.kind
    }

    /// What was being attempted, such as `apply`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.report.operation.as_deref()
    }

    /// The record at fault, where there is one.
    #[must_use]
    pub fn id(&self) -> Option<&RecordId> {
        self.report.id.as_ref()
    }

    /// The vector field at fault, where there is one and the schema has several.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.report.field.as_deref()
    }

    /// Where in the input it went wrong.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.report.location
    }

    /// What would have been right.
    #[must_use]
    pub fn expectation(&self) -> Option<&str> {
        self.report.expected.as_deref()
    }

    /// What was there instead.
    #[must_use]
    pub fn finding(&self) -> Option<&str> {
        self.report.found.as_deref()
    }

    /// What a person can do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.report.hint.as_deref()
    }
}

/// One line: `apply: wrong dimension: the vector has … (record 7): expected …, found …; hint`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.operation {
            write!(f, "{operation}: ")?;
        }
        write!(f, "{}: {}", self.kind, self.message)?;
        if let Some(id) = &self.id {
            write!(f, " (record {})", readable(id))?;
        }
        if let Some(field) = &self.field {
            write!(f, " (field {})", readable(field))?;
        }
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}")?,
            (Some(expected), None) => write!(f, ": expected {expected}")?,
            (None, Some(found)) => write!(f, ": found {found}")?,
            (None, None) => {}
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &*self.report;
        write!(f, "{}: {}", report.kind, report.message)?;
        let mut line = |name: &str, text: Option<&dyn fmt::Display>| match text {
            Some(text) => write!(f, "\n  {name:<10} {text}"),
            None => Ok(()),
        };
        line("while:", report.operation.as_ref().map(|x| x as _))?;
        line("record:", report.id.as_ref().map(readable).as_ref().map(|x| x as _))?;
        line("field:", report.field.as_ref().map(readable).as_ref().map(|x| x as _))?;
        line("at:", report.location.as_ref().map(|x| x as _))?;
        line("expected:", report.expected.as_ref().map(|x| x as _))?;
        line("found:", report.found.as_ref().map(|x| x as _))?;
        line("hint:", report.hint.as_ref().map(|x| x as _))?;
        let mut cause = self.source();
        while let Some(error) = cause {
            line("because:", Some(&readable(error)))?;
            cause = error.source();
        }
        Ok(())
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests;
