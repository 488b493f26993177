//! What a search asks a remote for, and what it is sent.

use crate::{Parts, Query, RecordId, Result, Rows, Schema};

/// What candidates a search asks for.
#[derive(Debug, Clone, Copy)]
pub struct CandidateRequest<'a> {
    query: Query<'a>,
    at_least: usize,
    up_to: Option<f64>,
}

impl<'a> CandidateRequest<'a> {
    /// At least `at_least` matches, the nearest as far as the remote can tell.
    #[must_use]
    pub fn new(query: Query<'a>, at_least: usize) -> Self {
        Self { query, at_least, up_to: None }
    }

    /// And every match that may be at this canonical distance or nearer; infinity is every match.
    #[must_use]
    pub fn with_up_to(mut self, distance: f64) -> Self {
        self.up_to = Some(distance);
        self
    }

    /// The query: its vector, its field, its filter, and what a hit is to have.
    #[must_use]
    pub fn query(&self) -> &Query<'a> {
        &self.query
    }

    /// How many matches are wanted at least; any number, of which no memory depends.
    #[must_use]
    pub fn at_least(&self) -> usize {
        self.at_least
    }

    /// The canonical distance up to which every match is wanted.
    #[must_use]
    pub fn up_to(&self) -> Option<f64> {
        self.up_to
    }

    /// The parts of the records that are wanted: the vector of the query's field, and the payload if
    /// hits are to have it.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`](crate::ErrorKind::UnknownField) when the schema lacks the field.
    pub fn parts(&self, schema: &Schema) -> Result<Parts> {
        let parts = Parts::ID.with_field(self.query.field_in(schema)?);
        Ok(if self.query.wants_payload() { parts.with_payload() } else { parts })
    }
}

/// What a remote sends for one request.
#[derive(Debug, Clone)]
pub struct Candidates {
    rows: Rows,
    rest: Rest,
}

/// Where the matches may rank that were not sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Rest {
    /// The remote doesn't answer such a request, and has sent nothing.
    Declined,
    /// Anywhere: enough for a query that asks for a recall only.
    Unknown,
    /// Nowhere: every match was sent.
    Empty,
    /// At this canonical distance or beyond; where there is an id, at that distance from this id on.
    From {
        /// The distance.
        distance: f64,
        /// The first id that may not have been sent at that distance; any if there is none.
        id: Option<RecordId>,
    },
}

impl Candidates {
    /// No candidates: those of a request that is declined.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self { rows: Rows::new(schema), rest: Rest::Declined }
    }

    /// The records that were sent, in any order.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The records to send.
    pub fn rows_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }

    /// Where the others may rank.
    #[must_use]
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Says where the others may rank.
    pub fn set_rest(&mut self, rest: Rest) {
        self.rest = rest;
    }
}
