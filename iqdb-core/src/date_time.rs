//! Dates: points in time to the microsecond, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::{Error, ErrorKind, Location, Result};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, in the years 0001 to 9999 of UTC, leap
/// seconds not counted.
///
/// Its text form is RFC 3339: `2025-01-31T10:00:00Z`, with at most six digits behind the seconds.
/// Reading converts another offset to UTC and forgets it; a date alone is its midnight. Printing
/// always ends in `Z` and leaves out zeros at the end of the fraction.
///
/// ```
/// use iqdb_core::DateTime;
///
/// let noon: DateTime = "2025-01-31T12:00:00+02:00".parse()?;
/// assert_eq!(noon.to_string(), "2025-01-31T10:00:00Z");
/// assert!(noon > "2025-01-31".parse()?);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since 1970.
const SECONDS_MIN: i64 = -62_135_596_800;
const SECONDS_MAX: i64 = 253_402_300_799;

impl DateTime {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(SECONDS_MIN * MICROS_PER_SECOND);

    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(SECONDS_MAX * MICROS_PER_SECOND + MICROS_PER_SECOND - 1);

    /// The point `micros` microseconds after 1970-01-01T00:00:00Z, or before it if negative.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] outside the years 0001 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self> {
        let date = Self(micros);
        if (Self::MIN..=Self::MAX).contains(&date) {
            return Ok(date);
        }
        Err(Error::new(ErrorKind::InvalidPayload, "a date is out of range")
            .expected(format_args!("{} to {}", Self::MIN, Self::MAX))
            .found(format_args!("{micros} microseconds since 1970")))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0
    }
}

/// What is finer than a microsecond is cut off.
impl TryFrom<SystemTime> for DateTime {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self> {
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => {
                let is_cut = before.duration().subsec_nanos() % 1_000 != 0;
                micros(before.duration()).saturating_neg() - i64::from(is_cut)
            }
        })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) =
            (self.0.div_euclid(MICROS_PER_SECOND), self.0.rem_euclid(MICROS_PER_SECOND));
        let (days, second) =
            (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for DateTime {
    type Err = Error;

    /// Reads an RFC 3339 date and time, or a date alone. O(length).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPayload`] with the column and what was expected there.
    fn from_str(text: &str) -> Result<Self> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        reader.date_time().map_err(|expected| {
            // All that was read is ASCII, so that a byte is a character.
            Error::new(ErrorKind::InvalidPayload, "a date can't be read")
                .at(Location::Column(reader.at + 1))
                .expected(expected)
                .found(format_args!("{text:?}"))
        })
    }
}

/// Reads a date from left to right. An error is what was expected at `at`.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn date_time(&mut self) -> Result<DateTime, &'static str> {
        let year = self.digits(4, 1..=9_999, "a year, 0001 to 9999")?;
        self.take(b'-').ok_or("`-`")?;
        let month = self.digits(2, 1..=12, "a month, 01 to 12")?;
        self.take(b'-').ok_or("`-`")?;
        let days = days_in_month(year, month);
        let day = self.digits(2, 1..=days, "a day of that month")?;
        let mut seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY;
        let mut micros = 0;
        if self.at < self.text.len() {
            self.take(b'T').or_else(|| self.take(b't')).ok_or("`T` and a time, or the end")?;
            seconds += self.digits(2, 0..=23, "an hour, 00 to 23")? * 3_600;
            self.take(b':').ok_or("`:`")?;
            seconds += self.digits(2, 0..=59, "a minute, 00 to 59")? * 60;
            self.take(b':').ok_or("`:`")?;
            seconds += self.digits(2, 0..=59, "a second, 00 to 59")?;
            micros = self.fraction()?;
            seconds -= self.offset_seconds()?;
            if self.at < self.text.len() {
                return Err("the end");
            }
        }
        if !(SECONDS_MIN..=SECONDS_MAX).contains(&seconds) {
            return Err("a date in the years 0001 to 9999 of UTC");
        }
        Ok(DateTime(seconds * MICROS_PER_SECOND + micros))
    }

    /// Reads the fraction of a second, if there is one, in microseconds.
    fn fraction(&mut self) -> Result<i64, &'static str> {
        if self.take(b'.').is_none() {
            return Ok(0);
        }
        let (mut micros, mut unit) = (0, MICROS_PER_SECOND);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            unit /= 10;
            if unit == 0 {
                return Err("at most six digits behind the seconds");
            }
            micros += i64::from(digit - b'0') * unit;
            self.at += 1;
        }
        if unit == MICROS_PER_SECOND {
            return Err("a digit behind the point");
        }
        Ok(micros)
    }

    /// Reads `Z`, or an offset such as `+02:00`.
    fn offset_seconds(&mut self) -> Result<i64, &'static str> {
        let sign = match self.peek() {
            Some(b'Z' | b'z') => {
                self.at += 1;
                return Ok(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err("`Z` or an offset such as `+02:00`"),
        };
        self.at += 1;
        let hours = self.digits(2, 0..=23, "the hours of an offset, 00 to 23")?;
        self.take(b':').ok_or("`:`")?;
        let minutes = self.digits(2, 0..=59, "the minutes of an offset, 00 to 59")?;
        Ok(sign * (hours * 3_600 + minutes * 60))
    }

    /// Reads a number of exactly `count` digits.
    fn digits(
        &mut self,
        count: usize,
        range: std::ops::RangeInclusive<i64>,
        expected: &'static str,
    ) -> Result<i64, &'static str> {
        let digits = self.text.get(self.at..self.at + count).ok_or(expected)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(expected);
        }
        let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        if !range.contains(&number) {
            return Err(expected);
        }
        self.at += count;
        Ok(number)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
///
/// `days_from_civil` of Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*: years begin
/// in March, so that the day that comes and goes is a year's last; 400 years are 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`], of the same source: year, month and day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// As text where people read it, else as microseconds.
#[cfg(feature = "serde")]
impl serde::Serialize for DateTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => serializer.serialize_i64(self.0),
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for DateTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse(),
            false => Self::from_micros(i64::deserialize(deserializer)?),
        }
        .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
