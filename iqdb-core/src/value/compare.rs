//! How two values compare: in a filter, and in an order of all that have one.

use std::cmp::Ordering;

use super::ValueRef;

impl ValueRef<'_> {
    /// How two values compare in a filter.
    ///
    /// Integers and floats compare as numbers, exactly; dates as points in time; strings by their
    /// UTF-8 bytes; false is below true; null equals null. Everything else has no order: `None`.
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
            (Self::DateTime(a), ValueRef::DateTime(b)) => Some(a.cmp(&b)),
            (Self::Text(a), ValueRef::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The order in which values are sorted, whatever their kinds: false, true, numbers by their
    /// value, dates, strings by their bytes. Null, lists and maps have no place in it.
    ///
    /// `None` if either value has none; where records are sorted by a key, those come last, upwards
    /// and downwards alike. Among all others it is total: 1 and 1.0 are equal, and so are -0.0 and
    /// 0.0.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use iqdb_core::ValueRef::{Bool, Float, Int, Null, Text};
    ///
    /// assert_eq!(Bool(true).sort_order(Int(-1)), Some(Ordering::Less));
    /// assert_eq!(Int(1).sort_order(Float(1.0)), Some(Ordering::Equal));
    /// assert_eq!(Text("1").sort_order(Int(2)), Some(Ordering::Greater));
    /// assert_eq!(Null.sort_order(Int(2)), None);
    /// ```
    #[must_use]
    pub fn sort_order(self, other: ValueRef<'_>) -> Option<Ordering> {
        match self.sort_rank()?.cmp(&other.sort_rank()?) {
            Ordering::Equal => self.compare(other),
            order => Some(order),
        }
    }

    /// The place of the value's kind in [`sort_order`](Self::sort_order).
    fn sort_rank(self) -> Option<u8> {
        match self {
            Self::Bool(_) => Some(0),
            Self::Int(_) | Self::Float(_) => Some(1),
            Self::DateTime(_) => Some(2),
            Self::Text(_) => Some(3),
            Self::Null | Self::List(_) | Self::Map(_) => None,
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
