//! Payload values, owned and borrowed, and how two of them compare.

#[cfg(feature = "serde")]
mod serde_form;

use std::cmp::Ordering;
use std::fmt;

use crate::limits::{LIST_LEN_MAX, PAYLOAD_BYTES_MAX};
use crate::{Error, ErrorKind, Result};

/// One value of a [`Payload`](crate::Payload).
///
/// Numbers convert from `i8` to `i64`, `u8` to `u32`, and both floats; an `f32` is widened as it is,
/// so `0.1_f32` is not equal to `0.1`. A `u64` or `usize` may not fit, so convert it to `i64` first.
///
/// A float is finite and a list holds no lists; [`check`](Self::check) says so before anything is
/// stored. `==` is structural, so `Int(1) != Float(1.0)`; filters compare numbers by their value
/// instead, see [`Predicate`](crate::Predicate).
///
/// # Serde
/// In a human-readable format a value is what it looks like: `null`, `true`, `7`, `7.5`, `"text"`,
/// `[1, 2]`; elsewhere it is an enum of these in this order.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Null: a value of its own, not an absent field.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A UTF-8 string.
    Text(String),
    /// A list of the other kinds, at most [`LIST_LEN_MAX`] of them.
    List(Vec<Value>),
}

/// A borrowed [`Value`]: what a store lends, so that values may live in columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A UTF-8 string.
    Text(&'a str),
    /// A list of scalars.
    List(ListRef<'a>),
}

/// A borrowed list of scalar values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListRef<'a>(&'a [Value]);

impl<'a> ListRef<'a> {
    /// Lends `values` as a list.
    #[must_use]
    pub fn new(values: &'a [Value]) -> Self {
        Self(values)
    }

    /// The elements in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = ValueRef<'a>> {
        self.0.iter().map(Value::as_ref)
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl Value {
    /// The value as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::List(values) => ValueRef::List(ListRef(values)),
        }
    }

    /// Checks that the value can be stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for a float that is not finite, a list in a list, a list
    /// longer than [`LIST_LEN_MAX`], or a value larger than [`PAYLOAD_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        let invalid = |message: &'static str| Error::new(ErrorKind::InvalidPayload, message);
        match self {
            Self::Float(value) if !value.is_finite() => {
                Err(invalid("a number is not finite").expected("a finite number").found(value))
            }
            Self::List(values) if values.len() > LIST_LEN_MAX => Err(invalid("a list is too long")
                .expected(format_args!("at most {LIST_LEN_MAX} elements"))
                .found(format_args!("{} elements", values.len()))),
            Self::List(values) => values.iter().try_for_each(|value| match value {
                Self::List(_) => Err(invalid("a list holds a list")
                    .expected("null, a boolean, a number or a string")
                    .hint("flatten it, or use one field per inner list")),
                scalar => scalar.check(),
            }),
            _ => Ok(()),
        }?;
        let bytes = self.size_bytes();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(invalid("a value is too large")
                .expected(format_args!("at most {PAYLOAD_BYTES_MAX} bytes"))
                .found(format_args!("{bytes} bytes")));
        }
        Ok(())
    }

    /// What the value counts towards [`PAYLOAD_BYTES_MAX`]: 8 per scalar, its bytes for a string.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 8,
            Self::Text(text) => 8 + text.len(),
            Self::List(values) => values.iter().fold(8, |bytes, value| match value {
                Self::Text(text) => bytes + 8 + text.len(),
                _ => bytes + 8,
            }),
        }
    }
}

impl ValueRef<'_> {
    /// An owned copy; allocates for strings and lists.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(value) => Value::Text(value.to_owned()),
            Self::List(values) => Value::List(values.0.to_vec()),
        }
    }

    /// How two values compare in a filter.
    ///
    /// Integers and floats compare as numbers, exactly; strings by their UTF-8 bytes; false is
    /// below true; null equals null. Everything else has no order: `None`.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use iqdb_core::ValueRef::{Float, Int, Null, Text};
    ///
    /// assert_eq!(Int(2).compare(Float(2.0)), Some(Ordering::Equal));
    /// // 2^53 + 1 has no f64; rounding it would call the two equal.
    /// assert_eq!(Int(9_007_199_254_740_993).compare(Float(9_007_199_254_740_992.0)), Some(Ordering::Greater));
    /// assert_eq!(Int(2).compare(Text("2")), None);
    /// assert_eq!(Null.compare(Int(0)), None);
    /// ```
    #[must_use]
    pub fn compare(self, other: ValueRef<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, ValueRef::Null) => Some(Ordering::Equal),
            (Self::Bool(a), ValueRef::Bool(b)) => Some(a.cmp(&b)),
            (Self::Int(a), ValueRef::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), ValueRef::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), ValueRef::Float(b)) => int_to_float(a, b),
            (Self::Float(a), ValueRef::Int(b)) => int_to_float(b, a).map(Ordering::reverse),
            (Self::Text(a), ValueRef::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// Compares without rounding the integer, which `as f64` would do above 2^53.
fn int_to_float(int: i64, float: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= TWO_TO_63 {
        Some(Ordering::Less)
    } else if float < -TWO_TO_63 {
        Some(Ordering::Greater)
    } else {
        // Within range the truncated float is a whole i64, so the conversion is exact.
        #[allow(clippy::cast_possible_truncation)]
        let whole = float.trunc() as i64;
        Some(int.cmp(&whole).then(0.0_f64.partial_cmp(&float.fract())?))
    }
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{}", crate::quoted::Quoted(value)),
            Self::List(values) => {
                f.write_str("[")?;
                for (position, value) in values.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(f, "{separator}{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// As in a filter: `null`, `true`, `7`, `7.5`, `"text"`, `[1, 2]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

macro_rules! value_from {
    ($($source:ty => |$value:ident| $make:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $make
            }
        }
    )*};
}

value_from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    i8 => |value| Self::Int(value.into());
    i16 => |value| Self::Int(value.into());
    i32 => |value| Self::Int(value.into());
    u8 => |value| Self::Int(value.into());
    u16 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    f64 => |value| Self::Float(value);
    f32 => |value| Self::Float(value.into());
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    ValueRef<'_> => |value| value.to_value();
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_exactly() {
        use Ordering::{Equal, Greater, Less};
        let big = 1_i64 << 53;
        let cases = [
            (1, 1.0, Equal),
            (1, 1.5, Less),
            (-1, -1.5, Greater),
            (0, -0.0, Equal),
            (big + 1, big as f64, Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Equal),
            (i64::MIN, -1e300, Greater),
            (i64::MAX, f64::INFINITY, Less),
        ];
        for (int, float, order) in cases {
            let (int, float) = (ValueRef::Int(int), ValueRef::Float(float));
            assert_eq!(int.compare(float), Some(order), "{int} {float}");
            assert_eq!(float.compare(int), Some(order.reverse()), "{float} {int}");
        }
        assert_eq!(ValueRef::Int(0).compare(ValueRef::Float(f64::NAN)), None);
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        let nested = Value::List(vec![Value::List(vec![])]);
        let long = Value::List(vec![Value::Null; LIST_LEN_MAX + 1]);
        let large = Value::Text("x".repeat(PAYLOAD_BYTES_MAX));
        let infinite = Value::List(vec![Value::Float(f64::INFINITY)]);
        for value in [Value::Float(f64::NAN), infinite, nested, long, large] {
            assert_eq!(value.check().unwrap_err().kind(), ErrorKind::InvalidPayload);
        }
        assert!(Value::List(vec![Value::Null; LIST_LEN_MAX]).check().is_ok());
    }
}
