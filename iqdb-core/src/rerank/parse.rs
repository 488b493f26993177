//! The parser of the text of expressions. It never recurses: terms are not nested.

use std::str::FromStr;

use super::{Curve, Decay, Expression, Origin, Quantity};
use crate::limits::EXPRESSION_TEXT_BYTES_MAX;
use crate::words::{continues_word, is_keyword, starts_word};
use crate::{DateTime, Error, ErrorKind, Location, Path, Result, path, quoted};

/// Units of lengths of time, in seconds.
const UNITS: [(&str, f64); 5] =
    [("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0), ("w", 604_800.0)];

impl FromStr for Expression {
    type Err = Error;

    /// Reads the [text form](Expression). O(bytes).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] with the column and what was expected there, and for a text above
    /// [`EXPRESSION_TEXT_BYTES_MAX`]; those of [`Expression::check`].
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > EXPRESSION_TEXT_BYTES_MAX {
            return Err(Error::new(
                ErrorKind::InvalidQuery,
                "the text of an expression is too long",
            )
            .expected(format_args!("at most {EXPRESSION_TEXT_BYTES_MAX} bytes"))
            .found(format_args!("{} bytes", text.len())));
        }
        let expression = Parser { text, at: 0 }.expression()?;
        expression.check()?;
        Ok(expression)
    }
}

impl From<&Expression> for Expression {
    fn from(expression: &Expression) -> Self {
        expression.clone()
    }
}

impl TryFrom<&str> for Expression {
    type Error = Error;
    fn try_from(text: &str) -> Result<Self> {
        text.parse()
    }
}

impl TryFrom<&String> for Expression {
    type Error = Error;
    fn try_from(text: &String) -> Result<Self> {
        text.parse()
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Of the next character to read, in bytes.
    at: usize,
}

impl<'a> Parser<'a> {
    fn expression(mut self) -> Result<Expression> {
        let mut expression = Expression::new();
        let mut sign = if self.symbol('-') { -1.0 } else { 1.0 };
        loop {
            let (weight, quantity) = self.term()?;
            expression = expression.plus(sign * weight, quantity);
            sign = match (self.symbol('+'), self.rest().chars().next()) {
                (true, _) => 1.0,
                (false, None) => return Ok(expression),
                (false, _) if self.symbol('-') => -1.0,
                (false, _) => return Err(self.expected("`+`, `-` or the end")),
            };
        }
    }

    fn term(&mut self) -> Result<(f64, Quantity)> {
        let Some(weight) = self.number()? else { return Ok((1.0, self.quantity()?)) };
        match self.symbol('*') {
            true => Ok((weight, self.quantity()?)),
            false => Ok((weight, Quantity::One)),
        }
    }

    fn quantity(&mut self) -> Result<Quantity> {
        let word = self.word();
        let behind = self.rest()[word.len()..].trim_start();
        if let Some(curve) = Curve::ALL.into_iter().find(|curve| curve.as_str() == word)
            && behind.starts_with('(')
        {
            self.at += word.len();
            return self.decay(curve).map(Quantity::Decay);
        }
        if word == "score" && !self.rest()[word.len()..].starts_with(['.', '[']) {
            self.at += word.len();
            return Ok(Quantity::Score);
        }
        self.path("a number, `score`, a path, or `gauss(`, `exp(` or `linear(`")
            .map(Quantity::Value)
    }

    /// Reads what stands behind the name of a curve.
    fn decay(&mut self, curve: Curve) -> Result<Decay> {
        self.take('(', "`(`")?;
        let path = self.path("a path")?;
        self.take(',', "`,` and the origin")?;
        let origin = self.origin()?;
        self.take(',', "`,` and the scale")?;
        let scale = self.scale(origin)?;
        let at_scale = match self.symbol(',') {
            true => self.number_of("the quantity at the scale, between 0 and 1")?,
            false => 0.5,
        };
        self.take(')', "`)`")?;
        Ok(Decay { path, curve, origin, scale, at_scale })
    }

    fn origin(&mut self) -> Result<Origin> {
        const EXPECTED: &str = "a number or a date such as date(\"2025-01-31\")";
        if self.word() != "date" {
            let sign = if self.symbol('-') { -1.0 } else { 1.0 };
            return self.number_of(EXPECTED).map(|number| Origin::Number(sign * number));
        }
        self.at += "date".len();
        self.take('(', "`(` and a date in quotes")?;
        self.skip_space();
        let start = self.at;
        let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Err(self.expected("a date in quotes"));
        };
        let (text, length) = quoted::read(quote, self.rest()).map_err(|problem| {
            self.error(start, problem.column - 1, "a string can't be read")
                .expected(problem.expected)
        })?;
        self.at += length;
        let date: DateTime = text.parse().map_err(|error| {
            self.error(start, 0, "a date can't be read")
                .expected("a date such as 2025-01-31, or 2025-01-31T10:00:00Z")
                .found(format_args!("{text:?}"))
                .caused_by(error)
        })?;
        self.take(')', "`)`")?;
        Ok(Origin::Date(date))
    }

    fn scale(&mut self, origin: Origin) -> Result<f64> {
        let scale = self.number_of("the scale: a number, or one with a unit: s, m, h, d or w")?;
        let Origin::Date(_) = origin else { return Ok(scale) };
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !continues_word(c)).unwrap_or(rest.len())];
        match UNITS.into_iter().find(|(name, _)| *name == word) {
            Some((name, seconds)) => {
                self.at += name.len();
                Ok(scale * seconds)
            }
            None if word.is_empty() => Ok(scale),
            None => Err(self.expected("a unit: s, m, h, d or w")),
        }
    }

    fn path(&mut self, expected: &'static str) -> Result<Path> {
        let word = self.word();
        if word.is_empty() && !self.rest().starts_with('`') {
            return Err(self.expected(expected));
        }
        if is_keyword(word) {
            let error = self.expected(expected);
            return Err(error.hint("put a key that is named like a keyword in backticks"));
        }
        let (path, length) = path::read(self.rest()).map_err(|problem| {
            self.error(self.at, problem.column - 1, "a path can't be read")
                .expected(problem.expected)
        })?;
        path.check().map_err(|error| {
            self.error(self.at, 0, "no payload has such a path").caused_by(error)
        })?;
        self.at += length;
        Ok(path)
    }

    fn number_of(&mut self, expected: &'static str) -> Result<f64> {
        self.number()?.ok_or_else(|| self.expected(expected))
    }

    /// Reads a number without a sign, if one comes next.
    fn number(&mut self) -> Result<Option<f64>> {
        self.skip_space();
        let digits = |from: &str| from.bytes().take_while(u8::is_ascii_digit).count();
        let rest = self.rest();
        let mut len = digits(rest);
        if len == 0 {
            return Ok(None);
        }
        if rest[len..].starts_with('.') && digits(&rest[len + 1..]) > 0 {
            len += 1 + digits(&rest[len + 1..]);
        }
        if rest[len..].starts_with(['e', 'E']) {
            let sign = usize::from(rest[len + 1..].starts_with(['+', '-']));
            let exponent = digits(&rest[len + 1 + sign..]);
            len += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let number = &rest[..len];
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                self.at += len;
                Ok(Some(value))
            }
            _ => Err(self
                .error(self.at, 0, "a number can't be read")
                .expected("a finite number such as 0.5 or 1e-3")
                .found(number)),
        }
    }

    fn take(&mut self, symbol: char, expected: &'static str) -> Result<()> {
        match self.symbol(symbol) {
            true => Ok(()),
            false => Err(self.expected(expected)),
        }
    }

    fn symbol(&mut self, symbol: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len_utf8();
        }
        found
    }

    /// The word that comes next, or nothing.
    fn word(&mut self) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        if !rest.starts_with(starts_word) {
            return "";
        }
        &rest[..rest.find(|c| !continues_word(c)).unwrap_or(rest.len())]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// What stands at the next character is not what it should be.
    fn expected(&mut self, expected: &'static str) -> Error {
        const SHOWN: usize = 20;
        self.skip_space();
        let shown: String = self.rest().chars().take(SHOWN).collect();
        let error = self.error(self.at, 0, "an expression can't be read").expected(expected);
        match shown.is_empty() {
            true => error.found("the end"),
            false => error.found(format_args!("`{shown}`")),
        }
    }

    /// An error `beyond` characters behind byte `at`.
    fn error(&self, at: usize, beyond: usize, message: &'static str) -> Error {
        let column = self.text[..at].chars().count() + 1 + beyond;
        Error::new(ErrorKind::InvalidQuery, message).at(Location::Column(column))
    }
}
