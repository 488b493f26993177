//! What the cells of a column stand for: one type for all of them, decided over the whole column.
//!
//! Cells are looked at one by one first, and decide together. So `7` beside `x` is a text, and beside
//! `0.5` a float; and which rows come first makes no difference.

use iqdb::{Error, ErrorKind, Result, Value};

use crate::input::rules::{self, Rules};

/// What a cell may be by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Empty.
    Empty,
    /// `nan`, `NaN` or `NaT`: how numpy and pandas write that there is no value.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`, also as Python and spreadsheets spell them.
    Bool,
    /// An integer that fits.
    Int,
    /// An integer that no `i64` holds.
    LargeInt,
    /// A number that is no integer.
    Float,
    /// `inf`, as numpy and others spell it.
    Infinite,
    /// A string, a list or an object of JSON.
    Json,
    /// None of these.
    Text,
}

impl Look {
    fn of(cell: &str) -> Self {
        match cell {
            "" => return Self::Empty,
            "nan" | "NaN" | "NaT" => return Self::Absent,
            "null" => return Self::Null,
            "true" | "false" | "True" | "False" | "TRUE" | "FALSE" => return Self::Bool,
            "inf" | "-inf" | "Infinity" | "-Infinity" => return Self::Infinite,
            _ => {}
        }
        if is_integer(cell) {
            // The integer 0 has no sign; the float has.
            return match cell.parse::<i64>() {
                Ok(0) if cell.starts_with('-') => Self::Float,
                Ok(_) => Self::Int,
                Err(_) => Self::LargeInt,
            };
        }
        // What no float holds is no number that a program wrote, but a text like `12e4567`.
        if is_number(cell) && cell.parse::<f64>().is_ok_and(f64::is_finite) {
            return Self::Float;
        }
        let may_be_json = cell.trim_ascii_start().starts_with(['"', '[', '{']);
        if may_be_json && serde_json::from_str::<Value>(cell).is_ok() {
            Self::Json
        } else {
            Self::Text
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Digits, a minus before them or not, without zeros that stand for nothing: `007` is a text.
fn is_integer(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'))
}

/// A decimal number, with an exponent or not, as `0.5`, `.5`, `5.` or `1e-3`.
fn is_number(cell: &str) -> bool {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_exponent = |text: &str| {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        !unsigned.is_empty() && digits(unsigned)
    };
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && (whole.len() < 2 || !whole.starts_with('0'))
        && exponent.is_none_or(is_exponent)
}

/// The looks of the cells of a column, as far as they have been seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    looks: u16,
    /// The first cells that no number holds as they are, and their lines.
    large: Option<(u64, String)>,
    /// An integer that no float holds.
    inexact: Option<(u64, String)>,
    infinite: Option<(u64, String)>,
    /// Each cell is JSON, if it is anything.
    is_json: Option<bool>,
}

impl Survey {
    /// Looks at a cell in this line.
    pub(crate) fn see(&mut self, cell: &str, line: u64) {
        let look = Look::of(cell);
        self.looks |= look.bit();
        let place = || Some((line, cell.to_owned()));
        match look {
            Look::LargeInt if self.large.is_none() => self.large = place(),
            Look::Infinite if self.infinite.is_none() => self.infinite = place(),
            Look::Int if self.inexact.is_none() && !is_exact(cell) => self.inexact = place(),
            _ => {}
        }
        if !matches!(look, Look::Empty | Look::Absent) && self.is_json != Some(false) {
            self.is_json = Some(match look {
                Look::Null | Look::Int | Look::LargeInt | Look::Json => true,
                Look::Bool => matches!(cell, "true" | "false"),
                Look::Float => serde_json::from_str::<f64>(cell).is_ok(),
                _ => false,
            });
        }
    }

    fn only(&self, looks: &[Look]) -> bool {
        let ignored = Look::Empty.bit() | Look::Absent.bit();
        self.looks & !looks.iter().fold(ignored, |bits, look| bits | look.bit()) == 0
    }

    fn has(&self, look: Look) -> bool {
        self.looks & look.bit() != 0
    }

    /// The type of the column.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for a column of numbers with one that no value holds, and the line
    /// of its cell.
    pub(crate) fn decide(&self) -> Result<ColumnType, (u64, Error)> {
        const NUMBERS: [Look; 5] =
            [Look::Null, Look::Int, Look::LargeInt, Look::Float, Look::Infinite];
        let has_values = !self.only(&[Look::Null]);
        if has_values && self.only(&[Look::Null, Look::Bool]) {
            return Ok(ColumnType::Bool);
        }
        if has_values && self.only(&NUMBERS) {
            let floats = self.has(Look::Float) || self.has(Look::Infinite);
            let inexact = self.inexact.as_ref().filter(|_| floats);
            return match (&self.large, &self.infinite, inexact) {
                (Some((line, cell)), ..) => Err((*line, rules::large_integer(cell))),
                (_, Some((line, cell)), _) => Err((*line, infinite(cell))),
                (_, _, Some((line, cell))) => Err((*line, inexact_integer(cell))),
                _ if floats => Ok(ColumnType::Float),
                _ => Ok(ColumnType::Int),
            };
        }
        if self.is_json == Some(true) && (self.has(Look::Json) || !has_values) {
            return Ok(ColumnType::Json);
        }
        Ok(ColumnType::Text)
    }

    /// Whether each cell is read as the text that it is.
    pub(crate) fn keeps_texts(&self) -> bool {
        !self.has(Look::Empty)
            && !self.has(Look::Absent)
            && matches!(self.decide(), Ok(ColumnType::Text))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer that comes back was held")]
fn is_exact(cell: &str) -> bool {
    cell.parse::<i64>().is_ok_and(|integer| integer as f64 as i128 == i128::from(integer))
}

fn infinite(cell: &str) -> Error {
    Error::new(ErrorKind::InvalidPayload, "the number is not finite")
        .expected("numbers that a float of 64 bits holds, as in the other cells of the column")
        .found(cell)
        .hint("keep the column as texts with --text")
}

fn inexact_integer(cell: &str) -> Error {
    Error::new(
        ErrorKind::InvalidPayload,
        "the integer would be rounded among the floats of its column",
    )
    .expected("integers that a float of 64 bits holds, such as those up to 2^53")
    .found(cell)
    .hint("keep the column as texts with --text")
}

/// What all cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Booleans.
    Bool,
    /// Integers.
    Int,
    /// Floats.
    Float,
    /// Values of JSON, at least one of them in quotes, a list or an object; each is what it is.
    Json,
    /// Texts, as they are.
    Text,
    /// Texts, as they are, because it was asked for: `NaN` and an integer are texts, too.
    Verbatim,
    /// Dates.
    Date,
}

impl ColumnType {
    /// The value of a cell; `None` where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] for what the type doesn't hold: a date that can't be read, or a
    /// large integer in a list.
    pub(crate) fn read(self, cell: &str, rules: &Rules) -> Result<Option<Value>> {
        match (self, Look::of(cell)) {
            (_, Look::Empty) => return Ok(None),
            (Self::Verbatim, _) => return Ok(Some(cell.into())),
            (_, Look::Absent) => return Ok(None),
            (Self::Bool | Self::Int | Self::Float, Look::Null) => return Ok(Some(Value::Null)),
            _ => {}
        }
        let unlike = || {
            Error::new(ErrorKind::InvalidPayload, "the cell is unlike the others of its column")
                .expected("the file as it was when its columns were read")
                .found(format_args!("{cell:?}"))
                .hint("is another program writing the file?")
        };
        Ok(Some(match self {
            Self::Text | Self::Verbatim => cell.into(),
            Self::Bool => matches!(cell.as_bytes()[0], b't' | b'T').into(),
            Self::Int => cell.parse::<i64>().map_err(|_| unlike())?.into(),
            Self::Float => cell.parse::<f64>().map_err(|_| unlike())?.into(),
            Self::Date => rules.date(cell)?,
            Self::Json => {
                if let Some(integer) = rules::integer_beyond_64_bits(cell.as_bytes(), &[]) {
                    return Err(rules::large_integer(&integer));
                }
                serde_json::from_str(cell).map_err(|_| unlike())?
            }
        }))
    }

    /// Whether the cell says that there is no value, other than by being empty.
    pub(crate) fn is_absent(self, cell: &str) -> bool {
        self != Self::Verbatim && Look::of(cell) == Look::Absent
    }
}
