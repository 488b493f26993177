//! Schemas of every shape, and which of them a backend holds.

use iqdb_core::{Analyzer, Computation, Element, FieldKind, Metric, Result, Schema};

use crate::{Harness, Outcome};

/// A schema for each metric of each element but `f32`, and schemas of several fields, of a sparse
/// field, of computed fields and of none.
pub(crate) fn all() -> Result<Vec<Schema>> {
    let mut shapes = vec![Schema::builder().build()?, every_kind()?, computed()?, of_one_kind()?];
    for element in Element::ALL.into_iter().filter(|element| *element != Element::F32) {
        let metrics: &[Metric] = match element {
            Element::Binary => &Metric::OF_BITS,
            _ => &Metric::OF_NUMBERS,
        };
        for metric in metrics {
            let dim = if element == Element::Binary { 19 } else { 9 };
            shapes.push(Schema::builder().dense("image", dim, *metric).element(element).build()?);
        }
    }
    shapes.push(
        Schema::builder()
            .dense("vector", 3, Metric::Cosine)
            .dense("image", 5, Metric::Dot)
            .element(Element::I8)
            .build()?,
    );
    shapes.push(Schema::builder().sparse("terms", Metric::Dot).build()?);
    shapes.push(Schema::builder().dense("title", 4, Metric::Cosine).build()?);
    Ok(shapes)
}

/// A schema with a field of each element, and a sparse one.
pub(crate) fn every_kind() -> Result<Schema> {
    Schema::builder()
        .dense("vector", 3, Metric::Euclidean)
        .dense("f16", 9, Metric::Cosine)
        .element(Element::F16)
        .dense("bf16", 2, Metric::Dot)
        .element(Element::BF16)
        .dense("i8", 17, Metric::Euclidean)
        .element(Element::I8)
        .dense("bits", 12, Metric::Jaccard)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .build()
}

/// A field of what core computes of the key of this name.
pub(crate) const COMPUTED: FieldKind = FieldKind::Computed(Computation::TextLengths);

/// A schema with computed fields: of a key with values of every kind, of one with lists, and two of text
/// with sources of their own.
pub(crate) fn computed() -> Result<Schema> {
    Schema::builder()
        .field("x", COMPUTED)
        .dense("vector", 3, Metric::Cosine)
        .field("tags", COMPUTED)
        .text("words", Analyzer::words())
        .source("tags")
        .text("nested", Analyzer::words())
        .source("in.list[].a")
        .build()
}

/// A schema of two fields that differ in their names and metrics only.
pub(crate) fn of_one_kind() -> Result<Schema> {
    Schema::builder().dense("front", 3, Metric::Euclidean).dense("back", 3, Metric::Dot).build()
}

/// Some shapes: those that a backend holds, and how many are beyond its limits.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) schemas: Vec<Schema>,
    beyond: usize,
}

impl Held {
    /// The shapes that the backend's limits hold.
    pub(crate) fn of(harness: &Harness, shapes: Vec<Schema>) -> Result<Self> {
        let limits = harness.limits()?;
        let count = shapes.len();
        let schemas: Vec<_> =
            shapes.into_iter().filter(|schema| limits.check(schema).is_ok()).collect();
        Ok(Self { beyond: count - schemas.len(), schemas })
    }

    /// The outcome of a case that found no violation with the shapes that are held.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.beyond {
            0 => Outcome::Kept,
            beyond => Outcome::KeptWithinLimits { beyond },
        }
    }
}
