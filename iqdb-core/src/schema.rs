//! A store's schema: its dimension and metric, and the check of vectors against it.

use std::fmt;

use crate::limits::DIM_MAX;
use crate::{Error, ErrorKind, Metric, Result, VectorRef};

/// What is fixed when a store is made, and checked whenever it is reopened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Fields", into = "Fields"))]
pub struct Schema {
    dim: usize,
    metric: Metric,
}

impl Schema {
    /// Vectors of `dim` components, compared by `metric`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSchema`] when `dim` is 0 or above [`DIM_MAX`].
    pub fn new(dim: usize, metric: Metric) -> Result<Self> {
        if dim == 0 || dim > DIM_MAX {
            return Err(Error::new(ErrorKind::InvalidSchema, "the dimension is out of range")
                .expected(format_args!("1 to {DIM_MAX} components"))
                .found(dim));
        }
        Ok(Self { dim, metric })
    }

    /// The number of components of every vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The metric of every distance.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Checks that a vector can be stored or asked for under this schema. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::DimensionMismatch`] for another dimension; [`ErrorKind::InvalidVector`] for a
    /// zero vector when the metric needs a direction.
    pub fn check_vector(&self, vector: VectorRef<'_>) -> Result<()> {
        if vector.len() != self.dim {
            return Err(Error::new(
                ErrorKind::DimensionMismatch,
                "the vector does not have the schema's dimension",
            )
            .expected(format_args!("{} components", self.dim))
            .found(format_args!("{} components", vector.len()))
            .hint("embed with the model that the store was made for"));
        }
        if self.metric.needs_direction() && vector.iter().all(|component| *component == 0.0) {
            return Err(Error::new(
                ErrorKind::InvalidVector,
                "a zero vector has no direction to compare",
            )
            .expected("at least one component other than 0 under the cosine metric")
            .found("0 in every component")
            .hint("leave it out, or use the dot or euclidean metric"));
        }
        Ok(())
    }
}

/// `384 components, cosine`.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} components, {}", self.dim, self.metric)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename = "Schema", deny_unknown_fields)]
struct Fields {
    dim: usize,
    metric: Metric,
}

#[cfg(feature = "serde")]
impl TryFrom<Fields> for Schema {
    type Error = Error;
    fn try_from(fields: Fields) -> Result<Self> {
        Self::new(fields.dim, fields.metric)
    }
}

#[cfg(feature = "serde")]
impl From<Schema> for Fields {
    fn from(schema: Schema) -> Self {
        Self { dim: schema.dim, metric: schema.metric }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dimension_is_limited_on_both_sides() {
        assert!(Schema::new(0, Metric::Dot).is_err());
        assert!(Schema::new(1, Metric::Dot).is_ok());
        assert!(Schema::new(DIM_MAX, Metric::Dot).is_ok());
        assert!(Schema::new(DIM_MAX + 1, Metric::Dot).is_err());
        assert!(Schema::new(usize::MAX, Metric::Dot).is_err());
    }

    #[test]
    fn only_cosine_refuses_a_zero_vector() {
        let zero = VectorRef::new(&[0.0, -0.0]).unwrap();
        for metric in Metric::ALL {
            let result = Schema::new(2, metric).unwrap().check_vector(zero);
            assert_eq!(result.is_err(), metric == Metric::Cosine);
        }
    }
}
