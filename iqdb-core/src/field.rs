//! Vector fields: what a schema is made of.

use std::fmt;

use crate::limits::{DIM_MAX, FIELD_NAME_BYTES_MAX};
use crate::{
    Analyzer, Computation, Element, Error, ErrorKind, Metric, Path, PayloadRef, Result, VectorRef,
};

/// What a field holds: vectors and how they are compared, or what core computes of payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase", deny_unknown_fields))]
pub enum FieldKind {
    /// Vectors of one dimension.
    Dense {
        /// How many components, or bits for [`Element::Binary`]: 1 to [`DIM_MAX`].
        dim: usize,
        /// How they are compared.
        metric: Metric,
        /// How a component is stored.
        element: Element,
    },
    /// Indices and `f32` weights.
    Sparse {
        /// How they are compared: [`Metric::Dot`].
        metric: Metric,
    },
    /// What core makes of each payload. No caller writes it, and a record has it or lacks it as its
    /// payload says.
    Computed(Computation),
}

impl FieldKind {
    /// The metric; `None` for a computed field.
    #[must_use]
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::Dense { metric, .. } | Self::Sparse { metric } => Some(metric),
            Self::Computed(_) => None,
        }
    }

    /// Whether core computes it of payloads.
    #[must_use]
    pub fn is_computed(self) -> bool {
        matches!(self, Self::Computed(_))
    }

    /// The dimension, in components or bits; `None` for a field that is not dense.
    #[must_use]
    pub fn dim(self) -> Option<usize> {
        match self {
            Self::Dense { dim, .. } => Some(dim),
            Self::Sparse { .. } | Self::Computed(_) => None,
        }
    }

    /// The element; `None` for a field that is not dense.
    #[must_use]
    pub fn element(self) -> Option<Element> {
        match self {
            Self::Dense { element, .. } => Some(element),
            Self::Sparse { .. } | Self::Computed(_) => None,
        }
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for a dimension out of range, or a metric that isn't defined
    /// for the element: `f32`, `f16`, `bf16` and `i8` are compared by cosine, dot and Euclidean,
    /// bits by Hamming and Jaccard, sparse vectors by dot.
    pub fn check(self) -> Result<()> {
        let (vectors, metric, allowed) = match self {
            Self::Dense { dim, .. } if dim == 0 || dim > DIM_MAX => {
                return Err(Error::new(ErrorKind::InvalidSchema, "the dimension is out of range")
                    .expected(format_args!("1 to {DIM_MAX} components"))
                    .found(dim));
            }
            Self::Dense { element: Element::Binary, metric, .. } => {
                ("binary vectors", metric, [Metric::Hamming, Metric::Jaccard].as_slice())
            }
            Self::Dense { metric, .. } => {
                ("vectors of numbers", metric, Metric::OF_NUMBERS.as_slice())
            }
            Self::Sparse { metric } => ("sparse vectors", metric, [Metric::Dot].as_slice()),
            Self::Computed(_) => return Ok(()),
        };
        if allowed.contains(&metric) {
            return Ok(());
        }
        let names: Vec<&str> = allowed.iter().map(|metric| metric.as_str()).collect();
        Err(Error::new(ErrorKind::InvalidSchema, "the metric is not defined for these vectors")
            .expected(format_args!("{} for {vectors}", names.join(", ")))
            .found(metric))
    }

    /// Checks that a vector can be stored or asked for in a field of this kind. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::ElementMismatch`] for a vector of another element, or a dense one in place of a
    /// sparse one and the reverse, and for any vector of a computed field;
    /// [`ErrorKind::DimensionMismatch`] for another dimension;
    /// [`ErrorKind::InvalidVector`] for a zero vector when the metric needs a direction.
    pub fn check_vector(self, vector: VectorRef<'_>) -> Result<()> {
        let Some(metric) = self.metric() else { return Err(takes_no_vectors(self)) };
        if vector.element() != self.element() {
            return Err(Error::new(
                ErrorKind::ElementMismatch,
                "the vector is not of the field's element",
            )
            .expected(self.element().map_or("sparse", Element::as_str))
            .found(vector.element_name())
            .hint(
                "in JSON a vector is a list of numbers, or a map such as {\"f16\": [1, 2]}; in Rust \
                 to_f16, to_bf16, Vector::binary and Vector::sparse make one",
            ));
        }
        if let (Some(expected), Some(found)) = (self.dim(), vector.dim())
            && expected != found
        {
            return Err(Error::new(
                ErrorKind::DimensionMismatch,
                "the vector does not have the field's dimension",
            )
            .expected(format_args!("{expected} components"))
            .found(format_args!("{found} components"))
            .hint("embed with the model that the field was made for"));
        }
        if metric.needs_direction() && vector.is_zero() {
            return Err(Error::new(
                ErrorKind::InvalidVector,
                "a zero vector has no direction to compare",
            )
            .expected(format_args!("a component other than 0 under the {metric} metric"))
            .found("0 in every component")
            .hint("leave it out, or use a metric that takes it"));
        }
        Ok(())
    }
}

/// `384 components of f32, cosine`, `sparse, dot`, `text, words/1` or `computed, ` and the name of the
/// computation.
impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense { dim, metric, element: Element::Binary } => {
                write!(f, "{dim} bits, {metric}")
            }
            Self::Dense { dim, metric, element } => {
                write!(f, "{dim} components of {element}, {metric}")
            }
            Self::Sparse { metric } => write!(f, "sparse, {metric}"),
            Self::Computed(computation) => computation.fmt(f),
        }
    }
}

/// The error for a vector that is written to a computed field, removed from it or asked of it.
pub(crate) fn takes_no_vectors(kind: FieldKind) -> Error {
    Error::new(ErrorKind::ElementMismatch, "a computed field takes no vectors")
        .found(format_args!("a field that is {kind}"))
        .hint("its column is made of the payload; set that")
}

/// One field of a [`Schema`](crate::Schema): a name and a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    name: Box<str>,
    kind: FieldKind,
    /// What a computed field is computed of.
    source: Option<Path>,
}

impl Field {
    /// The name of the one field of [`Schema::new`](crate::Schema::new), which a record or a query
    /// means that names no field.
    pub const DEFAULT: &str = "vector";

    /// A field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for an empty name or one above [`FIELD_NAME_BYTES_MAX`]; those
    /// of [`FieldKind::check`].
    pub fn new(name: impl Into<Box<str>>, kind: FieldKind) -> Result<Self> {
        let name = name.into();
        if name.is_empty() || name.len() > FIELD_NAME_BYTES_MAX {
            return Err(Error::new(ErrorKind::InvalidSchema, "a field's name is out of range")
                .expected(format_args!("1 to {FIELD_NAME_BYTES_MAX} bytes"))
                .found(format_args!("{} bytes", name.len())));
        }
        kind.check().map_err(|error| error.during(format!("field {name}")))?;
        let source = kind.is_computed().then(|| Path::key(&*name));
        Ok(Self { name, kind, source })
    }

    /// A field of the terms of texts: of the text, or the list of texts, at the key of the field's name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for an empty name or one above [`FIELD_NAME_BYTES_MAX`].
    pub fn text(name: impl Into<Box<str>>, analyzer: Analyzer) -> Result<Self> {
        Self::new(name, FieldKind::Computed(Computation::Text(analyzer)))
    }

    /// The text field, of what another path of the payload leads to. Through `[]` it leads to the texts of
    /// many values, which are read one behind the other.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] for a field that is not one of text, and a path that no payload has.
    pub fn with_source(mut self, source: impl Into<Path>) -> Result<Self> {
        let source = source.into();
        let refused = |message: &'static str| {
            Error::new(ErrorKind::InvalidSchema, message).with_field(self.name.as_ref())
        };
        if !matches!(self.kind, FieldKind::Computed(Computation::Text(_))) {
            return Err(refused("only a text field has a source").found(self.kind));
        }
        source.check().map_err(|error| refused("no payload has such a path").caused_by(error))?;
        self.source = Some(source);
        Ok(self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The path of the payload that core computes the field of: the key of the field's name, unless
    /// [`with_source`](Self::with_source) said otherwise. `None` for a field of vectors.
    #[must_use]
    pub fn source(&self) -> Option<&Path> {
        self.source.as_ref()
    }

    /// The source, unless it is the key of the field's name.
    #[must_use]
    pub fn own_source(&self) -> Option<&Path> {
        self.source.as_ref().filter(|source| source.as_key() != Some(&*self.name))
    }

    /// Appends to `out` the bytes of a computed field for a record with this payload, and returns true;
    /// or returns false, and appends nothing, for a record that lacks the field, and for every field that
    /// is not computed. O(bytes of the payload).
    ///
    /// # Errors
    /// Whatever reading the payload reports; then `out` is as it was.
    pub fn compute(&self, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
        let (FieldKind::Computed(computation), Some(source)) = (self.kind, &self.source) else {
            return Ok(false);
        };
        let before = out.len();
        computation.compute(source, payload, out).inspect_err(|_| out.truncate(before))
    }
}

/// The name and the kind, and the source if it is another than the key of the name: `body: text, words/1`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind)?;
        self.own_source().map_or(Ok(()), |source| write!(f, ", of {source}"))
    }
}

/// The position of a field in its schema. Fields are appended, never moved: a `FieldId` stays good
/// in every later schema of its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u8);

impl FieldId {
    /// The id of the field at `position`, of at most [`FIELDS_MAX`](crate::limits::FIELDS_MAX).
    #[must_use]
    pub fn new(position: usize) -> Option<Self> {
        u8::try_from(position).ok().filter(|_| position < crate::limits::FIELDS_MAX).map(Self)
    }

    /// The position, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(dim: usize, metric: Metric, element: Element) -> FieldKind {
        FieldKind::Dense { dim, metric, element }
    }

    #[test]
    fn the_dimension_is_limited_on_both_sides() {
        for (dim, is_ok) in
            [(0, false), (1, true), (DIM_MAX, true), (DIM_MAX + 1, false), (usize::MAX, false)]
        {
            assert_eq!(dense(dim, Metric::Dot, Element::I8).check().is_ok(), is_ok, "{dim}");
        }
    }

    #[test]
    fn each_metric_is_defined_for_its_elements_only() {
        for metric in Metric::ALL {
            let of_bits = matches!(metric, Metric::Hamming | Metric::Jaccard);
            for element in Element::ALL {
                let expected = of_bits == (element == Element::Binary);
                assert_eq!(dense(2, metric, element).check().is_ok(), expected);
            }
            let sparse = FieldKind::Sparse { metric };
            assert_eq!(sparse.check().is_ok(), metric == Metric::Dot);
        }
    }

    #[test]
    fn a_zero_vector_is_refused_where_there_is_no_direction() {
        let zero = VectorRef::new(&[0.0, -0.0]).unwrap();
        for metric in Metric::OF_NUMBERS {
            let result = dense(2, metric, Element::F32).check_vector(zero);
            assert_eq!(result.is_err(), metric == Metric::Cosine);
        }
        let zero = crate::Vector::binary(2, [0]).unwrap();
        for metric in [Metric::Hamming, Metric::Jaccard] {
            let result = dense(2, metric, Element::Binary).check_vector(zero.as_ref());
            assert_eq!(result.is_err(), metric == Metric::Jaccard);
        }
    }

    #[test]
    fn another_kind_of_vector_is_refused() {
        let kinds = Element::ALL.map(|element| match element {
            Element::Binary => dense(2, Metric::Hamming, element),
            _ => dense(2, Metric::Dot, element),
        });
        let kinds = kinds.into_iter().chain([FieldKind::Sparse { metric: Metric::Dot }]);
        let f32 = crate::Vector::try_from([1.0, 2.0]).unwrap();
        let vectors = [
            f32.to_f16().unwrap(),
            f32.to_bf16().unwrap(),
            f32,
            crate::Vector::try_from([1_i8, 2]).unwrap(),
            crate::Vector::binary(2, [0x80]).unwrap(),
            crate::Vector::sparse([1, 2], [1.0, 2.0]).unwrap(),
        ];
        for kind in kinds {
            let fitting =
                vectors.iter().filter(|vector| kind.check_vector(vector.as_ref()).is_ok());
            assert_eq!(fitting.count(), 1, "{kind}");
        }
        let long = VectorRef::new(&[1_i8, 2, 3]).unwrap();
        let error = dense(2, Metric::Dot, Element::I8).check_vector(long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DimensionMismatch);
        let error = dense(2, Metric::Dot, Element::F16).check_vector(long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ElementMismatch);
    }
}
