//! A store's schema: its fields, and the check of records against them.

#[cfg(feature = "serde")]
mod serde_form;

use std::fmt;
use std::sync::Arc;

use crate::field::takes_no_vectors;
use crate::limits::FIELDS_MAX;
use crate::{
    Analyzer, Computation, Element, Error, ErrorKind, Field, FieldId, FieldKind, Metric, Path,
    Record, Result, VectorRef,
};

/// The fields of a store, in order: up to [`FIELDS_MAX`], with different names. Fields may be
/// appended; none ever changes or goes. Cloning costs nothing.
///
/// ```
/// use iqdb_core::{Analyzer, Element, Metric, Schema};
///
/// let simple = Schema::new(384, Metric::Cosine)?;
/// let rich = Schema::builder()
///     .dense("title", 384, Metric::Cosine)
///     .dense("image", 512, Metric::Dot)
///     .element(Element::F16)
///     .sparse("terms", Metric::Dot)
///     .text("body", Analyzer::words())
///     .build()?;
/// assert_eq!(rich.to_string(), "title: 384 components of f32, cosine; \
///     image: 512 components of f16, dot; terms: sparse, dot; body: text, words/1");
/// assert!(rich.default_field().is_err() && simple.default_field().is_ok());
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema(Arc<[Field]>);

impl Schema {
    /// One dense field of `f32`, named [`Field::DEFAULT`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] when `dim` is 0 or above [`DIM_MAX`](crate::limits::DIM_MAX),
    /// or `metric` compares something else than numbers.
    pub fn new(dim: usize, metric: Metric) -> Result<Self> {
        Self::builder().dense(Field::DEFAULT, dim, metric).build()
    }

    /// A schema of any fields.
    #[must_use]
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// A schema of these fields.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for more than [`FIELDS_MAX`] of them, or two of one name.
    pub fn from_fields(fields: impl Into<Vec<Field>>) -> Result<Self> {
        let fields = fields.into();
        if fields.len() > FIELDS_MAX {
            return Err(Error::new(ErrorKind::InvalidSchema, "the schema has too many fields")
                .expected(format_args!("at most {FIELDS_MAX}"))
                .found(fields.len()));
        }
        for (position, field) in fields.iter().enumerate() {
            if fields[..position].iter().any(|earlier| earlier.name() == field.name()) {
                return Err(Error::new(ErrorKind::InvalidSchema, "two fields have one name")
                    .expected("different names")
                    .found(format_args!("{:?} twice", field.name())));
            }
        }
        Ok(Self(fields.into()))
    }

    /// The schema with one more field at the end. O(fields).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when a field has the name; [`ErrorKind::InvalidSchema`] when there
    /// are [`FIELDS_MAX`].
    pub fn with_field(&self, field: Field) -> Result<Self> {
        if self.field(field.name()).is_ok() {
            return Err(Error::new(ErrorKind::AlreadyExists, "a field has this name already")
                .during("add_field")
                .with_field(field.name())
                .hint("a field never changes; choose another name"));
        }
        let mut fields = self.0.to_vec();
        fields.push(field);
        Self::from_fields(fields).map_err(|error| error.during("add_field"))
    }

    /// The fields in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.0
    }

    /// The fields with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Field)> {
        self.0.iter().enumerate().filter_map(|(at, field)| Some((FieldId::new(at)?, field)))
    }

    /// The fields that core computes, in order. O(fields).
    pub fn computed_fields(&self) -> impl Iterator<Item = (FieldId, &Field)> {
        self.iter().filter(|(_, field)| field.kind().is_computed())
    }

    /// The field of this name. O(fields).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], naming those that there are.
    pub fn field(&self, name: &str) -> Result<FieldId> {
        self.iter().find(|(_, field)| field.name() == name).map(|(id, _)| id).ok_or_else(|| {
            let names: Vec<&str> = self.0.iter().map(Field::name).collect();
            let error = Error::new(ErrorKind::UnknownField, "the schema has no such field")
                .found(format_args!("{name:?}"));
            match names.as_slice() {
                [] => error.expected("nothing: the schema has no fields"),
                names => error.expected(names.join(", ")),
            }
        })
    }

    /// The field that a record or a query means which names none: the one named
    /// [`Field::DEFAULT`].
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], naming those that there are.
    pub fn default_field(&self) -> Result<FieldId> {
        self.field(Field::DEFAULT).map_err(|error| error.hint("name the field"))
    }

    /// The kind of a field; `None` for an id of another schema.
    #[must_use]
    pub fn kind(&self, field: FieldId) -> Option<FieldKind> {
        self.0.get(field.index()).map(Field::kind)
    }

    /// Checks that a record can be stored under this schema. O(components).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], [`ErrorKind::ElementMismatch`],
    /// [`ErrorKind::DimensionMismatch`] or [`ErrorKind::InvalidVector`].
    pub fn check_vectors(&self, record: &Record) -> Result<()> {
        record.vectors().try_for_each(|(name, vector)| self.check_vector(name, Some(vector)))
    }

    /// Checks that a vector can be stored or asked for in the field of this name; without a vector,
    /// that there is such a field, of vectors. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`]; those of [`FieldKind::check_vector`].
    pub fn check_vector(&self, name: &str, vector: Option<VectorRef<'_>>) -> Result<()> {
        let field = &self.0[self.field(name)?.index()];
        let checked = match vector {
            Some(vector) => field.kind().check_vector(vector),
            None if field.kind().is_computed() => Err(takes_no_vectors(field.kind())),
            None => Ok(()),
        };
        checked.map_err(|error| match self.0.len() {
            1 => error,
            _ => error.with_field(field.name()),
        })
    }
}

/// `vector: 384 components of f32, cosine`, one after the other.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no fields");
        }
        for (n, field) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

/// Collects the fields of a [`Schema`]; nothing is checked before [`build`](Self::build).
#[derive(Debug, Clone, Default)]
pub struct SchemaBuilder {
    fields: Vec<(Box<str>, FieldKind, Option<Path>)>,
    has_misplaced_element: bool,
    has_misplaced_source: bool,
}

impl SchemaBuilder {
    /// Appends a dense field of `f32`.
    #[must_use]
    pub fn dense(self, name: impl Into<Box<str>>, dim: usize, metric: Metric) -> Self {
        self.field(name, FieldKind::Dense { dim, metric, element: Element::F32 })
    }

    /// Makes the dense field appended last one of this element.
    #[must_use]
    pub fn element(mut self, of: Element) -> Self {
        match self.fields.last_mut() {
            Some((_, FieldKind::Dense { element, .. }, _)) => *element = of,
            _ => self.has_misplaced_element = true,
        }
        self
    }

    /// Appends a sparse field.
    #[must_use]
    pub fn sparse(self, name: impl Into<Box<str>>, metric: Metric) -> Self {
        self.field(name, FieldKind::Sparse { metric })
    }

    /// Appends a field of the terms of texts: those at the key of the field's name, or at the
    /// [source](Self::source) that follows.
    #[must_use]
    pub fn text(self, name: impl Into<Box<str>>, analyzer: Analyzer) -> Self {
        self.field(name, FieldKind::Computed(Computation::Text(analyzer)))
    }

    /// Makes the text field appended last one of what this path of the payload leads to.
    #[must_use]
    pub fn source(mut self, path: impl Into<Path>) -> Self {
        match self.fields.last_mut() {
            Some((.., source)) => *source = Some(path.into()),
            None => self.has_misplaced_source = true,
        }
        self
    }

    /// Appends a field of any kind.
    #[must_use]
    pub fn field(mut self, name: impl Into<Box<str>>, kind: FieldKind) -> Self {
        self.fields.push((name.into(), kind, None));
        self
    }

    /// The schema.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for [`element`](Self::element) without a dense field just
    /// before it, and [`source`](Self::source) without a text field; those of [`Field::new`],
    /// [`Field::with_source`] and [`Schema::from_fields`].
    pub fn build(self) -> Result<Schema> {
        if self.has_misplaced_element {
            return Err(Error::new(
                ErrorKind::InvalidSchema,
                "an element belongs to a dense field",
            )
            .expected("a dense field just before it"));
        }
        if self.has_misplaced_source {
            return Err(Error::new(ErrorKind::InvalidSchema, "a source belongs to a text field")
                .expected("a text field just before it"));
        }
        let fields = self.fields.into_iter().map(|(name, kind, source)| {
            let field = Field::new(name, kind)?;
            match source {
                Some(source) => field.with_source(source),
                None => Ok(field),
            }
        });
        Schema::from_fields(fields.collect::<Result<Vec<Field>>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_few_and_have_different_names() {
        let many = |count: usize| {
            let fields = (0..count).map(|n| (n.to_string(), 1));
            fields.fold(Schema::builder(), |b, (name, dim)| b.dense(name, dim, Metric::Dot)).build()
        };
        assert_eq!(many(0).unwrap().to_string(), "no fields");
        assert_eq!(many(FIELDS_MAX).unwrap().fields().len(), FIELDS_MAX);
        assert_eq!(many(FIELDS_MAX + 1).unwrap_err().kind(), ErrorKind::InvalidSchema);
        let twice = Schema::builder().sparse("a", Metric::Dot).dense("a", 1, Metric::Dot).build();
        assert_eq!(twice.unwrap_err().kind(), ErrorKind::InvalidSchema);
    }

    #[test]
    fn an_unknown_field_is_an_error_that_names_the_others() {
        let schema = Schema::builder()
            .dense("title", 2, Metric::Cosine)
            .sparse("terms", Metric::Dot)
            .build()
            .unwrap();
        for error in [schema.field("image").unwrap_err(), schema.default_field().unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::UnknownField);
            assert_eq!(error.expectation(), Some("title, terms"));
        }
        assert_eq!(schema.field("terms").unwrap().index(), 1);
    }

    #[test]
    fn an_element_belongs_to_the_field_before_it() {
        let builder = || Schema::builder().dense("a", 2, Metric::Hamming);
        assert!(builder().build().is_err());
        assert!(builder().element(Element::Binary).build().is_ok());
        assert!(builder().sparse("b", Metric::Dot).element(Element::I8).build().is_err());
        assert!(Schema::builder().element(Element::I8).build().is_err());
    }

    #[test]
    fn an_appended_field_leaves_the_others_where_they_were() {
        let simple = Schema::new(2, Metric::Dot).unwrap();
        let field = Field::new("terms", FieldKind::Sparse { metric: Metric::Dot }).unwrap();
        let grown = simple.with_field(field.clone()).unwrap();
        assert_eq!(grown.fields()[..1], *simple.fields());
        assert_eq!(grown.field("terms").unwrap().index(), 1);
        let refused = |schema: &Schema, field| schema.with_field(field).unwrap_err().kind();
        assert_eq!(refused(&grown, field), ErrorKind::AlreadyExists);
        let bits = |n: usize| {
            let metric = Metric::Hamming;
            let kind = FieldKind::Dense { dim: n + 1, metric, element: Element::Binary };
            Field::new(format!("bits {n}"), kind).unwrap()
        };
        let full = (2..FIELDS_MAX).fold(grown, |all, n| all.with_field(bits(n)).unwrap());
        assert_eq!(refused(&full, bits(0)), ErrorKind::InvalidSchema);
    }

    #[test]
    fn a_record_may_lack_any_field_and_have_no_other() {
        let schema = Schema::builder()
            .dense("vector", 2, Metric::Cosine)
            .dense("image", 3, Metric::Dot)
            .build()
            .unwrap();
        let simple = Record::new(1, [1.0, 0.0]).unwrap();
        let image = |v: Vec<f32>| Record::without_vector(1).with_vector("image", v).unwrap();
        for record in [Record::without_vector(1), simple.clone(), image(vec![0.0; 3])] {
            schema.check_vectors(&record).unwrap();
        }
        let unknown = simple.with_vector("images", [1.0; 3]).unwrap();
        assert_eq!(schema.check_vectors(&unknown).unwrap_err().kind(), ErrorKind::UnknownField);
        let error = schema.check_vectors(&image(vec![1.0; 2])).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::DimensionMismatch, Some("image")));
    }
}
