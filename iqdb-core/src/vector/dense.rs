//! Dense vectors of numbers, owned and borrowed: 1 to [`DIM_MAX`] finite components.

use std::fmt;
use std::ops::Deref;

use crate::limits::DIM_MAX;
use crate::{Error, ErrorKind, Number, Result};

/// An owned dense vector: 1 to [`DIM_MAX`] finite components. Dereferences to its components.
#[derive(Clone, PartialEq)]
pub struct Dense<T>(Box<[T]>);

/// A borrowed [`Dense`]. Validated once, when it is made.
#[derive(Clone, Copy, PartialEq)]
pub struct DenseRef<'a, T>(&'a [T]);

impl<T: Number> Dense<T> {
    /// Takes the components. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when there are none, more than [`DIM_MAX`], or one that is NaN
    /// or infinite.
    pub fn new(components: impl Into<Box<[T]>>) -> Result<Self> {
        let components = components.into();
        check(&components)?;
        Ok(Self(components))
    }

    /// The vector as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> DenseRef<'_, T> {
        DenseRef(&self.0)
    }
}

impl<'a, T: Number> DenseRef<'a, T> {
    /// Borrows the components as a vector. O(dim).
    ///
    /// # Errors
    /// Those of [`Dense::new`].
    pub fn new(components: &'a [T]) -> Result<Self> {
        check(components)?;
        Ok(Self(components))
    }

    /// The components, for as long as they were lent.
    #[must_use]
    pub fn as_slice(self) -> &'a [T] {
        self.0
    }

    /// An owned copy.
    #[must_use]
    pub fn to_dense(self) -> Dense<T> {
        Dense(self.0.into())
    }
}

fn check<T: Number>(components: &[T]) -> Result<()> {
    if components.is_empty() {
        return Err(Error::new(ErrorKind::InvalidVector, "the vector is empty")
            .expected("at least 1 component")
            .found("0 components"));
    }
    if components.len() > DIM_MAX {
        return Err(Error::new(ErrorKind::InvalidVector, "the vector is too long")
            .expected(format_args!("at most {DIM_MAX} components"))
            .found(format_args!("{} components", components.len())));
    }
    // No component ends the loop early, so that it runs at SIMD speed; a sum would not, because its
    // order is part of its value.
    if components.iter().fold(true, |finite, x| finite & x.is_finite()) {
        return Ok(());
    }
    let (position, value) = components
        .iter()
        .enumerate()
        .find(|(_, x)| !x.is_finite())
        .map_or((0, f64::NAN), |(position, value)| (position, value.to_f64()));
    Err(Error::new(ErrorKind::InvalidVector, "a component is not finite")
        .expected("finite components")
        .found(format_args!("{value} in component {position}"))
        .hint("leave the vector out, or repair what made it"))
}

impl<T> Deref for Dense<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> Deref for DenseRef<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Dense<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DenseRef(&self.0).fmt(f)
    }
}

/// The first few components and how many there are, so that a record prints on a screen.
impl<T: fmt::Debug> fmt::Debug for DenseRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        if self.0.len() <= SHOWN {
            return f.debug_list().entries(self.0).finish();
        }
        f.write_str("[")?;
        for component in &self.0[..SHOWN] {
            write!(f, "{component:?}, ")?;
        }
        write!(f, "… {} components]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn a_component_that_is_not_finite_is_named() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = Dense::new(vec![1.0, bad, 0.0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidVector);
            assert!(error.finding().unwrap().contains("component 1"), "{error}");
            assert!(Dense::new(vec![f16::ONE, f16::from_f32(bad)]).is_err());
        }
    }

    #[test]
    fn the_largest_finite_values_are_accepted() {
        assert!(Dense::new([f32::MAX; 64]).is_ok());
        assert!(Dense::new([f32::MIN; 64]).is_ok());
        assert!(Dense::new([-0.0, f32::from_bits(1)]).is_ok());
        assert!(Dense::new([f16::MAX, f16::MIN]).is_ok());
        assert!(Dense::new([i8::MIN, i8::MAX]).is_ok());
    }

    #[test]
    fn the_length_is_limited_on_both_sides() {
        assert!(Dense::<f32>::new(Vec::new()).is_err());
        assert!(Dense::new(vec![0_i8; DIM_MAX]).is_ok());
        assert!(Dense::new(vec![0_i8; DIM_MAX + 1]).is_err());
    }
}
