//! Expressions: what a hit's new score is the sum of.

use crate::exponential::exp;
use crate::limits::EXPRESSION_TERMS_MAX;
use crate::text::ln;
use crate::{DateTime, Error, ErrorKind, Path, PayloadRef, Result, ValueRef};

/// A score as a sum of weighted terms, in `f64`, from the first term to the last, each its weight times its
/// [`Quantity`]. A sum that is no number, as where two infinite terms cancel, is −∞.
///
/// In text, terms are separated by `+` and `-`, and a weight stands before `*`:
///
/// | written | means |
/// |---|---|
/// | `score` | the score of the hit: 0 minus its distance, or the fused score |
/// | `0.1 * stats.views` | a tenth of the number at this path; a date counts as seconds since 1970 |
/// | `gauss(price, 20, 5)` | 1 where the price is 20, ½ where it is 5 off, less beyond |
/// | `exp(posted, date("2026-11-30"), 7d)` | halved by every 7 days between the date and the one there |
/// | `linear(year, 2024, 10, 0.2)` | from 1 in 2024 to 0.2 in 2014 and 2034, and on to 0 |
///
/// A path is written as in a [filter](crate::filter), and one that begins with a key of the name `score` has
/// that in backticks. A key may have hyphens in it, so a minus behind a path has a space before it. Lengths of
/// time are in seconds, or numbers with one of the units `s`, `m`, `h`, `d` and `w`.
///
/// ```
/// use iqdb_core::{Decay, Expression, Quantity};
///
/// let parsed: Expression = "score + 0.5 * gauss(year, 2024, 5)".parse()?;
/// let decay = Quantity::Decay(Decay::gauss("year", 2024.0, 5.0));
/// assert_eq!(parsed, Expression::new().plus(1.0, Quantity::Score).plus(0.5, decay));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expression {
    terms: Vec<Term>,
}

/// A term of an [`Expression`].
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What the quantity is multiplied with, finite.
    pub weight: f64,
    /// What is weighted.
    pub quantity: Quantity,
}

/// What a term of an [`Expression`] is about. Of several values at a path, as in a list, that with the greatest
/// quantity counts. Where there is none of the right kind, or none that is finite, the quantity is 0.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Quantity {
    /// 1: the weight is a constant.
    One,
    /// The score of the hit.
    Score,
    /// The number at a path, or the date there in seconds since 1970.
    Value(Path),
    /// How near the number or the date at a path is to another one.
    Decay(Decay),
}

/// A quantity from 1, where a value is at the origin, down to 0, as values are farther from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decay {
    /// Where the value is.
    pub path: Path,
    /// How the quantity falls.
    pub curve: Curve,
    /// The value of quantity 1. Only values of its kind count.
    pub origin: Origin,
    /// At which distance from the origin the quantity is [`at_scale`](Self::at_scale), in the unit of the
    /// values, or in seconds for dates: above 0.
    pub scale: f64,
    /// The quantity at that distance, between 0 and 1: usually ½.
    pub at_scale: f64,
}

/// How a [`Decay`] falls with the distance `d` from its origin, where `a` is its quantity at the scale `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// `exp(ln(a) · (d / s)²)`: hardly at first, and then fast.
    Gauss,
    /// `exp(ln(a) · (d / s))`: by the same factor for each step.
    Exp,
    /// `1 − (1 − a) · (d / s)`, and 0 where that is below: by the same amount for each step.
    Linear,
}

/// The value at which a [`Decay`] is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Origin {
    /// A number, finite.
    Number(f64),
    /// A date.
    Date(DateTime),
}

impl From<f64> for Origin {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<DateTime> for Origin {
    fn from(date: DateTime) -> Self {
        Self::Date(date)
    }
}

impl Decay {
    fn of(path: impl Into<Path>, curve: Curve, origin: impl Into<Origin>, scale: f64) -> Self {
        Self { path: path.into(), curve, origin: origin.into(), scale, at_scale: 0.5 }
    }

    /// [`Curve::Gauss`] with ½ at the scale.
    #[must_use]
    pub fn gauss(path: impl Into<Path>, origin: impl Into<Origin>, scale: f64) -> Self {
        Self::of(path, Curve::Gauss, origin, scale)
    }

    /// [`Curve::Exp`] with ½ at the scale.
    #[must_use]
    pub fn exp(path: impl Into<Path>, origin: impl Into<Origin>, scale: f64) -> Self {
        Self::of(path, Curve::Exp, origin, scale)
    }

    /// [`Curve::Linear`] with ½ at the scale.
    #[must_use]
    pub fn linear(path: impl Into<Path>, origin: impl Into<Origin>, scale: f64) -> Self {
        Self::of(path, Curve::Linear, origin, scale)
    }

    /// With another quantity at the scale.
    #[must_use]
    pub fn at_scale(mut self, quantity: f64) -> Self {
        self.at_scale = quantity;
        self
    }

    fn check(&self) -> Result<()> {
        self.path.check()?;
        let Self { scale, at_scale, origin, .. } = self;
        if !(scale.is_normal() && *scale > 0.0) {
            return Err(invalid("a decay has no such scale").expected("above 0").found(scale));
        }
        if !(at_scale.is_normal() && *at_scale > 0.0 && *at_scale < 1.0) {
            return Err(invalid("a decay has no such quantity at its scale")
                .expected("between 0 and 1")
                .found(at_scale));
        }
        match origin {
            Origin::Number(number) if !number.is_finite() => {
                Err(invalid("a decay has no such origin").expected("a finite number").found(number))
            }
            _ => Ok(()),
        }
    }

    /// The quantity of a value, if it is of the right kind.
    fn quantity(&self, value: ValueRef<'_>) -> Option<f64> {
        let distance = match (self.origin, value) {
            (Origin::Number(origin), value) => (number(value)? - origin).abs(),
            (Origin::Date(origin), ValueRef::DateTime(date)) => {
                seconds(date.as_micros() - origin.as_micros()).abs()
            }
            _ => return None,
        };
        let steps = distance / self.scale;
        Some(match self.curve {
            Curve::Gauss => exp(ln(self.at_scale) * (steps * steps)),
            Curve::Exp => exp(ln(self.at_scale) * steps),
            Curve::Linear => match 1.0 - (1.0 - self.at_scale) * steps {
                quantity if quantity > 0.0 => quantity,
                _ => 0.0,
            },
        })
    }
}

impl Quantity {
    fn check(&self) -> Result<()> {
        match self {
            Self::One | Self::Score => Ok(()),
            Self::Value(path) => path.check(),
            Self::Decay(decay) => decay.check(),
        }
    }

    fn of(&self, score: f64, payload: &PayloadRef<'_>) -> Result<f64> {
        match self {
            Self::One => Ok(1.0),
            Self::Score => Ok(score),
            Self::Value(path) => greatest(path, payload, |value| match value {
                ValueRef::DateTime(date) => Some(seconds(date.as_micros())),
                value => number(value),
            }),
            Self::Decay(decay) => greatest(&decay.path, payload, |value| decay.quantity(value)),
        }
    }
}

impl Expression {
    /// One without terms, which gives no score: [`check`](Self::check) refuses it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a term more.
    #[must_use]
    pub fn plus(mut self, weight: f64, quantity: Quantity) -> Self {
        self.terms.push(Term { weight, quantity });
        self
    }

    /// The terms, in the order in which they are summed.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Checks that it gives scores. O(terms).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] without terms, for more than [`EXPRESSION_TERMS_MAX`], for a weight or an
    /// origin that is not finite, a scale that is not above 0, and a quantity at the scale that is not between
    /// 0 and 1; [`ErrorKind::InvalidFilter`] for a path that breaks a limit.
    pub fn check(&self) -> Result<()> {
        if !(1..=EXPRESSION_TERMS_MAX).contains(&self.terms.len()) {
            return Err(invalid("an expression has the wrong number of terms")
                .expected(format_args!("1 to {EXPRESSION_TERMS_MAX}"))
                .found(self.terms.len()));
        }
        for Term { weight, quantity } in &self.terms {
            if !weight.is_finite() {
                return Err(invalid("a weight is out of range")
                    .expected("a finite number")
                    .found(weight));
            }
            quantity.check()?;
        }
        Ok(())
    }

    /// The score of a hit that has this one and this payload. O(terms · values at their paths).
    ///
    /// # Errors
    /// Whatever reading the payload reports; [`ErrorKind::InvalidFilter`] for a path that leads nowhere.
    pub fn score(&self, score: f64, payload: &PayloadRef<'_>) -> Result<f64> {
        let mut sum = 0.0;
        for Term { weight, quantity } in &self.terms {
            sum += weight * quantity.of(score, payload)?;
        }
        Ok(if f64::is_nan(sum) { f64::NEG_INFINITY } else { sum })
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

/// A finite number.
fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Int(number) => Some(number as f64),
        ValueRef::Float(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// The greatest quantity of the values that a path leads to, or of the elements of a list there.
fn greatest(
    path: &Path,
    payload: &PayloadRef<'_>,
    quantity: impl Fn(ValueRef<'_>) -> Option<f64>,
) -> Result<f64> {
    let Some(first) = payload.get(path.first_key()?)? else { return Ok(0.0) };
    let mut greatest: Option<f64> = None;
    let mut offer = |value: ValueRef<'_>| {
        if let Some(found) = quantity(value) {
            greatest = Some(greatest.map_or(found, |greatest| greatest.max(found)));
        }
    };
    path.any(first, |value| {
        match value {
            ValueRef::List(list) => list.iter().for_each(&mut offer),
            value => offer(value),
        }
        false
    });
    Ok(greatest.unwrap_or(0.0))
}
