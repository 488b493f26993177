//! The text of an expression, which reads back as the same.

use std::fmt;

use super::{Curve, Decay, Expression, Origin, Quantity, Term};
use crate::Path;
use crate::quoted::Quoted;

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Term { weight, quantity }) in self.terms().iter().enumerate() {
            f.write_str(match (n, weight.is_sign_negative()) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            })?;
            match (weight.abs(), quantity) {
                (weight, Quantity::One) => write!(f, "{weight:?}")?,
                (1.0, quantity) => quantity.fmt(f)?,
                (weight, quantity) => write!(f, "{weight:?} * {quantity}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("1"),
            Self::Score => f.write_str("score"),
            Self::Value(path) => Printed(path).fmt(f),
            Self::Decay(decay) => decay.fmt(f),
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, curve, origin, scale, at_scale } = self;
        write!(f, "{}({}, ", curve.as_str(), Printed(path))?;
        match origin {
            Origin::Number(number) => write!(f, "{number:?}")?,
            Origin::Date(date) => write!(f, "date({})", Quoted(&date.to_string()))?,
        }
        write!(f, ", {scale:?}")?;
        if *at_scale != 0.5 {
            write!(f, ", {at_scale:?}")?;
        }
        f.write_str(")")
    }
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Gauss, Self::Exp, Self::Linear];

    /// Its name in the text of an [`Expression`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gauss => "gauss",
            Self::Exp => "exp",
            Self::Linear => "linear",
        }
    }
}

/// A path, with its first key in backticks where it would be taken for the score.
struct Printed<'a>(&'a Path);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        match self.0.first_key() {
            Ok("score") => write!(f, "`score`{}", &text["score".len()..]),
            _ => f.write_str(&text),
        }
    }
}
