//! Queries: what to look for, and under which conditions.

use crate::text::TextQuery;
use crate::{
    Accuracy, Budget, Computation, Error, ErrorKind, Field, FieldId, FieldKind, Filter, Hits,
    Result, Schema, VectorRef,
};

/// What a query wants.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Goal {
    /// The `k` nearest records; all of them when there are fewer.
    Nearest {
        /// How many, at least 1.
        k: usize,
    },
    /// The records at `distance` or less, inclusive; the `limit` nearest when there are more.
    Within {
        /// The largest distance, in the unit of the metric; not NaN.
        distance: f64,
        /// How many at most, at least 1.
        limit: usize,
    },
}

impl Goal {
    /// The most hits that it can have.
    #[must_use]
    pub fn limit(self) -> usize {
        match self {
            Self::Nearest { k } => k,
            Self::Within { limit, .. } => limit,
        }
    }

    /// The largest distance that a hit may have.
    #[must_use]
    pub fn max_distance(self) -> f64 {
        match self {
            Self::Nearest { .. } => f64::INFINITY,
            Self::Within { distance, .. } => distance,
        }
    }
}

/// How a search goes about a query. Never changes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Plan {
    /// The fastest plan that applies.
    #[default]
    Auto,
    /// The plain scan over the rows.
    F32,
}

/// What a query is about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Input<'a> {
    /// What is near this vector.
    Vector(VectorRef<'a>),
    /// Which texts say this.
    Text(&'a TextQuery),
}

impl<'a> From<VectorRef<'a>> for Input<'a> {
    fn from(vector: VectorRef<'a>) -> Self {
        Self::Vector(vector)
    }
}

impl<'a> From<&'a TextQuery> for Input<'a> {
    fn from(text: &'a TextQuery) -> Self {
        Self::Text(text)
    }
}

/// One question to a snapshot: a vector and what is wanted near it, or words and how many texts with them.
///
/// ```
/// use iqdb_core::{Filter, Query, VectorRef};
///
/// let vector = VectorRef::new(&[0.1, 0.9])?;
/// let english: Filter = "lang = \"en\"".parse()?;
/// let query = Query::nearest(vector, 10).with_filter(&english).with_payload(true);
/// # assert_eq!(query.goal().limit(), 10);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    input: Input<'a>,
    field: Option<&'a str>,
    goal: Goal,
    filter: Option<&'a Filter>,
    payload: bool,
    hit_vector: bool,
    accuracy: Accuracy,
    budget: Budget<'a>,
    threads: usize,
    plan: Plan,
}

impl<'a> Query<'a> {
    /// Asks for the `k` records nearest to a vector, or with the best texts for a [`TextQuery`].
    #[must_use]
    pub fn nearest(input: impl Into<Input<'a>>, k: usize) -> Self {
        Self::new(input, Goal::Nearest { k })
    }

    /// Asks for the records at most `distance` from a vector, or with at least the score `-distance` for a
    /// [`TextQuery`]; the `limit` nearest of them.
    #[must_use]
    pub fn within(input: impl Into<Input<'a>>, distance: f64, limit: usize) -> Self {
        Self::new(input, Goal::Within { distance, limit })
    }

    /// Asks for `goal` around a vector, or for a [`TextQuery`].
    #[must_use]
    pub fn new(input: impl Into<Input<'a>>, goal: Goal) -> Self {
        Self {
            input: input.into(),
            field: None,
            goal,
            filter: None,
            payload: false,
            hit_vector: false,
            accuracy: Accuracy::Exact,
            budget: Budget::new(),
            threads: 1,
            plan: Plan::Auto,
        }
    }

    /// Wants something else.
    #[must_use]
    pub fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// The field to look in; without it, the one named [`Field::DEFAULT`].
    /// Records that lack it are never hits.
    #[must_use]
    pub fn with_field(mut self, name: &'a str) -> Self {
        self.field = Some(name);
        self
    }

    /// Only records that match.
    #[must_use]
    pub fn with_filter(mut self, filter: &'a Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Whether hits carry a copy of their payload. Copying allocates; without it, a search whose
    /// buffers have grown allocates nothing.
    #[must_use]
    pub fn with_payload(mut self, wanted: bool) -> Self {
        self.payload = wanted;
        self
    }

    /// Whether hits carry a copy of their vector of the field; a text field has none. Copying allocates.
    #[must_use]
    pub fn with_vector(mut self, wanted: bool) -> Self {
        self.hit_vector = wanted;
        self
    }

    /// How exact the answer has to be; without it, exact.
    #[must_use]
    pub fn with_accuracy(mut self, accuracy: Accuracy) -> Self {
        self.accuracy = accuracy;
        self
    }

    /// Until when the search may work, and who may stop it. In a batch the earliest deadline and any
    /// cancel end the whole search.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget<'a>) -> Self {
        self.budget = budget;
        self
    }

    /// How many threads may work on it at most, the calling one included. The default is 1: the
    /// calling thread alone. In a batch, which is searched as a whole, the smallest number holds for
    /// all. Handing work over costs some microseconds, so it pays for what takes many times longer.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How to go about it.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// What it is about.
    #[must_use]
    pub fn input(&self) -> Input<'a> {
        self.input
    }

    /// The vector asked about.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when the query is about something else: a search that knows nothing but
    /// vectors refuses it so.
    pub fn vector(&self) -> Result<VectorRef<'a>> {
        match self.input {
            Input::Vector(vector) => Ok(vector),
            Input::Text(_) => {
                Err(Error::new(ErrorKind::NotSupported, "this search knows vectors only")
                    .expected("a query for a vector")
                    .found("a query for text"))
            }
        }
    }

    /// The name of the field to look in, if the query has one.
    #[must_use]
    pub fn field(&self) -> Option<&'a str> {
        self.field
    }

    /// The field to look in, in this schema. O(fields).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], naming those that there are.
    pub fn field_in(&self, schema: &Schema) -> Result<FieldId> {
        self.field.map_or_else(|| schema.default_field(), |name| schema.field(name))
    }

    /// What is wanted.
    #[must_use]
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// The filter, if there is one.
    #[must_use]
    pub fn filter(&self) -> Option<&'a Filter> {
        self.filter
    }

    /// Whether hits carry their payload.
    #[must_use]
    pub fn wants_payload(&self) -> bool {
        self.payload
    }

    /// Whether hits carry their vector.
    #[must_use]
    pub fn wants_vector(&self) -> bool {
        self.hit_vector
    }

    /// How exact the answer has to be.
    #[must_use]
    pub fn accuracy(&self) -> Accuracy {
        self.accuracy
    }

    /// Until when the search may work, and who may stop it.
    #[must_use]
    pub fn budget(&self) -> Budget<'a> {
        self.budget
    }

    /// How many threads may work on it at most.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How to go about it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Empties the buffers, and checks that the queries can be asked into them under `schema`. Every
    /// search calls this first. O(queries).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] unless there is one buffer per query; the first error of
    /// [`check`](Self::check).
    pub fn check_batch(queries: &[Self], hits: &mut [Hits], schema: &Schema) -> Result<()> {
        hits.iter_mut().for_each(Hits::clear);
        if queries.len() != hits.len() {
            return Err(Error::new(ErrorKind::InvalidQuery, "each query needs one buffer of hits")
                .during("search")
                .expected(format_args!("{} buffers", queries.len()))
                .found(format_args!("{} buffers", hits.len())));
        }
        queries.iter().try_for_each(|query| query.check(schema))
    }

    /// Checks that the query can be asked under `schema`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`] for the field; [`ErrorKind::ElementMismatch`],
    /// [`ErrorKind::DimensionMismatch`] or [`ErrorKind::InvalidVector`] for the vector;
    /// [`ErrorKind::ElementMismatch`] for words that are asked of a field without texts, or were read for
    /// another analyzer;
    /// [`ErrorKind::InvalidQuery`] for `k`, a limit or a number of threads of 0, a distance
    /// that is NaN, or a recall that is out of range; [`ErrorKind::InvalidFilter`] for a filter that breaks a limit.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        let checked = || {
            match self.input {
                Input::Vector(vector) => {
                    schema.check_vector(self.field.unwrap_or(Field::DEFAULT), Some(vector))?;
                }
                Input::Text(text) => {
                    check_text(text, &schema.fields()[self.field_in(schema)?.index()])?;
                }
            }
            let invalid = |message: &'static str| Error::new(ErrorKind::InvalidQuery, message);
            match self.goal {
                Goal::Nearest { k: 0 } => {
                    return Err(invalid("k is 0").expected("at least 1").found(0));
                }
                Goal::Within { limit: 0, .. } => {
                    return Err(invalid("the limit is 0").expected("at least 1").found(0));
                }
                Goal::Within { distance, .. } if distance.is_nan() => {
                    return Err(invalid("the distance is not a number").expected("a number"));
                }
                Goal::Nearest { .. } | Goal::Within { .. } => {}
            }
            if self.threads == 0 {
                return Err(invalid("the number of threads is 0")
                    .expected("at least 1")
                    .found(0)
                    .hint("leave it out to search on the calling thread"));
            }
            self.accuracy.check()?;
            self.filter.map_or(Ok(()), |filter| filter.check_for(schema))
        };
        checked().map_err(|error| error.during("search"))
    }
}

/// Checks that words can be asked of a field.
fn check_text(text: &TextQuery, field: &Field) -> Result<()> {
    let refused = |message: &'static str| {
        Error::new(ErrorKind::ElementMismatch, message).with_field(field.name())
    };
    match field.kind() {
        FieldKind::Computed(Computation::Text(analyzer)) if analyzer == text.analyzer() => {
            text.bm25().check()
        }
        FieldKind::Computed(Computation::Text(analyzer)) => {
            Err(refused("the words were read for another analyzer")
                .expected(analyzer)
                .found(text.analyzer()))
        }
        kind => Err(refused("the field has no texts")
            .expected("a text field")
            .found(format_args!("a field that is {kind}"))),
    }
}

#[cfg(test)]
mod tests;
